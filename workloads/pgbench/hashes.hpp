// The hash functions and the permutation of pgbench, bit for bit: keys that a script spreads over a
// table fall on the same rows as under pgbench itself.
#pragma once

#include <cstdint>

namespace workloads::pgbench {

[[nodiscard]] std::int64_t hash_fnv1a(std::int64_t value, std::uint64_t seed) noexcept;
[[nodiscard]] std::int64_t hash_murmur2(std::int64_t value, std::uint64_t seed) noexcept;

// The place of `value` modulo `size` in a shuffled 0..size-1. Requires size > 0. The permutation is
// that of PostgreSQL 15 and later; 14 drew its numbers from another generator.
[[nodiscard]] std::int64_t permute(std::int64_t value, std::int64_t size,
                                   std::uint64_t seed) noexcept;

}  // namespace workloads::pgbench
