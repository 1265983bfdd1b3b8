#include "reports/statistics/quantile_change.hpp"

#include "reports/statistics/detectable_change.hpp"
#include "simulation.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace {

using reports::statistics::Bucket;
using reports::statistics::calls_needed;
using reports::statistics::Change;
using reports::statistics::compare_quantile;
using reports::statistics::compare_quantiles;
using reports::statistics::judge;
using reports::statistics::OperationTests;
using reports::statistics::QuantileChange;
using reports::statistics::QuantileTest;
using reports::statistics::RankedSeconds;
using reports::statistics::Seconds;
using reports::statistics::testing::Noise;
using reports::statistics::testing::SyntheticOperation;

constexpr double infinity = std::numeric_limits<double>::infinity();

const QuantileTest p50{.quantile = 0.5, .margin = {.share = 0.10, .floor_ms = 1}};
const QuantileTest p99{
    .quantile = 0.99, .margin = {.share = 0.25, .floor_ms = 5}, .statistic = "p99"};
const Noise independent{.share = 0.2, .lasting_s = 0, .calls = 20};

Change judged(const QuantileChange& change) {
    return judge(std::span{&change, 1}, 0.01)[0].change;
}

QuantileChange compare(const Seconds& before, const Seconds& now, const QuantileTest& test) {
    return compare_quantile(RankedSeconds{before}, RankedSeconds{now}, test);
}

// Every second the same: `calls` at `us`, and failures.
Seconds steady(std::size_t size_s, std::int64_t us, std::uint64_t calls = 10,
               std::uint64_t failures = 0) {
    Seconds seconds;
    for (std::size_t i = 0; i < size_s; ++i) {
        seconds.append(std::vector<Bucket>{{us, calls}}, failures);
    }
    return seconds;
}

TEST(QuantileChange, ARunWithoutChangeIsHarmless) {
    SyntheticOperation operation{independent, 1};
    const auto before = operation.phase(300);
    const auto change = compare(before, operation.phase(300), p50);
    EXPECT_EQ(change.lacking, "");
    EXPECT_NEAR(change.before_ms, 4, 0.2);
    EXPECT_LT(change.ratio_lower, 1);
    EXPECT_GT(change.ratio_upper, 1);
    EXPECT_EQ(judged(change), Change::harmless);
}

TEST(QuantileChange, TwiceAsSlowIsHarmful) {
    SyntheticOperation operation{independent, 1};
    const auto before = operation.phase(300);
    const auto now = operation.phase(300, 2);
    for (const auto& test : {p50, p99}) {
        const auto change = compare(before, now, test);
        EXPECT_GT(change.ratio_lower, 1.25);
        EXPECT_LT(change.ratio_lower, change.ratio);
        EXPECT_EQ(judged(change), Change::harmful) << test.statistic;
    }
}

TEST(QuantileChange, ACleanChangeIsSureEnoughForAFamilyOfHundreds) {
    SyntheticOperation operation{independent, 1};
    const auto before = operation.phase(300);
    EXPECT_LT(compare(before, operation.phase(300, 2), p50).p_harmful, 0.01 / 200);
}

TEST(QuantileChange, WhatStaysBelowTheFloorIsHarmless) {
    const auto change = compare(steady(300, 200), steady(300, 300), p50);
    EXPECT_NEAR(change.ratio, 1.5, 0.01);
    EXPECT_GT(change.ratio_lower, 1.1);
    EXPECT_EQ(judged(change), Change::harmless);
    auto without_floor = p50;
    without_floor.margin.floor_ms = 0;
    EXPECT_EQ(judged(compare(steady(300, 200), steady(300, 300), without_floor)), Change::harmful);
}

TEST(QuantileChange, RightAtTheMarginNothingIsDecided) {
    // 1 ms more is both the floor and the share of 10 ms.
    EXPECT_EQ(judged(compare(steady(300, 10'000), steady(300, 11'000), p50)), Change::undecided);
}

