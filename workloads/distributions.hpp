// The arithmetic behind the parameter functions: integers in [low, high] by several laws.
#pragma once

#include "workloads/random.hpp"
#include "workloads/values.hpp"

#include <cstdint>

namespace workloads {

// Every value of a range wider than this cannot be reached through a double.
inline constexpr std::uint64_t widest_double_range = std::uint64_t{1} << 53;

// How many values [low, high] holds, less one: the whole of int64 does not overflow it.
[[nodiscard]] constexpr std::uint64_t span_of(std::int64_t low, std::int64_t high) noexcept {
    return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
}

[[nodiscard]] std::int64_t draw_uniform(std::int64_t low, std::int64_t high, Random&) noexcept;
[[nodiscard]] double draw_uniform_real(double low, double high, Random&) noexcept;

// Requires low <= high, fewer than 2^53 values, a finite exponent >= 0. P(low + k - 1) is
// proportional to k^-exponent.
[[nodiscard]] Generator::Zipfian make_zipfian(std::int64_t low, std::int64_t high,
                                              double exponent) noexcept;
[[nodiscard]] std::int64_t draw_zipfian(const Generator::Zipfian&, Random&) noexcept;

// As pgbench's random_gaussian: a standard normal cut at +-parameter, stretched over the range.
// Requires parameter >= 2, which bounds the expected number of tries (95 % are within 2 sigma).
[[nodiscard]] std::int64_t draw_gaussian(const Generator::Gaussian&, Random&) noexcept;

// As pgbench's random_exponential: density e^(-parameter * x) over x in [0, 1), stretched over the
// range. Requires parameter > 0.
[[nodiscard]] std::int64_t draw_exponential(const Generator::Exponential&, Random&) noexcept;

}  // namespace workloads
