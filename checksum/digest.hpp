// Sums modulo 2^128: what digests are added up in. Never XOR (equal rows cancel), never CRC
// (affine: the same change in an even number of rows vanishes).
#pragma once

#include <cstdint>
#include <string>

namespace checksum {

// GCC's and Clang's 128-bit integer, without -Wpedantic's word on it.
__extension__ using Wide = unsigned __int128;

struct Digest {
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    [[nodiscard]] constexpr Wide wide() const noexcept {
        return (static_cast<Wide>(high) << 64) | low;
    }
    [[nodiscard]] static constexpr Digest of(Wide value) noexcept {
        return {static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 64)};
    }

    constexpr Digest& operator+=(Digest other) noexcept {
        return *this = of(wide() + other.wide());
    }
    constexpr Digest& operator-=(Digest other) noexcept {
        return *this = of(wide() - other.wide());
    }
    [[nodiscard]] friend constexpr Digest operator+(Digest a, Digest b) noexcept { return a += b; }
    [[nodiscard]] friend constexpr Digest operator-(Digest a, Digest b) noexcept { return a -= b; }
    [[nodiscard]] friend constexpr bool operator==(Digest, Digest) noexcept = default;
    [[nodiscard]] friend constexpr bool operator<(Digest a, Digest b) noexcept {
        return a.wide() < b.wide();
    }
};

// 32 lower-case hexadecimal digits, the highest first.
[[nodiscard]] std::string hex(Digest digest);

}  // namespace checksum
