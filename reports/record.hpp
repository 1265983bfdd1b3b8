// What a rehearsal is, once it is over: everything that reports, gates and comparisons read.
// Nothing here knows how a figure was measured.
//
// Units: `_s` seconds since the run's start (one monotonic clock), `_ms` milliseconds, `_bytes`
// bytes.
#pragma once

#include "reports/histogram.hpp"
#include "reports/placebo_result.hpp"
#include "reports/second_log.hpp"
#include "reports/verification.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace reports {

enum class PhaseName : std::uint8_t { warmup, before, during, after };
inline constexpr std::size_t phase_count = 4;
// All but the warm-up; and those that the limits are about.
inline constexpr std::array judged_phases{PhaseName::before, PhaseName::during, PhaseName::after};
inline constexpr std::array migration_phases{PhaseName::during, PhaseName::after};
[[nodiscard]] const char* name_of(PhaseName) noexcept;

struct Phase {
    PhaseName name;
    double start_s = 0, end_s = 0;
};

// One operation, sent by one application version, in one phase. An operation belongs to the phase
// in which it was due; one that was under way when the migration began belongs to `during`.
struct OperationPhase {
    std::uint64_t count = 0;  // successes
    std::map<std::string, std::uint64_t>
        errors;                   // SQLSTATE or a harness code (see Outcome) -> failures
    std::uint64_t retries = 0;    // tries beyond the first, of successes and failures
    Histogram response, service;  // of successes
    Histogram failed_response;    // of failures

    [[nodiscard]] std::uint64_t failures() const noexcept;
    [[nodiscard]] std::uint64_t due() const noexcept { return count + failures(); }
    void merge(const OperationPhase& other);
};

// Codes beside SQLSTATE under which failures are filed.
inline constexpr const char* error_connection_lost = "connection_lost";  // died in the middle
inline constexpr const char* error_no_connection = "no_connection";      // could not be (re)opened
inline constexpr const char* error_client_timeout = "client_timeout";  // the server never answered
inline constexpr const char* error_backlog_full = "backlog_full";  // due, but the backlog was full
inline constexpr const char* error_script = "script_error";        // a script's own command failed
inline constexpr const char* error_unfinished = "unfinished";      // due, and the run ended first

// How recorded calls ended, beside how they ended in the recording.
struct ReplayOutcomes {
    std::uint64_t as_recorded = 0;
    std::uint64_t failed_as_recorded = 0;  // of those: with the same SQLSTATE as then
    std::uint64_t gone = 0;                // failed then, went through now
    std::uint64_t fresh = 0;               // failed now, and not so then

    void merge(const ReplayOutcomes& other) noexcept {
        as_recorded += other.as_recorded;
        failed_as_recorded += other.failed_as_recorded;
        gone += other.gone;
        fresh += other.fresh;
    }
};

// What keeping the recorded order cost.
struct ReplayHolds {
    std::uint64_t calls = 0;         // that waited for another transaction's end
    std::uint64_t out_of_order = 0;  // of those: that went on before it
    double total_s = 0, longest_s = 0;

    void add(double seconds, bool in_order) noexcept {
        ++calls;
        out_of_order += in_order ? 0 : 1;
        total_s += seconds;
        longest_s = longest_s < seconds ? seconds : longest_s;
    }
    void merge(const ReplayHolds& other) noexcept {
        calls += other.calls;
        out_of_order += other.out_of_order;
        total_s += other.total_s;
        longest_s = longest_s < other.longest_s ? other.longest_s : longest_s;
    }
};

// The order of the recording's transactions, as it was kept.
struct ReplayOrder {
    std::uint64_t transactions = 0;   // that changed or locked something
    std::uint64_t waiting_calls = 0;  // that may not go before another transaction is over
    std::uint64_t guessed = 0;  // whose place the log does not tell: see conflicts::CommitOrder
    struct Unseen {
        std::string why;  // "function transfer"
        std::uint64_t calls = 0;
    };
    std::vector<Unseen> unseen;  // what may touch more than its text tells
    ReplayHolds holds;
};

