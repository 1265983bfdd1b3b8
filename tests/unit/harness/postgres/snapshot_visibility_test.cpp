#include "harness/postgres/snapshot_visibility.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace {

using harness::postgres::extend_transaction;
using harness::postgres::SnapshotVisibility;

TEST(SnapshotVisibility, SeesWhatHadEndedAndNothingElse) {
    const auto snapshot = SnapshotVisibility::parse("100:110:100,104,109");
    ASSERT_TRUE(snapshot);
    const std::set<std::uint64_t> unseen{100, 104, 109};
    for (std::uint64_t transaction = 0; transaction < 130; ++transaction) {
        const bool seen = transaction < 110 && !unseen.contains(transaction);
        EXPECT_EQ(snapshot->sees(transaction), seen) << transaction;
    }
    EXPECT_FALSE(snapshot->sees(~std::uint64_t{0}));
}

TEST(SnapshotVisibility, OfNothingRunningSeesAllBelowTheNextNumber) {
    const auto snapshot = SnapshotVisibility::parse("754:754:");
    ASSERT_TRUE(snapshot);
    EXPECT_TRUE(snapshot->sees(753));
    EXPECT_FALSE(snapshot->sees(754));
    EXPECT_EQ(snapshot->xmin(), 754U);
    EXPECT_EQ(snapshot->xmax(), 754U);
    EXPECT_TRUE(snapshot->running().empty());
}

// Every set of running transactions out of eight numbers.
TEST(SnapshotVisibility, AgreesWithTheDefinitionForEverySetOfRunningOnes) {
    constexpr std::uint64_t base = (std::uint64_t{3} << 32) - 4;  // across the end of an epoch
    for (unsigned running = 0; running < 256; ++running) {
        std::uint64_t xmin = base + 8;
        std::string list;
        for (unsigned i = 0; i < 8; ++i) {
            if ((running >> i & 1) != 0) {
                xmin = std::min(xmin, base + i);
                list += (list.empty() ? "" : ",") + std::to_string(base + i);
            }
        }
        const auto snapshot = SnapshotVisibility::parse(std::to_string(xmin) + ":" +
                                                        std::to_string(base + 8) + ":" + list);
        ASSERT_TRUE(snapshot) << list;
        for (unsigned i = 0; i < 8; ++i) {
            EXPECT_EQ(snapshot->sees(base + i), (running >> i & 1) == 0) << list << " " << i;
        }
        EXPECT_TRUE(snapshot->sees(base - 1));
        EXPECT_FALSE(snapshot->sees(base + 8));
    }
}

TEST(SnapshotVisibility, RefusesEveryOtherText) {
    for (const char* text : {"",
                             ":",
                             "::",
                             "10",
                             "10:",
                             "10:20",
                             "x:20:",
                             "10:x:",
                             "20:10:",
                             "0:10:",
                             "10:20:x",
                             "10:20:5",
                             "10:20:20",
                             "10:20:12,",
                             "10:20:,12",
                             "10:20:13,12",
                             "10:20:12,12",
                             "10:20:12 ",
                             " 10:20:",
                             "-1:20:",
                             "10:20:12,13x",
                             "99999999999999999999:20:"}) {
        EXPECT_FALSE(SnapshotVisibility::parse(text)) << text;
    }
}

constexpr std::uint64_t epoch = std::uint64_t{1} << 32;

TEST(ExtendTransaction, TakesTheNearestNumber) {
    EXPECT_EQ(extend_transaction(754, 700), 754U);
    EXPECT_EQ(extend_transaction(700, 754), 700U);
    EXPECT_EQ(extend_transaction(754, 5 * epoch + 700), 5 * epoch + 754);
    EXPECT_EQ(extend_transaction(754, 5 * epoch + 754), 5 * epoch + 754);
}

TEST(ExtendTransaction, CrossesTheEndOfAnEpochBothWays) {
    EXPECT_EQ(extend_transaction(3, epoch - 5), epoch + 3) << "one that began after the wrap";
    EXPECT_EQ(extend_transaction(0xFFFFFFF0U, epoch + 3), epoch - 16) << "one from before it";
    EXPECT_EQ(extend_transaction(3, 7 * epoch - 1), 7 * epoch + 3);
    EXPECT_EQ(extend_transaction(0xFFFFFFFFU, 7 * epoch), 7 * epoch - 1);
}

TEST(ExtendTransaction, NeverGoesBelowTheFirstNumber) {
    EXPECT_EQ(extend_transaction(0xFFFFFFF0U, 3), 0xFFFFFFF0U) << "there is no epoch before";
}

TEST(ExtendTransaction, GivesBackEveryNumberWithinReach) {
    for (const std::uint64_t near : {2 * epoch - 1, 2 * epoch, 2 * epoch + 1, 9 * epoch / 2}) {
        for (const std::int64_t distance :
             {0L, 1L, -1L, 1000L, -1000L, 0x7FFFFFFFL, -0x7FFFFFFFL, -0x80000000L}) {
            const std::uint64_t number = near + static_cast<std::uint64_t>(distance);
            EXPECT_EQ(extend_transaction(static_cast<std::uint32_t>(number), near), number)
                << near << " " << distance;
        }
    }
}

}  // namespace
