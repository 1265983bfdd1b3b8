#include "workloads/replay/session_play.hpp"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::replay {
namespace {

using logs::Protocol;
using logs::Reason;
using logs::StatementKind;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr std::int64_t origin_us = 1'700'000'000'000'000;

Event call(std::int64_t start_ms, std::int64_t duration_ms,
           StatementKind kind = StatementKind::query, Reason reason = Reason::none) {
    Event event;
    event.start_us = origin_us + start_ms * 1'000;
    event.set_duration(duration_ms * 1'000);
    event.set_kind(Protocol::simple, kind);
    event.set_reason(reason);
    return event;
}

TEST(Tempo, ScalesByAnyPositiveNumber) {
    EXPECT_EQ((Tempo{origin_us, 1}.at(origin_us + 1'000'000)), 1s);
    EXPECT_EQ((Tempo{origin_us, 2.5}.at(origin_us + 1'000'000)), 400ms);
    EXPECT_EQ((Tempo{origin_us, 0.1}.at(origin_us + 1'000'000)), 10s);
    EXPECT_EQ((Tempo{origin_us, 2}.at(origin_us - 1'000'000)), -500ms);  // before it began
    EXPECT_EQ((Tempo{origin_us, 0}.at(origin_us + 1'000'000)), 0s);
    EXPECT_GT((Tempo{origin_us, 1e-12}.at(origin_us + 1'000'000)), 24h);  // and no overflow
}

TEST(SessionPlay, EachTransactionIsDueWhenItBeganThen) {
    const std::vector<Event> events{call(0, 10), call(100, 10), call(110, 10)};
    const Tempo tempo{origin_us, 1};
    SessionPlay play{events, tempo};
    EXPECT_EQ(play.due(), 0ms);
    play.ended(500ms, false);  // much slower than then
    EXPECT_EQ(play.due(), 100ms);
    play.ended(501ms, false);
    EXPECT_EQ(play.due(), 110ms);
    play.ended(502ms, false);
    EXPECT_EQ(play.next(), nullptr);
}

TEST(SessionPlay, WithinATransactionTheApplicationThinksAsLongAsThen) {
    const std::vector<Event> events{call(0, 10, StatementKind::begin), call(30, 10),
                                    call(100, 5, StatementKind::commit), call(200, 1)};
    const Tempo tempo{origin_us, 2};
    SessionPlay play{events, tempo};
    play.ended(400ms, true);
    EXPECT_EQ(play.due(), 410ms);  // 20 ms of thought at twice the speed
    play.ended(411ms, true);
    EXPECT_EQ(play.due(), 441ms);
    play.ended(442ms, false);
    EXPECT_EQ(play.due(), 100ms);  // the next transaction, for which nobody waited
}

TEST(SessionPlay, AQuickAnswerDoesNotBringTheNextCallForward) {
    const std::vector<Event> events{call(0, 50, StatementKind::begin), call(60, 10)};
    const Tempo tempo{origin_us, 1};
    SessionPlay play{events, tempo};
    play.ended(1ms, true);
    EXPECT_EQ(play.due(), 60ms);
}

TEST(SessionPlay, AsFastAsPossibleNothingWaits) {
    const std::vector<Event> events{call(0, 10, StatementKind::begin), call(3'600'000, 10)};
    const Tempo tempo{origin_us, 0};
    SessionPlay play{events, tempo};
    EXPECT_EQ(play.due(), 0ms);
    play.ended(7ms, true);
    EXPECT_EQ(play.due(), 7ms);
}

TEST(SessionPlay, PassesOverWhatCannotBeSentAgain) {
    const std::vector<Event> events{call(0, 1, StatementKind::copy_from_client, Reason::copy_data),
                                    call(10, 1),
                                    call(20, 1, StatementKind::query, Reason::parameters_missing)};
    const Tempo tempo{origin_us, 1};
    SessionPlay play{events, tempo};
    ASSERT_NE(play.next(), nullptr);
    EXPECT_EQ(play.due(), 10ms);
    play.ended(11ms, false);
    EXPECT_EQ(play.next(), nullptr);
    EXPECT_EQ((SessionPlay{{}, tempo}.next()), nullptr);
}

// The times of those that were lost, in ms of the recording.
std::vector<std::int64_t> lost_of(SessionPlay& play, nanoseconds now, std::size_t under_way) {
    std::vector<std::int64_t> lost;
    play.connection_lost(now, under_way, [&](const Event& event) {
        lost.push_back((event.start_us - origin_us) / 1'000);
    });
    return lost;
}

TEST(SessionPlay, KnowsWhatIsDueAfterTheOpenTransaction) {
    auto unsent = call(20, 1);
    unsent.set_reason(logs::Reason::copy_data);
    const std::vector<Event> events{call(0, 1, StatementKind::begin), call(10, 1),
                                    call(15, 1, StatementKind::commit), unsent, call(40, 1)};
    const Tempo tempo{origin_us, 1};
    SessionPlay play{events, tempo};
    EXPECT_EQ(play.later_transaction(), std::nullopt);  // none is open
    play.ended(100ms, true);
    EXPECT_EQ(play.due(), 109ms);  // it is behind
    EXPECT_EQ(play.later_transaction(), 40ms);
    play.ended(110ms, true);
    EXPECT_EQ(play.later_transaction(), 40ms);
    play.ended(120ms, false);
    EXPECT_EQ(play.later_transaction(), std::nullopt);
    EXPECT_EQ(play.due(), 40ms);
}

TEST(SessionPlay, NothingIsDueAfterTheLastTransaction) {
    const std::vector<Event> events{call(0, 1, StatementKind::begin), call(10, 1),
                                    call(30, 1, StatementKind::rollback)};
    SessionPlay play{events, Tempo{origin_us, 1}};
    play.ended(1ms, true);
    EXPECT_EQ(play.later_transaction(), std::nullopt);
}

TEST(SessionPlay, ALapBeginsWhereTheOneBeforeItEnds) {
    const std::vector<Event> events{call(0, 1), call(10, 1)};
    const Tempo tempo{origin_us, 2, 30'000};
    EXPECT_EQ((SessionPlay{events, tempo.of_lap(0)}.due()), 0ms);
    EXPECT_EQ((SessionPlay{events, tempo.of_lap(1)}.due()), 15ms);
    EXPECT_EQ((SessionPlay{events, tempo.of_lap(4)}.due()), 60ms);
}

TEST(SessionPlay, ALostTransactionIsNotContinuedByItself) {
    const std::vector<Event> events{call(0, 1, StatementKind::begin), call(10, 1), call(20, 1),
                                    call(30, 1, StatementKind::commit), call(40, 1)};
    const Tempo tempo{origin_us, 1};
    SessionPlay play{events, tempo};
    play.ended(1ms, true);
    EXPECT_EQ(lost_of(play, 12ms, 1), (std::vector<std::int64_t>{20, 30}));
    ASSERT_NE(play.next(), nullptr);
    EXPECT_EQ(play.due(), 40ms);
}

TEST(SessionPlay, ABeginThatIsLostTakesItsTransactionAlong) {
    const std::vector<Event> events{call(0, 1, StatementKind::begin), call(10, 1),
                                    call(30, 1, StatementKind::rollback)};
    const Tempo tempo{origin_us, 1};
    SessionPlay play{events, tempo};
    EXPECT_EQ(lost_of(play, 12ms, 1), (std::vector<std::int64_t>{10, 30}));
    EXPECT_EQ(play.next(), nullptr);
}

TEST(SessionPlay, AConnectionThatIsLostBetweenTransactionsLosesNothing) {
    const std::vector<Event> events{call(0, 1), call(10, 1), call(20, 1, StatementKind::commit)};
    const Tempo tempo{origin_us, 1};
    SessionPlay play{events, tempo};
    EXPECT_TRUE(lost_of(play, 5ms, 0).empty());
    EXPECT_EQ(play.due(), 0ms);
    EXPECT_TRUE(lost_of(play, 5ms, 1).empty());  // only the call that ran
    EXPECT_EQ(play.due(), 10ms);
}

TEST(SessionPlay, WhatWasSentAheadIsLostWithTheConnectionAndSoIsTheTransactionThatItBegan) {
    const std::vector<Event> events{call(0, 1),
                                    call(10, 1),
                                    call(15, 1, StatementKind::copy_from_client, Reason::copy_data),
                                    call(20, 1),
                                    call(30, 1, StatementKind::begin),
                                    call(40, 1),
                                    call(50, 1, StatementKind::commit),
                                    call(60, 1)};
    const Tempo tempo{origin_us, 0};
    SessionPlay play{events, tempo};
    // 0 is filed by whoever sent it; 10, 20 and the BEGIN were on their way.
    EXPECT_EQ(lost_of(play, 5ms, 4), (std::vector<std::int64_t>{10, 20, 30, 40, 50}));
    ASSERT_NE(play.next(), nullptr);
    EXPECT_EQ(play.next()->start_us, origin_us + 60'000);
    EXPECT_EQ(lost_of(play, 6ms, 2), (std::vector<std::int64_t>{}));  // there are no more
    EXPECT_EQ(play.next(), nullptr);
}

TEST(SessionPlay, KnowsWhatIsBehindACall) {
    const std::vector<Event> events{
        call(0, 1), call(10, 1, StatementKind::copy_from_client, Reason::copy_data), call(20, 1)};
    const Tempo tempo{origin_us, 0};
    SessionPlay play{events, tempo};
    EXPECT_EQ(play.behind(events[0]), &events[2]);
    EXPECT_EQ(play.behind(events[2]), nullptr);
    play.ended(1ms, false);
    EXPECT_EQ(play.behind(*play.next()), nullptr);
}

TEST(SessionPlay, TellsByItsKindWhetherACallLeavesATransactionOpen) {
    const auto leaves = [](StatementKind kind, bool in_transaction, bool went_through) {
        const std::vector<Event> events{call(0, 1), call(10, 1, kind)};
        const Tempo tempo{origin_us, 0};
        SessionPlay play{events, tempo};
        play.ended(1ms, in_transaction);
        return play.leaves_transaction_open(went_through);
    };
    EXPECT_TRUE(leaves(StatementKind::begin, false, true));
    EXPECT_FALSE(leaves(StatementKind::begin, false, false));
    EXPECT_TRUE(leaves(StatementKind::begin, true, false));  // aborted, and open still
    EXPECT_FALSE(leaves(StatementKind::query, false, true));
    EXPECT_TRUE(leaves(StatementKind::query, true, false));
    EXPECT_TRUE(leaves(StatementKind::rollback_to, true, true));
    EXPECT_FALSE(leaves(StatementKind::commit, true, true));
    EXPECT_FALSE(leaves(StatementKind::commit, true, false));  // it failed and rolled back
    EXPECT_FALSE(leaves(StatementKind::rollback, true, true));
}

}  // namespace
}  // namespace workloads::replay
