// Joins what was sampled with the clients' own clocks: how long each operation really waited, and
// for whom.
//
// Samples say that a session waited and for whom; the statement that it was running says how long:
// a wait lasts from max(sent, start of the wait) to done. Only what a slow statement did besides
// waiting is known to the samples alone: a statement that two samples in a row show running without
// a wait stopped waiting before the first of them.
#pragma once

#include "harness/locks/coverage.hpp"
#include "harness/locks/sightings.hpp"
#include "harness/locks/slow_statement.hpp"
#include "harness/locks/step_locks.hpp"
#include "reports/record.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace harness::locks {

// What a victim of the workload is called whose statement nobody recorded: it waited for less than
// slow_statement_threshold, or the worker's list was full.
inline constexpr const char* unrecorded_operation = "unrecorded operations";
// Victims that are neither the workload's nor the rehearsal's.
inline constexpr const char* other_victims = "other sessions";

struct JoinContext {
    std::span<const SlowStatement> statements;  // any order
    std::span<const std::string> operations;    // names, by operation index
    Clock::time_point run_start;
    Clock::time_point window_from, window_to;  // during + after: what the totals count
    std::span<const Span> phases = {};         // by time
    // Which statement of a step took which lock: names the culprit of an episode.
    std::span<const LockOrigin> origins = {};
    std::size_t waits_kept = 50'000;  // the longest; see Locks::waits
};

// One operation of the workload that waited.
struct StalledOperation {
    SlowStatement statement;
    Clock::duration waited{0};
    std::optional<std::size_t> episode;  // index in Locks::episodes: the one that cost it most;
                                         // empty: that one was dropped
};

struct Joined {
    reports::Locks locks;                   // all but the observer's own figures and deadlocks
    std::vector<StalledOperation> stalled;  // the longest first, at most stalled_kept
    std::uint64_t deadlocks_seen = 0;  // episodes in the window that were deadlocks in progress
    std::uint64_t waits_unjoined = 0;  // beyond the bound: estimated from the samples alone
};

inline constexpr std::size_t stalled_kept = 10'000;

[[nodiscard]] Joined join(const Sightings& sightings, const JoinContext& context);

// Most sessions of the workload that waited at one instant, for each of the run's first `seconds`.
[[nodiscard]] std::vector<std::uint32_t> blocked_per_second(const Sightings& sightings,
                                                            Clock::time_point run_start,
                                                            std::size_t seconds);

}  // namespace harness::locks
