#include "harness/locks/wait_list.hpp"

#include "tests/unit/harness/locks/samples.hpp"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

namespace harness::locks::tests {
namespace {

using reports::LockWait;

// Who stands behind whom at one instant: what a reader's cursor asks.
std::set<std::pair<std::int64_t, std::int64_t>> edges_at(const reports::Locks& locks, double ms) {
    std::set<std::pair<std::int64_t, std::int64_t>> edges;
    for (const auto& wait : locks.waits) {
        if (wait.start_s <= ms / 1e3 && ms / 1e3 < wait.end_s) {
            edges.emplace(wait.pid, wait.behind);
        }
    }
    return edges;
}

std::vector<LockWait> of_session(const reports::Locks& locks, std::int64_t pid) {
    std::vector<LockWait> waits;
    std::copy_if(locks.waits.begin(), locks.waits.end(), std::back_inserter(waits),
                 [&](const auto& wait) { return wait.pid == pid; });
    return waits;
}

database::LockSession report(std::int64_t id) {
    return session(id, "rehearse/adversary/report", 10, {{"relation", "orders", "AccessShareLock"}},
                   "SELECT count(*) FROM orders");
}

database::LockWaiter alter(std::int64_t id, std::int64_t behind, double since_ms) {
    return waits(id, {behind}, since_ms, "AccessExclusiveLock");
}

TEST(WaitList, AWaitTellsWhoWantedWhatBehindWhomAndForHowLong) {
    Bench bench;
    bench.quiet(0, 80);
    bench.sample(100, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    bench.quiet(120, 200);
    bench.ran(1, 1, 93, 117.5);

    const auto locks = bench.join().locks;

    ASSERT_EQ(locks.waits.size(), 1U);
    const auto& wait = locks.waits[0];
    EXPECT_EQ(wait.episode, 0U);
    EXPECT_EQ(wait.pid, 1);
    EXPECT_EQ(wait.behind, 9);
    EXPECT_EQ(wait.kind, "operation");
    EXPECT_EQ(wait.name, "place_order");
    EXPECT_EQ(wait.relation, "orders");
    EXPECT_EQ(wait.mode, "RowExclusiveLock");
    EXPECT_NEAR(wait.start_s, 0.095, 1e-9);  // the client's clock knows both ends
    EXPECT_NEAR(wait.end_s, 0.1175, 1e-9);
    EXPECT_EQ(locks.waits_dropped, 0U);
}

TEST(WaitList, ThirtySessionsStandBehindTheAlterThatStandsBehindTheReport) {
    Bench bench;
    for (double ms = 100; ms <= 200; ms += 20) {
        std::vector<database::LockWaiter> waiters{alter(50, 9, 90)};
        std::vector<database::LockSession> sessions{report(9), holder(50, 85)};
        for (std::int64_t id = 1; id <= 30; ++id) {
            waiters.push_back(waits(id, {50}, 95));
            sessions.push_back(workload(id));
        }
        bench.sample(ms, waiters, sessions);
    }
    bench.quiet(220, 300);

    const auto locks = bench.join().locks;

    ASSERT_EQ(locks.episodes.size(), 1U);
    EXPECT_EQ(locks.episodes[0].blocker.pid, 9);
    ASSERT_EQ(locks.waits.size(), 31U);
    const auto edges = edges_at(locks, 150);
    EXPECT_EQ(edges.size(), 31U);
    EXPECT_TRUE(edges.contains({50, 9}));
    EXPECT_TRUE(edges.contains({30, 50}));
    EXPECT_EQ(of_session(locks, 50).at(0).kind, "step");
    EXPECT_EQ(of_session(locks, 50).at(0).name, "add region");
    EXPECT_EQ(of_session(locks, 50).at(0).mode, "AccessExclusiveLock");
    EXPECT_EQ(of_session(locks, 30).at(0).name, "");  // nobody recorded its statement
    EXPECT_TRUE(edges_at(locks, 80).empty());
    EXPECT_TRUE(edges_at(locks, 250).empty());
}

TEST(WaitList, AWaitThatGoesOnBehindAnotherRootIsToldInTwo) {
    Bench bench;
    bench.sample(100, {alter(50, 9, 90), waits(1, {50}, 95)},
                 {report(9), holder(50, 85), workload(1)});
    for (const double ms : {120, 140}) {  // the report is over: now the ALTER holds
        bench.sample(ms, {waits(1, {50}, 95)}, {holder(50, 85), workload(1)});
    }
    bench.quiet(160, 220);
    bench.ran(1, 0, 94, 150);

    const auto locks = bench.join().locks;

    const auto waits = of_session(locks, 1);
    ASSERT_EQ(waits.size(), 2U);
    EXPECT_EQ(waits[0].behind, 50);
    EXPECT_EQ(waits[1].behind, 50);
    EXPECT_EQ(locks.episodes.at(waits[0].episode).blocker.pid, 9);
    EXPECT_EQ(locks.episodes.at(waits[1].episode).blocker.pid, 50);
    EXPECT_NEAR(waits[0].start_s, 0.095, 1e-9);
    EXPECT_NEAR(waits[0].end_s, 0.110, 1e-9);  // no gap: between the two samples
    EXPECT_NEAR(waits[1].start_s, 0.110, 1e-9);
    EXPECT_NEAR(waits[1].end_s, 0.150, 1e-9);
}

TEST(WaitList, ABlockerThatChangesDuringOneWaitIsToldButIsOneVictimAndOneWait) {
    Bench bench;
    bench.sample(100, {waits(1, {50}, 95), alter(50, 9, 90), alter(60, 9, 92)},
                 {report(9), holder(50, 85), holder(60, 86), workload(1)});
    // The first ALTER has run into its lock_timeout; the same root, and another one in the way.
    bench.sample(120, {waits(1, {60}, 95), alter(60, 9, 92)},
                 {report(9), holder(60, 86), workload(1)});
    bench.quiet(140, 200);
    bench.ran(1, 0, 94, 131);

    const auto joined = bench.join();

    ASSERT_EQ(joined.locks.episodes.size(), 1U);
    const auto waits = of_session(joined.locks, 1);
    ASSERT_EQ(waits.size(), 2U);
    EXPECT_EQ(waits[0].behind, 50);
    EXPECT_EQ(waits[1].behind, 60);
    EXPECT_NEAR(waits[0].end_s, 0.110, 1e-9);
    EXPECT_NEAR(waits[1].end_s, 0.131, 1e-9);
    EXPECT_NEAR(joined.locks.max_wait_ms, 36, 1e-6);
    const auto& victims = joined.locks.episodes[0].victims;
    const auto reads = std::find_if(victims.begin(), victims.end(),
                                    [](const auto& v) { return v.operation == "read_order"; });
    ASSERT_NE(reads, victims.end());
    EXPECT_EQ(reads->count, 1U);
    EXPECT_NEAR(reads->longest_wait_ms, 36, 1e-6);
}

TEST(WaitList, AWaitThatASampleMissedIsStillOne) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    bench.sample(120, {waits(2, {9}, 111)}, {workload(2), holder(9, 50)});
    bench.sample(140, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    bench.quiet(160, 220);
    bench.ran(1, 0, 94, 150);

    const auto waits = of_session(bench.join().locks, 1);

    ASSERT_EQ(waits.size(), 1U);
    EXPECT_NEAR(waits[0].start_s, 0.095, 1e-9);
    EXPECT_NEAR(waits[0].end_s, 0.150, 1e-9);
}

TEST(WaitList, ADeadlockIsARing) {
    Bench bench;
    bench.sample(100,
                 {waits(1, {2}, 95, "ShareLock", "orders", "transactionid"),
                  waits(2, {1}, 96, "ShareLock", "orders", "transactionid")},
                 {workload(1), workload(2)});
    bench.quiet(120, 200);

    const auto locks = bench.join().locks;

    using Edges = std::set<std::pair<std::int64_t, std::int64_t>>;
    EXPECT_EQ(edges_at(locks, 100), (Edges{{1, 2}, {2, 1}}));
    EXPECT_EQ(locks.waits[0].episode, locks.waits[1].episode);
}

TEST(WaitList, APreparedTransactionIsSessionZero) {
    Bench bench;
    bench.sample(100, {waits(1, {0}, 95)}, {workload(1), session(0, "tx1", 50)});
    bench.quiet(120, 160);

    EXPECT_EQ(bench.join().locks.waits.at(0).behind, 0);
}

TEST(WaitList, BeyondTheBoundTheLongestAreKeptByStartAndTheRestIsCounted) {
    Bench bench;
    bench.waits_kept = 3;
    for (int n = 0; n < 40; ++n) {  // the seventh of every ten waits longer than the others
        const double ms = 1'000.0 + n * 100;
        const std::int64_t id = n + 1;
        bench.sample(ms, {waits(id, {900}, ms - 5)}, {workload(id), holder(900, 50)});
        bench.sample(ms + 20, {}, {});
        bench.ran(id, 0, ms - 6, n % 10 == 7 ? ms + 18 : ms + 1);
    }
    bench.quiet(6'000, 6'060);

    const auto locks = bench.join().locks;

    ASSERT_EQ(locks.waits.size(), 3U);
    EXPECT_EQ(locks.waits[0].pid, 8);
    EXPECT_EQ(locks.waits[1].pid, 18);
    EXPECT_EQ(locks.waits[2].pid, 28);
    EXPECT_EQ(locks.waits_dropped, 37U);
    EXPECT_EQ(locks.episodes.size(), 40U);  // which keep their figures
}

TEST(WaitList, WaitsWithoutAPlaceInTheRecordAreCounted) {
    Bench bench{{.episodes = 1, .sightings = 2}};
    for (const double ms : {100, 120}) {
        bench.sample(ms, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    }
    bench.sample(140, {waits(2, {8}, 135)}, {workload(2), holder(8, 60, "psql")});
    bench.sample(160, {waits(3, {9}, 155)}, {workload(3), holder(9, 150)});
    bench.quiet(180, 240);

    const auto locks = bench.join().locks;

    // The episode of 8 was dropped; the last wait was beyond the bound of sightings.
    ASSERT_EQ(locks.waits.size(), 1U);
    EXPECT_EQ(locks.waits[0].pid, 1);
    EXPECT_EQ(locks.episodes.at(locks.waits[0].episode).blocker.pid, 9);
    EXPECT_EQ(locks.waits_dropped, 2U);
}

}  // namespace
}  // namespace harness::locks::tests