TEST(QuantileChange, AShortPhaseIsToldHowLongItMustBe) {
    const auto change = compare(steady(30, 4'000), steady(99, 4'000), p50);
    EXPECT_EQ(change.lacking,
              "`before` lasted 30 s and needs 100 s (10 blocks of 10 s): make it longer. "
              "`during` and `after` lasted 99 s and needs 100 s (10 blocks of 10 s): make it "
              "longer.");
    EXPECT_EQ(judged(change), Change::undecided);
    EXPECT_EQ(compare(steady(100, 4'000), steady(100, 4'000), p50).lacking, "");
}

TEST(QuantileChange, NoiseThatLastsLongNeedsALongerPhaseAndTheSentenceHoldsGood) {
    const Noise noise{.share = 0.2, .lasting_s = 60, .calls = 20};
    SyntheticOperation operation{noise, 4};
    const auto before = operation.phase(300);
    const auto change = compare(before, operation.phase(300), p50);
    EXPECT_NE(change.lacking.find("because the noise in `before` lasts that long"),
              std::string::npos)
        << change.lacking;
    EXPECT_EQ(judged(change), Change::undecided);
}

// Over the phase that is as correlated as can be.
TEST(QuantileChange, AChangeWithinTheJudgedPhaseDoesNotPreventItsJudgement) {
    SyntheticOperation operation{independent, 1};
    const auto before = operation.phase(300);
    const auto quiet = operation.phase(300);
    const auto slow_for = [&](std::size_t seconds) {
        return reports::statistics::slowed(quiet, 5, 60, seconds);
    };
    EXPECT_EQ(judged(compare(before, slow_for(120), p99)), Change::harmful);
    EXPECT_EQ(judged(compare(before, slow_for(240), p50)), Change::harmful);
    // Half of the time is no clear answer to what the median is.
    EXPECT_EQ(compare(before, slow_for(150), p50).lacking, "");
    EXPECT_EQ(judged(compare(before, slow_for(150), p50)), Change::undecided);
}

