// Gates: the limits that a rehearsal is judged by.
#pragma once

#include "reports/record.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace reports {

enum class GateMetric : std::uint8_t {
    lock_wait_max,  // ms
    stall_max,      // ms
    errors,         // count
    deadlocks,      // count
    blocked_max,    // sessions
    duration,       // ms: of the migration, first step's start to the last step's end
    replica_lag,    // ms
    response,       // a quantile, mean or max of the response time
    service,
    replay_coverage,  // share: what the load holds of production's; a lower limit
};

struct Gate {
    std::string name;  // as written: "read_order.response.p99"
    GateMetric metric = GateMetric::errors;
    std::string operation;  // empty: every operation
    std::string statistic;  // response and service: mean p50 p90 p95 p99 p99_9 max
    // ms or a count; observed must be <= limit (or < when strict). Of a coverage a share, which
    // observed must reach.
    std::optional<double> limit;
    bool strict = false;          // written with `<`
    std::optional<double> ratio;  // of a response quantile: during + after against before
    double floor_ms = 0;          // differences below it do not count; see default_floor_ms()
    GateText written = {};
};

// The error says what would have been right. Operation names are checked by the caller.
[[nodiscard]] std::variant<Gate, std::string> parse_gate(const GateText&);

// Of a run whose load was a recording, where its gates name no other: at least 99 %. Less is not a
// failure, but nothing that the rest of the load shows is then to be trusted.
[[nodiscard]] Gate default_coverage_gate();

// The gates of a scenario that names none: errors 0, lock_wait.max 1 s, stall.max 1 s.
[[nodiscard]] std::vector<Gate> default_gates();

// How long the load must run before the migration, and again during and after it, for a ratio to be
// judged at all.
inline constexpr double least_ratio_phase_s = 100;

// Judges one record. A gate without what it needs to be judged (too few samples for its quantile,
// an operation that never ran, a lock limit shorter than the longest gap between two samples, no
// replica measured) is inconclusive and says what is lacking; never pass. What is over an absolute
// limit fails, whatever is lacking besides; a ratio needs its samples for either verdict.
//
// All gates but `duration` look at `during` and `after` together; a ratio compares them with
// `before`.
//
// A failed call counts as slower than any limit: a quantile that falls on failed calls fails, and
// `max` fails when there is a failed call at all. A mean is over the successes, and cannot pass
// when more than 1 % of the calls failed.
//
// An absolute quantile passes with at least 20 calls (p50, p90, p95, mean), 100 (p99), 1,000
// (p99_9).
//
// A ratio is judged by record.comparisons: it fails when the quantile surely rose by more than is
// allowed and by more than the floor, passes when it surely did not, and is inconclusive in
// between; all ratios of one way together cry wolf in at most 1 % of runs. Each side needs at least
// ten blocks of 10 s, and enough calls beyond the quantile.
//
// When the generator was late, a time that is over its limit by no more than the generator's own
// worst lag is inconclusive: it may have been the generator.
//
// A gate over every operation leaves one to its own gate where that is about the same figure. It is
// as good as its worst operation, which the detail names. An operation of one application version
// that a deploy step retired is left out, and the detail says so.
[[nodiscard]] std::vector<GateResult> judge(std::span<const Gate> gates, const Record& record);

}  // namespace reports
