#include "reports/statistics/signed_rank.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace {

using reports::statistics::differences_needed;
using reports::statistics::hodges_lehmann;
using reports::statistics::signed_rank;
using reports::statistics::signed_rank_critical;

constexpr double infinity = std::numeric_limits<double>::infinity();

// Both tails by trying every choice of signs.
struct Tails {
    double greater = 0, less = 0;
};
Tails by_enumeration(const std::vector<double>& ranks, double rank_sum) {
    Tails tails;
    const double each = std::ldexp(1.0, -static_cast<int>(ranks.size()));
    for (std::uint32_t signs = 0; signs < 1U << ranks.size(); ++signs) {
        double sum = 0;
        for (std::size_t i = 0; i < ranks.size(); ++i) {
            sum += (signs >> i & 1U) != 0 ? ranks[i] : 0;
        }
        tails.greater += sum >= rank_sum ? each : 0;
        tails.less += sum <= rank_sum ? each : 0;
    }
    return tails;
}

// McCornack, JASA 60, 1965: the largest rank sum that is significant on one side.
TEST(SignedRank, TheCriticalValuesAreThePublishedOnes) {
    const std::map<double, std::map<std::size_t, std::uint64_t>> published{
        {0.05, {{5, 0}, {6, 2}, {7, 3}, {8, 5}, {9, 8}, {10, 10}, {15, 30}, {20, 60}, {30, 151}}},
        {0.025, {{6, 0}, {7, 2}, {8, 3}, {9, 5}, {10, 8}, {15, 25}, {20, 52}, {30, 137}}},
        {0.01, {{7, 0}, {8, 1}, {9, 3}, {10, 5}, {11, 7}, {12, 9}, {15, 19}, {20, 43}, {30, 120}}},
        {0.005, {{8, 0}, {9, 1}, {10, 3}, {11, 5}, {12, 7}, {15, 15}, {20, 37}, {30, 109}}}};
    for (const auto& [alpha, row] : published) {
        for (const auto& [n, critical] : row) {
            EXPECT_EQ(signed_rank_critical(n, alpha), critical) << n << " at " << alpha;
        }
    }
}

TEST(SignedRank, AtOnePercentItTakesSevenPairs) {
    EXPECT_EQ(signed_rank_critical(6, 0.01), std::nullopt);
    EXPECT_EQ(differences_needed(0.01), 7U);
    EXPECT_EQ(differences_needed(0.01 / 200), 15U);
    const std::vector<double> all_greater{1, 2, 3, 4, 5, 6, 7};
    EXPECT_DOUBLE_EQ(signed_rank(all_greater).p_greater, 1.0 / 128);
    EXPECT_DOUBLE_EQ(signed_rank(all_greater).p_less, 1.0);
}

// Hollander and Wolfe, Nonparametric Statistical Methods, table 3.1: depression before and after a
// tranquilizer. Rank sum 5 of 45, one-sided 0.019; shift -0.46.
TEST(SignedRank, AWorkedExampleOfATextbookComesOutTheSame) {
    const std::vector<double> before{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30};
    const std::vector<double> after{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29};
    std::vector<double> differences;
    for (std::size_t i = 0; i < before.size(); ++i) {
        differences.push_back(after[i] - before[i]);
    }
    const auto test = signed_rank(differences);
    EXPECT_EQ(test.rank_sum, 5);
    EXPECT_NEAR(test.p_less, 0.0195, 5e-5);
    EXPECT_NEAR(hodges_lehmann(differences, 0.05).estimate, -0.46, 5e-3);
}

TEST(SignedRank, TiesKeepTheDistributionExact) {
    const std::vector<double> differences{1, -1, 1, 2, 2, -3, 4, 4, 4, 5};
    const std::vector<double> ranks{2, 2, 2, 4.5, 4.5, 6, 8, 8, 8, 10};
    const auto test = signed_rank(differences);
    EXPECT_EQ(test.rank_sum, 55 - 2 - 6);
    const auto tails = by_enumeration(ranks, test.rank_sum);
    EXPECT_NEAR(test.p_greater, tails.greater, 1e-14);
    EXPECT_NEAR(test.p_less, tails.less, 1e-14);
}

