#include "harness/migration/throttle.hpp"

#include <gtest/gtest.h>

namespace {

using harness::migration::Throttle;
using harness::migration::ThrottleReading;
using harness::migration::ThrottleReason;
using namespace std::chrono_literals;

constexpr harness::migration::Clock::time_point t0{};
const scenarios::Throttle both{.p99 = 50ms, .replica_lag = 1s, .pause = 0ms};
const ThrottleReading calm{.p99 = 10ms, .replica_lag = 0ms};

TEST(Throttle, WithoutLimitsNeverWaits) {
    Throttle throttle{{}};
    EXPECT_TRUE(throttle.ask({}, t0).go());
    throttle.batch_done(t0);
    EXPECT_TRUE(throttle.ask({}, t0).go());
    EXPECT_EQ(throttle.waited(), 0s);
    EXPECT_EQ(throttle.reasons(), "");
}

TEST(Throttle, GoesWhileEverythingIsAtOrBelowItsLimit) {
    Throttle throttle{both};
    EXPECT_TRUE(throttle.ask(calm, t0).go());
    EXPECT_TRUE(throttle.ask({.p99 = 50ms, .replica_lag = 1s}, t0).go());
}

TEST(Throttle, WaitsAboveALimitAndSaysWhich) {
    Throttle throttle{both};
    const auto slow = throttle.ask({.p99 = 50ms + 1us, .replica_lag = 0ms}, t0);
    EXPECT_EQ(slow.reason, ThrottleReason::p99);
    EXPECT_GT(slow.wait, 0ms);
    const auto behind = throttle.ask({.p99 = 1ms, .replica_lag = 1001ms}, t0);
    EXPECT_EQ(behind.reason, ThrottleReason::replica_lag);
    EXPECT_GT(behind.wait, 0ms);
}

TEST(Throttle, ThePauseCountsFromTheBatchsEnd) {
    Throttle throttle{{.p99 = {}, .replica_lag = {}, .pause = 100ms}};
    EXPECT_TRUE(throttle.ask({}, t0).go())
        << "before the first batch there is nothing to pause after";
    throttle.batch_done(t0);
    EXPECT_EQ(throttle.ask({}, t0 + 30ms).wait, 70ms);
    EXPECT_EQ(throttle.ask({}, t0 + 30ms).reason, ThrottleReason::pause);
    EXPECT_TRUE(throttle.ask({}, t0 + 100ms).go());
}

TEST(Throttle, TheRestOfAPauseIsNeverRoundedDownToNothing) {
    Throttle throttle{{.p99 = {}, .replica_lag = {}, .pause = 100ms}};
    throttle.batch_done(t0);
    EXPECT_EQ(throttle.ask({}, t0 + 100ms - 1us).wait, 1ms);
}

TEST(Throttle, ALimitThatNothingIsMeasuredForHoldsBack) {
    Throttle throttle{both};
    EXPECT_EQ(throttle.ask({.p99 = {}, .replica_lag = 0ms}, t0).reason, ThrottleReason::no_p99);
    EXPECT_EQ(throttle.ask({.p99 = 1ms, .replica_lag = {}}, t0).reason,
              ThrottleReason::no_replica_lag);
}

TEST(Throttle, AfterAMinuteOfSilenceItGoesOnAndSaysSoOnce) {
    Throttle throttle{{.p99 = {}, .replica_lag = 1s, .pause = 0ms}};
    EXPECT_FALSE(throttle.ask({}, t0).go());
    EXPECT_FALSE(throttle.ask({}, t0 + 60s - 1ms).go());
    EXPECT_TRUE(throttle.notes().empty());

    EXPECT_TRUE(throttle.ask({}, t0 + 60s).go());
    throttle.batch_done(t0 + 60s);
    EXPECT_TRUE(throttle.ask({}, t0 + 61s).go()) << "not a minute for every batch";

    ASSERT_EQ(throttle.notes().size(), 1U);
    EXPECT_NE(throttle.notes()[0].find("replica lag was not measured for 60 s"), std::string::npos);
}

TEST(Throttle, TwoSilencesAreBothWaitedForAndBothTold) {
    Throttle throttle{both};
    EXPECT_EQ(throttle.ask({}, t0).reason, ThrottleReason::no_p99);
    EXPECT_EQ(throttle.ask({}, t0 + 60s).reason, ThrottleReason::no_replica_lag);
    EXPECT_TRUE(throttle.ask({}, t0 + 120s).go());
    EXPECT_EQ(throttle.notes().size(), 2U);
}

TEST(Throttle, AMeasurementEndsTheSilence) {
    Throttle throttle{both};
    EXPECT_FALSE(throttle.ask({}, t0).go());
    EXPECT_TRUE(throttle.ask(calm, t0 + 59s).go());
    EXPECT_FALSE(throttle.ask({}, t0 + 60s).go()) << "a new silence has a minute of its own";
    EXPECT_TRUE(throttle.notes().empty());
}

TEST(Throttle, AMeasurementThatComesBackCountsAgain) {
    Throttle throttle{{.p99 = 50ms, .replica_lag = {}, .pause = 0ms}};
    static_cast<void>(throttle.ask({}, t0));
    EXPECT_TRUE(throttle.ask({}, t0 + 60s).go());
    EXPECT_EQ(throttle.ask({.p99 = 60ms, .replica_lag = {}}, t0 + 61s).reason, ThrottleReason::p99);
}

TEST(Throttle, TimeIsCountedUnderTheReasonThatWasAnswered) {
    Throttle throttle{{.p99 = 50ms, .replica_lag = 1s, .pause = 10ms}};
    static_cast<void>(throttle.ask({.p99 = 60ms, .replica_lag = 0ms}, t0));
    static_cast<void>(throttle.ask({.p99 = 60ms, .replica_lag = 0ms}, t0 + 100ms));
    static_cast<void>(throttle.ask({.p99 = 1ms, .replica_lag = 2s}, t0 + 250ms));
    EXPECT_TRUE(throttle.ask(calm, t0 + 300ms).go());
    throttle.batch_done(t0 + 900ms);  // the batch's own time is no throttling
    static_cast<void>(throttle.ask(calm, t0 + 900ms));
    EXPECT_TRUE(throttle.ask(calm, t0 + 910ms).go());

    EXPECT_EQ(throttle.waited(ThrottleReason::p99), 250ms);
    EXPECT_EQ(throttle.waited(ThrottleReason::replica_lag), 50ms);
    EXPECT_EQ(throttle.waited(ThrottleReason::pause), 10ms);
    EXPECT_EQ(throttle.waited(), 310ms);
    EXPECT_EQ(throttle.reasons(), "pause 0.0 s, p99 0.2 s, replica lag 0.1 s");
}

TEST(Throttle, TenMinutesWithoutOneBatchAreTheEnd) {
    Throttle throttle{both};
    const ThrottleReading slow{.p99 = 60ms, .replica_lag = 0ms};
    EXPECT_FALSE(throttle.ask(slow, t0).give_up);
    EXPECT_FALSE(throttle.ask(slow, t0 + 10min - 1ms).give_up);
    EXPECT_TRUE(throttle.ask(slow, t0 + 10min).give_up);
}

TEST(Throttle, ABatchInBetweenStartsTheTenMinutesAgain) {
    Throttle throttle{both};
    const ThrottleReading slow{.p99 = 60ms, .replica_lag = 0ms};
    static_cast<void>(throttle.ask(slow, t0));
    EXPECT_TRUE(throttle.ask(calm, t0 + 9min).go());
    throttle.batch_done(t0 + 9min);
    static_cast<void>(throttle.ask(slow, t0 + 9min));
    EXPECT_FALSE(throttle.ask(slow, t0 + 18min).give_up);
    EXPECT_TRUE(throttle.ask(slow, t0 + 19min).give_up);
}

TEST(Throttle, ALongPauseIsNoReasonToGiveUp) {
    Throttle throttle{{.p99 = {}, .replica_lag = {}, .pause = 1h}};
    throttle.batch_done(t0);
    EXPECT_FALSE(throttle.ask({}, t0 + 1min).give_up);
    EXPECT_FALSE(throttle.ask({}, t0 + 30min).give_up);
}

}  // namespace
