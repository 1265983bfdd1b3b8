#include "reports/statistics/change.hpp"

#include <cmath>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace {

using reports::statistics::Change;
using reports::statistics::holm_adjusted;
using reports::statistics::judge;
using reports::statistics::QuantileChange;

QuantileChange harmful(double p) {
    return {.p_harmful = p, .p_harmless = 1 - p, .beyond_floor = true, .lacking = {}};
}

TEST(Change, HolmStepsDownThroughTheFamily) {
    // Worked by hand: 4 * 0.005, 3 * 0.01, 2 * 0.03, and 0.04 may not fall below its neighbour.
    const auto adjusted = holm_adjusted(std::vector<double>{0.01, 0.04, 0.03, 0.005});
    ASSERT_EQ(adjusted.size(), 4U);
    EXPECT_DOUBLE_EQ(adjusted[0], 0.03);
    EXPECT_DOUBLE_EQ(adjusted[1], 0.06);
    EXPECT_DOUBLE_EQ(adjusted[2], 0.06);
    EXPECT_DOUBLE_EQ(adjusted[3], 0.02);
}

TEST(Change, HolmNeverExceedsOneAndKeepsTheOrderGiven) {
    const auto adjusted = holm_adjusted(std::vector<double>{0.9, 0.0, 0.8});
    EXPECT_EQ(adjusted, (std::vector<double>{1, 0, 1}));
    EXPECT_TRUE(holm_adjusted({}).empty());
    EXPECT_THROW((void)holm_adjusted(std::vector<double>{std::nan("")}), std::invalid_argument);
}

TEST(Change, OneOfManyMustBeSurerThanOneAlone) {
    EXPECT_EQ(judge(std::vector{harmful(0.004)}, 0.01)[0].change, Change::harmful);
    std::vector<QuantileChange> family(5, QuantileChange{});
    family[2] = harmful(0.004);
    EXPECT_EQ(judge(family, 0.01)[2].change, Change::undecided);
    EXPECT_DOUBLE_EQ(judge(family, 0.01)[2].p_harmful, 0.02);
    family[2] = harmful(0.002);
    EXPECT_EQ(judge(family, 0.01)[2].change, Change::harmful);
}

TEST(Change, ADifferenceBelowTheFloorIsNeverHarmful) {
    auto change = harmful(1e-9);
    change.beyond_floor = false;
    EXPECT_EQ(judge(std::vector{change}, 0.01)[0].change, Change::undecided);
    change.p_harmless = 1e-9;
    EXPECT_EQ(judge(std::vector{change}, 0.01)[0].change, Change::harmless);
}

TEST(Change, HarmlessTakesNoCorrection) {
    const std::vector<QuantileChange> family(200,
                                             QuantileChange{.p_harmless = 0.009, .lacking = {}});
    for (const auto& judged : judge(family, 0.01)) {
        EXPECT_EQ(judged.change, Change::harmless);
    }
    EXPECT_EQ(
        judge(std::vector{QuantileChange{.p_harmless = 0.011, .lacking = {}}}, 0.01)[0].change,
        Change::undecided);
}

TEST(Change, WhatLacksSomethingIsUndecidedAndNoPartOfTheFamily) {
    auto lacking = harmful(0);
    lacking.p_harmless = 0;
    lacking.lacking = "Too short.";
    std::vector<QuantileChange> family(10, lacking);
    family.push_back(harmful(0.01));
    const auto judged = judge(family, 0.01);
    EXPECT_EQ(judged[0].change, Change::undecided);
    EXPECT_EQ(judged[0].p_harmful, 1);
    EXPECT_EQ(judged[10].change, Change::harmful);
}

}  // namespace
