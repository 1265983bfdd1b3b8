#include "harness/locks/episode_builder.hpp"

#include "tests/unit/harness/locks/samples.hpp"

#include <gtest/gtest.h>

namespace harness::locks::tests {
namespace {

TEST(EpisodeBuilder, AQuietRunHasNoEpisodes) {
    Bench bench;
    bench.quiet(0, 200);

    EXPECT_TRUE(bench.join().locks.episodes.empty());
}

TEST(EpisodeBuilder, AHoldIsOneEpisodeWithItsRootModeAndRelation) {
    Bench bench;
    bench.quiet(0, 80);
    bench.sample(100, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    bench.sample(120, {waits(1, {9}, 95), waits(2, {9}, 110)},
                 {workload(1), workload(2), holder(9, 50)});
    bench.quiet(140, 200);

    const auto locks = bench.join().locks;

    ASSERT_EQ(locks.episodes.size(), 1U);
    const auto& episode = locks.episodes[0];
    EXPECT_EQ(episode.blocker.pid, 9);
    EXPECT_EQ(episode.blocker.kind, "step");
    EXPECT_EQ(episode.blocker.step, "add region");
    EXPECT_EQ(episode.blocker.query, "ALTER TABLE orders ADD COLUMN region text");
    EXPECT_EQ(episode.relation, "orders");
    EXPECT_EQ(episode.mode, "AccessExclusiveLock");
    EXPECT_EQ(episode.max_blocked, 2U);
    EXPECT_FALSE(episode.queued.has_value());
}

TEST(EpisodeBuilder, TheQueueEffectNamesBothWhoHoldsAndWhoMadeTheQueue) {
    Bench bench;
    const auto report = session(7, "psql", 10, {{"relation", "orders", "AccessShareLock"}});
    const auto alter = session(8, "rehearse/step/alter", 90);
    bench.sample(100, {waits(8, {7}, 95, "AccessExclusiveLock"), waits(1, {8}, 98)},
                 {report, alter, workload(1)});
    bench.sample(120, {}, {});

    const auto locks = bench.join().locks;

    ASSERT_EQ(locks.episodes.size(), 1U);
    EXPECT_EQ(locks.episodes[0].blocker.pid, 7);
    EXPECT_EQ(locks.episodes[0].mode, "AccessShareLock");
    ASSERT_TRUE(locks.episodes[0].queued.has_value());
    EXPECT_EQ(locks.episodes[0].queued->pid, 8);
    EXPECT_EQ(locks.episodes[0].queued->step, "alter");
    EXPECT_EQ(locks.episodes[0].queued_mode, "AccessExclusiveLock");
}

TEST(EpisodeBuilder, WhenTheReportEndsTheAlterBehindItBeginsAnEpisodeOfItsOwn) {
    Bench bench;
    const auto report = session(7, "psql", 10, {{"relation", "orders", "AccessShareLock"}});
    bench.sample(100, {waits(8, {7}, 95, "AccessExclusiveLock"), waits(1, {8}, 98)},
                 {report, session(8, "rehearse/step/alter", 90), workload(1)});
    bench.sample(120, {waits(1, {8}, 98)}, {holder(8, 90), workload(1)});
    bench.quiet(140, 180);
    bench.ran(1, 0, 97, 130);

    const auto joined = bench.join();

    ASSERT_EQ(joined.locks.episodes.size(), 2U);
    EXPECT_EQ(joined.locks.episodes[0].blocker.pid, 7);
    EXPECT_EQ(joined.locks.episodes[1].blocker.pid, 8);
    EXPECT_EQ(joined.locks.episodes[1].mode, "AccessExclusiveLock");
    // Each episode has its part of the wait; the whole of it counts for the longest wait.
    EXPECT_NEAR(joined.locks.max_wait_ms, 32, 1e-6);
    EXPECT_NEAR(joined.locks.episodes[0].victims.back().longest_wait_ms, 12, 1e-6);
    EXPECT_NEAR(joined.locks.episodes[1].victims.front().longest_wait_ms, 20, 1e-6);
}

TEST(EpisodeBuilder, TwoTransactionsOfOneSessionAreTwoEpisodes) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    bench.sample(120, {waits(1, {9}, 115)}, {workload(1), holder(9, 110)});

    EXPECT_EQ(bench.join().locks.episodes.size(), 2U);
}

TEST(EpisodeBuilder, ACommitInTheMiddleOfASampleIsNoNewEpisode) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    auto committed = holder(9, 50);
    committed.transaction_start_us = 0;
    bench.sample(120, {waits(1, {9}, 95), waits(2, {9}, 119)},
                 {workload(1), workload(2), committed});
    bench.sample(140, {waits(1, {9}, 95)}, {workload(1), holder(9, 139)});
    bench.quiet(160, 200);

    EXPECT_EQ(bench.join().locks.episodes.size(), 1U);
}

TEST(EpisodeBuilder, AGapWithoutWaitersEndsAnEpisode) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    bench.sample(120, {}, {});
    bench.sample(140, {waits(1, {9}, 135)}, {workload(1), holder(9, 50)});

