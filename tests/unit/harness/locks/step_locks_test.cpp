#include "harness/locks/step_locks.hpp"

#include "tests/unit/harness/locks/samples.hpp"

#include <gtest/gtest.h>

namespace harness::locks::tests {
namespace {

using database::WatchedLock;

constexpr std::int64_t step = 9;
const std::vector<std::int64_t> sessions{step};

WatchedLock granted(std::string mode = "AccessExclusiveLock", std::string relation = "orders") {
    return {step, std::move(relation), std::move(mode), true, {}};
}
WatchedLock asked(std::optional<double> since_ms = {}) {
    WatchedLock lock{step, "orders", "AccessExclusiveLock", false, {}};
    if (since_ms) {
        lock.since_us = server_us(*since_ms);
    }
    return lock;
}

TEST(StepLocks, AStepThatLocksNothingHasNone) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(10), at(10), sessions, {}, offset_us);

    EXPECT_TRUE(locks.end(at(20)).empty());
}

TEST(StepLocks, ATransactionBetweenTwoTicksIsHeldFromItsStatementToItsCommit) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(10), at(10), sessions, {}, offset_us);
    locks.statement_sent(step, {at(15), "ALTER TABLE orders ADD COLUMN x int", true});
    locks.before_commit(at(18), step, std::vector{granted()}, offset_us);
    locks.observe(at(30), at(30), sessions, {}, offset_us);

    const auto result = locks.end(at(40));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_EQ(result[0].relation, "orders");
    EXPECT_EQ(result[0].mode, "AccessExclusiveLock");
    EXPECT_NEAR(result[0].held_s, 0.003, 1e-9);
    EXPECT_EQ(result[0].waited_s, 0);
    EXPECT_NEAR(result[0].start_s.value(), 0.015, 1e-9);
}

TEST(StepLocks, AWaitEndsWhereTheHoldBegins) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(20), at(20), sessions, std::vector{asked(12)}, offset_us);
    locks.observe(at(40), at(40), sessions, std::vector{asked(12)}, offset_us);
    locks.observe(at(60), at(60), sessions, std::vector{granted()}, offset_us);
    locks.before_commit(at(75), step, std::vector{granted()}, offset_us);

    const auto result = locks.end(at(80));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_NEAR(result[0].waited_s, 0.028, 1e-9);
    EXPECT_NEAR(result[0].held_s, 0.035, 1e-9);
}

