// How each operation's response times changed from `before` to `during` and `after`, and how sure
// that is: the figures behind the relative gates.
#pragma once

#include "reports/gates.hpp"
#include "reports/record.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reports {

// The chance of a false alarm of all relative gates of a run together (of its way back, or against
// a baseline, once more), and of a false pass of one.
inline constexpr double allowed_error = 0.01;

// What a ratio may be of: p50, p90, p95, p99 and p99_9 as 0.5 to 0.999; empty: of no other. A mean
// or a maximum says too little about its own noise.
[[nodiscard]] std::optional<double> quantile_of(std::string_view statistic) noexcept;

// Differences below it are nobody's concern, unless the gate says otherwise: 1 ms of a median and
// of p90, 5 ms beyond.
[[nodiscard]] double default_floor_ms(std::string_view statistic) noexcept;

// Whether this gate is about this operation, as one of several: a gate over every operation leaves
// those to their own gates that have one for the same figure.
[[nodiscard]] bool concerns(const Gate& gate, std::span<const Gate> all,
                            const OperationRecord& operation);

// The p50 and p99 of every operation, and whatever the ratio gates ask for; the latter judged as
// one family. By operation. The same record gives the same answer: what is drawn at random is drawn
// with the run's seed.
[[nodiscard]] std::vector<Comparison> compare_operations(const Record& record,
                                                         std::span<const Gate> gates);

// That of this operation which this gate asked for; null: there is none.
[[nodiscard]] const Comparison* comparison_for(const Gate& gate, const OperationRecord& operation,
                                               const Record& record);

// "1.37x"; "any figure" where failed calls are slower than any.
[[nodiscard]] std::string ratio_text(const std::optional<double>& ratio);
// "1.37x (1.21x to 1.55x)"
[[nodiscard]] std::string interval_text(const Comparison& comparison);

}  // namespace reports