TEST(QuantileChange, TooFewCallsAreCounted) {
    const auto change = compare(steady(100, 4'000, 9), steady(100, 4'000, 10), p99);
    EXPECT_EQ(change.lacking,
              "p99 rests on 900 calls in `before` and needs 1,000: send more, or make it longer.");
    EXPECT_EQ(calls_needed(0.5), 20U);
    EXPECT_EQ(calls_needed(0.9), 100U);
    EXPECT_EQ(calls_needed(0.95), 200U);
    EXPECT_EQ(calls_needed(0.99), 1'000U);
    EXPECT_EQ(calls_needed(0.999), 10'000U);
}

TEST(QuantileChange, MoreCallsThanCanBeCountedAreTold) {
    EXPECT_EQ(compare(steady(100, 4'000, 100'000'000), steady(100, 4'000), p50).lacking,
              "`before` holds more calls than can be compared (4,294,967,295): make it shorter.");
}

TEST(QuantileChange, CallsThatFallIntoFewBlocksAreNotEnough) {
    Seconds bursts;
    for (std::size_t i = 0; i < 300; ++i) {
        bursts.append(std::vector<Bucket>{{4'000, i % 75 == 0 ? 500U : 0U}}, 0);
    }
    EXPECT_EQ(compare(bursts, steady(300, 4'000), p50).lacking,
              "The calls in `before` fall into 4 blocks of 10 s, and 10 are needed: spread them, "
              "or make it longer.");
}

TEST(QuantileChange, NoCallsAtAllAreNoChange) {
    EXPECT_EQ(compare(steady(300, 4'000, 0), steady(300, 4'000), p50).lacking,
              "There were no calls in `before`.");
    EXPECT_EQ(compare(steady(300, 4'000), Seconds{}, p50).lacking,
              "There were no calls in `during` and `after`.");
}

TEST(QuantileChange, ABaselineOnFailedCallsHasNothingToCompareWith) {
    const auto change = compare(steady(300, 4'000, 4, 6), steady(300, 4'000), p50);
    EXPECT_EQ(change.lacking,
              "The p50 of `before` falls on failed calls: there is nothing to compare with.");
    EXPECT_FALSE(std::isnan(change.ratio));
}

TEST(QuantileChange, AQuantileOnFailedCallsIsInfinitelySlow) {
    const auto change = compare(steady(300, 4'000), steady(300, 4'000, 4, 6), p50);
    EXPECT_EQ(change.now_ms, infinity);
    EXPECT_EQ(change.ratio, infinity);
    EXPECT_EQ(change.ratio_lower, infinity);
    EXPECT_EQ(change.ratio_upper, infinity);
    EXPECT_EQ(judged(change), Change::harmful);
}

TEST(QuantileChange, WhereSomeRedrawsFallOnFailuresTheUpperBoundIsInfinite) {
    // 0.9 % of the calls failed, in bursts: the p99 of some redraws is a failed call.
    Seconds now;
    for (std::size_t i = 0; i < 300; ++i) {
        now.append(std::vector<Bucket>{{4'000, 10}}, i % 100 == 0 ? 9 : 0);
    }
    const auto change = compare(steady(300, 4'000), now, p99);
    EXPECT_NEAR(change.ratio, 1, 1e-9);
    EXPECT_EQ(change.ratio_upper, infinity);
    EXPECT_FALSE(std::isnan(change.ratio_lower));
    EXPECT_GT(change.p_harmless, 0.01);
    EXPECT_EQ(judged(change), Change::undecided);
}

TEST(QuantileChange, OnlyFailuresNowAreHarmful) {
    EXPECT_EQ(judged(compare(steady(300, 4'000), steady(300, 4'000, 0, 10), p50)), Change::harmful);
}

TEST(QuantileChange, TheSameDataAndSeedGiveTheSameAnswerOnAnyNumberOfThreads) {
    std::vector<Seconds> phases;
    for (std::uint64_t i = 0; i < 12; ++i) {
        SyntheticOperation operation{independent, i};
        phases.push_back(operation.phase(150));
        phases.push_back(operation.phase(120 + 10 * i, 1.1));
    }
    std::vector<OperationTests> operations;
    for (std::size_t i = 0; i < phases.size(); i += 2) {
        operations.push_back({.before = &phases[i], .now = &phases[i + 1], .tests = {p50, p99}});
    }
    const auto alone = compare_quantiles(operations, 1);
    const auto together = compare_quantiles(operations, 3);
    ASSERT_EQ(alone.size(), 12U);
    for (std::size_t i = 0; i < alone.size(); ++i) {
        for (std::size_t test = 0; test < 2; ++test) {
            EXPECT_EQ(alone[i][test].p_harmful, together[i][test].p_harmful);
            EXPECT_EQ(alone[i][test].p_harmless, together[i][test].p_harmless);
            EXPECT_EQ(alone[i][test].ratio_lower, together[i][test].ratio_lower);
            EXPECT_EQ(alone[i][test].ratio_upper, together[i][test].ratio_upper);
        }
    }
}

TEST(QuantileChange, WhatCannotBeTestedIsRefused) {
    const auto before = steady(100, 4'000);
    for (const double q : {0.0, 1.0, std::nan("")}) {
        EXPECT_THROW((void)compare(before, before, {.quantile = q}), std::invalid_argument);
    }
    // 100 redraws cannot tell one in a thousand.
    EXPECT_THROW((void)compare(before, before, {.alpha = 0.001, .replicates = 100}),
                 std::invalid_argument);
    EXPECT_THROW((void)compare_quantiles(
                     std::vector<OperationTests>{
                         {.before = &before, .now = &before, .tests = {{.quantile = 2}}}},
                     2),
                 std::invalid_argument);
}

}  // namespace
