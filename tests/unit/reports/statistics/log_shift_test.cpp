#include "reports/statistics/log_shift.hpp"

#include "simulation.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace {

using reports::statistics::LogShift;
using reports::statistics::Random;
using reports::statistics::testing::normal;

std::vector<double> scattered(double centre, double by, int count = 2'000) {
    Random random{1};
    std::vector<double> values;
    for (int i = 0; i < count; ++i) {
        values.push_back(centre + by * normal(random));
    }
    return values;
}

TEST(LogShift, BeyondTheRedrawsTheTailIsStudents) {
    // Of the tables: t with 10 degrees of freedom exceeds 2.764 in 1 % and 4.144 in 0.1 %.
    const LogShift shift{0, std::vector<double>(2'000, 0.0), 1, 10};
    EXPECT_NEAR(shift.p_above(-2.764), 0.01, 1e-5);
    EXPECT_NEAR(shift.p_below(4.144), 0.001, 1e-6);
    EXPECT_NEAR(shift.lower(0.01), -2.764, 5e-4);
    EXPECT_NEAR(shift.upper(0.001), 4.144, 5e-4);
    // And with many it is the normal one's: 4.5 standard errors are one in 294,000.
    const LogShift sure{4.5, scattered(4.5, 1), 1, 1e6};
    EXPECT_NEAR(sure.p_above(0), 3.4e-6, 1e-7);
}

TEST(LogShift, WhatRedrawsContradictIsNotTakenForSure) {
    auto redrawn = scattered(1, 0.1);
    std::fill_n(redrawn.begin(), 40, -5.0);  // 2 % fall far on the other side
    const LogShift shift{1, redrawn, 0.1, 100};
    EXPECT_DOUBLE_EQ(shift.p_above(0), 41.0 / 2'001);
    EXPECT_EQ(shift.lower(0.01), -5);
    EXPECT_LT(shift.p_below(3), 1e-6);
}

TEST(LogShift, BoundsAndChancesAgree) {
    for (const double spread : {0.05, 0.1, 0.2}) {
        const LogShift shift{0.3, scattered(0.3, spread), 0.1, 15};
        EXPECT_LE(shift.p_above(shift.lower(0.01) - 1e-9), 0.01) << spread;
        EXPECT_GT(shift.p_above(shift.lower(0.01) + 1e-9), 0.0099) << spread;
        EXPECT_LE(shift.p_below(shift.upper(0.01) + 1e-9), 0.01) << spread;
        EXPECT_GT(shift.p_below(shift.upper(0.01) - 1e-9), 0.0099) << spread;
    }
}

}  // namespace
