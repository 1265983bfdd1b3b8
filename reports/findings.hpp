// What a rehearsal found, in the order in which a reader wants it: the worst figure, its cause,
// what it did to the application. Computed once from the record; every report shows the same.
#pragma once

#include "reports/record.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reports {

// Texts are as the record has them: each report makes them harmless in its own way.
struct Finding {
    std::string label;  // "Longest wait"
    std::string text;
};

// Who is to blame for the worst lock episode during and after the migration.
struct Culprit {
    LockEpisode episode;
    std::string who;        // step "add the column" | adversary "report" | session 4711 | ...
    std::string statement;  // what it ran; may be empty
    std::string relation, mode;
    std::string behind;  // if it only waited itself and made the others queue: who held the lock
    std::string victim;  // the operation that waited longest
};
[[nodiscard]] std::optional<Culprit> culprit_of(const Record& record);

// The `most` worst episodes by victim-seconds, of the whole run.
[[nodiscard]] std::vector<const LockEpisode*> worst_episodes(const Record& record,
                                                             std::size_t most);

// The operations that suffered most first: by the response time's p99 during and after (failed
// calls are slower than any), then by failures.
[[nodiscard]] std::vector<const OperationRecord*> worst_operations(const Record& record);

// The `most` steps that a short table shows, in order: one that was not carried out is never left
// out before one that was.
[[nodiscard]] std::vector<const Step*> shown_steps(const Record& record, std::size_t most);

// A session in words: step "x", operation y, session 4711 (idle in transaction).
[[nodiscard]] std::string name_of(const Blocker& blocker);

struct KeyFigures {
    // Response time over all operations; empty: no call was due. Failed calls count as slower than
    // any: infinite where the quantile falls on them.
    std::optional<double> p99_before_ms, p99_during_ms, p99_after_ms;
    double rate_before = 0, rate_lowest = 0;  // successes per second
    std::uint32_t zero_seconds = 0;
    std::string stalled_operation;  // of the longest stall during and after; empty: none stalled
    Stall stall;
    std::uint64_t failures = 0;  // during and after
    std::map<std::string, std::uint64_t> errors;
    std::optional<double> migration_s;  // first step's start to the last one's end
    std::optional<std::int64_t> wal_bytes;
    std::vector<std::string> rewrote;
};
[[nodiscard]] KeyFigures key_figures(const Record& record);

// Infinite: "failed calls"; empty: "no call".
[[nodiscard]] std::string response_text(const std::optional<double>& ms);

// "none", or "12: 55P03 (lock timeout) x 10, 40001 x 2"; meanings: Record::error_meanings.
[[nodiscard]] std::string errors_text(const std::map<std::string, std::uint64_t>& errors,
                                      const std::map<std::string, std::string>& meanings = {});

// "orders", or "a row of orders".
[[nodiscard]] std::string contended_text(const LockEpisode& episode);

// How many stood behind the culprit at once.
[[nodiscard]] std::uint32_t sessions_behind(const LockEpisode& episode);

// "4.0 s after the last step" or "not before the run ended".
[[nodiscard]] std::string recovery_text(const Record& record);

[[nodiscard]] std::vector<Finding> findings(const Record& record);

// Whether the generator and the observer can be believed, as two sentences.
[[nodiscard]] std::string generator_text(const Record& record);
[[nodiscard]] std::string observer_text(const Record& record);

// "rehearse run shop.yaml --seed 42", quoted for a shell; empty when the record names no file.
[[nodiscard]] std::string command_to_repeat(const Record& record);

}  // namespace reports
