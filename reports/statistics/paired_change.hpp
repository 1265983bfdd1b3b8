// Whether a quantile changed between runs, from pairs of runs: one of each side after the other.
#pragma once

#include "reports/statistics/change.hpp"

#include <span>

namespace reports::statistics {

// The quantile in both runs of a pair; +infinity where it falls on failed calls.
struct PairOfRuns {
    double before_ms = 0, now_ms = 0;
};

// Whole runs are the unit, so what differs from run to run on this machine is in the test, which
// the comparison within one run cannot see. The exact signed-rank test on d - ln(1 + δ), d being
// the log of a pair's ratio; the ratio is the exponential of the Hodges-Lehmann estimate with its
// exact bounds; before and now are the medians.
//
// `lacking`: fewer pairs than the most extreme outcome needs to be as rare as alpha (7 at 1 %),
// more than most_differences, or a pair whose baseline is no number above 0. Alpha within (0, 0.5),
// else std::invalid_argument.
//
// A family of m comparisons needs differences_needed(alpha / m) pairs for its first one to be
// harmful after Holm's correction.
[[nodiscard]] QuantileChange compare_pairs(std::span<const PairOfRuns> pairs, const Margin& margin,
                                           double alpha = 0.01);

}  // namespace reports::statistics
