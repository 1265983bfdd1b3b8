#include "harness/locks/coverage.hpp"

#include <gtest/gtest.h>

namespace harness::locks {
namespace {

using namespace std::chrono_literals;
using reports::PhaseName;

const Clock::time_point start{1000s};
const Span during{PhaseName::during, start + 10s, start + 13s};

// One look every 20 ms over [from, to).
void look(Looks& looks, Clock::duration from, Clock::duration to) {
    for (auto at = from; at < to; at += 20ms) {
        looks.taken.push_back(start + at);
    }
}

TEST(Coverage, CountsWhatLiesInThePhaseAlone) {
    Looks looks;
    look(looks, 0s, 20s);
    looks.lost = {start + 1s, start + 9999ms, start + 10s, start + 12s, start + 13s};
    looks.connection_losses = {start + 5s, start + 12s};

    const auto coverage = coverage_of(looks, during);
    EXPECT_EQ(coverage.samples, 150U);
    EXPECT_EQ(coverage.lost_samples, 2U);
    EXPECT_EQ(coverage.connection_losses, 1U);
    EXPECT_DOUBLE_EQ(coverage.longest_gap_ms, 20);
}

TEST(Coverage, AGapOutsideOfThePhaseIsNotItsOwn) {
    Looks looks;
    look(looks, 0s, 2s);
    look(looks, 8s, 20s);
    look(looks, 25s, 30s);
    EXPECT_DOUBLE_EQ(coverage_of(looks, during).longest_gap_ms, 20);
}

TEST(Coverage, AGapThatReachesIntoThePhaseCountsWhole) {
    Looks looks;
    look(looks, 0s, 9s);
    look(looks, 11s, 12s);
    look(looks, 15s, 16s);
    const auto coverage = coverage_of(looks, during);
    EXPECT_EQ(coverage.samples, 50U);
    EXPECT_DOUBLE_EQ(coverage.longest_gap_ms, 3'020);  // 11.98 s to 15 s
}

TEST(Coverage, APhaseShorterThanAnIntervalLiesInOneGap) {
    Looks looks;
    look(looks, 0s, 20s);
    const auto coverage =
        coverage_of(looks, {PhaseName::during, start + 10'005ms, start + 10'010ms});
    EXPECT_EQ(coverage.samples, 0U);
    EXPECT_DOUBLE_EQ(coverage.longest_gap_ms, 20);
}

TEST(Coverage, AnObserverThatDiedLeavesAGapToThePhasesEnd) {
    Looks looks;
    look(looks, 0s, 11s);
    EXPECT_DOUBLE_EQ(coverage_of(looks, during).longest_gap_ms, 2'020);
}

TEST(Coverage, APhaseThatNobodyWatchedIsOneGap) {
    EXPECT_DOUBLE_EQ(coverage_of({}, during).longest_gap_ms, 3'000);
    EXPECT_EQ(coverage_of({}, during).samples, 0U);
}

}  // namespace
}  // namespace harness::locks
