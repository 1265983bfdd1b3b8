// Each law is checked against its definition with fixed seeds: the bounds are five standard errors,
// or the chi-square statistic's mean plus five standard deviations.
#include "workloads/distributions.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace workloads {
namespace {

constexpr std::size_t draws = 1'000'000;
constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

using Law = std::function<std::int64_t(Random&)>;

// Compares what `law` draws from [low, low + probabilities.size()) with exact probabilities. Values
// expected fewer than 10 times are pooled, where chi-square holds no longer.
void expect_probabilities(const Law& law, std::int64_t low,
                          const std::vector<double>& probabilities) {
    std::vector<double> counts(probabilities.size(), 0);
    Random random{7, 1};
    for (std::size_t i = 0; i < draws; ++i) {
        counts.at(static_cast<std::size_t>(law(random) - low)) += 1;
    }
    double chi_square = 0, pooled_count = 0, pooled_expected = 0;
    double cells = 0;
    const auto add = [&](double count, double expected) {
        chi_square += (count - expected) * (count - expected) / expected;
        cells += 1;
    };
    for (std::size_t i = 0; i < counts.size(); ++i) {
        const double expected = probabilities[i] * draws;
        if (expected >= 10) {
            add(counts[i], expected);
        } else {
            pooled_count += counts[i];
            pooled_expected += expected;
        }
    }
    if (pooled_expected >= 10) {
        add(pooled_count, pooled_expected);
    } else {
        EXPECT_LT(pooled_count, 50);
    }
    if (cells < 2) {
        return;
    }
    const double freedom = cells - 1;
    EXPECT_LT(chi_square, freedom + 5 * std::sqrt(2 * freedom) + 10);
    if (freedom > 50) {  // too good a fit is no random draw either
        EXPECT_GT(chi_square, freedom - 5 * std::sqrt(2 * freedom));
    }
}

std::vector<double> zipfian_probabilities(std::size_t count, double exponent) {
    std::vector<double> out;
    for (std::size_t k = 1; k <= count; ++k) {
        out.push_back(std::pow(static_cast<double>(k), -exponent));
    }
    const double total = std::accumulate(out.rbegin(), out.rend(), 0.0);
    for (double& probability : out) {
        probability /= total;
    }
    return out;
}

TEST(Uniform, GivesEachValueTheSameShare) {
    const Law law = [](Random& random) { return draw_uniform(-3, 96, random); };
    expect_probabilities(law, -3, std::vector<double>(100, 0.01));
}

TEST(Uniform, ReachesBothBoundsAndNothingElse) {
    Random random{1, 1};
    bool low = false, high = false;
    for (int i = 0; i < 1000; ++i) {
        const std::int64_t value = draw_uniform(5, 7, random);
        ASSERT_TRUE(value >= 5 && value <= 7);
        low = low || value == 5;
        high = high || value == 7;
    }
    EXPECT_TRUE(low && high);
    EXPECT_EQ(draw_uniform(9, 9, random), 9);
}

TEST(Uniform, SpansAllOfInt64) {
    Random random{1, 1};
    int negative = 0, outer = 0;
    for (int i = 0; i < 10'000; ++i) {
        const std::int64_t value = draw_uniform(least, most, random);
        negative += value < 0 ? 1 : 0;
        outer += value < least / 2 || value > most / 2 ? 1 : 0;
    }
    EXPECT_NEAR(negative, 5000, 250);
    EXPECT_NEAR(outer, 5000, 250);
    EXPECT_LE(draw_uniform(least, least + 1, random), least + 1);
    EXPECT_GE(draw_uniform(most - 1, most, random), most - 1);
}

TEST(UniformReal, HasTheMeanAndVarianceOfItsRange) {
    Random random{3, 1};
    double sum = 0, squares = 0, lowest = 1e9, highest = -1e9;
    for (std::size_t i = 0; i < draws; ++i) {
        const double value = draw_uniform_real(0.5, 9.5, random);
        sum += value;
        squares += value * value;
        lowest = std::min(lowest, value);
        highest = std::max(highest, value);
    }
    const double n = draws, mean = sum / n, variance = 81.0 / 12;
    EXPECT_NEAR(mean, 5, 5 * std::sqrt(variance / n));
    EXPECT_NEAR(squares / n - mean * mean, variance, 5 * variance * std::sqrt(0.8 / n));
    EXPECT_GE(lowest, 0.5);
    EXPECT_LT(lowest, 0.5001);
    EXPECT_LE(highest, 9.5);
    EXPECT_GT(highest, 9.4999);
}

TEST(UniformReal, NeverLeavesARangeOfOneOrTwoDoubles) {
    Random random{3, 1};
    const double next = std::nextafter(0.1, 1);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_EQ(draw_uniform_real(0.1, 0.1, random), 0.1);
        const double value = draw_uniform_real(0.1, next, random);
        EXPECT_TRUE(value == 0.1 || value == next);
    }
}

TEST(Zipfian, HasTheExactProbabilitiesForAnyExponent) {
    for (const double exponent :
         {0.0, 1e-12, 0.1, 0.5, 0.99, 1.0, 1.0 + 1e-12, 1.07, 1.5, 2.0, 5.0}) {
        SCOPED_TRACE(exponent);
        for (const std::size_t count : {2U, 10U, 1000U}) {
            SCOPED_TRACE(count);
            const Generator::Zipfian zipf =
                make_zipfian(100, 99 + static_cast<std::int64_t>(count), exponent);
            expect_probabilities([&](Random& random) { return draw_zipfian(zipf, random); }, 100,
                                 zipfian_probabilities(count, exponent));
        }
    }
}

