#include "harness/locks/wait_join.hpp"

#include "tests/unit/harness/locks/samples.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace harness::locks::tests {
namespace {

const reports::Victims* victims(const reports::LockEpisode& episode, const std::string& name) {
    const auto found = std::find_if(episode.victims.begin(), episode.victims.end(),
                                    [&](const auto& v) { return v.operation == name; });
    return found == episode.victims.end() ? nullptr : &*found;
}

// Session 9 holds from 50 ms on; session 1 is seen waiting at 100 ms.
void hold(Bench& bench, std::optional<double> since_ms = 95) {
    bench.quiet(0, 80);
    bench.sample(100, {waits(1, {9}, since_ms)}, {workload(1), holder(9, 50)});
    bench.quiet(120, 500);
}

TEST(WaitJoin, AWaitLastsFromItsStartToTheStatementsEnd) {
    Bench bench;
    hold(bench);
    bench.ran(1, 1, 93, 117.5);

    const auto joined = bench.join();

    ASSERT_EQ(joined.locks.episodes.size(), 1U);
    const auto& episode = joined.locks.episodes[0];
    ASSERT_EQ(episode.victims.size(), 1U);
    EXPECT_EQ(episode.victims[0].operation, "place_order");
    EXPECT_EQ(episode.victims[0].count, 1U);
    EXPECT_NEAR(episode.victims[0].longest_wait_ms, 22.5, 1e-6);
    EXPECT_NEAR(episode.start_s, 0.095, 1e-9);
    EXPECT_NEAR(episode.end_s, 0.1175, 1e-9);
    EXPECT_NEAR(joined.locks.max_wait_ms, 22.5, 1e-6);
    EXPECT_NEAR(joined.locks.victim_seconds, 0.0225, 1e-9);
}

TEST(WaitJoin, WithoutAStartFromTheServerTheStatementsOwnCounts) {
    Bench bench;
    hold(bench, std::nullopt);
    bench.ran(1, 1, 93, 117.5);

    EXPECT_NEAR(bench.join().locks.max_wait_ms, 24.5, 1e-6);
}

TEST(WaitJoin, AStatementThatRanBesideTheSampleIsNoVictim) {
    Bench bench;
    hold(bench);
    bench.ran(1, 0, 40, 94);  // the same session, before
    bench.ran(1, 1, 94.5, 117);
    bench.ran(1, 0, 118, 300);  // and after
    bench.ran(2, 0, 50, 300);   // another session at the same time

    const auto joined = bench.join();

    ASSERT_EQ(joined.locks.episodes[0].victims.size(), 1U);
    EXPECT_EQ(joined.locks.episodes[0].victims[0].operation, "place_order");
    EXPECT_EQ(joined.stalled.size(), 1U);
}

TEST(WaitJoin, AStatementThatEndedAsTheWaitBeganIsNotBlamed) {
    Bench bench;
    hold(bench, 99.8);
    bench.ran(1, 0, 40,
              100.1);  // the next statement, too short to be recorded, was the one that waited

    const auto joined = bench.join();

    EXPECT_EQ(victims(joined.locks.episodes[0], "read_order"), nullptr);
    ASSERT_NE(victims(joined.locks.episodes[0], unrecorded_operation), nullptr);
}

TEST(WaitJoin, WhatAStatementDidBeforeAndAfterItsWaitIsNoWait) {
    for (const bool told : {true, false}) {
        Bench bench;
        hold(bench, told ? std::optional{95.0} : std::nullopt);
        bench.ran(1, 0, 10, 480);  // waits a moment in the middle of half a second's work

        // From the last sample without a wait (or the start that the server told) to the next one.
        EXPECT_NEAR(bench.join().locks.max_wait_ms, told ? 25 : 40, 1e-6);
    }
}

TEST(WaitJoin, AStatementThatGotItsTurnLateAfterTheWaitCountsToItsEnd) {
    Bench bench;
    hold(bench);
    bench.ran(1, 0, 93, 135);  // one sample saw it run, but everybody woke up at once

    EXPECT_NEAR(bench.join().locks.max_wait_ms, 40, 1e-6);
}

TEST(WaitJoin, WaitsInARowWithoutAStartAreToldApartByTheStatements) {
    Bench bench;
    for (double ms = 100; ms <= 200; ms += 20) {
        bench.sample(ms, {waits(1, {9})}, {workload(1), holder(9, 50)});
    }
    bench.quiet(220, 300);
    bench.ran(1, 0, 95, 125);   // seen at 100 and 120
    bench.ran(1, 0, 126, 134);  // slow, but seen by no sample
    bench.ran(1, 0, 135, 210);

    const auto joined = bench.join();

    EXPECT_EQ(joined.stalled.size(), 2U);
    EXPECT_EQ(victims(joined.locks.episodes[0], "read_order")->count, 2U);
    EXPECT_NEAR(joined.locks.max_wait_ms, 75, 1e-6);
}

TEST(WaitJoin, TwoWaitsOfOneStatementAreOneVictimAndOneWait) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    bench.sample(120, {waits(1, {9}, 118)}, {workload(1), holder(9, 50)});
    bench.quiet(140, 200);
    bench.ran(1, 0, 90, 130);

