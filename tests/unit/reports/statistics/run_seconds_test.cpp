#include "reports/statistics/run_seconds.hpp"

#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace {

using reports::Histogram;
using reports::SecondLog;
using reports::Series;
using reports::statistics::RankedSeconds;
using reports::statistics::SecondRange;
using reports::statistics::seconds_by_operation;

using Counts = std::vector<std::uint64_t>;

Histogram calls(std::int64_t us, std::uint64_t times) {
    Histogram histogram;
    histogram.record_us(us, times);
    return histogram;
}

Counts calls_of(const reports::statistics::Seconds& seconds) {
    const RankedSeconds ranked{seconds};
    return {ranked.calls_by_second().begin(), ranked.calls_by_second().end()};
}

TEST(RunSeconds, EachPhaseHoldsItsSecondsAndEmptyOnesAreFilledIn) {
    SecondLog log;
    for (const std::uint32_t second : {0U, 2U, 4U, 5U, 7U, 9U}) {
        log.append(second, Series{.operation = 1}.number(), calls(100, second + 1));
    }
    const auto seconds = seconds_by_operation({&log}, 2, std::vector<SecondRange>{{1, 5}, {5, 9}});
    ASSERT_EQ(seconds.size(), 2U);
    EXPECT_EQ(calls_of(seconds[1][0]), (Counts{0, 3, 0, 5}));
    EXPECT_EQ(calls_of(seconds[1][1]), (Counts{6, 0, 8, 0}));
    EXPECT_EQ(calls_of(seconds[0][0]), (Counts{0, 0, 0, 0}));
}

TEST(RunSeconds, VersionsAreTakenTogetherAndFailuresAreSlowerThanAll) {
    SecondLog log;
    SecondLog of_another_worker;
    log.append(0, Series{.operation = 0, .app = 0}.number(), calls(100, 1));
    log.append(0, Series{.operation = 0, .app = 1}.number(), calls(200, 2));
    of_another_worker.append(0, Series{.operation = 0, .app = 1}.number(), calls(100, 4));
    of_another_worker.append(0, Series{.operation = 0, .app = 1, .failed = true}.number(),
                             calls(50, 8));
    of_another_worker.append(0, Series{.operation = 7}.number(), calls(50, 100));  // no such
    const auto seconds =
        seconds_by_operation({&log, &of_another_worker}, 1, std::vector<SecondRange>{{0, 1}});
    const RankedSeconds ranked{seconds[0][0]};
    EXPECT_EQ(ranked.calls(), 15U);
    EXPECT_EQ(ranked.calls_up_to(0), 5U);
    EXPECT_EQ(ranked.calls_up_to(1), 7U);
    EXPECT_EQ(ranked.edge_count(), 2U);
}

TEST(RunSeconds, WhatLiesBetweenTwoPhasesBelongsToNeither) {
    SecondLog log;
    for (std::uint32_t second = 0; second < 10; ++second) {
        log.append(second, Series{}.number(), calls(100, 1));
    }
    const auto seconds =
        seconds_by_operation({&log}, 1, std::vector<SecondRange>{{0, 3}, {3, 3}, {6, 8}});
    EXPECT_EQ(calls_of(seconds[0][0]), (Counts{1, 1, 1}));
    EXPECT_EQ(seconds[0][1].size(), 0U);
    EXPECT_EQ(calls_of(seconds[0][2]), (Counts{1, 1}));
}

TEST(RunSeconds, ARunWithoutALogIsEmpty) {
    EXPECT_EQ(seconds_by_operation({}, 1, std::vector<SecondRange>{{0, 5}})[0][0].size(), 5U);
    EXPECT_TRUE(seconds_by_operation({}, 3, {})[2].empty());
}

TEST(RunSeconds, PhasesThatOverlapOrNeverEndAreRefused) {
    EXPECT_THROW((void)seconds_by_operation({}, 1, std::vector<SecondRange>{{0, 5}, {4, 6}}),
                 std::invalid_argument);
    EXPECT_THROW((void)seconds_by_operation({}, 1, std::vector<SecondRange>{{5, 4}}),
                 std::invalid_argument);
    EXPECT_THROW((void)seconds_by_operation({}, 1, std::vector<SecondRange>{{0, 4'000'000'000}}),
                 std::invalid_argument);
}

}  // namespace
