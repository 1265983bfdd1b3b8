#include "reports/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace reports {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, IsAllZeroWhenEmpty) {
    const Histogram histogram;
    EXPECT_EQ(histogram.count(), 0U);
    EXPECT_EQ(histogram.quantile_us(0.99), 0);
    EXPECT_EQ(histogram.max_us(), 0);
    EXPECT_EQ(histogram.mean_us(), 0);
    EXPECT_EQ(histogram.count_above(0), 0U);
}

TEST(Histogram, AnswersQuantilesWithinOneIn128AndNeverBelowTheTruth) {
    std::mt19937_64 random{7};
    std::lognormal_distribution<double> latencies{8, 3};
    std::vector<std::int64_t> values;
    Histogram histogram;
    for (int i = 0; i < 20'000; ++i) {
        const auto us = std::clamp<std::int64_t>(static_cast<std::int64_t>(latencies(random)), 1,
                                                 Histogram::highest_us);
        values.push_back(us);
        histogram.record_us(us);
    }
    std::sort(values.begin(), values.end());
    for (const double q : {0.0, 0.001, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999, 1.0}) {
        const auto rank = nearest_rank(q, values.size());
        const auto truth = values[rank - 1];
        const auto answer = histogram.quantile_us(q);
        EXPECT_GE(answer, truth) << q;
        EXPECT_LE(static_cast<double>(answer - truth), static_cast<double>(truth) / 128) << q;
    }
    EXPECT_EQ(histogram.quantile_us(1), values.back());
}

TEST(Histogram, KeepsEveryMicrosecondUpTo255) {
    for (std::int64_t us = 1; us < 256; ++us) {
        Histogram histogram;
        histogram.record_us(us);
        histogram.record_us(1'000'000);
        EXPECT_EQ(histogram.quantile_us(0.5), us);
    }
}

TEST(Histogram, UsesTheNearestRankWithoutInterpolation) {
    Histogram histogram;
    histogram.record_us(10, 99);
    histogram.record_us(200);
    EXPECT_EQ(histogram.quantile_us(0.99), 10);  // 99 of 100 lie at or below
    EXPECT_EQ(histogram.quantile_us(0.991), 200);
}

