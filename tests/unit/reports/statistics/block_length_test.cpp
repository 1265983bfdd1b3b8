#include "reports/statistics/block_length.hpp"

#include "simulation.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace {

using reports::statistics::correlation_of;
using reports::statistics::Random;
using reports::statistics::variance_in_blocks;
using reports::statistics::testing::normal;

std::vector<double> autoregressive(std::size_t size, double phi, Random& random) {
    std::vector<double> series(size);
    double value = normal(random) / std::sqrt(1 - phi * phi);
    for (auto& each : series) {
        each = value;
        value = phi * value + normal(random);
    }
    return series;
}

struct Average {
    double block_length = 0, long_run_variance = 0;
};
Average average(std::size_t size, double phi, int runs) {
    Random random{5};
    Average average;
    for (int run = 0; run < runs; ++run) {
        const auto correlation = correlation_of(autoregressive(size, phi, random));
        average.block_length += correlation.block_length / runs;
        average.long_run_variance += correlation.long_run_variance / runs;
    }
    return average;
}

// For an AR(1) series the length that the papers estimate is known: with D = 4/3 g(0)^2 and
// G / g(0) = 2 phi / (1 - phi^2) it is (6 phi^2 / (1 - phi^2)^2)^(1/3) N^(1/3).
double known_length(std::size_t size, double phi) {
    const double ratio = phi / (1 - phi * phi);
    return std::cbrt(6 * ratio * ratio * static_cast<double>(size));
}

TEST(BlockLength, IsTheKnownOneOfAnAutoregressiveSeries) {
    EXPECT_NEAR(known_length(200, 0.7), 13.1, 0.05);
    EXPECT_NEAR(known_length(800, 0.7), 20.8, 0.05);
    for (const double phi : {0.4, 0.7, 0.9}) {
        const double known = known_length(4'000, phi);
        EXPECT_NEAR(average(4'000, phi, 60).block_length, known, 0.15 * known) << phi;
    }
    // Correlation of either sign calls for blocks.
    EXPECT_NEAR(average(4'000, -0.4, 60).block_length, known_length(4'000, -0.4), 1.6);
}

TEST(BlockLength, TheLongRunVarianceOfAnAutoregressiveSeriesIsFound) {
    for (const double phi : {0.0, 0.4, 0.7, 0.9}) {
        const double known = 1 / ((1 - phi) * (1 - phi));
        EXPECT_NEAR(average(4'000, phi, 60).long_run_variance, known, 0.1 * known) << phi;
    }
}

TEST(BlockLength, OfIndependentSecondsIsAlmostNone) {
    EXPECT_LT(average(1'000, 0, 60).block_length, 3);
}

// Thirty seconds of noise in five minutes: looking no further than 23 lags, the estimate would be
// at most 31 and ten blocks would seem to be there.
TEST(BlockLength, NoiseThatLastsLongIsNotTakenForShortInAShortPhase) {
    EXPECT_GT(average(300, std::exp(-1.0 / 30), 200).block_length, 34);
}

TEST(BlockLength, NeverExceedsWhatTheSeriesCanTell) {
    std::vector<double> rising(300);
    for (std::size_t i = 0; i < rising.size(); ++i) {
        rising[i] = static_cast<double>(i);
    }
    EXPECT_LE(correlation_of(rising).block_length, std::ceil(3 * std::sqrt(300.0)));
    EXPECT_GT(correlation_of(rising).block_length, 40);
    EXPECT_LE(correlation_of(std::span{rising}.first(12)).block_length, 4);
}

TEST(BlockLength, WhereNothingVariesThereIsNoCorrelation) {
    EXPECT_EQ(correlation_of(std::vector<double>(100, 3.5)).block_length, 1);
    EXPECT_EQ(correlation_of(std::vector<double>(100, 3.5)).long_run_variance, 0);
    EXPECT_EQ(correlation_of(std::vector<double>{1}).block_length, 1);
    EXPECT_EQ(correlation_of({}).block_length, 1);
    EXPECT_EQ(variance_in_blocks({}, 10), 0);
}

TEST(BlockLength, WhereNeighboursOpposeEachOtherTheVarianceIsNotNegative) {
    std::vector<double> alternating(200);
    for (std::size_t i = 0; i < alternating.size(); ++i) {
        alternating[i] = i % 2 == 0 ? 1 : -1;
    }
    const auto correlation = correlation_of(alternating);
    EXPECT_GE(correlation.long_run_variance, 0);
    EXPECT_GE(correlation.block_length, 1);
    EXPECT_GE(variance_in_blocks(alternating, 10), 0);
}

// The variance of sums of whole blocks, taken from the blocks themselves.
TEST(BlockLength, BlocksSeeTheVarianceOfTheirOwnSums) {
    Random random{9};
    const auto series = autoregressive(20'000, 0.8, random);
    constexpr std::size_t length = 10;
    double squares = 0;
    for (std::size_t begin = 0; begin + length <= series.size(); ++begin) {
        double sum = 0;
        for (std::size_t i = 0; i < length; ++i) {
            sum += series[begin + i];
        }
        squares += sum * sum / static_cast<double>(length);
    }
    const double from_blocks = squares / static_cast<double>(series.size() - length + 1);
    EXPECT_NEAR(variance_in_blocks(series, length), from_blocks, 0.01 * from_blocks);
}

}  // namespace
