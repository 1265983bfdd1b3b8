#include "reports/statistics/paired_change.hpp"

#include "simulation.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace {

using reports::statistics::Change;
using reports::statistics::compare_pairs;
using reports::statistics::judge;
using reports::statistics::Margin;
using reports::statistics::PairOfRuns;
using reports::statistics::QuantileChange;
using reports::statistics::Random;
using reports::statistics::testing::normal;

constexpr double infinity = std::numeric_limits<double>::infinity();

Change judged(const QuantileChange& change) {
    return judge(std::span{&change, 1}, 0.01)[0].change;
}

std::vector<PairOfRuns> pairs_of(std::size_t count, double ratio, double noise, Random& random) {
    std::vector<PairOfRuns> pairs;
    for (std::size_t i = 0; i < count; ++i) {
        const double before = 20 * std::exp(noise * normal(random));
        pairs.push_back(
            {.before_ms = before, .now_ms = 20 * ratio * std::exp(noise * normal(random))});
    }
    return pairs;
}

TEST(PairedChange, SevenPairsThatAgreeAreEnough) {
    const std::vector<PairOfRuns> pairs(7, {.before_ms = 10, .now_ms = 13});
    const auto change = compare_pairs(pairs, {.share = 0.1, .floor_ms = 1});
    EXPECT_NEAR(change.ratio, 1.3, 1e-12);
    EXPECT_NEAR(change.ratio_lower, 1.3, 1e-12);
    EXPECT_DOUBLE_EQ(change.p_harmful, 1.0 / 128);
    EXPECT_EQ(judged(change), Change::harmful);
    EXPECT_EQ(judged(compare_pairs(std::vector<PairOfRuns>(7, {10, 10}), {0.1, 1})),
              Change::harmless);
}

TEST(PairedChange, SixPairsAreNotAndTheRemedyIsTold) {
    const std::vector<PairOfRuns> pairs(6, {.before_ms = 10, .now_ms = 100});
    const auto change = compare_pairs(pairs, {});
    EXPECT_EQ(change.lacking,
              "There are 6 pairs of runs, and 7 are needed to be sure to 1.0 %: add 1.");
    EXPECT_EQ(judged(change), Change::undecided);
    EXPECT_EQ(compare_pairs({}, {}).lacking,
              "There are 0 pairs of runs, and 7 are needed to be sure to 1.0 %: add 7.");
    EXPECT_EQ(compare_pairs(std::vector<PairOfRuns>(501, {1, 1}), {}).lacking,
              "There are 501 pairs of runs, and at most 500 can be compared: leave out 1.");
}

TEST(PairedChange, WhatIsBelowTheFloorIsHarmless) {
    const std::vector<PairOfRuns> pairs(10, {.before_ms = 0.2, .now_ms = 0.3});
    EXPECT_EQ(judged(compare_pairs(pairs, {.share = 0.1, .floor_ms = 1})), Change::harmless);
    EXPECT_EQ(judged(compare_pairs(pairs, {.share = 0.1, .floor_ms = 0})), Change::harmful);
}

TEST(PairedChange, ARunThatFellOnFailuresIsSlowerThanAnyOther) {
    std::vector<PairOfRuns> pairs(10, {.before_ms = 10, .now_ms = infinity});
    auto change = compare_pairs(pairs, {});
    EXPECT_EQ(change.ratio, infinity);
    EXPECT_EQ(judged(change), Change::harmful);
    pairs.assign(10, {.before_ms = 10, .now_ms = 10});
    pairs[3].now_ms = infinity;
    change = compare_pairs(pairs, {});
    EXPECT_DOUBLE_EQ(change.ratio, 1);
    EXPECT_FALSE(std::isnan(change.ratio_upper));
    EXPECT_EQ(judged(change), Change::undecided);
}

TEST(PairedChange, APairWithoutFiguresIsNamed) {
    for (const double none : {0.0, infinity, std::nan("")}) {
        std::vector<PairOfRuns> pairs(10, {.before_ms = 10, .now_ms = 10});
        pairs[2].before_ms = none;
        EXPECT_EQ(
            compare_pairs(pairs, {}).lacking,
            "Pair 3 has no baseline: it was not measured or falls on failed calls. Repeat it.");
    }
    std::vector<PairOfRuns> pairs(10, {.before_ms = 10, .now_ms = 10});
    pairs[9].now_ms = std::nan("");
    EXPECT_EQ(compare_pairs(pairs, {}).lacking,
              "Pair 10 lacks its second run's figure. Repeat it.");
}

TEST(PairedChange, WhatCannotBeAskedIsRefused) {
    EXPECT_THROW((void)compare_pairs({}, {}, 0), std::invalid_argument);
    EXPECT_THROW((void)compare_pairs({}, {}, 0.5), std::invalid_argument);
    EXPECT_THROW((void)compare_pairs({}, {.share = -0.1}), std::invalid_argument);
}

// Ten pairs, 10 % noise a run, margin 10 %.
struct Found {
    double harmful = 0, harmless = 0;
};
Found found(double ratio, int runs) {
    Random random{21};
    Found found;
    for (int run = 0; run < runs; ++run) {
        const auto change =
            judged(compare_pairs(pairs_of(10, ratio, 0.1, random), {.share = 0.1, .floor_ms = 1}));
        found.harmful += change == Change::harmful ? 1.0 / runs : 0;
        found.harmless += change == Change::harmless ? 1.0 / runs : 0;
    }
    return found;
}

TEST(PairedChange, AtTheMarginItErrsInOnePercentEitherWay) {
    EXPECT_NEAR(found(1.1, 5'000).harmful, 0.01, 0.004);
    EXPECT_NEAR(found(1.1, 5'000).harmless, 0.01, 0.004);
    EXPECT_LE(found(1, 5'000).harmful, 0.0005);
}

TEST(PairedChange, TenPairsFindAThirdMoreInNineOfTenAndAQuarterMoreInHalf) {
    EXPECT_NEAR(found(1.35, 3'000).harmful, 0.92, 0.03);
    EXPECT_NEAR(found(1.25, 3'000).harmful, 0.51, 0.04);
}

}  // namespace
