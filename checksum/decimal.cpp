#include "checksum/decimal.hpp"

#include "checksum/bytes.hpp"
#include "checksum/digest.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace checksum {
namespace {

constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t powers_of_ten[] = {1,
                                           10,
                                           100,
                                           1000,
                                           10'000,
                                           100'000,
                                           1'000'000,
                                           10'000'000,
                                           100'000'000,
                                           1'000'000'000,
                                           10'000'000'000,
                                           100'000'000'000,
                                           1'000'000'000'000,
                                           10'000'000'000'000,
                                           100'000'000'000'000,
                                           1'000'000'000'000'000,
                                           10'000'000'000'000'000,
                                           100'000'000'000'000'000,
                                           1'000'000'000'000'000'000};
constexpr std::int32_t most_power = 18;

// value = coefficient * 10^exponent; for a strict one exponent = -scale.
Value short_form(Kind kind, std::int64_t coefficient, std::int64_t second, Arena& arena) {
    char* const to = arena.take(16);
    store(to, coefficient);
    store(to + 8, second);
    return {.kind = kind, .bytes = {to, 16}};
}

std::int64_t with_sign(std::uint64_t magnitude, bool negative) noexcept {
    const auto value = static_cast<std::int64_t>(magnitude);
    return negative ? -value : value;
}

// The coefficient's digits without a leading zero; for values by value also without trailing ones.
Value from_digits(bool negative, std::string_view digits, std::int32_t exponent, Scale scale,
                  Arena& arena) {
    const bool strict = scale == Scale::strict;
    const Kind kind = strict ? Kind::scaled_decimal : Kind::decimal;
    const std::int32_t second = strict ? -exponent : exponent;
    std::uint64_t magnitude = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), magnitude);
    const bool fits = digits.empty() || error == std::errc{};
    if (!strict && fits && exponent >= 0 && exponent <= most_power) {
        const Wide whole = static_cast<Wide>(magnitude) * powers_of_ten[exponent];
        if (whole <= static_cast<Wide>(int64_max) + (negative ? 1 : 0)) {
            // -2^63 has no positive counterpart: negate as unsigned.
            const auto bits = static_cast<std::uint64_t>(whole);
            return number(static_cast<std::int64_t>(negative ? 0 - bits : bits), arena);
        }
    }
    if (fits && magnitude <= static_cast<std::uint64_t>(int64_max)) {
        return short_form(kind, with_sign(magnitude, negative), second, arena);
    }
    char* const to = arena.take(5 + digits.size());
    to[0] = negative ? 1 : 0;
    store(to + 1, second);
    std::copy(digits.begin(), digits.end(), to + 5);
    return {.kind = kind, .bytes = {to, 5 + digits.size()}};
}

// Any digits, of which the last stands for 10^exponent.
Value from_any_digits(bool negative, std::string& digits, std::int32_t exponent,
                      std::int32_t display_scale, Scale scale, Arena& arena) {
    if (scale == Scale::strict && exponent > -display_scale) {
        digits.append(static_cast<std::size_t>(exponent + display_scale), '0');
        exponent = -display_scale;
    }
    // Digits past the display scale are kept unless they are zero: nothing may be lost.
    std::size_t size = digits.size();
    const bool strict = scale == Scale::strict;
    while (size > 0 && digits[size - 1] == '0' && (!strict || exponent < -display_scale)) {
        --size;
        ++exponent;
    }
    const std::size_t first = std::min(digits.find_first_not_of('0'), size);
    const auto kept = std::string_view{digits}.substr(first, size - first);
    if (kept.empty()) {
        return from_digits(false, kept, strict ? -display_scale : 0, scale, arena);
    }
    return from_digits(negative, kept, exponent, scale, arena);
}

Value from_groups(const Decimal& value, Scale scale, Arena& arena) {
    std::string digits;
    digits.reserve(value.groups.size() * 4);
    for (const std::uint16_t group : value.groups) {
        for (int divisor = 1000; divisor > 0; divisor /= 10) {
            digits.push_back(static_cast<char>('0' + group / divisor % 10));
        }
    }
    const auto count = static_cast<std::int32_t>(value.groups.size());
    const std::int32_t exponent = 4 * (value.weight - count + 1);
    return from_any_digits(value.negative, digits, count == 0 ? 0 : exponent, value.scale, scale,
                           arena);
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) noexcept {
    return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

bool take_digits(std::string_view& text, std::string& digits) {
    const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
    digits.append(text.substr(0, size));
    text.remove_prefix(size);
    return size > 0;
}

}  // namespace

