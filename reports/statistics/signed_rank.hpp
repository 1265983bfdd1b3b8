// The signed-rank test (Wilcoxon, Biometrics Bulletin 1, 1945) with its exact null distribution,
// and the estimate that goes with it (Hodges and Lehmann, Annals of Mathematical Statistics 34,
// 1963).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace reports::statistics {

// The exact distribution takes time and memory with the cube and the square of the differences:
// this many are well below a second.
inline constexpr std::size_t most_differences = 500;

struct SignedRank {
    std::size_t used = 0;  // differences that are not zero
    double rank_sum = 0;   // W+: of the positive ones
    double p_greater = 1;  // P(W+ at least as large), were the differences symmetric around 0
    double p_less = 1;     // P(W+ at most as large)
};

// Ties share their mean rank, and the distribution is that of these very ranks under every choice
// of signs, so it stays exact. Zeros are ranked with the others and then left out (Pratt, JASA 54,
// 1959): they speak for neither side, but do not make the others look larger.
//
// Infinite differences are larger than any other. NaN or more than most_differences of them:
// std::invalid_argument.
[[nodiscard]] SignedRank signed_rank(std::span<const double> differences);

// The largest rank sum c with P(W+ <= c) <= alpha for n untied differences; none when even 0 is
// more probable: at alpha = 0.01 that takes n >= 7.
[[nodiscard]] std::optional<std::uint64_t> signed_rank_critical(std::size_t n, double alpha);

// How many differences it takes until the most extreme outcome is as rare as alpha.
[[nodiscard]] std::size_t differences_needed(double alpha);

struct Shift {
    double estimate = 0;  // the median of all Walsh averages (d_i + d_j) / 2, i <= j
    // One-sided bounds, each at confidence 1 - alpha (never less); infinite when n is too small.
    double lower = 0, upper = 0;
};

// The centre of symmetry of the differences. At least one, none NaN or -infinity (an average with
// +infinity would have no value), at most most_differences; else std::invalid_argument.
[[nodiscard]] Shift hodges_lehmann(std::span<const double> differences, double alpha);

}  // namespace reports::statistics
