// Whether a quantile of one phase lies above another's of the same run.
#pragma once

#include "reports/statistics/change.hpp"
#include "reports/statistics/log_shift.hpp"
#include "reports/statistics/seconds.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace reports::statistics {

inline constexpr std::size_t shortest_block_s = 10;
inline constexpr std::size_t fewest_blocks = 10;

struct QuantileTest {
    double quantile = 0.5;  // within (0, 1): a maximum cannot be bootstrapped
    Margin margin = {};
    double alpha = 0.01;             // of each bound
    std::size_t replicates = 2'000;  // alpha * (replicates + 1) must be at least 1
    std::uint64_t seed = 1;
    // How the sentences about what is lacking call things.
    std::string statistic = "p50", before = "`before`", now = "`during` and `after`";
};

// How many calls a quantile needs in each phase: ten beyond it, and at least 20.
[[nodiscard]] std::uint64_t calls_needed(double quantile);

// Resamples both phases, each by itself, in blocks of whole seconds, and tests the logarithm of the
// ratio against the margin.
//
// Blocks: the automatic length (block_length.hpp) of the baseline, where nothing but noise moves,
// at least 10 s. The judged phase takes that length, or its own longer one up to a tenth of it:
// there the change itself looks like correlation, and must not make its own judgement impossible.
// The length is that of the excess of slow calls a second, over the quantile or over the median,
// whichever asks for more: a p99 rests on so few calls a second that their own scatter hides how
// the machine's noise hangs together.
//
// A slowdown of a part of the judged phase widens the bounds too, because redraws take more or less
// of that part: a median that is ten times slower over half of the phase is undecided, never
// harmless.
//
// What is needed: ten blocks a phase, ten of them with calls, and calls_needed of them; and a
// baseline quantile that is no failed call. Else `lacking` says what is there, what is needed and
// the remedy.
//
// The redraws' deviations are widened by what blocks are known to lose: k / (k - 1) for k blocks,
// and what the correlation beyond a block's length adds to the variance; and by the histograms'
// rounding. Bounds and chances take Student's t with the degrees of freedom of these variances
// (Welch, Biometrika 34, 1947).
//
// Failures are slower than all else: they count as the histograms' end, 1 h, which is as far as the
// bounds can tell; where more than alpha of the redraws fall on failures, the upper bound is
// infinite.
//
// The same data and seed give the same answer on every machine. A quantile, alpha or number of
// replicates that cannot be: std::invalid_argument.
[[nodiscard]] QuantileChange compare_quantile(const RankedSeconds& before, const RankedSeconds& now,
                                              const QuantileTest& test);

// The shift behind it, against the baseline by which `test.margin` is measured; none where
// something is lacking. For those that ask about other margins than the test's.
[[nodiscard]] std::optional<LogShift> quantile_shift(const RankedSeconds& before,
                                                     const RankedSeconds& now,
                                                     const QuantileTest& test);

// Nearest rank; +infinity where it falls on failures, and without any calls.
[[nodiscard]] double quantile_ms(const RankedSeconds&, double quantile);

// How long the blocks of a baseline are, by the rule above.
[[nodiscard]] std::size_t block_length_s(const RankedSeconds& before, double quantile);

// All tests of all operations, spread over this many threads; which does not change the answers.
struct OperationTests {
    const Seconds* before = nullptr;
    const Seconds* now = nullptr;
    std::vector<QuantileTest> tests;
};
[[nodiscard]] std::vector<std::vector<QuantileChange>> compare_quantiles(
    std::span<const OperationTests> operations, unsigned threads);

}  // namespace reports::statistics