Value decimal(const Decimal& value, Scale scale, Arena& arena) {
    const std::size_t count = value.groups.size();
    // At most 16 digits, by value: money and the like, without a detour over digits.
    if (scale == Scale::by_value && count > 0 && count <= 4 && value.groups.back() != 0) {
        std::uint64_t coefficient = 0;
        for (const std::uint16_t group : value.groups) {
            coefficient = coefficient * 10'000 + group;
        }
        std::int32_t exponent = 4 * (value.weight - static_cast<std::int32_t>(count) + 1);
        // The last group is not zero: at most three zeros to take off.
        if (coefficient % 100 == 0) {
            coefficient /= 100;
            exponent += 2;
        }
        if (coefficient % 10 == 0) {
            coefficient /= 10;
            exponent += 1;
        }
        if (exponent < 0) {
            return short_form(Kind::decimal, with_sign(coefficient, value.negative), exponent,
                              arena);
        }
        Wide whole = 0;
        if (exponent <= most_power &&
            (whole = static_cast<Wide>(coefficient) * powers_of_ten[exponent]) <=
                static_cast<Wide>(int64_max)) {
            return number(with_sign(static_cast<std::uint64_t>(whole), value.negative), arena);
        }
    }
    return from_groups(value, scale, arena);
}

Value decimal(DecimalSpecial value, Scale scale, Arena&) {
    constexpr std::string_view forms[] = {"N", "+", "-"};
    return {.kind = scale == Scale::strict ? Kind::scaled_decimal : Kind::decimal,
            .bytes = forms[static_cast<std::size_t>(value)]};
}

std::optional<Value> decimal(std::string_view text, Scale scale, Arena& arena) {
    if (equals_ignoring_case(text, "nan")) {
        return decimal(DecimalSpecial::nan, scale, arena);
    }
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) {
        text.remove_prefix(1);
    }
    if (equals_ignoring_case(text, "inf") || equals_ignoring_case(text, "infinity")) {
        return decimal(negative ? DecimalSpecial::minus_infinity : DecimalSpecial::infinity, scale,
                       arena);
    }
    std::string digits;
    bool any = take_digits(text, digits);
    std::int32_t exponent = 0;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        const std::size_t before = digits.size();
        any = take_digits(text, digits) || any;
        exponent = -static_cast<std::int32_t>(digits.size() - before);
    }
    if (any && (text.starts_with('e') || text.starts_with('E'))) {
        text.remove_prefix(1);
        if (text.starts_with('+') && !text.starts_with("+-")) {
            text.remove_prefix(1);
        }
        std::int32_t shift = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), shift);
        // Far beyond what any engine stores, and far from overflow.
        if (error != std::errc{} || shift > 1'000'000 || shift < -1'000'000) {
            return std::nullopt;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        exponent += shift;
    }
    if (!any || !text.empty()) {
        return std::nullopt;
    }
    return from_any_digits(negative, digits, exponent, std::max(0, -exponent), scale, arena);
}

std::string decimal_text(Kind kind, std::string_view canonical) {
    if (canonical.size() == 1) {
        return canonical == "N" ? "NaN" : canonical == "+" ? "Infinity" : "-Infinity";
    }
    if (kind == Kind::number) {
        return std::to_string(load<std::int64_t>(canonical.data()));
    }
    std::string digits;
    bool negative = false;
    std::int32_t exponent = 0;
    if (canonical.size() == 16) {
        const auto coefficient = load<std::int64_t>(canonical.data());
        negative = coefficient < 0;
        digits = std::to_string(coefficient).substr(negative ? 1 : 0);
        exponent = static_cast<std::int32_t>(load<std::int64_t>(canonical.data() + 8));
    } else if (canonical.size() > 5) {
        negative = canonical[0] != 0;
        exponent = load<std::int32_t>(canonical.data() + 1);
        digits = canonical.substr(5);
    }
    if (kind == Kind::scaled_decimal) {
        exponent = -exponent;
    }
    if (exponent > 0) {
        digits.append(static_cast<std::size_t>(exponent), '0');
    } else if (exponent < 0) {
        const auto places = static_cast<std::size_t>(-exponent);
        if (digits.size() <= places) {
            digits.insert(0, places - digits.size() + 1, '0');
        }
        digits.insert(digits.size() - places, 1, '.');
    }
    return negative ? "-" + digits : digits;
}

}  // namespace checksum
