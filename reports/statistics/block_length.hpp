// How long the blocks of a block bootstrap must be, so that what hangs together stays together.
#pragma once

#include <cstddef>
#include <span>

namespace reports::statistics {

// What a series of N values tells of its own correlation.
struct Correlation {
    // The block length that is best for the mean of the series under the circular block bootstrap:
    // Politis and White, Econometric Reviews 23 (2004), as corrected by Patton, Politis and White
    // in 28 (2009). Between 1 and min(3 sqrt(N), N / 3), rounded up.
    double block_length = 1;
    // N times the variance of the mean, by their flat-top lag window opened for weaker correlations
    // too, and how many degrees of freedom such an estimate has: 3/4 N over the window's width.
    // Never negative.
    double long_run_variance = 0;
    double freedom = 1;
};

[[nodiscard]] Correlation correlation_of(std::span<const double> series);

// N times the variance of the mean as blocks of this length see it: the same sum under the Bartlett
// window, which is what a block bootstrap comes down to (Künsch, Annals of Statistics 17, 1989).
// This variance and the one above are made up for the mean being taken from the same values.
[[nodiscard]] double variance_in_blocks(std::span<const double> series, std::size_t length);

}  // namespace reports::statistics
