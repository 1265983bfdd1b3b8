// Whether a run measured what it claims: the reasons why it cannot be called a pass.
//
// Each phase is judged by itself: a generator that was late all through a migration of three
// seconds must not hide in the minutes around it, and what happened in the warm-up counts for
// nothing.
#pragma once

#include "reports/record.hpp"

#include <span>
#include <string>
#include <vector>

namespace reports {

inline constexpr double allowed_lag_p99_ms = 5;  // of the generator's own scheduling
inline constexpr double allowed_unsent_share = 0.01;
inline constexpr double allowed_lost_share = 0.01;  // of the lock samples
// A migration of half a second has 25 samples and perhaps ten operations: so few that came late, or
// were not taken, decide nothing even where they are more than one in a hundred.
inline constexpr std::uint64_t forgiven_late = 1, forgiven_lost_samples = 2;

// Each is a sentence; empty when there is nothing to object.
[[nodiscard]] std::vector<std::string> generator_doubts(const Record&);
[[nodiscard]] std::vector<std::string> observer_doubts(
    const Record&, std::span<const PhaseName> phases = judged_phases);

// The generator's share of a response time during and after the migration is at most this: its
// worst lag of those phases in which it was late, else 0.
[[nodiscard]] double generator_allowance_ms(const Record&) noexcept;

// Too many operations that were due during or after the migration were never sent, for the
// generator's own reasons.
[[nodiscard]] bool too_many_unsent(const Record&) noexcept;

// The longest time without a lock sample during and after the migration; empty: it is not known.
[[nodiscard]] std::optional<double> longest_gap_ms(const Record&) noexcept;

// A deploy step was carried out, so that operations of one version come or go.
[[nodiscard]] bool deployed(const Record&) noexcept;

}  // namespace reports
