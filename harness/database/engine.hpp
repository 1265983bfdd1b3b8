// What the harness asks of a database engine, whole. An engine is added by implementing this and by
// one row in harness/engines.cpp.
#pragma once

#include "harness/database/change_stream.hpp"
#include "harness/database/command_target.hpp"
#include "harness/database/control.hpp"
#include "harness/database/lock_source.hpp"
#include "harness/database/poller.hpp"
#include "harness/database/server.hpp"
#include "harness/database/server_counters.hpp"
#include "harness/database/session.hpp"
#include "harness/database/statement_source.hpp"
#include "harness/database/table_reader.hpp"
#include "harness/database/table_schema.hpp"
#include "harness/database/write_rules.hpp"
#include "scenarios/scenario.hpp"
#include "scenarios/trigger_effects.hpp"
#include "workloads/conflicts/relations.hpp"
#include "workloads/synthesis/analysis.hpp"

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace harness::database {

// The target may not be touched: it is not marked as staging, or its mark is another database's.
class Refused : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// Held while a rehearsal runs on a database; gone with its session, also after kill -9.
class RunLock {
public:
    virtual ~RunLock() = default;
    // False: its session has ended, and the lock with it.
    [[nodiscard]] virtual bool held() = 0;
};

// A statement to be looked at before anything runs.
struct StatementToCheck {
    std::string place;  // for the reader: "shop.yaml:12:7: operation read_order, statement 1"
    std::string sql;    // with $1..$n
    std::size_t parameters = 0;
    workloads::App app = workloads::App::old_version;  // in whose session it is looked at
    // A step of the migration may name what an earlier step makes: only its syntax can be checked.
    bool syntax_only = false;
};

struct StatementProblem {
    std::string place;
    Error error;
    std::string excerpt;  // the line, and under it a caret; may be empty
};

// What the role must be allowed before a migration's step can do its work.
struct RightToCheck {
    std::string place;     // for the reader, as above
    std::string relation;  // as one writes it in SQL
    bool owner = true;     // to alter it; else to read and update its rows
};

// How the load's sessions behave.
struct LoadProfile {
    std::vector<workloads::Operation> operations;
    scenarios::Protocol protocol = scenarios::Protocol::prepared;
    std::array<std::string, 2> session_sql;  // [old, new]
    std::chrono::milliseconds statement_timeout{0};
    // What each operation's transactions say of themselves in the change stream (see
    // ChangeSink::tag), letters and digits; of an empty one, or of an empty list: nothing.
    std::vector<std::string> tags = {};
};

struct Facts {
    std::string version;
    std::string database;
    std::map<std::string, std::string> settings, environment;
};

// How far one replica is behind, asked on the replica itself and on its primary.
class ReplicaProbe {
public:
    virtual ~ReplicaProbe() = default;
    // Throws Outage; the next call connects again.
    [[nodiscard]] virtual ReplicaLag read() = 0;
};

// What doctor, guard and cleanup found or did, for the reader.
struct Report {
    std::string text;
    bool good = true;  // false: something that a rehearsal needs is missing
};

// One database on one server. Every call may throw Outage.
class Database {
public:
    virtual ~Database() = default;

    [[nodiscard]] virtual std::string describe() const = 0;  // no credentials

    // What the reader should know about the server's version; empty where it was tested.
    [[nodiscard]] virtual std::string version_warning() = 0;

    // Throws Refused. Reads nothing but the marker.
    virtual void check_guard() = 0;
    virtual Report mark() = 0;
    virtual Report unmark() = 0;
    virtual Report doctor() = 0;
    // Removes what a killed run left in this database.
    virtual Report cleanup() = 0;

    // Throws Refused where another rehearsal runs.
    [[nodiscard]] virtual std::unique_ptr<RunLock> lock_for_run() = 0;

    // Throws Refused where the server has no room for so many sessions more.
    virtual void require_room(int sessions) = 0;

    // From now on errors quote what rows hold; a report says nothing of them unless it was asked
    // to.
    virtual void show_row_values() = 0;

    // `role` becomes the application name rehearse/<role>.
    [[nodiscard]] virtual std::unique_ptr<Control> connect(const std::string& role) = 0;
    [[nodiscard]] virtual std::unique_ptr<LockSource> lock_source() = 0;
    // `tables`: those whose sizes and updates are asked for, as one writes their names in SQL.
    [[nodiscard]] virtual std::unique_ptr<ServerCounters> server_counters(
        std::vector<std::string> tables) = 0;
    // Of a replica that this database is, with a session on its primary: throws Refused where it is
    // none.
    [[nodiscard]] virtual std::unique_ptr<ReplicaProbe> replica_probe(
        std::unique_ptr<Control> primary) = 0;
    [[nodiscard]] virtual std::unique_ptr<BackfillTable> backfill(
        Control& control, const scenarios::BackfillStep& step) = 0;
    [[nodiscard]] virtual std::vector<std::string> invalid_indexes(Control& control) = 0;
    [[nodiscard]] virtual CommandTarget command_target() const = 0;

    using SessionFactory = std::function<std::unique_ptr<Session>(Poller&, SessionListener&)>;
    [[nodiscard]] virtual SessionFactory sessions(LoadProfile profile) = 0;

    [[nodiscard]] virtual std::vector<StatementProblem> check_statements(
        std::span<const StatementToCheck> statements,
        const std::array<std::string, 2>& session_sql) = 0;  // [old, new]: tried, too
    // Those that the role has not. Of relations that are not there nothing is said.
    [[nodiscard]] virtual std::vector<StatementProblem> missing_rights(
        std::span<const RightToCheck> rights) = 0;
    // What sample("...") draws from, read through a session that was opened for it: the values of a
    // query's first column that are not NULL, or all columns of the rows that hold none. One list a
    // column; none where there are no such rows.
    [[nodiscard]] virtual std::vector<std::vector<std::string>> sample(Control& control,
                                                                       const std::string& query,
                                                                       bool whole_rows) = 0;

    // One consistent view of the tables, as one writes their names in SQL; they cannot be rewritten
    // or dropped while it lives. Throws UnknownName, Outage.
    [[nodiscard]] virtual std::unique_ptr<Snapshot> snapshot(
        std::span<const std::string> tables, const SnapshotOptions& options = {}) = 0;

    // Opened before the first scan's snapshot. What is made for it in the database is announced.
    // Throws StreamEnded where it cannot be had, UnknownName, Outage.
    [[nodiscard]] virtual std::unique_ptr<ChangeStream> change_stream(
        std::span<const std::string> tables, checksum::Scale scale) = 0;

    // As the catalog has them now.
    [[nodiscard]] virtual WriteRules write_rules() = 0;
    // What one of them may do, by its text: the reasons go on after its name. Asks nobody.
    [[nodiscard]] virtual scenarios::TriggerEffects effects_of(const WriteHook& hook) const = 0;
    // One for each, as one writes their names in SQL. Throws UnknownName, Outage.
    [[nodiscard]] virtual std::vector<TableSchema> table_schemas(
        std::span<const std::string> tables) = 0;

    // What the catalog says of the relations that recorded statements name. `functions`: those that
    // they call. `session_sql` is the load's.
    [[nodiscard]] virtual workloads::conflicts::Relations recorded_relations(
        std::span<const workloads::synthesis::NamedTable> names,
        std::span<const std::string> functions, const std::string& session_sql) = 0;
    // What the column's sequence has given out, or the highest value in it, whichever is more; none
    // where neither is quick to find out.
    [[nodiscard]] virtual std::optional<std::int64_t> highest_key(
        const workloads::synthesis::Table& table, const workloads::synthesis::Column& column) = 0;
    // The indices of the values that no row has; none where the server does not tell.
    [[nodiscard]] virtual std::optional<std::vector<std::size_t>> absent_keys(
        const workloads::synthesis::Table& table, const workloads::synthesis::Column& column,
        std::span<const std::string> values) = 0;

    // What the server has counted of its statements; the guard is not asked, because nothing but
    // statistics is read.
    [[nodiscard]] virtual std::unique_ptr<StatementSource> statement_source() = 0;

    // `tables`: those that the migration touches, as the scenario writes them.
    [[nodiscard]] virtual Facts facts(std::span<const std::string> tables) = 0;
};

class Engine {
public:
    virtual ~Engine() = default;
    [[nodiscard]] virtual std::string_view name() const = 0;
    // `uri` may be empty: whatever the engine's own environment variables say. Connects lazily.
    [[nodiscard]] virtual std::unique_ptr<Database> open(const std::string& uri) const = 0;
    [[nodiscard]] virtual std::unique_ptr<ThrowawayServer> start_server(
        const ThrowawayOptions& options) const = 0;
    // Stops and removes throwaway servers whose owner is gone; one line each of what was done.
    virtual std::vector<std::string> remove_orphans() const = 0;
};

}  // namespace harness::database
