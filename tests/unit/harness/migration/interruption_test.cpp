#include "harness/migration/interruption.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace {

using harness::migration::Interruption;
using Level = Interruption::Level;
using namespace std::chrono_literals;

TEST(Interruption, TheFirstRequestFinishesAndTheSecondCancels) {
    Interruption interruption;
    EXPECT_EQ(interruption.level(), Level::none);
    interruption.request();
    EXPECT_TRUE(interruption.stop_requested());
    EXPECT_FALSE(interruption.cancel_requested());
    interruption.request();
    EXPECT_TRUE(interruption.cancel_requested());
    interruption.request();
    EXPECT_EQ(interruption.level(), Level::cancel_step);
}

TEST(Interruption, ASleepEndsEarlyOnlyAtItsLevel) {
    Interruption interruption;
    EXPECT_TRUE(interruption.sleep(1ms, Level::finish_step));
    interruption.request();
    EXPECT_FALSE(interruption.sleep(1h, Level::finish_step));
    EXPECT_TRUE(interruption.sleep(1ms, Level::cancel_step));
}

TEST(Interruption, ARequestWakesASleeper) {
    Interruption interruption;
    std::jthread other{[&] { interruption.request(); }};
    EXPECT_FALSE(interruption.sleep(1h, Level::finish_step));
}

TEST(Interruption, AStopEndsTheWaitForALevel) {
    Interruption interruption;
    std::stop_source stop;
    std::jthread other{[&] { stop.request_stop(); }};
    EXPECT_FALSE(interruption.wait(Level::cancel_step, stop.get_token()));
    interruption.request();
    EXPECT_TRUE(interruption.wait(Level::finish_step, {}));
}

}  // namespace
