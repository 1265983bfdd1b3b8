#include "workloads/pgbench/hashes.hpp"

#include <bit>

namespace workloads::pgbench {
namespace {

// xoroshiro128** (Blackman, Vigna 2018), its two words drawn from SplitMix64.
class Xoroshiro {
public:
    explicit Xoroshiro(std::uint64_t seed) noexcept : low_{split(seed)}, high_{split(seed)} {}

    std::uint64_t next() noexcept {
        const std::uint64_t drawn = std::rotl(low_ * 5, 7) * 9;
        const std::uint64_t both = high_ ^ low_;
        low_ = std::rotl(low_, 24) ^ both ^ (both << 16);
        high_ = std::rotl(both, 37);
        return drawn;
    }

    // Uniform in [0, most], by rejection from the next power of two.
    std::uint64_t up_to(std::uint64_t most) noexcept {
        if (most == 0) {
            return 0;
        }
        const int surplus = std::countl_zero(most);
        std::uint64_t drawn = 0;
        do {
            drawn = next() >> surplus;
        } while (drawn > most);
        return drawn;
    }

private:
    static std::uint64_t split(std::uint64_t& state) noexcept {
        state += 0x9e3779b97f4a7c15U;
        std::uint64_t z = state;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

    std::uint64_t low_, high_;
};

// A bijection of the numbers below a power of two: times an odd number, flipped, rotated by one.
std::uint64_t scrambled(std::uint64_t value, int bits, Xoroshiro& random) noexcept {
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    const std::uint64_t factor = (random.next() & mask) | 1U;
    const std::uint64_t flips = random.next() & mask;
    if (value > mask) {
        return value;
    }
    const std::uint64_t mixed = ((value * factor) ^ flips) & mask;
    return ((mixed << 1) & mask) | (mixed >> (bits - 1));
}

}  // namespace

std::int64_t hash_fnv1a(std::int64_t value, std::uint64_t seed) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325U ^ seed;
    auto rest = static_cast<std::uint64_t>(value);
    for (int octet = 0; octet < 8; ++octet) {
        hash = (hash ^ (rest & 0xffU)) * 0x100000001b3U;
        rest >>= 8;
    }
    return static_cast<std::int64_t>(hash);
}

std::int64_t hash_murmur2(std::int64_t value, std::uint64_t seed) noexcept {
    constexpr std::uint64_t factor = 0xc6a4a7935bd1e995U;
    constexpr std::uint64_t bytes = 8;
    const auto shifted = [](std::uint64_t x) { return x ^ (x >> 47); };
    const std::uint64_t key = shifted(static_cast<std::uint64_t>(value) * factor) * factor;
    const std::uint64_t hash = ((seed ^ (factor * bytes)) ^ key) * factor;
    return static_cast<std::int64_t>(shifted(shifted(hash) * factor));
}

// Any size is covered by two overlapping powers of two, one from either end; each round scrambles
// both and turns the whole by a random distance, so that none is treated like the other.
std::int64_t permute(std::int64_t value, std::int64_t size, std::uint64_t seed) noexcept {
    if (size < 2) {
        return 0;
    }
    constexpr int rounds = 6;
    Xoroshiro random{seed};
    const auto count = static_cast<std::uint64_t>(size);
    const int bits = 63 - std::countl_zero(count);
    auto place = static_cast<std::uint64_t>(value) % count;
    for (int round = 0; round < rounds; ++round) {
        place = scrambled(place, bits, random);
        place = count - 1 - scrambled(count - 1 - place, bits, random);
        place = (place + random.up_to(count - 1)) % count;
    }
    return static_cast<std::int64_t>(place);
}

}  // namespace workloads::pgbench
