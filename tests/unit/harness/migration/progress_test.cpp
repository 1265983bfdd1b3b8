#include "harness/migration/progress.hpp"

#include <gtest/gtest.h>

namespace {

using harness::migration::Progress;
using namespace std::chrono_literals;

constexpr Progress::Clock::time_point t0{};

TEST(Progress, TellsRateAndTimeLeft) {
    Progress progress{10'000, t0};
    progress.visited(1000, t0 + 1s);
    progress.visited(1000, t0 + 2s);
    EXPECT_EQ(progress.rows(), 2000);
    EXPECT_DOUBLE_EQ(progress.rows_per_second(t0 + 2s), 1000);
    EXPECT_EQ(progress.eta(t0 + 2s), 8s);
}

TEST(Progress, KnowsNothingBeforeTheFirstBatch) {
    const Progress progress{100, t0};
    EXPECT_EQ(progress.rows_per_second(t0), 0);
    EXPECT_EQ(progress.rows_per_second(t0 + 5s), 0);
    EXPECT_FALSE(progress.eta(t0 + 5s));
}

TEST(Progress, HasNoEtaWhereTheNumberOfRowsIsUnknownOrExceeded) {
    Progress unknown{0, t0};
    unknown.visited(10, t0 + 1s);
    EXPECT_FALSE(unknown.eta(t0 + 1s));

    Progress exceeded{10, t0};
    exceeded.visited(20, t0 + 1s);
    EXPECT_FALSE(exceeded.eta(t0 + 1s));
}

TEST(Progress, TheRateIsThatOfTheLastSecondsNotOfTheWhole) {
    Progress progress{1'000'000, t0};
    for (int s = 1; s <= 60; ++s) {
        progress.visited(s <= 30 ? 10'000 : 100, t0 + std::chrono::seconds{s});
    }
    EXPECT_NEAR(progress.rows_per_second(t0 + 60s), 100, 1);
}

TEST(Progress, AStandstillShows) {
    Progress progress{1000, t0};
    progress.visited(100, t0 + 1s);
    EXPECT_DOUBLE_EQ(progress.rows_per_second(t0 + 10s), 10);
    EXPECT_EQ(progress.eta(t0 + 10s), 90s);
}

TEST(Progress, ManyFastBatchesAddUp) {
    Progress progress{2'000'000, t0};
    for (int ms = 1; ms <= 10'000; ++ms) {
        progress.visited(100, t0 + std::chrono::milliseconds{ms});
    }
    EXPECT_EQ(progress.rows(), 1'000'000);
    EXPECT_NEAR(progress.rows_per_second(t0 + 10s), 100'000, 1);
    EXPECT_EQ(progress.eta(t0 + 10s), 10s);
}

TEST(Progress, AnEndlessEtaIsCutAtAYear) {
    Progress progress{std::int64_t{1} << 60, t0};
    progress.visited(1, t0 + 1s);
    EXPECT_EQ(progress.eta(t0 + 1s), std::chrono::hours{24 * 366});
}

}  // namespace
