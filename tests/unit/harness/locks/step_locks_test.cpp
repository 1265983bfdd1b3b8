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
    StepLocks locks{at(0)};
    locks.observe(at(10), sessions, {}, offset_us);

    EXPECT_TRUE(locks.end(at(20)).empty());
}

TEST(StepLocks, ATransactionBetweenTwoTicksIsHeldFromItsStatementToItsCommit) {
    StepLocks locks{at(0)};
    locks.observe(at(10), sessions, {}, offset_us);
    locks.statement_sent(step, at(15));
    locks.before_commit(at(18), step, std::vector{granted()}, offset_us);
    locks.observe(at(30), sessions, {}, offset_us);

    const auto result = locks.end(at(40));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_EQ(result[0].relation, "orders");
    EXPECT_EQ(result[0].mode, "AccessExclusiveLock");
    EXPECT_NEAR(result[0].held_s, 0.003, 1e-9);
    EXPECT_EQ(result[0].waited_s, 0);
}

TEST(StepLocks, AWaitEndsWhereTheHoldBegins) {
    StepLocks locks{at(0)};
    locks.observe(at(20), sessions, std::vector{asked(12)}, offset_us);
    locks.observe(at(40), sessions, std::vector{asked(12)}, offset_us);
    locks.observe(at(60), sessions, std::vector{granted()}, offset_us);
    locks.before_commit(at(75), step, std::vector{granted()}, offset_us);

    const auto result = locks.end(at(80));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_NEAR(result[0].waited_s, 0.028, 1e-9);
    EXPECT_NEAR(result[0].held_s, 0.035, 1e-9);
}

TEST(StepLocks, AWaitThatTimedOutHeldNothing) {
    StepLocks locks{at(0)};
    locks.observe(at(20), sessions, std::vector{asked(12)}, offset_us);
    locks.observe(at(40), sessions, {}, offset_us);

    const auto result = locks.end(at(80));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_NEAR(result[0].waited_s, 0.018, 1e-9);
    EXPECT_EQ(result[0].held_s, 0);
}

TEST(StepLocks, AWaitThatOnlyASampleSawIsAWait) {
    StepLocks locks{at(0)};
    locks.note_wait(at(20), asked(12), offset_us);
    locks.before_commit(at(30), step, std::vector{granted()}, offset_us);

    const auto result = locks.end(at(40));

    EXPECT_NEAR(result.at(0).waited_s, 0.008, 1e-9);
    EXPECT_NEAR(result.at(0).held_s, 0.010, 1e-9);
}

// Before PostgreSQL 14. Seen once, it would else be a wait of no time.
TEST(StepLocks, AWaitWhoseStartTheServerDoesNotTellBeginsWhereItWasNotYetThere) {
    StepLocks locks{at(0)};
    locks.observe(at(10), sessions, {}, offset_us);
    locks.note_wait(at(30), asked(), offset_us);
    locks.before_commit(at(45), step, std::vector{granted()}, offset_us);
    locks.observe(at(50), sessions, {}, offset_us);
    locks.statement_sent(step, at(55));
    locks.observe(at(60), sessions, std::vector{asked()}, offset_us);
    locks.observe(at(80), sessions, std::vector{asked()}, offset_us);
    locks.observe(at(100), sessions, {}, offset_us);

    const auto result = locks.end(at(120));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_NEAR(result[0].waited_s, 0.020 + 0.035, 1e-9);
    EXPECT_NEAR(result[0].held_s, 0.015, 1e-9);
}

TEST(StepLocks, TransactionsOfOneStepAddUp) {
    StepLocks locks{at(0)};
    for (const double ms : {0, 100, 200}) {
        locks.observe(at(ms + 10), sessions, {}, offset_us);
        locks.observe(at(ms + 20), sessions, std::vector{granted("RowExclusiveLock")}, offset_us);
        locks.observe(at(ms + 40), sessions, std::vector{granted("RowExclusiveLock")}, offset_us);
        locks.observe(at(ms + 60), sessions, {}, offset_us);
    }

    const auto result = locks.end(at(300));

    ASSERT_EQ(result.size(), 1U);
    EXPECT_NEAR(result[0].held_s, 3 * 0.040, 1e-9);
}

TEST(StepLocks, TheLongestHeldComesFirst) {
    StepLocks locks{at(0)};
    locks.observe(at(10), sessions, std::vector{granted("ShareLock", "a")}, offset_us);
    locks.observe(at(90), sessions, std::vector{granted("ShareLock", "a"), granted()}, offset_us);

    const auto result = locks.end(at(100));

    ASSERT_EQ(result.size(), 2U);
    EXPECT_EQ(result[0].relation, "a");
}

TEST(StepLocks, AnotherSessionsSilenceEndsNoHold) {
    StepLocks locks{at(0)};
    locks.observe(at(10), sessions, std::vector{granted()}, offset_us);
    locks.observe(at(30), std::vector<std::int64_t>{77}, {}, offset_us);
    locks.observe(at(50), sessions, std::vector{granted()}, offset_us);
    locks.observe(at(70), sessions, {}, offset_us);

    EXPECT_NEAR(locks.end(at(100)).at(0).held_s, 0.060, 1e-9);
}

}  // namespace
}  // namespace harness::locks::tests
