#include "harness/verification/progress.hpp"

#include <gtest/gtest.h>

namespace harness::verification {
namespace {

using namespace std::chrono_literals;

constexpr Progress::Clock::time_point start{1h};

TEST(ScanProgress, SaysThatNothingIsReadYet) {
    Progress progress;
    EXPECT_EQ(progress.line(start), "reading the catalogue");
}

TEST(ScanProgress, TellsRowsTheirRateTheShareAndWhatIsLeft) {
    Progress progress;
    progress.begin("public.orders", 5'000'000, 640'000'000, start);
    progress.add_rows(1'200'000);
    progress.add_rows(34'000);
    progress.chunk_done(160'000'000);
    EXPECT_EQ(progress.line(start + 2s),
              "public.orders: 1.23 M rows, 617 k rows/s, 25 %, 6 s left");
}

TEST(ScanProgress, GoesByRowsWhereTheSizeIsNotKnown) {
    Progress progress;
    progress.begin("t", 1'000, 0, start);
    progress.add_rows(500);
    EXPECT_EQ(progress.line(start + 1s), "t: 500 rows, 500 rows/s, 50 %, 1 s left");
}

TEST(ScanProgress, ForetellsNothingThatIsNotKnown) {
    Progress progress;
    progress.begin("t", 0, 0, start);
    EXPECT_EQ(progress.line(start), "t: 0 rows, 0 rows/s");
    progress.add_rows(500);
    EXPECT_EQ(progress.line(start + 2s), "t: 500 rows, 250 rows/s");
}

TEST(ScanProgress, FollowsTheRateOfTheLastSeconds) {
    Progress progress;
    progress.begin("t", 0, 1'000'000, start);
    auto now = start;
    for (int i = 0; i < 40; ++i) {
        progress.chunk_done(10'000);
        static_cast<void>(progress.line(now += 500ms));
    }
    for (int i = 0; i < 40; ++i) {  // a throttle
        progress.chunk_done(500);
        static_cast<void>(progress.line(now += 500ms));
    }
    // 580,000 left at 1,000 a second; over the whole time it would be 55 s.
    EXPECT_EQ(progress.line(now), "t: 0 rows, 0 rows/s, 42 %, 580 s left");
}

TEST(ScanProgress, ANewTableBeginsAnew) {
    Progress progress;
    progress.begin("first", 10, 100, start);
    progress.add_rows(10);
    progress.chunk_done(100);
    static_cast<void>(progress.line(start + 1s));
    progress.begin("second", 10, 100, start + 10s);
    EXPECT_EQ(progress.line(start + 10s), "second: 0 rows, 0 rows/s");
    progress.add_rows(5);
    progress.chunk_done(50);
    EXPECT_EQ(progress.line(start + 11s), "second: 5 rows, 5 rows/s, 50 %, 1 s left");
}

TEST(ShortCount, HasThreeDigits) {
    EXPECT_EQ(short_count(0), "0");
    EXPECT_EQ(short_count(999), "999");
    EXPECT_EQ(short_count(999.6), "1.00 k");
    EXPECT_EQ(short_count(1'234), "1.23 k");
    EXPECT_EQ(short_count(9'996), "10.0 k");
    EXPECT_EQ(short_count(12'345), "12.3 k");
    EXPECT_EQ(short_count(99'960), "100 k");
    EXPECT_EQ(short_count(4'100'000), "4.10 M");
    EXPECT_EQ(short_count(2.5e9), "2.50 G");
    EXPECT_EQ(short_count(5e15), "5000 T");
}

}  // namespace
}  // namespace harness::verification
