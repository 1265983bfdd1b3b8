// Counter-based random numbers: everything random in a rehearsal is a function of the printed seed
// and a position, so the same seed gives the same operations whatever the number of threads.
//
// SplitMix64 (Steele, Lea, Flood 2014): a 64-bit state advanced by the golden ratio, then mixed.
#pragma once

#include <cstdint>

namespace workloads {

// Mixes two 64-bit values into one; a good hash for deriving independent streams.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t z = a + 0x9e3779b97f4a7c15U * (b + 1);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

class Random {
public:
    // The stream number `stream` of `seed`: different streams are independent.
    constexpr Random(std::uint64_t seed, std::uint64_t stream) noexcept
        : state_{mix(seed, stream)} {}

    [[nodiscard]] constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

    // Uniform in [0, 1), 53 bits.
    [[nodiscard]] constexpr double unit() noexcept {
        return static_cast<double>(next() >> 11) * 0x1.0p-53;
    }

    // Uniform in [0, bound), without modulo bias worth measuring (Lemire's multiply-shift).
    // bound must not be 0.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
    }

private:
    std::uint64_t state_;
};

}  // namespace workloads
