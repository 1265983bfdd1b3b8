// Whether a run measured what it claims: the reasons why it cannot be called a pass.
#pragma once

#include "reports/record.hpp"

#include <string>
#include <vector>

namespace reports {

inline constexpr double allowed_lag_p99_ms = 5;  // of the generator's own scheduling
inline constexpr double allowed_unsent_share = 0.01;
inline constexpr double allowed_lost_share = 0.01;  // of the lock samples

// Each is a sentence; empty when there is nothing to object.
[[nodiscard]] std::vector<std::string> generator_doubts(const Record&);
[[nodiscard]] std::vector<std::string> observer_doubts(const Record&);

// The generator's share of a response time is at most this: its worst lag if it was late, else 0.
[[nodiscard]] double generator_allowance_ms(const Record&) noexcept;

// Too many due operations were never sent, for the generator's own reasons.
[[nodiscard]] bool too_many_unsent(const Generator&) noexcept;

// A deploy step was carried out, so that operations of one version come or go.
[[nodiscard]] bool deployed(const Record&) noexcept;

}  // namespace reports