TEST(StepLocks, ALockBeginsWhereItWasFirstAskedForAndCountsFromTheRunsStart) {
    StepLocks locks{at(1'000), at(400)};
    locks.observe(at(1'020), at(1'020), sessions, std::vector{asked(1'012)}, offset_us);
    locks.observe(at(1'040), at(1'040), sessions, {}, offset_us);  // in vain, and then once more
    locks.observe(at(1'060), at(1'060), sessions, std::vector{asked(1'055)}, offset_us);
    locks.observe(at(1'080), at(1'080), sessions, std::vector{granted()}, offset_us);

    const auto result = locks.end(at(1'100));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_NEAR(result[0].start_s.value(), 0.612, 1e-9);
}

TEST(StepLocks, AWaitThatTimedOutHeldNothing) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(20), at(20), sessions, std::vector{asked(12)}, offset_us);
    locks.observe(at(40), at(40), sessions, {}, offset_us);

    const auto result = locks.end(at(80));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_NEAR(result[0].waited_s, 0.018, 1e-9);
    EXPECT_EQ(result[0].held_s, 0);
}

TEST(StepLocks, AWaitThatOnlyASampleSawIsAWait) {
    StepLocks locks{at(0), at(0)};
    locks.note_wait(at(20), asked(12), offset_us);
    locks.before_commit(at(30), step, std::vector{granted()}, offset_us);

    const auto result = locks.end(at(40));

    EXPECT_NEAR(result.at(0).waited_s, 0.008, 1e-9);
    EXPECT_NEAR(result.at(0).held_s, 0.010, 1e-9);
}

// Before PostgreSQL 14. Seen once, it would else be a wait of no time.
TEST(StepLocks, AWaitWhoseStartTheServerDoesNotTellBeginsWhereItWasNotYetThere) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(10), at(10), sessions, {}, offset_us);
    locks.note_wait(at(30), asked(), offset_us);
    locks.before_commit(at(45), step, std::vector{granted()}, offset_us);
    locks.observe(at(50), at(50), sessions, {}, offset_us);
    locks.statement_sent(step, {at(55), "ALTER TABLE orders ADD COLUMN x int", true});
    locks.observe(at(60), at(60), sessions, std::vector{asked()}, offset_us);
    locks.observe(at(80), at(80), sessions, std::vector{asked()}, offset_us);
    locks.observe(at(100), at(100), sessions, {}, offset_us);

    const auto result = locks.end(at(120));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_NEAR(result[0].waited_s, 0.020 + 0.035, 1e-9);
    EXPECT_NEAR(result[0].held_s, 0.015, 1e-9);
}

TEST(StepLocks, TransactionsOfOneStepAddUp) {
    StepLocks locks{at(0), at(0)};
    for (const double ms : {0, 100, 200}) {
        locks.observe(at(ms + 10), at(ms + 10), sessions, {}, offset_us);
        locks.observe(at(ms + 20), at(ms + 20), sessions, std::vector{granted("RowExclusiveLock")},
                      offset_us);
        locks.observe(at(ms + 40), at(ms + 40), sessions, std::vector{granted("RowExclusiveLock")},
                      offset_us);
        locks.observe(at(ms + 60), at(ms + 60), sessions, {}, offset_us);
    }

    const auto result = locks.end(at(300));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_NEAR(result[0].held_s, 3 * 0.040, 1e-9);
}

TEST(StepLocks, TheLongestHeldComesFirst) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(10), at(10), sessions, std::vector{granted("ShareLock", "a")}, offset_us);
    locks.observe(at(90), at(90), sessions, std::vector{granted("ShareLock", "a"), granted()},
                  offset_us);

    const auto result = locks.end(at(100));

    ASSERT_EQ(result.size(), 2U);
    EXPECT_EQ(result[0].relation, "a");
}

TEST(StepLocks, AnotherSessionsSilenceEndsNoHold) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(10), at(10), sessions, std::vector{granted()}, offset_us);
    locks.observe(at(30), at(30), std::vector<std::int64_t>{77}, {}, offset_us);
    locks.observe(at(50), at(50), sessions, std::vector{granted()}, offset_us);
    locks.observe(at(70), at(70), sessions, {}, offset_us);

    EXPECT_NEAR(locks.end(at(100)).at(0).held_s, 0.060, 1e-9);
}

constexpr const char* alter = "ALTER TABLE orders ADD COLUMN x int";

TEST(StepLocks, ALockIsTheStatementsThatTookIt) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(10), at(10), sessions, {}, offset_us);
    locks.statement_sent(step, {at(12), "BEGIN", true});
    locks.statement_sent(step, {at(13), alter, false});
    locks.statement_sent(step, {at(18), "SELECT pg_sleep(2)", false});
    for (const double ms : {30, 50, 70}) {
        locks.observe(at(ms), at(ms), sessions, std::vector{granted()}, offset_us);
    }
    locks.before_commit(at(80), step, std::vector{granted()}, offset_us);

    EXPECT_NEAR(locks.end(at(90)).at(0).held_s, 0.067, 1e-9);
    const auto origins = locks.take_origins();
    ASSERT_EQ(origins.size(), 1U);
    EXPECT_EQ(origins[0].session, step);
    EXPECT_EQ(origins[0].relation, "orders");
    EXPECT_EQ(origins[0].mode, "AccessExclusiveLock");
    EXPECT_EQ(origins[0].statement, alter);
    EXPECT_EQ(origins[0].from, at(13));
}

TEST(StepLocks, AStatementOfTheNextTransactionTakesTheLockAnew) {
    StepLocks locks{at(0), at(0)};
    locks.statement_sent(step, {at(5), alter, true});
    locks.observe(at(20), at(20), sessions, std::vector{granted()}, offset_us);
    locks.statement_sent(step, {at(30), "ALTER TABLE orders DROP COLUMN x", true});
    locks.observe(at(40), at(40), sessions, std::vector{granted()}, offset_us);
    locks.observe(at(60), at(60), sessions, {}, offset_us);

    // 5 to the middle of 20 and 30; 30 to the middle of 40 and 60.
    EXPECT_NEAR(locks.end(at(90)).at(0).held_s, 0.020 + 0.020, 1e-9);
    const auto origins = locks.take_origins();
    ASSERT_EQ(origins.size(), 2U);
    EXPECT_EQ(origins[0].statement, alter);
    EXPECT_EQ(origins[1].statement, "ALTER TABLE orders DROP COLUMN x");
}

