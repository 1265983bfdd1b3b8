// Random numbers that are the same everywhere: the standard library's distributions are not.
#pragma once

#include <cstdint>

namespace reports::statistics {

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): one addition and a mix, 64 bits of state. Any
// seed is as good as any other, neighbouring ones included.
class Random {
public:
    explicit constexpr Random(std::uint64_t seed) noexcept : state_{seed} {}

    constexpr std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15U;
        auto mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9U;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
        return mixed ^ (mixed >> 31);
    }
    // Below `bound`, which is at most 2^32: the product's upper half (Lemire, 2019) without its
    // rejection; the most favoured value is ahead by bound / 2^64.
    constexpr std::uint64_t below(std::uint64_t bound) noexcept {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>(static_cast<Wide>(next()) * bound >> 64U);
    }
    constexpr double uniform() noexcept {  // [0, 1)
        return static_cast<double>(next() >> 11U) * 0x1p-53;
    }

private:
    std::uint64_t state_;
};

}  // namespace reports::statistics