TEST(Zipfian, HasTheExactProbabilitiesOfAMillionKeys) {
    for (const double exponent : {0.8, 1.0, 1.07}) {
        SCOPED_TRACE(exponent);
        const Generator::Zipfian zipf = make_zipfian(1, 1'000'000, exponent);
        expect_probabilities([&](Random& random) { return draw_zipfian(zipf, random); }, 1,
                             zipfian_probabilities(1'000'000, exponent));
    }
}

TEST(Zipfian, StaysInItsRangeAtTheExtremes) {
    Random random{5, 5};
    const std::int64_t wide = std::int64_t{1} << 53;
    for (const double exponent :
         {0.0, 1e-300, 0.5, 1.0, 3.0, 100.0, 1e6, 1e300, std::numeric_limits<double>::max()}) {
        SCOPED_TRACE(exponent);
        for (const std::int64_t high : {std::int64_t{1}, std::int64_t{2}, wide}) {
            const Generator::Zipfian zipf = make_zipfian(1, high, exponent);
            for (int i = 0; i < 2000; ++i) {
                const std::int64_t value = draw_zipfian(zipf, random);
                ASSERT_TRUE(value >= 1 && value <= high) << value;
                if (exponent >= 100) {
                    ASSERT_EQ(value, 1);
                }
            }
        }
    }
}

TEST(Zipfian, StartsAtAnyLowerBound) {
    Random random{5, 5};
    const Generator::Zipfian lowest = make_zipfian(least, least + 1, 1);
    const Generator::Zipfian highest = make_zipfian(most - 1, most, 1);
    for (int i = 0; i < 100; ++i) {
        EXPECT_LE(draw_zipfian(lowest, random), least + 1);
        EXPECT_GE(draw_zipfian(highest, random), most - 1);
    }
}

// P(value i of n) under pgbench's definition: a normal cut at +-p, in n equal slices.
std::vector<double> gaussian_probabilities(std::size_t count, double parameter) {
    const auto below = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); };
    const double inside = below(parameter) - below(-parameter);
    std::vector<double> out;
    for (std::size_t i = 0; i < count; ++i) {
        const auto edge = [&](std::size_t k) {
            return -parameter + 2 * parameter * static_cast<double>(k) / static_cast<double>(count);
        };
        out.push_back((below(edge(i + 1)) - below(edge(i))) / inside);
    }
    return out;
}

TEST(Gaussian, HasPgbenchsProbabilities) {
    for (const double parameter : {2.0, 2.5, 5.0, 50.0}) {
        SCOPED_TRACE(parameter);
        const Generator::Gaussian law{-10, 89, parameter};
        expect_probabilities([&](Random& random) { return draw_gaussian(law, random); }, -10,
                             gaussian_probabilities(100, parameter));
    }
}

TEST(Gaussian, PutsTheMiddleWherePgbenchsManualSays) {
    // "67% of values are drawn from the middle 1.0 / parameter, that is a relative 0.5 / parameter
    // around the mean, and 95% in the middle 2.0 / parameter".
    const Generator::Gaussian law{0, 999'999, 4.0};
    Random random{9, 9};
    double middle = 0, wider = 0;
    for (std::size_t i = 0; i < draws; ++i) {
        const double distance =
            std::abs(static_cast<double>(draw_gaussian(law, random)) - 499'999.5) / 1e6;
        middle += distance < 0.5 / 4 ? 1 : 0;
        wider += distance < 1.0 / 4 ? 1 : 0;
    }
    EXPECT_NEAR(middle / draws, 0.6827, 0.003);
    EXPECT_NEAR(wider / draws, 0.9545, 0.002);
}

// P(value i of n) under pgbench's definition.
std::vector<double> exponential_probabilities(std::size_t count, double parameter) {
    std::vector<double> out;
    const double n = static_cast<double>(count);
    for (std::size_t i = 0; i < count; ++i) {
        const double x = static_cast<double>(i);
        out.push_back(std::exp(-parameter * x / n) * std::expm1(-parameter / n) /
                      std::expm1(-parameter));
    }
    return out;
}

TEST(Exponential, HasPgbenchsProbabilities) {
    for (const double parameter : {1e-17, 0.1, 1.0, 2.5, 10.0, 100.0}) {
        SCOPED_TRACE(parameter);
        const Generator::Exponential law{5, 104, parameter};
        expect_probabilities([&](Random& random) { return draw_exponential(law, random); }, 5,
                             exponential_probabilities(100, parameter));
    }
}

TEST(GaussianAndExponential, StayInTheirRangeAtTheExtremes) {
    Random random{2, 2};
    const std::int64_t wide = std::int64_t{1} << 53;
    for (const double parameter : {2.0, 1e3, 1e300, std::numeric_limits<double>::max()}) {
        for (int i = 0; i < 1000; ++i) {
            EXPECT_EQ(draw_gaussian({7, 7, parameter}, random), 7);
            const std::int64_t value = draw_gaussian({1, wide, parameter}, random);
            ASSERT_TRUE(value >= 1 && value <= wide);
        }
    }
    for (const double parameter :
         {std::numeric_limits<double>::denorm_min(), 1e-300, 1.0, 1e3, 1e300}) {
        for (int i = 0; i < 1000; ++i) {
            EXPECT_EQ(draw_exponential({7, 7, parameter}, random), 7);
            const std::int64_t value = draw_exponential({1, wide, parameter}, random);
            ASSERT_TRUE(value >= 1 && value <= wide);
        }
    }
}

}  // namespace
}  // namespace workloads