// Keys that the database drew, in the recording and again.
struct ReplayKeys {
    std::uint64_t drawn = 0;           // rows of INSERTs whose results told their keys
    std::uint64_t learned = 0;         // of those: whose recorded key is known
    std::uint64_t guessed = 0;         // of those: by their place in the sequence alone
    std::uint64_t mapped_calls = 0;    // that use such keys, and no other new ones
    std::uint64_t unmapped_calls = 0;  // that use a new key of which nobody knows where it is from
    // Of those: that draw keys which the recording cannot have in common with the replay.
    std::uint64_t astray_calls = 0;
    std::vector<std::string> unknown;  // columns of which nobody knows what is new: "orders.id"
    std::uint64_t given = 0;           // keys that the application makes, others each time
    std::uint64_t laps = 0;            // so many times the recording was begun
    std::uint64_t drawn_again = 0;     // in the replay, of the learned ones
    std::uint64_t moved = 0;           // of those: that are not the recorded ones
    std::uint64_t replaced_calls = 0;  // that were sent with the keys drawn again
    std::uint64_t missing_calls = 0;   // that were sent with a recorded key: nothing had drawn it
};

// Production's own work, sent again.
struct Replay {
    std::vector<std::string> logs;
    std::string recording = {};  // a digest of what is played; empty: not known
    double speed = 1;            // recorded seconds a second; 0: as fast as possible
    double length_s = 0;         // of the recording at that speed; 0: as fast as possible
    bool loops = false;          // it starts over when it is over
    std::uint64_t sessions = 0;
    // Statements of those sessions: what can be sent again as it was, not quite, and not at all.
    std::uint64_t exactly = 0, approximately = 0, not_at_all = 0;
    std::uint64_t other_databases = 0;  // statements of sessions that the scenario leaves out
    struct Reason {
        std::string key, why, first;  // first: file:line of the first such statement
        std::string replayed;         // exactly | approximately | not
        std::uint64_t count = 0;
    };
    std::vector<Reason> reasons;
    std::optional<ReplayOrder> order;     // empty: none was kept
    std::optional<ReplayKeys> keys = {};  // empty: none was drawn, or all are sent as recorded
    std::array<ReplayOutcomes, phase_count> outcomes{};

    [[nodiscard]] std::uint64_t statements() const noexcept {
        return exactly + approximately + not_at_all;
    }
    // Of the statements; NaN where there are none.
    [[nodiscard]] double coverage() const noexcept {
        return static_cast<double>(exactly + approximately) / static_cast<double>(statements());
    }
};

// Production's work as its statement statistics tell of it, sent as operations.
struct Synthesis {
    std::string database, server;  // of the source: "shop", "PostgreSQL 15.4"
    double seconds = 0;            // that were counted there
    bool since_reset = false;      // all since the last reset, not between two readings
    double scale = 1;              // of the rate there
    double calls_per_s = 0;        // there, of all statements that work on data
    // What became operations: shares, from 0 to 1, of those calls and of the time that the server
    // spent on them.
    double covered_calls = 1, covered_time = 1;
    struct Operation {
        std::string name;
        double calls = 0;  // its share of those calls
    };
    std::vector<Operation> operations;
    bool keeps_values = false;  // the workload holds values of the source's rows
    // So often the server threw out rare statements meanwhile: they are in no share.
    std::uint64_t evictions = 0;
    struct Omission {
        std::string why;  // never with a value
        double calls = 0, time = 0;
        std::uint64_t statements = 0;
    };
    std::vector<Omission> omissions;  // biggest first
};

struct Stall {
    double start_s = 0, end_s = 0;
    [[nodiscard]] double length_s() const noexcept { return end_s - start_s; }
};

// Which application versions the scenario lets send an operation.
enum class SentBy : std::uint8_t { both, old_version, new_version };
[[nodiscard]] const char* name_of(SentBy) noexcept;  // both | old | new

struct OperationRecord {
    std::string name;
    // [app version: 0 old, 1 new][phase]
    std::array<std::array<OperationPhase, phase_count>, 2> by_app;
    // The longest span, clipped to the phase, in which at least one was due and none got through;
    // over both application versions.
    std::array<Stall, phase_count> longest_stall;
    Stall longest_stall_of_migration;  // the same over during and after as one span
    // An operation of one version only may rightly be absent on one side of a deploy; one that is
    // sent by both may not.
    SentBy sent_by = SentBy::both;
    // On a way back, of an operation that comes back with a deploy: what it did before the
    // migration.
    std::optional<OperationPhase> baseline = {};

