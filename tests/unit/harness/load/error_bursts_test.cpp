#include "harness/load/error_bursts.hpp"

#include <gtest/gtest.h>

namespace harness::load {
namespace {

std::vector<reports::Second> failing(std::initializer_list<std::uint32_t> counts) {
    std::vector<reports::Second> seconds;
    for (const auto count : counts) {
        seconds.push_back({.done = 100, .failed = count});
    }
    return seconds;
}

TEST(ErrorBursts, ARunWithoutFailuresHasNone) {
    EXPECT_TRUE(error_bursts({}).empty());
    EXPECT_TRUE(error_bursts(failing({0, 0, 0})).empty());
}

TEST(ErrorBursts, SecondsInARowAreOneAndACalmOneEndsIt) {
    const auto bursts = error_bursts(failing({2, 0, 3, 7, 1, 0, 0, 4}));
    ASSERT_EQ(bursts.size(), 3U);
    EXPECT_EQ(bursts[0].from_s, 0U);
    EXPECT_EQ(bursts[0].until_s, 1U);
    EXPECT_EQ(bursts[0].failed, 2U);
    EXPECT_EQ(bursts[1].from_s, 2U);
    EXPECT_EQ(bursts[1].until_s, 5U);
    EXPECT_EQ(bursts[1].failed, 11U);
    EXPECT_EQ(bursts[1].most_in_a_second, 7U);
    EXPECT_EQ(bursts[2].from_s, 7U);
    EXPECT_EQ(bursts[2].until_s, 8U);
}

}  // namespace
}  // namespace harness::load
