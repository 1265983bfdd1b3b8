// The scenario: what the file says, once it is known to be right.
#pragma once

#include "reports/gates.hpp"
#include "workloads/arrival.hpp"
#include "workloads/operation.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace scenarios {

using std::chrono::milliseconds;

struct Place {
    int line = 0, column = 0;  // from 1
};

struct Error {
    std::filesystem::path file;  // the scenario, or a file that it names
    Place place;                 // line 0: the file as a whole
    std::string message;         // says what is wrong and what would be right

    [[nodiscard]] std::string text() const;  // file:line:column: message
};

struct Target {
    std::optional<std::string> dsn_env;
    std::vector<std::string> replicas_env;
    std::optional<int> server;                    // throwaway: the PostgreSQL major version
    std::map<std::string, std::string> settings;  // throwaway: extra server settings
};

enum class Protocol : std::uint8_t { prepared, extended, simple };

// Production's own load, from its logs.
struct Replay {
    std::vector<std::filesystem::path> logs;
    std::string prefix;           // log_line_prefix of stderr logs; empty: found out
    std::string database;         // of the recorded sessions; empty: they had one only
    double speed = 1;             // recorded seconds a second; 0: as fast as possible
    std::optional<int> sessions;  // connections at one time; empty: as recorded
    bool in_order = false;        // transactions that touched the same rows commit as recorded
    bool loops = false;           // it starts over when it is over before the load is
    bool recorded_keys = false;   // keys that the database draws are not followed
    // The moment of the recording, counted from its start, at which the migration begins; empty:
    // after the phases before it.
    std::optional<milliseconds> at;
    Place place;
};

// The load made from what a running database has counted of its statements, which is only read.
struct Synthesize {
    std::string dsn_env;          // the variable that holds its URI
    double scale = 1;             // of the rate there
    int top = 200;                // so many statements at most
    milliseconds window{60'000};  // between two readings; 0: all since the last reset
    bool keep_values = false;     // the source's most common values are drawn, too
    Place place, dsn_env_place;
};

struct Workload {
    int connections = 16;
    int threads = 1;             // worker threads of the generator
    std::optional<double> rate;  // per second; empty: closed loop
    workloads::ArrivalKind arrival = workloads::ArrivalKind::poisson;
    milliseconds think_time{0};
    milliseconds statement_timeout{30'000};
    Protocol protocol = Protocol::prepared;
    std::string session_old, session_new;                // SQL sent on each new connection
    workloads::App first = workloads::App::old_version;  // which version runs when the load begins
    std::vector<workloads::Operation> operations;
    std::vector<Place> operation_places;  // of each of `operations`
    // Then `operations` is empty until the logs were read.
    std::optional<Replay> replay;
    // Then `operations` is empty; see read_synthesized_scenario().
    std::optional<Synthesize> synthesize;
    bool synthesized = false;  // the operations are what it came to
};

struct Phases {
    milliseconds warmup{5'000}, before{30'000}, after{30'000};
};

struct Retries {
    int times = 0;
    milliseconds backoff{200};  // doubled at each try, with jitter, at most 30 s
};

struct SqlStep {
    std::string sql;  // as written, or the file's contents
    std::optional<std::filesystem::path> file;
    std::vector<std::string> statements;  // split by the server's grammar
    // Where each of them begins, in `file` or in the scenario; none where --set wrote them.
    std::vector<Place> statement_places;
    bool transaction = true;
    milliseconds lock_timeout{0};       // 0: the harness's default, never unlimited
    milliseconds statement_timeout{0};  // 0: none
    Retries retries;
};
struct Throttle {
    std::optional<milliseconds> p99;
    std::optional<milliseconds> replica_lag;
    milliseconds pause{0};
};
struct BackfillStep {
    std::string table, set, where;  // where may be empty
    int batch = 1000;
    Throttle throttle;
    milliseconds lock_timeout{0};
    Retries retries{10, milliseconds{200}};
};
struct CommandStep {
    std::vector<std::string> command;
    std::vector<std::pair<std::string, std::string>> environment;  // values may hold {{target.uri}}
    milliseconds timeout{600'000};
};
struct DeployStep {
    workloads::App to = workloads::App::new_version;
    milliseconds over{0};  // 0: at once
};
struct PauseStep {
    milliseconds length{0};
};
struct WaitForStep {
    std::string sql;  // must become true
    milliseconds timeout{60'000}, every{500};
};

struct Step {
    std::string name;  // as given, or made from the kind and number
    std::variant<SqlStep, BackfillStep, CommandStep, DeployStep, PauseStep, WaitForStep> action;
    Place place;  // in the scenario; line 0: written by --set
};

// Who else is on the database that day. `from` counts from the start of the migration; an adversary
// with from = 0 is in place before the first step begins.
struct IdleInTransaction {
    std::string table;
    milliseconds length{10'000};
};
struct LongReport {
    std::string sql;
};
struct SecondMigration {
    std::string sql;
    milliseconds lock_timeout{0};
};
struct Vacuum {
    std::string table;
    bool freeze = false;
};
struct Adversary {
    std::string name;
    std::variant<IdleInTransaction, LongReport, SecondMigration, Vacuum> action;
    milliseconds from{0};
    Place place;
};

struct Observe {
    // Between two samples of the locks; empty: not observed, and the verdict is never pass.
    std::optional<milliseconds> lock_interval{20};
};

// What the migration is meant to do to a column.
struct Expectation {
    enum class Kind : std::uint8_t { added, dropped, renamed, rewritten };
    Kind kind = Kind::added;
    std::string column;  // as the catalog spells it
    // renamed: the new name; rewritten: an SQL expression over the old columns; added: one over the
    // new ones, or empty.
    std::string value;
    Place place;
};
struct VerifiedTable {
    std::string name;  // as written
    std::vector<Expectation> expectations;
    // Of the columns before, beside the key: only these are compared (none: all of them), and these
    // are not. No file says so, but the way back of a migration does.
    std::set<std::string> only = {}, except = {};
};
struct Invariant {
    enum class Test : std::uint8_t { equals, at_most, at_least, same_as_before };
    std::string name, sql;
    Test test = Test::equals;
    std::string limit;                  // but for same_as_before
    std::optional<milliseconds> every;  // under load; empty: before and after it only
};
struct Verify {
    std::vector<VerifiedTable> tables;
    std::vector<Invariant> invariants;
    bool strict = false;  // 1.0 is not 1.00
    // Whether the change stream is followed; where it is not wanted (off), a proof of what the
    // workload cannot change is enough.
    enum class Live : std::uint8_t { automatic, on, off };
    Live live = Live::automatic;
};

struct Scenario {
    std::filesystem::path file;
    std::string name, description;
    Target target;
    std::vector<std::filesystem::path> setup;  // resolved against the scenario's folder
    Workload workload;
    Phases phases;
    std::vector<Step> up, down;
    bool rollback = false;  // `down` is rehearsed, too
    std::vector<Adversary> adversaries;
    Observe observe;
    std::optional<Verify> verify;
    std::vector<reports::Gate> gates;
    bool default_gates = false;  // the file names none: `gates` holds reports::default_gates()
    // SQL that libpg_query could not parse. It may be newer syntax: the server decides.
    std::vector<Error> doubts;
};

}  // namespace scenarios