TEST(NearestRank, IsNotMovedByTheErrorOfBinaryFractions) {
    EXPECT_EQ(nearest_rank(0.07, 100), 7U);  // 0.07 * 100 is 7.000000000000001
    EXPECT_EQ(nearest_rank(0.99, 100), 99U);
    EXPECT_EQ(nearest_rank(0.999, 1'000), 999U);
    EXPECT_EQ(nearest_rank(0.99, 101), 100U);
    EXPECT_EQ(nearest_rank(0, 5), 1U);
    EXPECT_EQ(nearest_rank(2, 5), 5U);
    EXPECT_EQ(nearest_rank(0.5, 0), 0U);
    EXPECT_EQ(nearest_rank(1, UINT64_MAX), UINT64_MAX);
    EXPECT_EQ(nearest_rank(std::nan(""), 5), 1U);
}

TEST(Histogram, CountsWhatIsBelowAMicrosecondAsOne) {
    Histogram histogram;
    histogram.record(0ns);
    histogram.record(-5s);
    histogram.record(400ns);
    EXPECT_EQ(histogram.count(), 3U);
    EXPECT_EQ(histogram.max_us(), 1);
}

TEST(Histogram, RoundsNanosecondsToTheNearestMicrosecond) {
    Histogram histogram;
    histogram.record(1'499ns);
    histogram.record(2'500ns);
    EXPECT_EQ(histogram.quantile_us(0), 1);
    EXPECT_EQ(histogram.max_us(), 3);
}

TEST(Histogram, CountsValuesPastTheEndAsSaturatedAndKeepsTheExactMaximum) {
    Histogram histogram;
    histogram.record_us(1'000, 98);
    histogram.record_us(Histogram::highest_us);  // the last that fits
    histogram.record_us(2 * Histogram::highest_us);
    EXPECT_EQ(histogram.count(), 100U);
    EXPECT_EQ(histogram.saturated(), 1U);
    EXPECT_EQ(histogram.max_us(), 2 * Histogram::highest_us);
    EXPECT_GE(histogram.quantile_us(0.99), Histogram::highest_us);
    EXPECT_EQ(histogram.quantile_us(1), 2 * Histogram::highest_us);
    EXPECT_EQ(histogram.count_above(5'000), 2U);
    EXPECT_EQ(histogram.count_above(Histogram::highest_us), 1U);
}

TEST(Histogram, IsRightWhenEverythingIsSaturated) {
    Histogram histogram;
    histogram.record_us(5'000'000'000, 3);
    EXPECT_EQ(histogram.quantile_us(0.5), 5'000'000'000);
    EXPECT_EQ(histogram.count_above(1), 3U);
}

TEST(Histogram, LosesNothingWhenMerged) {
    std::mt19937_64 random{3};
    Histogram all;
    Histogram left;
    Histogram right;
    for (int i = 0; i < 5'000; ++i) {
        const auto us = static_cast<std::int64_t>(random() % 4'000'000'000U) >> (random() % 30);
        all.record_us(us);
        (i % 3 == 0 ? left : right).record_us(us);
    }
    left.merge(right);
    left.merge(Histogram{});
    EXPECT_EQ(left.count(), all.count());
    EXPECT_EQ(left.saturated(), all.saturated());
    EXPECT_EQ(left.mean_us(), all.mean_us());
    EXPECT_EQ(left.max_us(), all.max_us());
    for (double q = 0; q <= 1; q += 0.01) {
        EXPECT_EQ(left.quantile_us(q), all.quantile_us(q)) << q;
    }
}

TEST(Histogram, CanBeMergedIntoItself) {
    Histogram histogram;
    histogram.record_us(70, 5);
    histogram.merge(histogram);
    EXPECT_EQ(histogram.count(), 10U);
    EXPECT_EQ(histogram.mean_us(), 70);
}

TEST(Histogram, ItsTopmostEdgeIsTheHighestValue) {
    Histogram histogram;
    histogram.record_us(Histogram::highest_us - 1'000'000, 3);
    histogram.record_us(Histogram::highest_us, 1);
    Histogram copy;
    histogram.for_each_bucket(
        [&](std::int64_t edge, std::uint64_t times) { copy.record_us(edge, times); });
    EXPECT_EQ(copy.count(), 4U);
    EXPECT_EQ(copy.saturated(), 0U);
    EXPECT_EQ(copy.max_us(), Histogram::highest_us);
}

TEST(Histogram, StartsAfreshWhenCleared) {
    Histogram histogram;
    histogram.record_us(9'000'000'000);
    histogram.record_us(5);
    histogram.clear();
    EXPECT_EQ(histogram.count(), 0U);
    EXPECT_EQ(histogram.saturated(), 0U);
    histogram.record_us(7);
    EXPECT_EQ(histogram.max_us(), 7);
    EXPECT_EQ(histogram.quantile_us(0.5), 7);
}

TEST(Histogram, CountsNothingWhenToldZeroTimes) {
    Histogram histogram;
    histogram.record_us(7, 0);
    EXPECT_EQ(histogram.count(), 0U);
    EXPECT_EQ(histogram.max_us(), 0);
}

TEST(Histogram, KeepsAnExactMean) {
    Histogram histogram;
    histogram.record_us(1'000'001);
    histogram.record_us(1'000'004);
    EXPECT_DOUBLE_EQ(histogram.mean_us(), 1'000'002.5);
}

TEST(Histogram, CountsAboveByBucket) {
    Histogram histogram;
    histogram.record_us(100, 3);
    histogram.record_us(101, 2);
    histogram.record_us(5'000);
    EXPECT_EQ(histogram.count_above(100), 3U);
    EXPECT_EQ(histogram.count_above(0), 6U);
    EXPECT_EQ(histogram.count_above(-1), 6U);
    EXPECT_EQ(histogram.count_above(5'000), 0U);
}

}  // namespace
}  // namespace reports
