#include "reports/statistics/proportion.hpp"

#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

namespace {

using reports::statistics::share_lower_bound;
using reports::statistics::share_upper_bound;

// P(at most `hits` of `trials`) when each hits with this chance.
double at_most(unsigned hits, unsigned trials, double chance) {
    double sum = 0;
    for (unsigned k = 0; k <= hits; ++k) {
        sum += std::exp(std::lgamma(trials + 1.0) - std::lgamma(k + 1.0) -
                        std::lgamma(trials - k + 1.0) + k * std::log(chance) +
                        (trials - k) * std::log1p(-chance));
    }
    return sum;
}

TEST(Proportion, NoHitsAreBoundedAsTheRuleOfThreeSays) {
    // Exactly 1 - 0.05^(1/n); 3/n is the rule of thumb.
    for (const unsigned n : {1U, 10U, 59U, 299U, 10'000U}) {
        EXPECT_NEAR(share_upper_bound(0, n), 1 - std::pow(0.05, 1.0 / n), 1e-12) << n;
    }
    EXPECT_NEAR(share_upper_bound(0, 10), 0.2589, 5e-5);
}

TEST(Proportion, TheBoundsAreThoseOfTheTables) {
    // Two-sided 95 % tables hold the one-sided 97.5 % bounds.
    EXPECT_NEAR(share_lower_bound(1, 10, 0.975), 0.0025, 5e-5);
    EXPECT_NEAR(share_upper_bound(1, 10, 0.975), 0.4450, 5e-5);
    EXPECT_NEAR(share_lower_bound(5, 10, 0.975), 0.1871, 5e-5);
    EXPECT_NEAR(share_upper_bound(5, 10, 0.975), 0.8129, 5e-5);
    EXPECT_NEAR(share_upper_bound(0, 20, 0.975), 0.1684, 5e-5);
    EXPECT_NEAR(share_upper_bound(1, 10), 0.3942, 5e-5);
}

TEST(Proportion, AtItsBoundWhatWasSeenIsAsRareAsPromised) {
    for (const unsigned hits : {0U, 1U, 3U, 17U, 49U}) {
        EXPECT_NEAR(at_most(hits, 50, share_upper_bound(hits, 50, 0.95)), 0.05, 1e-9) << hits;
        EXPECT_NEAR(at_most(hits, 50, share_lower_bound(hits + 1, 50, 0.99)), 0.99, 1e-9) << hits;
    }
}

TEST(Proportion, NothingTriedIsNothingKnown) {
    EXPECT_EQ(share_upper_bound(0, 0), 1);
    EXPECT_EQ(share_lower_bound(0, 0), 0);
    EXPECT_EQ(share_upper_bound(7, 7), 1);
    EXPECT_EQ(share_lower_bound(0, 7), 0);
}

TEST(Proportion, WhatCannotBeIsRefused) {
    EXPECT_THROW((void)share_upper_bound(2, 1), std::invalid_argument);
    EXPECT_THROW((void)share_upper_bound(1, 2, 1.0), std::invalid_argument);
    EXPECT_THROW((void)share_lower_bound(1, 2, std::nan("")), std::invalid_argument);
}

}  // namespace
