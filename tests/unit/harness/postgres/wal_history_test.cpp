#include "harness/postgres/wal_history.hpp"

#include <gtest/gtest.h>

namespace harness::postgres {
namespace {

using namespace std::chrono_literals;
using Clock = WalHistory::Clock;

const Clock::time_point start{1000s};

TEST(WalHistory, AStandbyThatLacksNothingIsNotBehind) {
    WalHistory history;
    EXPECT_EQ(history.behind(5, start), 0s);
    history.add(start, 1'000);
    EXPECT_EQ(history.behind(1'000, start + 5s), 0s);
    EXPECT_EQ(history.behind(1'500, start + 5s), 0s) << "it was asked a moment later";
}

TEST(WalHistory, AnIdlePrimaryLeavesNobodyBehind) {
    WalHistory history;
    for (int second = 0; second < 3600; ++second) {
        history.add(start + second * 1s, 1'000);
    }
    EXPECT_EQ(history.behind(1'000, start + 1h), 0s);
    history.add(start + 1h, 1'001);
    EXPECT_LE(history.behind(1'000, start + 1h), 1s) << "one byte, just written";
}

TEST(WalHistory, AStandbyThatReplaysNothingFallsBehindSecondBySecond) {
    WalHistory history;
    for (int second = 0; second <= 10; ++second) {
        history.add(start + second * 1s, 1'000 * second);
    }
    EXPECT_EQ(history.behind(3'000, start + 10s), 7s);
    EXPECT_EQ(history.behind(3'000, start + 12s), 9s);
    EXPECT_EQ(history.behind(3'500, start + 10s), 6500ms) << "half of that second's";
}

TEST(WalHistory, OneThatWasBehindBeforeTheFirstLookIsSoForAtLeastAsLong) {
    WalHistory history;
    history.add(start, 1'000);
    history.add(start + 4s, 2'000);
    EXPECT_EQ(history.behind(999, start + 4s), std::nullopt);
    EXPECT_EQ(history.seconds_behind(999, start + 6s, {}), 6);
    EXPECT_EQ(history.seconds_behind(999, start + 6s, 0.5), 6);
    EXPECT_EQ(history.seconds_behind(999, start + 6s, 60), 60) << "it was so long before";
}

TEST(WalHistory, ForgetsAnotherHistory) {
    WalHistory history;
    history.add(start, 9'000);
    history.add(start + 1s, 100);
    EXPECT_EQ(history.behind(100, start + 1s), 0s);
    EXPECT_EQ(history.behind(50, start + 1s), std::nullopt);
}

TEST(WalHistory, AServersOwnFigureIsFinerForOneThatKeepsUp) {
    WalHistory history;
    history.add(start, 1'000);
    history.add(start + 1s, 2'000);
    EXPECT_EQ(history.seconds_behind(1'500, start + 1s, 0.003), 0.003);
    EXPECT_EQ(history.seconds_behind(1'500, start + 1s, 3'600), 0.5) << "of an hour ago";
    EXPECT_EQ(history.seconds_behind(1'500, start + 1s, {}), 0.5);
    EXPECT_EQ(history.seconds_behind(2'000, start + 1s, 0.003), 0);
}

TEST(WalHistory, AServersOwnFigureDoesNotHideThatNothingIsReplayed) {
    WalHistory history;
    for (int second = 0; second <= 10; ++second) {
        history.add(start + second * 1s, 1'000 * second);
    }
    EXPECT_EQ(history.seconds_behind(3'000, start + 10s, 0.003), 7);
    EXPECT_EQ(history.seconds_behind(3'000, start + 10s, {}), 7);
}

}  // namespace
}  // namespace harness::postgres
