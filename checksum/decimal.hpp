// Decimals of any size in one canonical form, so that they compare by value or, strictly, by value
// and display scale.
//
// By value (Kind::decimal; Kind::number where the value is integral and fits int64):
//   16 bytes   int64 coefficient, int64 exponent: value = coefficient * 10^exponent, with no
//              trailing zero in the coefficient (two stores of 8 bytes, because the digest loads
//              them so: a load across two stores waits for both to reach the cache)
//   longer     where the coefficient does not fit: one byte sign (0 or 1), int32 exponent, the
//              coefficient's digits in ASCII, the first and the last not '0'
//   1 byte     'N' NaN, '+' infinity, '-' minus infinity
// Strict (Kind::scaled_decimal, integral or not): the same forms, but the coefficient is the value
// times 10^scale, trailing zeros and all, and the second field is the scale.
#pragma once

#include "checksum/value.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace checksum {

enum class Scale : std::uint8_t { by_value, strict };

enum class DecimalSpecial : std::uint8_t { nan, infinity, minus_infinity };

// value = (-1)^negative * sum of groups[i] * 10000^(weight - i), each group 0 to 9999.
struct Decimal {
    bool negative = false;
    std::int32_t weight = 0;
    std::int32_t scale = 0;  // digits shown after the point, at least 0
    std::span<const std::uint16_t> groups;
};

[[nodiscard]] Value decimal(const Decimal& value, Scale scale, Arena& arena);
[[nodiscard]] Value decimal(DecimalSpecial value, Scale scale, Arena& arena);
// Reads [+-]digits[.digits][e[+-]digits], NaN, [+-]inf[inity] (any case); else nothing.
[[nodiscard]] std::optional<Value> decimal(std::string_view text, Scale scale, Arena& arena);

// The text of a number, decimal or scaled_decimal: "-12.340", "NaN". Canonical bytes only.
[[nodiscard]] std::string decimal_text(Kind kind, std::string_view canonical);

}  // namespace checksum