// A migration tool tells nobody what it sends.
TEST(StepLocks, WhatAToolIsSeenToRunTakesItsLocks) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(10), at(10), sessions, {}, offset_us);
    locks.statement_seen(step, at(30), alter, server_us(22), offset_us);
    locks.observe(at(30), at(30), sessions, std::vector{granted()}, offset_us);
    for (const double ms : {50, 70, 90}) {
        // The offset between the clocks is known a little better each time.
        locks.statement_seen(step, at(ms), "UPDATE orders SET x = 1", server_us(22),
                             offset_us - static_cast<std::int64_t>(ms));
        locks.observe(at(ms), at(ms), sessions, std::vector{granted()}, offset_us);
    }
    locks.observe(at(110), at(110), sessions, {}, offset_us);

    EXPECT_NEAR(locks.end(at(120)).at(0).held_s, 0.078, 1e-9);
    const auto origins = locks.take_origins();
    ASSERT_EQ(origins.size(), 1U);
    EXPECT_EQ(origins[0].statement, alter);
}

// The sessions are read just before their locks, and the tool went on in between.
TEST(StepLocks, WhatAToolSentBetweenALooksTwoQuestionsTakesItsLocks) {
    for (const char* before : {"", "BEGIN", "set local lock_timeout = '1s'"}) {
        StepLocks locks{at(0), at(0)};
        locks.observe(at(10), at(10), sessions, {}, offset_us);
        if (*before != '\0') {
            locks.statement_seen(step, at(29), before, server_us(22), offset_us);
        }
        locks.observe(at(30), at(33), sessions, std::vector{granted()}, offset_us);
        locks.statement_seen(step, at(49), alter, server_us(22), offset_us);
        locks.observe(at(50), at(50), sessions, std::vector{granted()}, offset_us);
        locks.statement_seen(step, at(69), "SELECT 1", server_us(22), offset_us);
        locks.observe(at(70), at(70), sessions, std::vector{granted()}, offset_us);
        locks.observe(at(90), at(90), sessions, {}, offset_us);

        EXPECT_EQ(locks.end(at(100)).size(), 1U);
        const auto origins = locks.take_origins();
        ASSERT_EQ(origins.size(), 1U) << before;
        EXPECT_EQ(origins[0].statement, alter) << before;
        EXPECT_LE(origins[0].from, at(33));
    }
}

// Of what was sent by then and might have locked, nothing is taken back.
TEST(StepLocks, AToolsStatementThatTookALockKeepsIt) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(10), at(10), sessions, {}, offset_us);
    locks.statement_seen(step, at(29), "SELECT migrate()", server_us(22), offset_us);
    locks.observe(at(30), at(33), sessions, std::vector{granted()}, offset_us);
    locks.statement_seen(step, at(49), "UPDATE orders SET x = 1", server_us(22), offset_us);
    locks.observe(at(50), at(50), sessions, std::vector{granted()}, offset_us);
    locks.observe(at(70), at(70), sessions, {}, offset_us);

    static_cast<void>(locks.end(at(90)));
    EXPECT_EQ(locks.take_origins().at(0).statement, "SELECT migrate()");
}

// Sessions and locks are not read at the same instant.
TEST(StepLocks, AToolsStatementThatCameBetweenTheTwoIsKnownFromTheNextLook) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(10), at(10), sessions, {}, offset_us);
    locks.observe(at(30), at(32), sessions, std::vector{granted()}, offset_us);
    locks.statement_seen(step, at(49), alter, server_us(31), offset_us);
    locks.observe(at(50), at(50), sessions, std::vector{granted()}, offset_us);
    locks.statement_seen(step, at(69), "SELECT 1", server_us(31), offset_us);
    locks.observe(at(70), at(70), sessions, std::vector{granted()}, offset_us);

    EXPECT_EQ(locks.end(at(90)).size(), 1U);
    const auto origins = locks.take_origins();
    ASSERT_EQ(origins.size(), 1U);
    EXPECT_EQ(origins[0].statement, alter);
}

TEST(StepLocks, AToolsCommitThatIsOverTakesNoLock) {
    StepLocks locks{at(0), at(0)};
    locks.observe(at(10), at(10), sessions, {}, offset_us);
    locks.statement_seen(step, at(30), alter, server_us(22), offset_us);
    locks.observe(at(30), at(30), sessions, std::vector{granted()}, offset_us);
    locks.statement_seen(step, at(50), "COMMIT", 0, offset_us);
    locks.observe(at(50), at(50), sessions, std::vector{granted()}, offset_us);
    locks.observe(at(70), at(70), sessions, {}, offset_us);

    EXPECT_EQ(locks.end(at(90)).size(), 1U);
    const auto origins = locks.take_origins();
    ASSERT_EQ(origins.size(), 1U);
    EXPECT_EQ(origins[0].statement, alter);
}

}  // namespace
}  // namespace harness::locks::tests