    const auto joined = bench.join();

    EXPECT_EQ(joined.locks.episodes[0].victims.at(0).count, 1U);
    EXPECT_NEAR(joined.locks.max_wait_ms, 35, 1e-6);
    EXPECT_NEAR(joined.locks.victim_seconds, 0.035, 1e-9);
}

TEST(WaitJoin, AWaitInAnotherStatementOfTheOperationFindsItsOperation) {
    Bench bench;
    hold(bench);
    bench.ran(1, 1, 140, 200);
    bench.statements.back().operation_sent = at(90);
    bench.statements.back().operation_done = at(210);

    const auto joined = bench.join();

    ASSERT_NE(victims(joined.locks.episodes[0], "place_order"), nullptr);
    EXPECT_NEAR(joined.locks.max_wait_ms, 15, 1e-6);  // 95 to 100 and half an interval
}

TEST(WaitJoin, AVictimWithoutAStatementIsStillCounted) {
    Bench bench;
    hold(bench);

    const auto joined = bench.join();

    ASSERT_NE(victims(joined.locks.episodes[0], unrecorded_operation), nullptr);
    EXPECT_NEAR(joined.locks.max_wait_ms, 15, 1e-6);
}

TEST(WaitJoin, StepsAndStrangersAreVictimsUnderTheirNameButNotInTheTotals) {
    Bench bench;
    for (const double ms : {100, 120}) {
        bench.sample(ms,
                     {waits(8, {9}, 95), waits(5, {9}, 96), waits(6, {9}, 97), waits(4, {9}, 98)},
                     {session(8, "rehearse/step/alter", 90), session(5, "psql", 90),
                      session(6, "rehearse/adversary/report", 90),
                      session(4, "rehearse/verifier", 90), holder(9, 50, "psql")});
    }
    bench.quiet(140, 200);

    const auto joined = bench.join();

    const auto& episode = joined.locks.episodes.at(0);
    ASSERT_NE(victims(episode, "alter"), nullptr);
    EXPECT_NEAR(victims(episode, "alter")->longest_wait_ms, 35, 1e-6);
    EXPECT_NE(victims(episode, "report"), nullptr);
    EXPECT_NE(victims(episode, "rehearse"), nullptr);
    EXPECT_NE(victims(episode, other_victims), nullptr);
    EXPECT_EQ(episode.max_blocked, 4U);
    EXPECT_EQ(joined.locks.max_wait_ms, 0);
    EXPECT_EQ(joined.locks.max_blocked, 0U);
    EXPECT_EQ(joined.locks.victim_seconds, 0);
    EXPECT_TRUE(joined.stalled.empty());
}

TEST(WaitJoin, TheTotalsCountTheWindowOnly) {
    Bench bench;
    hold(bench);
    bench.ran(1, 0, 93, 119);

    const auto joined = bench.join(105, 1000);

    EXPECT_NEAR(joined.locks.max_wait_ms, 24, 1e-6);        // whole: what the operation felt
    EXPECT_NEAR(joined.locks.victim_seconds, 0.014, 1e-9);  // the part in the window
    EXPECT_EQ(joined.locks.max_blocked, 0U);                // its sample lies before
    EXPECT_EQ(joined.locks.episodes.size(), 1U);            // the list is of the whole run
}

TEST(WaitJoin, AWaitBeforeTheWindowDoesNotCount) {
    Bench bench;
    hold(bench);
    bench.ran(1, 0, 93, 119);

    const auto joined = bench.join(200, 1000);

    EXPECT_EQ(joined.locks.max_wait_ms, 0);
    EXPECT_EQ(joined.locks.victim_seconds, 0);
}

