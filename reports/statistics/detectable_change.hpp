// What a relative gate is worth on this machine: the smallest slowdown that it catches most of the
// time, from runs in which nothing was changed.
#pragma once

#include "reports/statistics/quantile_change.hpp"
#include "reports/statistics/seconds.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace reports::statistics {

// One operation in one placebo rehearsal.
struct PlaceboRun {
    const Seconds* before = nullptr;
    const Seconds* now = nullptr;
};

struct Injection {
    // How much of the judged phase is slowed down: all of it, or one stretch of so large a share,
    // begun anywhere and wrapping around. Within (0, 1].
    double share = 1;
    double caught = 0.80;       // in so many of the redraws
    std::size_t redraws = 200;  // of whole runs
    double largest = 100;       // factors beyond it are not looked for
    std::uint64_t seed = 1;
};

// The smallest factor on the response times with which the gate would have failed in `caught` of
// the redraws; none when not even the largest is caught so often, which includes runs that lack
// what a comparison needs. `test.alpha` is that of a single comparison: divide it by the family's
// size for what a run with that many is sure to catch.
//
// A redraw takes one of the runs and draws both of its phases anew in blocks of seconds, slows the
// judged one down, and compares. With a share of 1 the factor moves the whole distribution, so one
// comparison a redraw tells from which factor on it fails; else each factor tried takes a
// comparison a redraw, and the factor is found by bisection to 1 %.
//
// No runs, or an injection that cannot be: std::invalid_argument.
[[nodiscard]] std::optional<double> smallest_caught_slowdown(std::span<const PlaceboRun> runs,
                                                             const QuantileTest& test,
                                                             const Injection& injection);

// The phase drawn anew from blocks of its seconds, as long as it was.
[[nodiscard]] Seconds redrawn(const Seconds& phase, std::size_t block_s, std::uint64_t seed);

// The phase with the latencies of `length` seconds from `begin` on, wrapping around, multiplied.
// What passes the histograms' end counts as a failure.
[[nodiscard]] Seconds slowed(const Seconds& phase, double factor, std::size_t begin,
                             std::size_t length);

}  // namespace reports::statistics
