// Bounds of a share of which only a few trials are known: how often gates cry wolf.
#pragma once

#include <cstdint>

namespace reports::statistics {

// One-sided bounds of Clopper and Pearson (Biometrika 26, 1934): the true share lies at or below
// the upper one (at or above the lower one) with at least this confidence, whatever it is.
//
// `hits` of `trials`, hits <= trials; confidence between 0 and 1, both excluded; else
// std::invalid_argument. No trials: nothing is known (0 and 1).
[[nodiscard]] double share_upper_bound(std::uint64_t hits, std::uint64_t trials,
                                       double confidence = 0.95);
[[nodiscard]] double share_lower_bound(std::uint64_t hits, std::uint64_t trials,
                                       double confidence = 0.95);

}  // namespace reports::statistics