    [[nodiscard]] OperationPhase phase(PhaseName) const;  // both versions together
    [[nodiscard]] OperationPhase during_and_after() const;
    [[nodiscard]] std::uint64_t due(PhaseName) const noexcept;  // successes and failures
};

// One second of the whole load, for the time line.
struct Second {
    std::uint32_t done = 0, failed = 0, due = 0;
    std::int64_t p50_us = 0, p99_us = 0, max_us = 0;  // response of those that ended in this second
    std::uint32_t blocked = 0;  // most sessions waiting for a lock at one instant
};

struct StepLock {
    std::string relation, mode;
    double waited_s = 0, held_s = 0;
    std::optional<double> start_s = {};  // first asked for; empty: not known
};

struct StepAttempt {
    double start_s = 0, end_s = 0;
    std::string outcome;  // "ok" or the SQLSTATE
    std::string error;
    // Number of the step's statement that was tried (the first of those that are tried together),
    // from 1; 0: the step has no statements of its own.
    std::size_t statement = 0;
};

// How far a backfill had come at one moment, and what had held it back since the point before.
struct BackfillPoint {
    double at_s = 0;
    std::int64_t rows = 0;          // changed since the step's start
    double throttled_s = 0;         // since the point before, or the step's start
    std::string throttled_by = {};  // what most of it was for: pause | p99 | ...; empty: nothing
};

struct Step {
    std::string name, kind;  // sql | file | backfill | command | deploy | pause | wait_for
    std::string statement;   // the SQL (first 2,000 characters), command or table; for the reader
    std::string file;        // where it is written: the scenario or the file that it names
    std::size_t line = 0;    // in `file`, from 1; 0: not known
    double start_s = 0, end_s = 0;
    std::string outcome;  // ok | failed | skipped | interrupted
    std::vector<StepAttempt> attempts;
    std::uint64_t deadlocks = 0;  // attempts that were the victim of one
    std::int64_t rows = 0;
    std::vector<std::string> rewrote;
    std::optional<std::int64_t> wal_bytes;  // estimated: the server's, less the load's own share
    std::optional<std::int64_t> wal_total_bytes;  // what the whole server wrote meanwhile
    std::string error;
    std::vector<StepLock> locks;
    std::optional<double> throttled_s;  // backfill: time spent waiting for the throttle
    std::string throttle_reasons;
    std::vector<BackfillPoint> progress = {};  // of a backfill, by time, about 1,000 at most

    // The most that one of its statements took.
    [[nodiscard]] std::size_t tries() const;
};

struct Adversary {
    std::string name;
    double start_s = 0, end_s = 0;
    // `failed` means that it could not do what it is there for, and the verdict cannot be pass. One
    // that did and was then turned away (a second migration that ran into its own lock_timeout) is
    // `ok`, with the server's answer in `error`.
    std::string outcome;  // ok | failed | never ran
    std::string error;
};

struct Blocker {
    std::int64_t pid = 0;
    std::string kind;       // step | adversary | operation | harness | other | prepared_transaction
    std::string step;       // of the migration, or the adversary's name
    std::string operation;  // of the workload
    std::string query;      // shortened
    std::string state;      // active | idle in transaction | ...
};

struct Victims {
    std::string operation;  // or "other sessions", or the waiting step
    std::uint64_t count = 0;
    double longest_wait_ms = 0;
};

// A root blocker and all who wait behind it, from the first to the last wait.
struct LockEpisode {
    double start_s = 0, end_s = 0;
    Blocker blocker;                // who held
    std::optional<Blocker> queued;  // who waited itself and thereby made the others queue
    std::string queued_mode;        // the mode it asked for
    // What was held: relation (or "transaction"), mode as the server spells it, and whether it is
    // the lock of a whole `relation`, of a `row`, or another kind as the server names it (advisory,
    // ...).
    std::string relation, mode, kind;
    std::uint32_t max_blocked = 0;
    double victim_seconds = 0, longest_wait_ms = 0;
    std::vector<Victims> victims;
};

