// Whether a quantile changed by more than is allowed, and how sure that is.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace reports::statistics {

// What may change without harm: a share of the baseline, or so little that nobody notices.
struct Margin {
    double share = 0.10;  // δ
    double floor_ms = 1;
};

// A quantile before and now, as one comparison found it. A quantile that falls on failed calls is
// infinite.
struct QuantileChange {
    double before_ms = 0, now_ms = 0;
    double ratio = 1;
    double ratio_lower = 0, ratio_upper = 0;  // one-sided bounds, each at confidence 1 - alpha
    // The chance to see as much or more, were the ratio at most 1 + δ: small speaks for harm.
    double p_harmful = 1;
    // The chance to see as little or less, were now above both before * (1 + δ) and
    // before + floor: small speaks against harm.
    double p_harmless = 1;
    bool beyond_floor = false;  // the estimates themselves differ by more than the floor
    std::string lacking;        // sentences; not empty: nothing above may be judged by
};

enum class Change : std::uint8_t { harmless, harmful, undecided };

struct Judged {
    Change change = Change::undecided;
    double p_harmful = 1;  // adjusted for the family
};

// The p-values of one family, each raised so far that calling those at or below alpha keeps the
// chance of any false call at alpha, however they hang together (Holm, Scandinavian Journal of
// Statistics 6, 1979). In the order given. NaN: std::invalid_argument.
[[nodiscard]] std::vector<double> holm_adjusted(std::span<const double> p_values);

// Judges everything that was compared in one run, operations x quantiles, as one family.
//
// harmful: p_harmful adjusted <= alpha, and the difference is beyond the floor. With that the
// chance that a run without harm is failed anywhere is alpha, not alpha a comparison.
//
// harmless: p_harmless <= alpha, as it stands. A run passes only when every comparison is harmless,
// so that a run with one harmful change passes with a chance of at most alpha already: that one
// test has to err (the intersection-union test of Berger, Technometrics 24, 1982). Adjusting would
// make it no safer, only more often undecided.
//
// What lacks something is undecided and no part of the family.
[[nodiscard]] std::vector<Judged> judge(std::span<const QuantileChange> family, double alpha);

}  // namespace reports::statistics