TEST(SignedRank, ZerosAreRankedButSpeakForNeitherSide) {
    const std::vector<double> differences{0, 0, 1, -2, 3};
    const auto test = signed_rank(differences);
    EXPECT_EQ(test.used, 3U);
    EXPECT_EQ(test.rank_sum, 3 + 5);
    const auto tails = by_enumeration({3, 4, 5}, 8);
    EXPECT_NEAR(test.p_greater, tails.greater, 1e-14);
    EXPECT_NEAR(test.p_less, tails.less, 1e-14);
}

TEST(SignedRank, OnlyZerosSayNothing) {
    const std::vector<double> differences(12, 0.0);
    EXPECT_EQ(signed_rank(differences).p_greater, 1);
    EXPECT_EQ(signed_rank(differences).p_less, 1);
    EXPECT_EQ(signed_rank({}).p_less, 1);
}

TEST(SignedRank, AnInfiniteDifferenceIsOnlyTheLargest) {
    const std::vector<double> finite{1, -2, 3, 4, 5, 6, 7, 100};
    const std::vector<double> infinite{1, -2, 3, 4, 5, 6, 7, infinity};
    EXPECT_EQ(signed_rank(finite).p_greater, signed_rank(infinite).p_greater);
    EXPECT_TRUE(std::isfinite(hodges_lehmann(infinite, 0.01).estimate));
    EXPECT_EQ(hodges_lehmann(infinite, 0.01).upper, infinity);
}

TEST(SignedRank, ManyDifferencesKeepTheirPrecisionInTheTail) {
    const std::vector<double> differences(500, 1.0);
    EXPECT_NEAR(std::log2(signed_rank(differences).p_greater), -500, 1e-9);
}

// Under no shift the test at 1 % errs in at most 1 % of the runs: by simulation.
TEST(SignedRank, ErrsNoMoreOftenThanPromised) {
    std::mt19937_64 random{7};
    int rejected = 0;
    constexpr int runs = 20'000;
    for (int run = 0; run < runs; ++run) {
        std::vector<double> differences(10);
        for (auto& d : differences) {
            d = static_cast<double>(random() >> 11) * 0x1p-53 - 0.5;
        }
        rejected += signed_rank(differences).p_greater <= 0.01 ? 1 : 0;
    }
    EXPECT_LE(rejected, runs * 0.0115);
    EXPECT_GE(rejected, runs * 0.0080);  // exact: 10 of 1,024
}

TEST(SignedRank, TheBoundsHoldWhatTheTestDoesNotReject) {
    std::mt19937_64 random{11};
    for (int run = 0; run < 200; ++run) {
        std::vector<double> differences(10);
        for (auto& d : differences) {
            d = static_cast<double>(random() >> 11) * 0x1p-53 - 0.3;
        }
        const auto shift = hodges_lehmann(differences, 0.01);
        EXPECT_LE(shift.lower, shift.estimate);
        EXPECT_LE(shift.estimate, shift.upper);
        const auto p_above = [&](double centre) {
            auto moved = differences;
            for (auto& d : moved) {
                d -= centre;
            }
            return signed_rank(moved).p_greater;
        };
        EXPECT_LE(p_above(shift.lower - 1e-9), 0.01);
        EXPECT_GT(p_above(shift.lower + 1e-9), 0.01);
    }
}

TEST(SignedRank, TooFewPairsHaveNoBounds) {
    const auto shift = hodges_lehmann(std::vector<double>{0.1, 0.2, 0.3}, 0.01);
    EXPECT_DOUBLE_EQ(shift.estimate, 0.2);
    EXPECT_EQ(shift.lower, -infinity);
    EXPECT_EQ(shift.upper, infinity);
}

TEST(SignedRank, WhatIsNoNumberIsRefused) {
    EXPECT_THROW((void)signed_rank(std::vector<double>{1, std::nan("")}), std::invalid_argument);
    EXPECT_THROW((void)signed_rank(std::vector<double>(501, 1.0)), std::invalid_argument);
    EXPECT_THROW((void)hodges_lehmann(std::vector<double>{1, -infinity}, 0.01),
                 std::invalid_argument);
    EXPECT_THROW((void)hodges_lehmann({}, 0.01), std::invalid_argument);
}

}  // namespace
