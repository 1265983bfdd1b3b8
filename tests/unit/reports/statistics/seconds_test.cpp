#include "reports/statistics/seconds.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace {

using reports::Histogram;
using reports::statistics::Bucket;
using reports::statistics::most_calls;
using reports::statistics::RankedSeconds;
using reports::statistics::Seconds;

Seconds three_seconds() {
    Seconds seconds;
    seconds.append(std::vector<Bucket>{{200, 3}, {100, 1}, {200, 1}}, 0);
    seconds.append(std::vector<Bucket>{}, 0);
    seconds.append(std::vector<Bucket>{{150, 2}}, 4);
    return seconds;
}

TEST(Seconds, AreCountedUpToEveryEdge) {
    const RankedSeconds ranked{three_seconds()};
    EXPECT_EQ(ranked.size(), 3U);
    EXPECT_EQ(ranked.calls(), 11U);
    ASSERT_EQ(ranked.edge_count(), 3U);
    EXPECT_DOUBLE_EQ(ranked.edge_ms(0), 0.1);
    EXPECT_DOUBLE_EQ(ranked.edge_ms(2), 0.2);
    using Counts = std::vector<std::uint64_t>;
    EXPECT_EQ(ranked.by_second_up_to(0), (Counts{1, 0, 0}));
    EXPECT_EQ(ranked.by_second_up_to(1), (Counts{1, 0, 2}));
    EXPECT_EQ(ranked.by_second_up_to(2), (Counts{5, 0, 2}));
    EXPECT_EQ(ranked.by_second_up_to(3), (Counts{5, 0, 6}));
    EXPECT_EQ(ranked.calls_up_to(1), 3U);
    EXPECT_EQ(ranked.calls_up_to(3), 11U);
}

TEST(Seconds, AFailureIsSlowerThanEverySuccess) {
    const RankedSeconds ranked{three_seconds()};
    EXPECT_EQ(ranked.edge_of_rank(1), 0U);
    EXPECT_EQ(ranked.edge_of_rank(7), 2U);
    EXPECT_EQ(ranked.edge_of_rank(8), 3U);
    EXPECT_TRUE(std::isinf(ranked.edge_ms(3)));
}

TEST(Seconds, OfOnlyFailuresHaveNoEdgeButTheirs) {
    Seconds seconds;
    seconds.append(std::vector<Bucket>{}, 2);
    const RankedSeconds ranked{seconds};
    EXPECT_EQ(ranked.edge_count(), 0U);
    EXPECT_EQ(ranked.edge_of_rank(1), 0U);
    EXPECT_TRUE(std::isinf(ranked.edge_ms(0)));
}

TEST(Seconds, AHistogramsBucketsAreTakenAsTheyAre) {
    Histogram histogram;
    for (const std::int64_t us :
         std::vector<std::int64_t>{1, 255, 256, 5'000, 77'777, 1'000'000, 3'600'000'000}) {
        histogram.record_us(us);
    }
    histogram.record_us(Histogram::highest_us + 1, 5);
    Seconds seconds;
    seconds.append(histogram, 2);
    const RankedSeconds ranked{seconds};
    std::vector<double> expected;
    histogram.for_each_bucket(
        [&](std::int64_t us, std::uint64_t) { expected.push_back(static_cast<double>(us) / 1e3); });
    ASSERT_EQ(ranked.edge_count(), expected.size());
    for (std::size_t edge = 0; edge < expected.size(); ++edge) {
        EXPECT_EQ(ranked.edge_ms(edge), expected[edge]);
    }
    EXPECT_EQ(ranked.calls(), 14U);
    EXPECT_EQ(ranked.calls_up_to(6), 7U);  // what is past an hour is as slow as a failure
}

TEST(Seconds, AValuePastTheHistogramsEndIsAFailure) {
    Seconds seconds;
    seconds.append(std::vector<Bucket>{{Histogram::highest_us + 1, 3}, {0, 1}}, 0);
    const RankedSeconds ranked{seconds};
    EXPECT_EQ(ranked.edge_count(), 1U);
    EXPECT_EQ(ranked.calls_up_to(0), 1U);
    EXPECT_EQ(ranked.calls(), 4U);
}

TEST(Seconds, MoreCallsThanFitInOneEntryAreKept) {
    constexpr std::uint64_t many = 1'000'000'000;
    Seconds seconds;
    seconds.append(std::vector<Bucket>{{100, many}}, many);
    const RankedSeconds ranked{seconds};
    EXPECT_EQ(ranked.calls(), 2 * many);
    EXPECT_EQ(ranked.by_second_up_to(0)[0], many);
}

TEST(Seconds, AHostileCountNeitherWrapsAroundNorFillsTheMemory) {
    constexpr auto endless = std::numeric_limits<std::uint64_t>::max();
    Seconds seconds;
    for (int i = 0; i < 100; ++i) {
        seconds.append(std::vector<Bucket>(1'000, Bucket{100, endless}), endless);
    }
    const RankedSeconds ranked{seconds};
    EXPECT_EQ(ranked.size(), 100U);
    EXPECT_GT(ranked.calls(), most_calls);
    EXPECT_LT(ranked.calls(), 10 * most_calls);
    Seconds of_successes;
    of_successes.append(std::vector<Bucket>(1'000, Bucket{100, endless}), 0);
    EXPECT_GT(RankedSeconds{of_successes}.calls(), most_calls);
}

}  // namespace