// One session that waited for a lock behind one other, without a break. All waits that contain an
// instant make the blocking tree of that instant: its roots are blockers of episodes, and sessions
// that wait for each other (a deadlock, not yet broken) make a ring instead.
struct LockWait {
    std::size_t episode = 0;  // index in Locks::episodes
    // Who waits, and directly for whom (0: a prepared transaction). Where several are in the way it
    // is the one with the fewest others between it and the root, of these the one whose transaction
    // is the oldest.
    std::int64_t pid = 0, behind = 0;
    // Of who waits: see Blocker::kind, and its step or operation where it is known.
    std::string kind = {}, name = {};
    std::string relation = {}, mode = {};  // asked for; see LockEpisode::relation
    double start_s = 0, end_s = 0;
};

// How well the lock observer looked in one phase; the load's end belongs to the last one.
struct LockCoverage {
    std::uint64_t samples = 0, lost_samples = 0, connection_losses = 0;
    // Longest time without a sample, of all such times that reach into the phase.
    double longest_gap_ms = 0;
};

struct Locks {
    double sample_interval_ms = 0;
    std::uint64_t samples = 0, lost_samples = 0;  // of the whole run
    double longest_gap_ms = 0;                    // between two samples of the whole run
    std::array<LockCoverage, phase_count> coverage;
    double max_wait_ms = 0;         // longest single wait of a workload operation, during + after
    std::uint32_t max_blocked = 0;  // most workload sessions waiting at one instant, during + after
    double victim_seconds = 0;      // of workload operations, during + after
    std::uint64_t deadlocks = 0;
    std::vector<LockEpisode> episodes;   // by start
    std::uint64_t episodes_dropped = 0;  // beyond the bound; counted, never silent
    std::vector<LockWait> waits;         // by start
    // Beyond the bound, the shortest; and those of dropped episodes.
    std::uint64_t waits_dropped = 0;
};

struct Recovery {
    std::uint64_t backlog_max = 0;
    // From the end of the last step until throughput and p99 were back at the baseline; empty: not
    // yet when the run ended.
    std::optional<double> recovered_after_s;
    double baseline_rate = 0;        // per second, of `before`
    double lowest_rate = 0;          // of the worst second in during + after
    std::uint32_t zero_seconds = 0;  // seconds in during + after in which nothing got through
};

struct Replication {
    bool measured = false;
    double max_lag_s = 0;
    std::int64_t max_lag_bytes = 0;
};

// What the server counted, since the run's first sample.
struct ServerSample {
    double at_s = 0;
    std::optional<std::int64_t> log_bytes = {};  // of its write-ahead log
    std::optional<std::uint64_t> checkpoints = {}, cache_hits = {}, cache_misses = {};
    // Rows of the tables in Server::tables. The server hears of them up to a second late.
    std::optional<std::uint64_t> updates = {}, hot_updates = {};
    std::optional<double> replica_lag_s = {};  // of the slowest one, now
};

// A table that the scenario names, before the load came on and after it was off.
struct TableSize {
    std::string name;
    std::optional<std::int64_t> bytes_before, bytes_after;  // without indexes
    std::optional<std::int64_t> index_bytes_before, index_bytes_after;
    std::optional<std::uint64_t> updates, hot_updates;  // rows, meanwhile
};

struct Server {
    std::vector<ServerSample> samples;  // one a second
    std::vector<TableSize> tables;
};

// How the generator kept its schedule in one phase; an operation belongs to the phase in which it
// was due.
struct Schedule {
    Histogram lag;  // how late the generator itself was with what was due
    std::uint64_t due = 0;
    std::uint64_t unsent = 0;  // due, never sent, for the generator's own reasons

    void merge(const Schedule& other);
};

struct Generator {
    std::array<Schedule, phase_count> schedule;
    double cpu_s = 0;
    std::uint64_t operations = 0;
    std::uint64_t reconnects = 0;

    [[nodiscard]] Schedule whole_run() const;
    [[nodiscard]] const Schedule& in(PhaseName phase) const noexcept {
        return schedule[static_cast<std::size_t>(phase)];
    }
};

struct Observer {
    double cpu_s = 0;
    std::uint64_t queries = 0;
    double mean_query_ms = 0;
    std::uint64_t connection_losses = 0;
};

enum class Verdict : std::uint8_t { pass, fail, inconclusive };
[[nodiscard]] const char* name_of(Verdict) noexcept;

