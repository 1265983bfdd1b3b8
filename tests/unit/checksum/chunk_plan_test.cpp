#include "checksum/chunk_plan.hpp"

#include <random>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace checksum {
namespace {

TEST(ChunkPlan, EachWorkerReadsItsShareInOrder) {
    ChunkPlan plan{100, 20, 2};
    EXPECT_EQ(plan.next(0), (Chunk{0, 20}));
    EXPECT_EQ(plan.next(1), (Chunk{50, 70}));
    EXPECT_EQ(plan.next(0), (Chunk{20, 40}));
    EXPECT_EQ(plan.next(0), (Chunk{40, 50}));
    EXPECT_EQ(plan.positions_done(), 40U);
}

TEST(ChunkPlan, AnIdleWorkerTakesHalfOfTheLargestShareFromItsEnd) {
    ChunkPlan plan{80, 10, 2};
    for (int i = 0; i < 4; ++i) {
        (void)plan.next(0);
    }
    EXPECT_EQ(plan.next(0), (Chunk{60, 70}));
    EXPECT_EQ(plan.next(1), (Chunk{40, 50}));
    EXPECT_EQ(plan.next(1), (Chunk{50, 60}));
}

TEST(ChunkPlan, TheRestOfARunningChunkIsDealtOutAgainAfterASplit) {
    ChunkPlan plan{100, 100, 2};
    ASSERT_EQ(plan.next(0), (Chunk{0, 50}));
    ASSERT_EQ(plan.next(1), (Chunk{50, 100}));
    EXPECT_EQ(plan.next(1), std::nullopt);
    EXPECT_FALSE(plan.finished());
    EXPECT_EQ(plan.fattest(), 0U);
    EXPECT_TRUE(plan.split(0, 30));
    EXPECT_EQ(plan.running(0), (Chunk{0, 30}));
    EXPECT_EQ(plan.next(1), (Chunk{30, 50}));
    plan.done(0);
    plan.done(1);
    EXPECT_TRUE(plan.finished());
}

TEST(ChunkPlan, ACutOutsideTheChunkChangesNothing) {
    ChunkPlan plan{10, 10, 1};
    EXPECT_FALSE(plan.split(0, 5));
    ASSERT_EQ(plan.next(0), (Chunk{0, 10}));
    EXPECT_FALSE(plan.split(0, 0));
    EXPECT_FALSE(plan.split(0, 10));
    EXPECT_EQ(plan.running(0), (Chunk{0, 10}));
}

TEST(ChunkPlan, AChunkGivenBackIsReadByAnother) {
    ChunkPlan plan{10, 10, 2};
    ASSERT_EQ(plan.next(0), (Chunk{0, 5}));
    ASSERT_EQ(plan.next(1), (Chunk{5, 10}));
    plan.give_back(0);
    EXPECT_EQ(plan.next(1), (Chunk{0, 5}));
    EXPECT_EQ(plan.next(1), std::nullopt);
    EXPECT_TRUE(plan.finished());
}

TEST(ChunkPlan, AnEmptyTableIsFinishedAtOnce) {
    ChunkPlan plan{0, 10, 3};
    EXPECT_EQ(plan.next(2), std::nullopt);
    EXPECT_TRUE(plan.finished());
}

TEST(ChunkPlan, RefusesNoWorkersAndEmptyChunks) {
    EXPECT_THROW((ChunkPlan{1, 0, 1}), std::invalid_argument);
    EXPECT_THROW((ChunkPlan{1, 1, 0}), std::invalid_argument);
}

// Whoever asks when, whatever is split or given back: every position is read once.
TEST(ChunkPlan, CoversEveryPositionOnceUnderRandomSplitsAndFailures) {
    std::mt19937_64 random{1};
    for (int round = 0; round < 500; ++round) {
        const std::uint64_t positions = random() % 300;
        const std::size_t workers = 1 + random() % 5;
        ChunkPlan plan{positions, 1 + random() % 40, workers};
        std::vector<int> read(positions);
        int disturbances = 200;
        while (!plan.finished()) {
            const std::size_t worker = random() % workers;
            const auto chunk = plan.running(worker);
            if (chunk && disturbances > 0 && random() % 4 == 0) {
                --disturbances;
                plan.give_back(worker);
                continue;
            }
            if (chunk && disturbances > 0 && random() % 3 == 0) {
                --disturbances;
                (void)plan.split(worker, chunk->first + random() % (chunk->size() + 1));
                continue;
            }
            if (chunk) {
                for (std::uint64_t at = chunk->first; at < chunk->last; ++at) {
                    ++read[at];
                }
            }
            (void)plan.next(worker);
        }
        EXPECT_EQ(read, std::vector<int>(positions, 1));
    }
}

TEST(KeyRange, TheOuterRangesHaveOneBoundary) {
    const auto first = key_range({0, 1}, 3);
    EXPECT_EQ(first.from, std::nullopt);
    EXPECT_EQ(first.below, 0U);
    const auto middle = key_range({1, 3}, 3);
    EXPECT_EQ(middle.from, 0U);
    EXPECT_EQ(middle.below, 2U);
    const auto last = key_range({3, 4}, 3);
    EXPECT_EQ(last.from, 2U);
    EXPECT_EQ(last.below, std::nullopt);
    const auto all = key_range({0, 1}, 0);
    EXPECT_EQ(all.from, std::nullopt);
    EXPECT_EQ(all.below, std::nullopt);
}

}  // namespace
}  // namespace checksum