    EXPECT_EQ(bench.join().locks.episodes.size(), 2U);
}

TEST(EpisodeBuilder, AWaitSeenAgainWithTheSameStartIsTheSameWait) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 95), waits(2, {9}, 95)},
                 {workload(1), workload(2), holder(9, 50)});
    bench.sample(120, {waits(2, {9}, 95)}, {workload(2), holder(9, 50)});
    bench.sample(140, {waits(1, {9}, 95), waits(2, {9}, 95)},
                 {workload(1), workload(2), holder(9, 50)});
    bench.quiet(160, 200);
    bench.ran(1, 0, 94, 150);
    bench.ran(2, 0, 94, 150);

    const auto joined = bench.join();

    ASSERT_EQ(joined.locks.episodes.size(), 1U);
    EXPECT_EQ(joined.locks.episodes[0].victims.at(0).count, 2U);
    EXPECT_NEAR(joined.locks.victim_seconds, 2 * 0.055, 1e-9);
}

TEST(EpisodeBuilder, RowLocksNameTheTableOfTheRow) {
    Bench bench;
    const auto root = session(9, "rehearse/workload", 50, {{"transactionid", "", "ExclusiveLock"}});
    bench.sample(100,
                 {waits(1, {9}, 95, "ShareLock", "orders", "transactionid"),
                  waits(2, {1}, 96, "ExclusiveLock", "orders", "tuple")},
                 {workload(1), workload(2), root});

    const auto locks = bench.join().locks;

    ASSERT_EQ(locks.episodes.size(), 1U);
    EXPECT_EQ(locks.episodes[0].relation, "orders");
    EXPECT_EQ(locks.episodes[0].mode, "ExclusiveLock");
    EXPECT_EQ(locks.episodes[0].blocker.kind, "operation");
    EXPECT_EQ(locks.episodes[0].max_blocked, 2U);
}

TEST(EpisodeBuilder, ATransactionOfAnUnknownRowIsCalledTransaction) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 95, "ShareLock", "", "transactionid")},
                 {workload(1), session(9, "x", 50, {{"transactionid", "", "ExclusiveLock"}})});

    EXPECT_EQ(bench.join().locks.episodes.at(0).relation, "transaction");
}

TEST(EpisodeBuilder, AnAdvisoryLockOutlivesTheTransactionsOfItsHolder) {
    Bench bench;
    for (const double ms : {100, 120, 140}) {
        bench.sample(
            ms, {waits(1, {9}, 95, "ExclusiveLock", "", "advisory")},
            {workload(1), session(9, "cron", ms - 5, {{"advisory", "", "ExclusiveLock"}})});
    }

    const auto locks = bench.join().locks;

    ASSERT_EQ(locks.episodes.size(), 1U);
    EXPECT_EQ(locks.episodes[0].relation, "advisory");
    EXPECT_EQ(locks.episodes[0].mode, "ExclusiveLock");
    EXPECT_EQ(locks.episodes[0].blocker.kind, "other");
}

TEST(EpisodeBuilder, APreparedTransactionBlocksUnderItsName) {
    Bench bench;
    bench.sample(100, {waits(1, {0}, 95)},
                 {workload(1),
                  session(0, "forgotten", 5, {{"relation", "orders", "RowExclusiveLock"}}, "")});

    const auto episode = bench.join().locks.episodes.at(0);

    EXPECT_EQ(episode.blocker.kind, "prepared_transaction");
    EXPECT_EQ(episode.blocker.step, "forgotten");
    EXPECT_EQ(episode.mode, "RowExclusiveLock");
}

TEST(EpisodeBuilder, AnExtensionLockIsReportedWithItsRelation) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 99, "ExclusiveLock", "orders", "extend")},
                 {workload(1),
                  session(9, "rehearse/workload", 99, {{"extend", "orders", "ExclusiveLock"}})});

    EXPECT_EQ(bench.join().locks.episodes.at(0).relation, "orders");
    EXPECT_EQ(bench.sightings.drafts.at(0).blocker.pid, 9);
}

TEST(EpisodeBuilder, ADeadlockBeforeTheWindowIsNotCounted) {
    Bench bench;
    bench.sample(100, {waits(1, {2}, 90), waits(2, {1}, 91)}, {workload(1), workload(2)});
    bench.quiet(120, 200);
    EXPECT_EQ(bench.join(110).deadlocks_seen, 0U);
}

TEST(EpisodeBuilder, ADeadlockInProgressIsCounted) {
    Bench bench;
    bench.sample(100, {waits(1, {2}, 90), waits(2, {1}, 91)}, {workload(1), workload(2)});
    bench.sample(120, {waits(1, {2}, 90), waits(2, {1}, 91)}, {workload(1), workload(2)});

    const auto joined = bench.join();

    EXPECT_EQ(joined.deadlocks_seen, 1U);
    ASSERT_EQ(joined.locks.episodes.size(), 1U);
    EXPECT_EQ(joined.locks.episodes[0].blocker.pid, 1);
}

