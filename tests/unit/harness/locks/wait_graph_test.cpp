#include "harness/locks/wait_graph.hpp"

#include "tests/unit/harness/locks/samples.hpp"

#include <gtest/gtest.h>

namespace harness::locks::tests {
namespace {

using database::LockSample;

TEST(WaitGraph, AWaiterWithoutBlockersHasNoChain) {
    EXPECT_TRUE(follow({0, {waits(1, {})}, {}}).empty());
}

TEST(WaitGraph, TheRootIsWhoeverDoesNotWait) {
    const LockSample sample{0, {waits(1, {2}), waits(2, {3}), waits(3, {9})}, {}};

    const auto chains = follow(sample);

    ASSERT_EQ(chains.size(), 3U);
    for (const auto& chain : chains) {
        EXPECT_EQ(chain.root, 9);
        EXPECT_FALSE(chain.cycle);
    }
    EXPECT_EQ(chains[0].links, 3U);
    EXPECT_EQ(chains[2].links, 1U);
}

TEST(WaitGraph, TheOneNextToTheRootIsTheOneWhoMadeTheQueue) {
    const auto chains = follow({0, {waits(1, {2}), waits(2, {3}), waits(3, {9})}, {}});

    EXPECT_EQ(chains[0].queued, 3);
    EXPECT_EQ(chains[1].queued, 3);
    EXPECT_EQ(chains[2].queued, std::nullopt);
}

TEST(WaitGraph, EachStandsBehindTheNextOneOnTheWayToTheRoot) {
    const auto chains =
        follow({0, {waits(1, {2}), waits(2, {3}), waits(3, {9}), waits(4, {3, 2, 1})}, {}});

    EXPECT_EQ(chains[0].behind, 2);
    EXPECT_EQ(chains[1].behind, 3);
    EXPECT_EQ(chains[2].behind, 9);
    EXPECT_EQ(chains[3].behind, 3);
}

TEST(WaitGraph, OfSeveralAtTheSameDistanceOneStandsBehindTheOldestTransaction) {
    const LockSample sample{0,
                            {waits(1, {2, 3}), waits(2, {9}), waits(3, {9})},
                            {session(2, "", 300), session(3, "", 100), session(9, "", 50)}};

    EXPECT_EQ(follow(sample)[0].behind, 3);
}

TEST(WaitGraph, InACycleTheWaitsMakeARing) {
    const auto chains =
        follow({0, {waits(5, {4}), waits(4, {6}), waits(6, {5}), waits(7, {6})}, {}});

    ASSERT_EQ(chains.size(), 4U);
    EXPECT_EQ(chains[0].behind, 4);
    EXPECT_EQ(chains[1].behind, 6);
    EXPECT_EQ(chains[2].behind, 5);
    EXPECT_EQ(chains[3].behind, 6);  // not one of it
}

TEST(WaitGraph, WhoIsBlockedByTheRootItselfIsNotBehindAQueue) {
    const auto chains = follow({0, {waits(1, {2, 9}), waits(2, {9})}, {}});

    EXPECT_EQ(chains[0].links, 1U);
    EXPECT_EQ(chains[0].queued, std::nullopt);
}

TEST(WaitGraph, TheFirstInARowsQueueDidNotMakeIt) {
    const auto chains = follow({0,
                                {waits(1, {2}, {}, "ExclusiveLock", "orders", "tuple"),
                                 waits(2, {9}, {}, "ShareLock", "orders", "transactionid")},
                                {}});

    EXPECT_EQ(chains[0].root, 9);
    EXPECT_EQ(chains[0].queued, std::nullopt);
}

TEST(WaitGraph, OfSeveralRootsTheOldestTransactionCounts) {
    const LockSample sample{
        0, {waits(1, {7, 8, 9})}, {session(7, "", 300), session(8, "", 100), session(9, "")}};

    EXPECT_EQ(follow(sample)[0].root, 8);
}

TEST(WaitGraph, OfRootsWithoutATransactionTheSmallestIdCounts) {
    EXPECT_EQ(follow({0, {waits(1, {9, 8})}, {}})[0].root, 8);
}

TEST(WaitGraph, APreparedTransactionIsARoot) {
    EXPECT_EQ(follow({0, {waits(1, {2}), waits(2, {0})}, {}})[0].root, 0);
}

TEST(WaitGraph, ACycleHasItsSmallestSessionForRootFromWhereverOneLooks) {
    const auto chains =
        follow({0, {waits(5, {4}), waits(4, {6}), waits(6, {5}), waits(7, {6})}, {}});

    ASSERT_EQ(chains.size(), 4U);
    for (const auto& chain : chains) {
        EXPECT_EQ(chain.root, 4);
        EXPECT_TRUE(chain.cycle);
    }
}

TEST(WaitGraph, ASessionThatWaitsForItselfIsACycleOfOne) {
    const auto chains = follow({0, {waits(5, {5})}, {}});

    EXPECT_EQ(chains[0].root, 5);
    EXPECT_TRUE(chains[0].cycle);
}

TEST(WaitGraph, BesideACycleOthersStillFindTheirRoot) {
    const auto chains = follow({0, {waits(1, {2}), waits(2, {1}), waits(3, {9, 1})}, {}});

    EXPECT_EQ(chains[2].root, 9);
    EXPECT_FALSE(chains[2].cycle);
}

TEST(WaitGraph, AThousandInOneRowsQueueAreFollowedAtOnce) {
    LockSample sample;
    std::vector<std::int64_t> ahead{1'000'000};
    for (std::int64_t i = 1; i <= 1'000; ++i) {
        sample.waiters.push_back(
            waits(i, i == 1 ? ahead : std::vector<std::int64_t>(ahead.begin() + 1, ahead.end())));
        ahead.push_back(i);
    }

    const auto chains = follow(sample);

    ASSERT_EQ(chains.size(), 1'000U);
    EXPECT_EQ(chains.back().root, 1'000'000);
    EXPECT_EQ(chains.back().links, 2U);
}

}  // namespace
}  // namespace harness::locks::tests
