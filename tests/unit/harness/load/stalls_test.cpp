#include "harness/load/stalls.hpp"

#include <gtest/gtest.h>

namespace {

using harness::load::StallTracker;
using reports::Stall;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr double precision_s = 0.0011;  // successes are kept to the millisecond

void expect_stall(const Stall& stall, nanoseconds start, nanoseconds end) {
    EXPECT_NEAR(stall.start_s, static_cast<double>(start.count()) * 1e-9, precision_s);
    EXPECT_NEAR(stall.end_s, static_cast<double>(end.count()) * 1e-9, precision_s);
}

Stall longest(const StallTracker& tracker) {
    return tracker.longest(0s, 1h);
}

// A call every `gap` in [from, to), each answered in `service`.
void get_through(StallTracker& tracker, nanoseconds from, nanoseconds to, nanoseconds gap,
                 nanoseconds service = 1ms) {
    for (auto due = from; due < to; due += gap) {
        tracker.success(due, due + service);
    }
}

void fail_at_once(StallTracker& tracker, nanoseconds from, nanoseconds to, nanoseconds gap) {
    for (auto due = from; due < to; due += gap) {
        tracker.failure(due, due + 300us);
    }
}

TEST(StallTracker, CallsThatGetThroughAreNoStall) {
    StallTracker tracker;
    get_through(tracker, 0s, 10s, 5ms);
    EXPECT_EQ(longest(tracker).length_s(), 0);
}

TEST(StallTracker, AnOperationThatIsSeldomDueDoesNotStall) {
    StallTracker tracker;
    get_through(tracker, 0s, 5min, 20s);
    EXPECT_EQ(longest(tracker).length_s(), 0);
}

TEST(StallTracker, AHangIsAStallFromTheFirstDueToTheFirstAnswer) {
    StallTracker tracker;
    get_through(tracker, 0s, 4s, 10ms);
    // Behind a lock from 4 s to 6.5 s; all who piled up are answered within 50 ms.
    for (int i = 0; i < 250; ++i) {
        tracker.success(4s + i * 10ms, 6500ms + i * 200us);
    }
    get_through(tracker, 6550ms, 10s, 10ms);
    expect_stall(longest(tracker), 4s, 6500ms);
}

TEST(StallTracker, AHangThatEndsInTimeoutsIsAStall) {
    StallTracker tracker;
    get_through(tracker, 0s, 2s, 100ms);
    for (int i = 0; i < 20; ++i) {
        tracker.failure(2s + i * 100ms, 7s + i * 100ms);  // a statement timeout of 5 s each
    }
    get_through(tracker, 9s, 12s, 100ms);
    expect_stall(longest(tracker), 2s, 9001ms);
}

TEST(StallTracker, FailuresAtOnceAreAStallUntilTheFirstThatGetsThrough) {
    StallTracker tracker;
    get_through(tracker, 0s, 3s, 50ms);
    fail_at_once(tracker, 3s, 8s, 50ms);
    get_through(tracker, 8s, 10s, 50ms);
    expect_stall(longest(tracker), 3s, 8001ms);
}

TEST(StallTracker, FailuresFarApartAreStallsOfTheirOwn) {
    StallTracker tracker;
    fail_at_once(tracker, 0s, 60s, 5s);
    EXPECT_LT(longest(tracker).length_s(), 0.011);
}

TEST(StallTracker, AFailureReachesToTheNextCallThatIsNear) {
    StallTracker tracker;
    tracker.failure(10s, 10s + 1ms);
    tracker.failure(10900ms, 10901ms);
    tracker.failure(11800ms, 11801ms);
    tracker.success(12700ms, 12701ms);
    expect_stall(longest(tracker), 10s, 12702ms);
}

TEST(StallTracker, AFailureDoesNotReachOverOneThatGotThrough) {
    StallTracker tracker;
    tracker.failure(10s, 10s + 1ms);
    tracker.success(10100ms, 10101ms);
    tracker.success(10900ms, 10950ms);  // waited 50 ms itself
    expect_stall(longest(tracker), 10s, 10102ms);
}

TEST(StallTracker, AStormWithSuccessesInItIsCutByThem) {
    StallTracker tracker;
    fail_at_once(tracker, 0s, 10s, 3ms);
    get_through(tracker, 0s, 10s, 200ms);
    EXPECT_NEAR(longest(tracker).length_s(), 0.2, 0.006);
}

TEST(StallTracker, OneThatHangsWhileOthersGetThroughIsNoStall) {
    StallTracker tracker;
    get_through(tracker, 0s, 10s, 20ms);
    tracker.success(2s, 9s);
    EXPECT_LE(longest(tracker).length_s(), 0.022);
}

TEST(StallTracker, OneWorkerThatHangsWhileAnotherGetsThroughIsNoStall) {
    StallTracker hanging, busy;
    for (int i = 0; i < 100; ++i) {
        hanging.success(2s + i * 50ms, 8s);
    }
    get_through(busy, 0s, 10s, 40ms);
    expect_stall(longest(hanging), 2s, 8s);

    hanging.merge(busy);
    EXPECT_LE(longest(hanging).length_s(), 0.042);
}

TEST(StallTracker, AStallOfAllWorkersIsOneStall) {
    StallTracker one, other;
    for (auto* tracker : {&one, &other}) {
        get_through(*tracker, 0s, 3s, 30ms);
        get_through(*tracker, 6s, 8s, 30ms);
    }
    one.success(3s, 4s);  // ends early, but only with a failure of the other in between
    other.failure(3500ms, 5800ms);
    one.merge(other);
    expect_stall(longest(one), 4s, 6002ms);
}

// Each worker sees every third failure; together they are one outage.
TEST(StallTracker, FailuresSpreadOverWorkersAreOneStall) {
    StallTracker workers[3];
    for (int i = 0; i < 15; ++i) {
        const auto due = 5s + i * 700ms;
        workers[i % 3].failure(due, due + 1ms);
    }
    workers[0].success(15500ms, 15501ms);
    workers[0].merge(workers[1]);
    workers[0].merge(workers[2]);
    expect_stall(longest(workers[0]), 5s, 15502ms);
}

TEST(StallTracker, IsClippedToThePhase) {
    StallTracker tracker;
    tracker.success(5s, 25s);
    expect_stall(tracker.longest(0s, 10s), 5s, 10s);
    expect_stall(tracker.longest(10s, 20s), 10s, 20s);
    expect_stall(tracker.longest(20s, 30s), 20s, 25s);
    EXPECT_EQ(tracker.longest(25s + 1ms, 30s).length_s(), 0);
    EXPECT_EQ(tracker.longest(0s, 5s).length_s(), 0);
}

TEST(StallTracker, ThatOfBothPhasesTogetherIsNotCutAtTheirBoundary) {
    StallTracker tracker;
    tracker.success(8s, 13s);
    expect_stall(tracker.longest(0s, 20s), 8s, 13s);
}

TEST(StallTracker, WaitsShorterThanTheShortestAreNoStall) {
    StallTracker tracker;
    get_through(tracker, 0s, 10s, 100ms, StallTracker::shortest - 1us);
    EXPECT_EQ(longest(tracker).length_s(), 0);
}

TEST(StallTracker, AStormOfFailuresIsOneStall) {
    StallTracker tracker;
    for (int i = 0; i < 1'000'000; ++i) {
        tracker.failure(i * 100us, i * 100us + 50us);
    }
    EXPECT_NEAR(longest(tracker).length_s(), 100, 0.01);
}

TEST(StallTracker, NothingDueIsNoStall) {
    EXPECT_EQ(StallTracker{}.longest(0s, 1h).length_s(), 0);
}

TEST(StallTracker, ARefusalInNoTimeCounts) {
    StallTracker tracker;
    tracker.failure(5s, 5s);
    tracker.failure(5500ms, 5500ms);
    tracker.success(6s, 6s + 1ms);
    expect_stall(longest(tracker), 5s, 6002ms);
}

}  // namespace
