#include "harness/replica_hearing.hpp"

#include <gtest/gtest.h>

namespace {

using harness::ReplicaHearing;
using harness::database::ReplicaLag;
using namespace std::chrono_literals;

constexpr ReplicaHearing::Clock::time_point start{};

ReplicaLag behind(double seconds, std::int64_t bytes = 0) {
    return {.name = "replica", .seconds = seconds, .bytes = bytes};
}

TEST(ReplicaHearing, ASilenceBeforeTheFirstAnswerIsOne) {
    ReplicaHearing hearing{start};
    EXPECT_FALSE(hearing.ever_answered());

    hearing.answered(start + 30s, behind(0));

    EXPECT_TRUE(hearing.was_silent(start + 30s)) << "whatever its lag was until then";
}

TEST(ReplicaHearing, WhoeverAnswersEverySecondWasNeverSilent) {
    ReplicaHearing hearing{start};
    for (auto at = start + 1s; at <= start + 60s; at += 1s) {
        hearing.answered(at, behind(0.5, 100));
    }
    EXPECT_FALSE(hearing.was_silent(start + 61s));
    EXPECT_TRUE(hearing.was_silent(start + 66s)) << "its last answer is too long ago";
    EXPECT_EQ(hearing.max_s(), 0.5);
    EXPECT_EQ(hearing.max_bytes(), 100);
}

TEST(ReplicaHearing, WhatWasBeforeTheMigrationDoesNotCount) {
    ReplicaHearing hearing{start};
    hearing.answered(start + 1s, behind(90, 9'000));
    hearing.failed("it was restarted");
    hearing.answered(start + 20s, behind(0.1, 10));

    hearing.begin_window();
    EXPECT_FALSE(hearing.measured());
    hearing.answered(start + 21s, behind(0.2, 20));

    EXPECT_TRUE(hearing.measured());
    EXPECT_FALSE(hearing.was_silent(start + 22s));
    EXPECT_EQ(hearing.failures(), 0U);
    EXPECT_EQ(hearing.max_s(), 0.2);
    EXPECT_EQ(hearing.max_bytes(), 20);
}

TEST(ReplicaHearing, ASilenceThatReachesIntoTheMigrationCounts) {
    ReplicaHearing hearing{start};
    hearing.answered(start + 1s, behind(0));

    hearing.begin_window();
    hearing.failed("it does not answer");
    hearing.answered(start + 7s, behind(0));

    EXPECT_TRUE(hearing.was_silent(start + 7s));
    EXPECT_EQ(hearing.failures(), 1U);
}

TEST(ReplicaHearing, ALagThatIsOutOfDateIsNoLag) {
    ReplicaHearing hearing{start};
    EXPECT_FALSE(hearing.lag_s(start + 1s));

    hearing.answered(start + 1s, behind(3));

    EXPECT_EQ(hearing.lag_s(start + 6s), 3);
    EXPECT_FALSE(hearing.lag_s(start + 7s));
}

}  // namespace
