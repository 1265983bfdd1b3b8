#include "checksum/progress.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace checksum {
namespace {

using namespace std::chrono_literals;

constexpr Moment start{1h};

TEST(Progress, GoesByBytesWhereTheirTotalIsKnown) {
    Progress progress{start, 10, 1000};
    progress.update(start + 1s, 9, 250);
    EXPECT_DOUBLE_EQ(progress.done().value(), 0.25);
    EXPECT_EQ(progress.remaining(), 3s);
    EXPECT_DOUBLE_EQ(progress.rows_per_s(), 9);
    EXPECT_DOUBLE_EQ(progress.bytes_per_s(), 250);
}

TEST(Progress, GoesByRowsOtherwiseAndSaysNothingWithoutATotal) {
    Progress by_rows{start, 1000, std::nullopt};
    by_rows.update(start + 2s, 500, 1);
    EXPECT_EQ(by_rows.remaining(), 2s);
    Progress unknown{start, std::nullopt, std::nullopt};
    unknown.update(start + 2s, 500, 1);
    EXPECT_EQ(unknown.remaining(), std::nullopt);
    EXPECT_EQ(unknown.done(), std::nullopt);
    EXPECT_DOUBLE_EQ(unknown.rows_per_s(), 250);
}

TEST(Progress, FollowsTheRateOfTheLastSeconds) {
    Progress progress{start, std::nullopt, 1'000'000};
    Moment now = start;
    std::uint64_t bytes = 0;
    for (int i = 0; i < 100; ++i) {
        progress.update(now += 500ms, 0, bytes += 5000);
    }
    for (int i = 0; i < 20; ++i) {
        progress.update(now += 500ms, 0, bytes += 50);
    }
    EXPECT_NEAR(progress.bytes_per_s(), 100, 1);
}

TEST(Progress, ManyUpdatesASecondKeepTheSpanOfTheRate) {
    Progress progress{start, std::nullopt, 1'000'000};
    for (int i = 1; i <= 10'000; ++i) {
        progress.update(start + i * 1ms, 0, static_cast<std::uint64_t>(i));
    }
    EXPECT_NEAR(progress.bytes_per_s(), 1000, 10);
}

TEST(Progress, IsNeverDoneByAnEstimate) {
    Progress progress{start, 10, std::nullopt};
    progress.update(start + 1s, 50, 0);
    EXPECT_LT(progress.done().value(), 1);
    EXPECT_EQ(progress.remaining(), 0s);
}

TEST(RateLimit, WaitsForWhatWasReadTooEarly) {
    RateLimit limit{1000, start};
    EXPECT_EQ(limit.took(500, start), 400ms);  // a tenth of a second is let through
    EXPECT_EQ(limit.took(100, start + 400ms), 100ms);
}

TEST(RateLimit, DoesNotSaveUpATimeOfRest) {
    RateLimit limit{1000, start};
    EXPECT_EQ(limit.took(1000, start + 10s), 900ms);
}

TEST(RateLimit, KeepsTheRateOverTime) {
    RateLimit limit{1000, start};
    Moment now = start;
    for (int i = 0; i < 100; ++i) {
        now += limit.took(70, now) + 3ms;
    }
    const double seconds = std::chrono::duration<double>(now - start).count();
    EXPECT_NEAR(7000 / seconds, 1000, 20);
}

TEST(RateLimit, RefusesARateOfNothing) {
    EXPECT_THROW((RateLimit{0, start}), std::invalid_argument);
}

}  // namespace
}  // namespace checksum
