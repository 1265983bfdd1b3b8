// What a quantile could just as well have been: drawn again from blocks of whole seconds.
#pragma once

#include "reports/statistics/seconds.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reports::statistics {

// The quantile in `replicates` redraws of the phase by the circular block bootstrap (Politis and
// Romano, 1992): size / block_s blocks of block_s consecutive seconds, begun anywhere and wrapping
// around at the end; seconds that fill no block are not drawn, which errs to the wide side. In ms;
// +infinity where the rank falls on a failure.
//
// The seconds must hold 1 to most_calls calls and block_s lie in [1, size]; else
// std::invalid_argument. A redraw without a single call is drawn anew.
[[nodiscard]] std::vector<double> resampled_quantile_ms(const RankedSeconds&, double q,
                                                        std::size_t block_s, std::size_t replicates,
                                                        std::uint64_t seed);

// How many of the blocks that the phase falls into, one after the other, hold any calls.
[[nodiscard]] std::size_t blocks_with_calls(const RankedSeconds&, std::size_t block_s);

}  // namespace reports::statistics
