#include "harness/load/phase_clock.hpp"

#include <gtest/gtest.h>

namespace {

using harness::load::Clock;
using harness::load::PhaseClock;
using reports::PhaseName;
using namespace std::chrono_literals;

const Clock::time_point start{50s};

TEST(PhaseClock, IsInTheWarmupUntilAPhaseBegins) {
    const PhaseClock phases{start};
    EXPECT_EQ(phases.at(0s), PhaseName::warmup);
    EXPECT_EQ(phases.at(100h), PhaseName::warmup);
}

TEST(PhaseClock, APhaseHoldsFromItsBeginToTheNextOnes) {
    PhaseClock phases{start};
    phases.begin(PhaseName::before, start + 5s);
    phases.begin(PhaseName::during, start + 10s);
    phases.begin(PhaseName::after, start + 20s);
    EXPECT_EQ(phases.at(5s - 1ns), PhaseName::warmup);
    EXPECT_EQ(phases.at(5s), PhaseName::before);
    EXPECT_EQ(phases.at(10s - 1ns), PhaseName::before);
    EXPECT_EQ(phases.at(10s), PhaseName::during);
    EXPECT_EQ(phases.at(20s - 1ns), PhaseName::during);
    EXPECT_EQ(phases.at(20s), PhaseName::after);
}

TEST(PhaseClock, APhaseThatNeverBeganIsSkipped) {
    PhaseClock phases{start};
    phases.begin(PhaseName::before, start + 1s);
    phases.begin(PhaseName::after, start + 2s);
    EXPECT_EQ(phases.at(1500ms), PhaseName::before);
    EXPECT_EQ(phases.at(3s), PhaseName::after);
}

TEST(PhaseClock, CountsFromTheRunsStart) {
    const PhaseClock phases{start};
    EXPECT_EQ(phases.since_start(start + 250ms), 250ms);
}

}  // namespace
