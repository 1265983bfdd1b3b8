// What a migration needs from an engine and from the rest of the rehearsal.
#pragma once

#include "harness/database/command_target.hpp"
#include "harness/database/control.hpp"
#include "harness/migration/interruption.hpp"
#include "reports/record.hpp"
#include "scenarios/scenario.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace harness::migration {

using Clock = std::chrono::steady_clock;

// The harness never waits for a lock without a limit, since whoever waits for ACCESS EXCLUSIVE
// stops everybody behind it: where the scenario names no lock_timeout, this one holds.
inline constexpr std::chrono::milliseconds default_lock_timeout{10'000};

[[nodiscard]] constexpr std::chrono::milliseconds lock_timeout_or_default(
    std::chrono::milliseconds asked) noexcept {
    return asked.count() > 0 ? asked : default_lock_timeout;
}

inline constexpr const char* step_application = "rehearse/step";
inline constexpr const char* adversary_application = "rehearse/adversary";

// What an engine gives. `invalid_indexes` may be empty where the engine knows no such thing.
struct Engine {
    // Opens a session that bears this application name. Throws database::Outage.
    std::function<std::unique_ptr<database::Control>(const std::string& application)> connect;

    // The table's batches, run over this session, which outlives them. Throws database::Outage
    // where the table cannot be backfilled: not there, no key, no privilege; the message says what
    // to do.
    std::function<std::unique_ptr<database::BackfillTable>(database::Control&,
                                                           const scenarios::BackfillStep&)>
        backfill;

    // Indexes that exist but were never finished (PostgreSQL: a failed CREATE INDEX CONCURRENTLY),
    // as they are written in SQL. Throws database::Outage.
    std::function<std::vector<std::string>(database::Control&)> invalid_indexes;

    // For command steps; empty: they fail.
    std::optional<database::CommandTarget> target;
};

struct Event {
    Clock::time_point at;
    std::string kind;  // step_start | step_end | attempt_failed | retry | backfill | throttle |
                       // reconnected | note
    std::string step;
    std::string detail;
};

struct CommandStart {
    std::int64_t process = 0;          // the child's pid; it leads its own process group
    Clock::time_point at;              // just before the child was made
    std::int64_t server_clock_us = 0;  // the server's clock then: its sessions began after it
};

struct BackfillProgress {
    std::string step;
    std::int64_t rows_visited = 0, rows_changed = 0, rows_estimated = 0;  // estimated <= 0: unknown
    double rows_per_second = 0;
    std::optional<std::chrono::seconds> eta;
    std::string throttled_by;  // empty: not now
};

// Called on the migration's thread, in the order of events. Any of them may be left empty; but a
// `deploy` step without the hook fails.
struct Hooks {
    // `session`: the migration's own, as the lock source names it.
    std::function<void(std::size_t index, const scenarios::Step&, std::int64_t session)>
        on_step_start;
    // Just when the step ended: outcome, times and attempts are there; rewrote and wal_total_bytes
    // are only in what run() returns, because reading them takes time.
    std::function<void(std::size_t index, const reports::Step&)> on_step_end;
    // The migration's session is another one from now on.
    std::function<void(std::int64_t session)> on_session;
    // A statement of a `sql` or `file` step goes to the server now. `begins_transaction`: the
    // session holds no lock of what it ran before.
    std::function<void(std::int64_t session, std::string_view sql, bool begins_transaction)>
        statement_sent;
    // A transaction is about to commit and still holds its locks: the moment to read them.
    std::function<void(std::int64_t session)> before_commit;
    // Makes the share of `app` grow to all within `over`; returns when it is done, or early with
    // false when the interruption asks to cancel.
    std::function<bool(workloads::App app, std::chrono::milliseconds over, const Interruption&)>
        deploy;
    // Of the last second, all operations; empty: nothing ended in it.
    std::function<std::optional<std::chrono::microseconds>()> live_p99;
    // Of the replica furthest behind; empty: none is measured.
    std::function<std::optional<std::chrono::microseconds>()> replica_lag;
    std::function<void(const BackfillProgress&)> on_progress;
    std::function<void(const CommandStart&)> on_command_start;
    std::function<void(const Event&)> on_event;
    // One line of migration.log, with its time and step, without its end. Valid UTF-8, no password.
    std::function<void(std::string_view)> log;
};

struct Settings {
    Clock::time_point run_start;  // second 0 of the record
    std::uint64_t seed = 0;
    std::filesystem::path working_directory;   // of commands; empty: the harness's own
    std::filesystem::path scenario_file = {};  // where the steps are written
};

}  // namespace harness::migration
