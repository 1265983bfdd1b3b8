#include "workloads/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace workloads {
namespace {

// low + offset, in unsigned arithmetic so that no range overflows.
std::int64_t shifted(std::int64_t low, std::uint64_t offset) noexcept {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + offset);
}

// The value at `share` in [0, 1) of the range.
std::int64_t at_share(std::int64_t low, std::int64_t high, double share) noexcept {
    const std::uint64_t span = span_of(low, high);
    const double offset = (static_cast<double>(span) + 1) * share;
    // The product may round up to the number of values itself.
    return offset >= static_cast<double>(span) ? high
                                               : shifted(low, static_cast<std::uint64_t>(offset));
}

// Below this the series' next term is under one ulp, while the quotient would lose digits.
constexpr double near_zero = 1e-8;

// log(1 + x) / x and (e^x - 1) / x, continuous through 0: they make exponent 1 no special case.
double log1p_ratio(double x) noexcept {
    return std::abs(x) > near_zero ? std::log1p(x) / x : 1 - x / 2;
}
double expm1_ratio(double x) noexcept {
    return std::abs(x) > near_zero ? std::expm1(x) / x : 1 + x / 2;
}

// h(x) = x^-exponent, H its antiderivative with H(1) = 0, and H's inverse.
double h(double exponent, double x) noexcept {
    return std::exp(-exponent * std::log(x));
}
double h_integral(double exponent, double x) noexcept {
    const double log_x = std::log(x);
    return expm1_ratio((1 - exponent) * log_x) * log_x;
}
double h_inverse(double exponent, double y) noexcept {
    // Rounding may push the argument past the pole of log1p.
    const double t = std::max(y * (1 - exponent), -1.0);
    return std::exp(log1p_ratio(t) * y);
}

}  // namespace

std::int64_t draw_uniform(std::int64_t low, std::int64_t high, Random& random) noexcept {
    const std::uint64_t span = span_of(low, high);
    return shifted(low, span == std::numeric_limits<std::uint64_t>::max() ? random.next()
                                                                          : random.below(span + 1));
}

double draw_uniform_real(double low, double high, Random& random) noexcept {
    return std::min(low + (high - low) * random.unit(), high);
}

Generator::Zipfian make_zipfian(std::int64_t low, std::int64_t high, double exponent) noexcept {
    const double count = static_cast<double>(span_of(low, high)) + 1;
    return {.low = low,
            .high = high,
            .exponent = exponent,
            .h_x1 = h_integral(exponent, 1.5) - 1,
            .h_n = h_integral(exponent, count + 0.5),
            .s = 2 - h_inverse(exponent, h_integral(exponent, 2.5) - h(exponent, 2))};
}

std::int64_t draw_zipfian(const Generator::Zipfian& zipf, Random& random) noexcept {
    if (zipf.exponent == 0) {
        return draw_uniform(zipf.low, zipf.high, random);
    }
    const double count = static_cast<double>(span_of(zipf.low, zipf.high)) + 1;
    for (;;) {
        const double u = zipf.h_n + random.unit() * (zipf.h_x1 - zipf.h_n);
        const double x = h_inverse(zipf.exponent, u);
        const double k = std::clamp(std::floor(x + 0.5), 1.0, count);
        // The first test spares the transcendental functions for most draws.
        if (k - x <= zipf.s || u >= h_integral(zipf.exponent, k + 0.5) - h(zipf.exponent, k)) {
            return shifted(zipf.low, static_cast<std::uint64_t>(k - 1));
        }
    }
}

std::int64_t draw_gaussian(const Generator::Gaussian& gaussian, Random& random) noexcept {
    double deviation;
    do {  // Box and Muller; 1 - unit() is never 0
        const double radius = std::sqrt(-2 * std::log(1 - random.unit()));
        deviation = radius * std::sin(2 * std::numbers::pi * random.unit());
    } while (deviation < -gaussian.parameter || deviation >= gaussian.parameter);
    return at_share(gaussian.low, gaussian.high,
                    (deviation + gaussian.parameter) / (2 * gaussian.parameter));
}

std::int64_t draw_exponential(const Generator::Exponential& law, Random& random) noexcept {
    // pgbench inverts with log(cut + (1 - cut) * u), which has no digits left for small parameters.
    const double share = -std::log1p(std::expm1(-law.parameter) * random.unit()) / law.parameter;
    return at_share(law.low, law.high, share);
}

}  // namespace workloads