TEST(EpisodeBuilder, AWaiterWithoutABlockerIsNoVictim) {
    Bench bench;
    bench.sample(100, {waits(1, {}, 95)}, {workload(1)});

    EXPECT_TRUE(bench.join().locks.episodes.empty());
}

TEST(EpisodeBuilder, OfTwoLocksTheOneThatMostWaitForIsNamed) {
    Bench bench;
    const auto root = session(9, "x", 50,
                              {{"relation", "orders", "ExclusiveLock"},
                               {"relation", "customers", "AccessExclusiveLock"}});
    bench.sample(
        100,
        {waits(1, {9}, 95), waits(2, {9}, 95), waits(3, {9}, 95, "AccessShareLock", "customers")},
        {workload(1), workload(2), workload(3), root});

    const auto episode = bench.join().locks.episodes.at(0);

    EXPECT_EQ(episode.relation, "orders");
    EXPECT_EQ(episode.mode, "ExclusiveLock");
}

TEST(EpisodeBuilder, TheQueryThatWasSeenMostStandsForTheBlocker) {
    Bench bench;
    auto root = holder(9, 50);
    root.query = "BEGIN";
    bench.sample(100, {waits(1, {9}, 95)}, {workload(1), root});
    root.query = "UPDATE orders SET region = 'eu'";
    bench.sample(120, {waits(1, {9}, 95)}, {workload(1), root});
    bench.sample(140, {waits(1, {9}, 95)}, {workload(1), root});
    bench.sample(160, {waits(1, {9}, 95)}, {workload(1), root});

    EXPECT_EQ(bench.join().locks.episodes.at(0).blocker.query, "UPDATE orders SET region = 'eu'");
}

TEST(EpisodeBuilder, ValuesInOtherPeoplesQueriesAreMasked) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 95)},
                 {workload(1), session(9, "psql", 5, {{"relation", "orders", "ExclusiveLock"}},
                                       "UPDATE orders SET mail = 'a@b.c' WHERE id = 42")});

    EXPECT_EQ(bench.join().locks.episodes.at(0).blocker.query,
              "UPDATE orders SET mail = ? WHERE id = ?");
}

TEST(EpisodeBuilder, BeyondTheBoundTheWorstAreKeptAndTheRestIsCounted) {
    Bench bench{{.episodes = 5, .sightings = 1'000}};
    double ms = 0;
    for (int i = 0; i < 40; ++i) {
        bench.sample(ms += 20, {waits(1, {2}, ms + 18)}, {workload(1), workload(2)});
        bench.ran(1, 0, ms - 2, ms + 5);
        bench.sample(ms += 20, {}, {});
        if (i == 3) {  // short, but the migration's
            bench.sample(ms += 20, {waits(1, {9}, ms + 18)}, {workload(1), holder(9, ms)});
            bench.sample(ms += 20, {}, {});
        }
    }

    const auto joined = bench.join();

    EXPECT_EQ(joined.locks.episodes.size(), 5U);
    EXPECT_EQ(joined.locks.episodes_dropped, 36U);
    EXPECT_TRUE(std::any_of(joined.locks.episodes.begin(), joined.locks.episodes.end(),
                            [](const auto& e) { return e.blocker.kind == "step"; }));
    EXPECT_EQ(joined.stalled.size(), 40U);  // every wait is still counted
    EXPECT_NEAR(joined.locks.victim_seconds, 40 * 0.007 + 0.012, 0.0121);
}

TEST(EpisodeBuilder, WaitsBeyondTheBoundAreEstimatedFromTheSamples) {
    Bench bench{{.episodes = 100, .sightings = 1}};
    bench.sample(100, {waits(1, {9}, 95)}, {workload(1), holder(9, 50)});
    bench.quiet(120, 180);
    bench.sample(200, {waits(1, {9}, 190)}, {workload(1), holder(9, 185)});
    bench.sample(220, {waits(1, {9}, 190)}, {workload(1), holder(9, 185)});
    bench.quiet(240, 280);
    bench.ran(1, 0, 95, 110);
    bench.ran(1, 0, 190, 230);

    const auto joined = bench.join();

    EXPECT_EQ(joined.waits_unjoined, 1U);
    ASSERT_EQ(joined.locks.episodes.size(), 2U);
    EXPECT_NEAR(joined.locks.max_wait_ms, 40, 1e-6);  // 190 to 220 and half an interval
    EXPECT_NEAR(joined.locks.episodes[1].victim_seconds, 0.040, 1e-9);
}

TEST(EpisodeBuilder, TheSessionsThatWaitNowAreTold) {
    Bench bench;
    bench.sample(100, {waits(1, {9}, 95), waits(2, {9}, 95)},
                 {workload(1), workload(2), holder(9, 50)});
    EXPECT_EQ(bench.blocked_now(), 2U);
    bench.quiet(120, 120);
    EXPECT_EQ(bench.blocked_now(), 0U);
}

}  // namespace
}  // namespace harness::locks::tests
