#include "reports/statistics/block_bootstrap.hpp"

#include "reports/statistics/random.hpp"
#include "simulation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace {

using reports::nearest_rank;
using reports::statistics::blocks_with_calls;
using reports::statistics::Bucket;
using reports::statistics::Random;
using reports::statistics::RankedSeconds;
using reports::statistics::resampled_quantile_ms;
using reports::statistics::Seconds;
using reports::statistics::testing::SyntheticOperation;

constexpr double infinity = std::numeric_limits<double>::infinity();

struct Second {
    std::vector<double> ms;  // one by one
};

// The same draws, with every call of every drawn second in one list.
std::vector<double> by_sorting(const std::vector<Second>& phase, double q, std::size_t block_s,
                               std::size_t replicates, std::uint64_t seed) {
    Random random{seed};
    std::vector<double> quantiles;
    while (quantiles.size() < replicates) {
        std::vector<double> calls;
        for (std::size_t block = 0; block < phase.size() / block_s; ++block) {
            const auto begin = random.below(phase.size());
            for (std::size_t i = 0; i < block_s; ++i) {
                const auto& second = phase[(begin + i) % phase.size()].ms;
                calls.insert(calls.end(), second.begin(), second.end());
            }
        }
        if (!calls.empty()) {
            std::sort(calls.begin(), calls.end());
            quantiles.push_back(calls[nearest_rank(q, calls.size()) - 1]);
        }
    }
    return quantiles;
}

// Few calls, empty seconds, failures, and now and then a stall far from all the rest.
std::vector<Second> ragged_phase(std::size_t size_s, Random& random) {
    std::vector<Second> phase(size_s);
    for (auto& second : phase) {
        const auto calls = random.below(6);
        for (std::uint64_t i = 0; i < calls; ++i) {
            const auto kind = random.below(20);
            const double us = static_cast<double>(kind == 1 ? 200'000 + random.below(100'000)
                                                            : 1 + random.below(250));
            second.ms.push_back(kind == 0 ? infinity : us / 1e3);
        }
    }
    return phase;
}

Seconds packed(const std::vector<Second>& phase) {
    Seconds seconds;
    for (const auto& second : phase) {
        std::vector<Bucket> buckets;
        std::uint64_t failures = 0;
        for (const double ms : second.ms) {
            if (std::isinf(ms)) {
                ++failures;
            } else {
                buckets.push_back({.edge_us = std::llround(ms * 1e3), .times = 1});
            }
        }
        seconds.append(buckets, failures);
    }
    return seconds;
}

double bucket_ms(double ms) {
    return std::isinf(ms) ? ms
                          : static_cast<double>(reports::Histogram::upper_edge_us(
                                reports::Histogram::bucket_of(std::llround(ms * 1e3)))) /
                                1e3;
}

TEST(BlockBootstrap, FindsWhatSortingAllDrawnCallsWouldFind) {
    Random random{3};
    for (const std::size_t size_s : {1U, 7U, 60U, 103U}) {
        const auto phase = ragged_phase(size_s, random);
        const RankedSeconds ranked{packed(phase)};
        if (ranked.calls() == 0) {
            continue;
        }
        for (const std::size_t block_s : {std::size_t{1}, size_s / 3 + 1, size_s}) {
            for (const double q : {0.01, 0.5, 0.9, 0.97}) {
                auto expected = by_sorting(phase, q, block_s, 60, 17);
                std::transform(expected.begin(), expected.end(), expected.begin(), bucket_ms);
                EXPECT_EQ(resampled_quantile_ms(ranked, q, block_s, 60, 17), expected)
                    << size_s << " s in blocks of " << block_s << " at " << q;
            }
        }
    }
}

TEST(BlockBootstrap, TheSameSeedDrawsTheSame) {
    const RankedSeconds ranked{SyntheticOperation{{}, 1}.phase(120)};
    const auto first = resampled_quantile_ms(ranked, 0.5, 10, 200, 42);
    EXPECT_EQ(first, resampled_quantile_ms(ranked, 0.5, 10, 200, 42));
    EXPECT_NE(first, resampled_quantile_ms(ranked, 0.5, 10, 200, 43));
}

TEST(BlockBootstrap, OneBlockOfTheWholePhaseIsThePhase) {
    const RankedSeconds ranked{SyntheticOperation{{}, 1}.phase(60)};
    const double p99 = ranked.edge_ms(ranked.edge_of_rank(nearest_rank(0.99, ranked.calls())));
    EXPECT_EQ(resampled_quantile_ms(ranked, 0.99, 60, 50, 1), std::vector<double>(50, p99));
}

// The spread of redrawn medians against that of the medians of new runs.
TEST(BlockBootstrap, RedrawsScatterAsNewRunsWould) {
    const auto variance = [](const std::vector<double>& ms) {
        double sum = 0;
        double squares = 0;
        for (const double each : ms) {
            sum += std::log(each);
            squares += std::log(each) * std::log(each);
        }
        const auto n = static_cast<double>(ms.size());
        return squares / n - sum / n * (sum / n);
    };
    std::vector<double> medians;
    double redrawn = 0;
    constexpr int runs = 200;
    for (std::uint64_t run = 0; run < runs; ++run) {
        const RankedSeconds ranked{SyntheticOperation{{.lasting_s = 3}, run}.phase(600)};
        medians.push_back(ranked.edge_ms(ranked.edge_of_rank(nearest_rank(0.5, ranked.calls()))));
        redrawn += variance(resampled_quantile_ms(ranked, 0.5, 30, 200, run)) / runs;
    }
    EXPECT_NEAR(redrawn / variance(medians), 0.9, 0.25);
}

TEST(BlockBootstrap, OnlyFailuresAreInfinitelySlow) {
    Seconds seconds;
    for (int i = 0; i < 20; ++i) {
        seconds.append(std::vector<Bucket>{}, 1);
    }
    EXPECT_EQ(resampled_quantile_ms(RankedSeconds{seconds}, 0.5, 2, 5, 1),
              std::vector<double>(5, infinity));
}

TEST(BlockBootstrap, EmptySecondsCountWithTheirBlock) {
    Seconds seconds;
    for (int i = 0; i < 100; ++i) {
        seconds.append(std::vector<Bucket>{{100, i < 30 ? 1U : 0U}}, 0);
    }
    const RankedSeconds ranked{seconds};
    EXPECT_EQ(blocks_with_calls(ranked, 10), 3U);
    EXPECT_EQ(blocks_with_calls(ranked, 100), 1U);
    EXPECT_EQ(resampled_quantile_ms(ranked, 0.5, 10, 50, 1), std::vector<double>(50, 0.1));
}

TEST(BlockBootstrap, WhatCannotBeDrawnIsRefused) {
    const RankedSeconds ranked{SyntheticOperation{{}, 1}.phase(10)};
    EXPECT_THROW((void)resampled_quantile_ms(ranked, 0.5, 0, 10, 1), std::invalid_argument);
    EXPECT_THROW((void)resampled_quantile_ms(ranked, 0.5, 11, 10, 1), std::invalid_argument);
    Seconds empty;
    empty.append(std::vector<Bucket>{}, 0);
    EXPECT_THROW((void)resampled_quantile_ms(RankedSeconds{empty}, 0.5, 1, 10, 1),
                 std::invalid_argument);
}

}  // namespace