TEST(WaitJoin, EachStalledOperationKnowsWhoItWaitedFor) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    bench.sample(120, {waits(2, {8}, 105)}, {workload(2), holder(8, 60, "psql")});
    bench.quiet(140, 400);
    bench.ran(1, 0, 94, 110);
    bench.ran(2, 1, 104, 139);

    const auto joined = bench.join();

    ASSERT_EQ(joined.stalled.size(), 2U);
    EXPECT_EQ(joined.stalled[0].statement.session, 2);  // the longest first
    EXPECT_EQ(joined.locks.episodes.at(*joined.stalled[0].episode).blocker.pid, 8);
    EXPECT_EQ(joined.locks.episodes.at(*joined.stalled[1].episode).blocker.pid, 9);
}

TEST(WaitJoin, ABlockerOfTheWorkloadIsNamedByWhatItWasRunning) {
    Bench bench;
    const auto root = session(9, "rehearse/workload", 50, {{"transactionid", "", "ExclusiveLock"}});
    bench.sample(100, {waits(1, {9}, 95, "ShareLock", "orders", "transactionid")},
                 {workload(1), root});
    bench.quiet(120, 160);
    bench.ran(1, 0, 94, 110);
    bench.ran(9, 1, 50, 110);

    EXPECT_EQ(bench.join().locks.episodes.at(0).blocker.operation, "place_order");
}

TEST(WaitJoin, MostBlockedIsToldForEachSecond) {
    Bench bench;
    bench.sample(500, {waits(1, {9}, 495)}, {workload(1), holder(9, 50)});
    bench.sample(1'500, {waits(1, {9}, 1495), waits(2, {9}, 1496), waits(7, {9}, 1497)},
                 {workload(1), workload(2), session(7, "psql"), holder(9, 50)});
    (void)bench.join();

    EXPECT_EQ(blocked_per_second(bench.sightings, at(0), 3), (std::vector<std::uint32_t>{1, 2, 0}));
}

// Ten samples show the step in another statement than the one that locked.
void sleep_behind_the_lock(Bench& bench, const char* kind = "relation") {
    auto root = session(9, "rehearse/step/add region", 50,
                        {{kind, "orders", "AccessExclusiveLock"}}, "SELECT pg_sleep(2)");
    for (double ms = 100; ms <= 300; ms += 20) {
        bench.sample(ms, {waits(1, {9}, 95, "RowExclusiveLock", "orders", kind)},
                     {workload(1), root});
    }
    bench.quiet(320, 360);
    bench.ran(1, 0, 93, 310);
}

LockOrigin origin(double from_ms, double to_ms, std::string mode, std::string statement,
                  std::string relation = "orders", std::int64_t session = 9) {
    return {session,  std::move(relation), std::move(mode), std::move(statement), at(from_ms),
            at(to_ms)};
}

TEST(WaitJoin, AStepsEpisodeNamesTheStatementThatTookTheLock) {
    Bench bench;
    sleep_behind_the_lock(bench);
    bench.origins = {
        origin(60, 310, "AccessShareLock", "SELECT count(*) FROM orders"),
        origin(80, 310, "AccessExclusiveLock", "ALTER TABLE orders ADD COLUMN x int"),
        origin(10, 50, "AccessExclusiveLock", "an earlier transaction's"),
        origin(80, 310, "AccessExclusiveLock", "another table's", "customers"),
        origin(80, 310, "AccessExclusiveLock", "another session's", "orders", 8),
    };
    EXPECT_EQ(bench.join().locks.episodes.at(0).blocker.query,
              "ALTER TABLE orders ADD COLUMN x int");
}

TEST(WaitJoin, ARowsEpisodeNamesTheStatementThatLastLockedTheTable) {
    Bench bench;
    sleep_behind_the_lock(bench, "transactionid");
    bench.origins = {
        origin(60, 310, "AccessShareLock", "SELECT count(*) FROM orders"),
        origin(80, 310, "RowExclusiveLock", "UPDATE orders SET n = 1"),
        origin(250, 310, "ShareLock", "CREATE INDEX ON orders (n)"),
    };
    EXPECT_EQ(bench.join().locks.episodes.at(0).blocker.query, "UPDATE orders SET n = 1");
}

TEST(WaitJoin, WithoutAnOriginTheStatementSeenMostIsNamed) {
    Bench bench;
    sleep_behind_the_lock(bench);
    EXPECT_EQ(bench.join().locks.episodes.at(0).blocker.query, "SELECT pg_sleep(2)");
}

}  // namespace
}  // namespace harness::locks::tests