// How a figure of one operation's response time changed: during and after against before.
struct Comparison {
    std::string operation, statistic;  // p50 | p99 | ...
    std::optional<double> before_ms, now_ms;
    std::optional<double> ratio;
    // One-sided 99 % bounds of the ratio; empty: `lacking` says why, or else failed calls are
    // slower than any bound.
    std::optional<double> ratio_lower, ratio_upper;
    std::string lacking;  // sentences
    // What a gate allows; empty: none asks.
    std::optional<double> allowed_ratio = {};
    double floor_ms = 0;
    Verdict verdict = Verdict::inconclusive;  // of those a gate asks for, all as one family
};

// One entry under `gates:`, as it was written; a value is a limit ("300ms", "< 20", "0") or the
// parts of a mapping ({ratio: 1.25, floor: 5ms}, {limit: 50ms}).
struct GateText {
    std::string key;
    std::optional<std::string> limit, ratio, floor;
};

struct GateResult {
    std::string name, limit, observed;
    Verdict verdict = Verdict::inconclusive;
    std::string detail;
    // The same as numbers (milliseconds or a count) where there is one; for a ratio gate the limit
    // is what the baseline allows. A quantile that falls on failed calls has no number.
    std::optional<double> limit_value = {}, observed_value = {};
    GateText written = {};
    std::string baseline = {};  // the run that it was judged against; empty: its own `before`
};

struct Target {
    std::string engine, version, database;
    bool throwaway = false;
    std::map<std::string, std::string> settings;
    std::map<std::string, std::string>
        environment;  // sizes, dependants, whatever the engine collects
};

struct Run {
    std::string id, started_at, finished_at;  // ISO 8601, UTC
    double started_at_epoch_s = 0;
    std::uint64_t seed = 0;
    std::string scenario, scenario_file, description, version;
    std::vector<std::string> overridden;  // parts of the file that --set replaced: "workload.rate"
    double duration_s = 0;
    double clock_offset_start_ms = 0, clock_offset_end_ms = 0;  // server's clock minus ours
};

struct Record {
    // The way back, rehearsed after all else as a run of its own, on the same clock; empty: it was
    // not, and `rollback_omitted` says why where it was asked for.
    std::shared_ptr<Record> rollback = {};
    std::string rollback_omitted = {};
    bool is_rollback = false;  // this is one
    Run run;
    Target target;
    bool interrupted = false;
    bool open_loop = true;
    double asked_rate = 0;  // per second; 0: closed loop
    std::uint32_t connections = 0;
    SentBy first_version = SentBy::old_version;  // which runs before a deploy; old or new
    std::vector<Phase> phases;
    std::vector<Step> steps;
    std::vector<Adversary> adversaries;
    std::vector<OperationRecord> operations;
    // What the codes of failed calls mean, for the reader: "0A000" -> "cached plan must not change
    // result type". Never a row value.
    std::map<std::string, std::string> error_meanings;
    std::vector<Second> seconds;  // second i is [i, i+1) of the run
    SecondLog latencies;          // by Series: response times of what ended in each second
    // Of a way back: those before the migration, of operations that have a baseline there.
    SecondLog baseline_latencies;
    std::optional<Phase> baseline_phase;
    Locks locks;
    Recovery recovery;
    Replication replication;
    Server server;
    Generator generator;
    Observer observer;
    std::optional<Verification> verification;  // empty: the scenario asks for none
    std::vector<std::string> warnings;         // for the reader; they decide nothing
    std::vector<std::string> harness_faults;   // what was lost: the verdict cannot be pass
    std::string migration_error;               // empty: every step succeeded
    std::string harness_error;                 // the harness could not do its work: exit 6

    std::optional<Replay> replay;          // empty: the load was a mix of operations
    std::optional<Synthesis> synthesis;    // where that mix was made from statistics
    std::optional<PlaceboResult> placebo;  // what gates were found to be worth; empty: not known
    std::vector<Comparison> comparisons;   // of every operation, p50 and p99 at least
    std::vector<GateResult> gates;
    Verdict verdict = Verdict::inconclusive;
    int exit_code = 6;
    std::vector<std::string> reasons;

    [[nodiscard]] const Phase* phase(PhaseName) const noexcept;
    [[nodiscard]] double phase_seconds(PhaseName) const noexcept;
    [[nodiscard]] const LockCoverage& coverage(PhaseName phase) const noexcept {
        return locks.coverage[static_cast<std::size_t>(phase)];
    }
};

// Which operations of a way back come back with its deploy: what they did before the migration
// becomes their baseline.
void give_baselines(const Record& there, Record& back);

}  // namespace reports
