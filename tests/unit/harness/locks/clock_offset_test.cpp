#include "harness/locks/clock_offset.hpp"

#include <gtest/gtest.h>

namespace harness::locks {
namespace {

using std::chrono::microseconds;

ClockOffset::Clock::time_point at(std::int64_t us) {
    return ClockOffset::Clock::time_point{microseconds{us}};
}

TEST(ClockOffset, NothingIsKnownAtFirst) {
    const ClockOffset clock;

    EXPECT_FALSE(clock.known());
    EXPECT_EQ(clock.offset_us(), 0);
}

TEST(ClockOffset, TheMiddleOfTheShortestRoundTripDecides) {
    ClockOffset clock;
    clock.add(at(1'000), 51'400, at(2'000));  // offset in [49'400, 50'400]
    clock.add(at(3'000), 53'050, at(3'100));  // offset in [49'950, 50'050]
    clock.add(at(5'000), 55'700, at(6'000));

    EXPECT_EQ(clock.offset_us(), 50'000);
    EXPECT_EQ(clock.to_ours(60'000), at(10'000));
    EXPECT_EQ(clock.to_server_us(at(10'000)), 60'000);
}

TEST(ClockOffset, AReadingOlderThanTenSecondsIsForgotten) {
    ClockOffset clock;
    clock.add(at(0), 50'000, at(10));
    clock.add(at(9'000'000), 9'051'000, at(9'001'000));

    clock.add(at(11'000'000), 11'051'000, at(11'001'500));

    EXPECT_EQ(clock.offset_us(), 50'500);
    EXPECT_EQ(clock.steps(), 0U);
}

TEST(ClockOffset, AClockThatWasSetIsNoticed) {
    ClockOffset clock;
    clock.add(at(0), 50'000, at(10));

    clock.add(at(1'000'000), 1'250'000, at(1'002'000));  // 200 ms ahead of what it was

    EXPECT_EQ(clock.steps(), 1U);
    EXPECT_EQ(clock.offset_us(), 249'000);
}

TEST(ClockOffset, ASlowAnswerIsNoStep) {
    ClockOffset clock;
    clock.add(at(0), 50'000, at(10));

    clock.add(at(1'000'000), 1'950'000, at(3'000'000));

    EXPECT_EQ(clock.steps(), 0U);
    EXPECT_NEAR(static_cast<double>(clock.offset_us()), 50'000, 10);
}

}  // namespace
}  // namespace harness::locks
