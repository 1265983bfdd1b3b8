// The pieces of which masked values are made.
#pragma once

#include "workloads/letters.hpp"
#include "workloads/logs/mask.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace workloads::logs {

// The stream that a value's hash opens. It says no more of the value than that another is equal.
class Stream {
public:
    explicit Stream(const Masker::Digest& digest) {
        for (std::size_t i = 0; i < 8; ++i) {
            state_ = state_ << 8 | digest[i];
        }
    }
    // Below `bound`, 1 to 65536. The bias is below 2^-48.
    unsigned below(unsigned bound) {
        state_ += 0x9E3779B97F4A7C15;  // splitmix64
        std::uint64_t mixed = state_;
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB;
        mixed ^= mixed >> 31;
        return static_cast<unsigned>((mixed >> 32) * bound >> 32);
    }
    char from(char first, unsigned count) { return static_cast<char>(first + below(count)); }

private:
    std::uint64_t state_ = 0;
};

[[nodiscard]] constexpr bool is_hex(char c) noexcept {
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
// A hexadecimal digit for another: a digit for a digit, a letter of the same case for a letter.
[[nodiscard]] char hex_like(char c, Stream& stream);

// Appends a character like the one at `at`, which moves behind it.
void put_like(std::string& out, std::string_view text, std::size_t& at, Stream& stream);

// "12.50e-3": its integer part's, fraction's and exponent's lengths; all 0 where it is no number.
struct Decimal {
    std::size_t whole = 0, fraction = 0, exponent = 0, length = 0;
};
[[nodiscard]] Decimal decimal_at(std::string_view text, std::size_t at);
// Appends a number of the same lengths that is not larger.
void put_decimal(std::string& out, std::string_view text, const Decimal& decimal, Stream& stream);

}  // namespace workloads::logs
