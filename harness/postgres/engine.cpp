#include "harness/postgres/engine.hpp"

#include "harness/postgres/backfill.hpp"
#include "harness/postgres/change_stream.hpp"
#include "harness/postgres/cleanup.hpp"
#include "harness/postgres/command_target.hpp"
#include "harness/postgres/connection.hpp"
#include "harness/postgres/control.hpp"
#include "harness/postgres/doctor.hpp"
#include "harness/postgres/environment.hpp"
#include "harness/postgres/guard_table.hpp"
#include "harness/postgres/identity.hpp"
#include "harness/postgres/lock_source.hpp"
#include "harness/postgres/number_in.hpp"
#include "harness/postgres/recorded_keys.hpp"
#include "harness/postgres/recorded_relations.hpp"
#include "harness/postgres/replica_identity.hpp"
#include "harness/postgres/replica_probe.hpp"
#include "harness/postgres/rights.hpp"
#include "harness/postgres/room.hpp"
#include "harness/postgres/run_lock.hpp"
#include "harness/postgres/sample.hpp"
#include "harness/postgres/server_counters.hpp"
#include "harness/postgres/session.hpp"
#include "harness/postgres/snapshot.hpp"
#include "harness/postgres/statement_check.hpp"
#include "harness/postgres/statement_source.hpp"
#include "harness/postgres/table_schema.hpp"
#include "harness/postgres/throwaway_folder.hpp"
#include "harness/postgres/throwaway_server.hpp"
#include "harness/postgres/timed_connection.hpp"
#include "harness/postgres/write_rules.hpp"
#include "scenarios/write_effects.hpp"

#include <algorithm>
#include <iostream>

namespace harness::postgres {
namespace {

// What is about to be made or removed is said before it is done: should we be killed in between,
// the reader knows where to look.
void announce(const std::string& line) {
    std::cerr << line << '\n';
}

class PostgresDatabase final : public database::Database {
public:
    explicit PostgresDatabase(const std::string& uri) : target_{Target::parse(uri)} {}

    [[nodiscard]] std::string describe() const override { return target_.describe(); }

    void check_guard() override {
        // From here on one server is meant, however many the connection string may lead to.
        target_ = target_.pinned_to(TimedConnection{target_.conninfo("guard")}.get());
        const auto control = open("guard");
        postgres::check_guard(*control);
        checked_ = std::make_shared<const ServerIdentity>(identity_of_server(*control));
        // Everything here is UTF-8: scenarios, values, reports. A server that recodes what it is
        // sent would refuse characters that production takes, or the other way round.
        const auto encoding =
            *ask(*control, "SELECT pg_catalog.current_setting('server_encoding')").rows.at(0).at(0);
        if (encoding != "UTF8") {
            throw database::Refused{"the encoding of the database is " + encoding +
                                    ", and only UTF8 can be rehearsed on\n  make the staging "
                                    "database with ENCODING 'UTF8'"};
        }
    }

    database::Report mark() override { return {mark_as_staging(*open("guard"), announce), true}; }

    database::Report unmark() override {
        return {postgres::unmark(*open("guard"), announce), true};
    }

    database::Report doctor() override {
        const auto found = examine(*open("doctor"));
        return {render(found), usable(found)};
    }

    database::Report cleanup() override {
        // What bears our name in a database that was never ours to touch stays.
        const auto control = open("cleanup");
        postgres::check_guard(*control);
        const auto done = clean_up(*control, announce);
        std::string text;
        for (const auto& line : done.removed) {
            text += "removed: " + line + "\n";
        }
        for (const auto& line : done.kept) {
            text += "kept: " + line + "\n";
        }
        for (const auto& line : done.failed) {
            text += "failed: " + line + "\n";
        }
        if (text.empty()) {
            text = "nothing was left in " + target_.describe() + "\n";
        }
        return {text, done.failed.empty()};
    }

    std::unique_ptr<database::RunLock> lock_for_run() override {
        auto lock = postgres::lock_for_run(destination("run"));
        // Of tables as a killed run left them nothing holds that is measured or compared.
        put_back_left_over(*open("cleanup"), announce);
        return lock;
    }

    std::string version_warning() override {
        const auto answer = ask(*open("check"), "SHOW server_version_num");
        return untested_version(number_in<int>(answer.rows.at(0).at(0)) / 10'000);
    }

    void require_room(int sessions) override { postgres::require_room(*open("check"), sessions); }

    void show_row_values() override { show_row_values_ = true; }

    std::unique_ptr<database::Control> connect(const std::string& role) override {
        ControlOptions options;
        options.show_row_values = show_row_values_;
        return open_control(destination(role), std::move(options));
    }

    std::unique_ptr<database::LockSource> lock_source() override {
        return open_lock_source(destination("observer"));
    }

    std::unique_ptr<database::ServerCounters> server_counters(
        std::vector<std::string> tables) override {
        return open_server_counters(destination("counters"), std::move(tables));
    }

    std::unique_ptr<database::ReplicaProbe> replica_probe(
        std::unique_ptr<database::Control> primary) override {
        return open_replica_probe(target_, std::move(primary));
    }

    std::unique_ptr<database::BackfillTable> backfill(
        database::Control& control, const scenarios::BackfillStep& step) override {
        return open_backfill(control, step);
    }

    std::vector<std::string> invalid_indexes(database::Control& control) override {
        return postgres::invalid_indexes(control);
    }

    [[nodiscard]] database::CommandTarget command_target() const override {
        return postgres::command_target(target_.conninfo("step"));
    }

    SessionFactory sessions(database::LoadProfile profile) override {
        auto plan = std::make_shared<LoadPlan>();
        plan->conninfo = target_.conninfo("workload");
        plan->server = checked_;
        plan->operations = std::move(profile.operations);
        plan->protocol = profile.protocol;
        plan->session_sql = std::move(profile.session_sql);
        plan->statement_timeout = profile.statement_timeout;
        plan->tags = std::move(profile.tags);
        for (const auto& operation : plan->operations) {
            const auto first = std::ranges::find_if_not(
                operation.statements,
                [](const auto& statement) { return scenarios::only_sets(statement.numbered); });
            plan->tag_places.push_back(
                static_cast<std::size_t>(first - operation.statements.begin()));
        }
        return [plan = std::shared_ptr<const LoadPlan>{std::move(plan)}](
                   database::Poller& poller, database::SessionListener& listener) {
            return make_session(plan, poller, listener);
        };
    }

    std::vector<database::StatementProblem> check_statements(
        std::span<const database::StatementToCheck> statements,
        const std::array<std::string, 2>& session_sql) override {
        return postgres::check_statements(destination("check"), session_sql, statements);
    }

    std::vector<database::StatementProblem> missing_rights(
        std::span<const database::RightToCheck> rights) override {
        return postgres::missing_rights(*open("check"), rights);
    }

    std::vector<std::vector<std::string>> sample(database::Control& control,
                                                 const std::string& query,
                                                 bool whole_rows) override {
        return read_sample(control, query, whole_rows);
    }

    std::unique_ptr<database::Snapshot> snapshot(
        std::span<const std::string> tables, const database::SnapshotOptions& options) override {
        return open_snapshot(target_, tables, options);
    }

    std::unique_ptr<database::ChangeStream> change_stream(std::span<const std::string> tables,
                                                          checksum::Scale scale) override {
        return open_change_stream(destination("stream"), tables, {}, announce, scale);
    }

    database::WriteRules write_rules() override { return read_write_rules(*open("catalog")); }

    [[nodiscard]] scenarios::TriggerEffects effects_of(
        const database::WriteHook& hook) const override {
        return hook_effects(hook);
    }

    std::vector<database::TableSchema> table_schemas(std::span<const std::string> tables) override {
        return read_table_schemas(*open("catalog"), tables);
    }

    workloads::conflicts::Relations recorded_relations(
        std::span<const workloads::synthesis::NamedTable> names,
        std::span<const std::string> functions, const std::string& session_sql) override {
        return read_recorded_relations(destination("catalog"), names, functions, session_sql);
    }

    std::optional<std::int64_t> highest_key(const workloads::synthesis::Table& table,
                                            const workloads::synthesis::Column& column) override {
        return postgres::highest_key(destination("catalog"), table, column);
    }

    std::optional<std::vector<std::size_t>> absent_keys(
        const workloads::synthesis::Table& table, const workloads::synthesis::Column& column,
        std::span<const std::string> values) override {
        return postgres::absent_keys(destination("catalog"), table, column, values);
    }

    std::unique_ptr<database::StatementSource> statement_source() override {
        return open_statement_source(destination("synthesize"));
    }

    database::Facts facts(std::span<const std::string> tables) override {
        return collect_environment(*open("facts"), tables);
    }

private:
    [[nodiscard]] std::unique_ptr<database::Control> open(const std::string& role) const {
        return open_control(destination(role));
    }
    [[nodiscard]] Destination destination(const std::string& role) const {
        return {target_.conninfo(role), checked_};
    }

    Target target_;
    std::shared_ptr<const ServerIdentity> checked_;  // null: by no guard
    bool show_row_values_ = false;
};

class PostgresEngine final : public database::Engine {
public:
    [[nodiscard]] std::string_view name() const override { return "postgresql"; }

    [[nodiscard]] std::unique_ptr<database::Database> open(const std::string& uri) const override {
        return std::make_unique<PostgresDatabase>(uri);
    }

    [[nodiscard]] std::unique_ptr<database::ThrowawayServer> start_server(
        const database::ThrowawayOptions& options) const override {
        return std::make_unique<PostgresThrowaway>(options);
    }

    std::vector<std::string> remove_orphans() const override {
        std::vector<std::string> lines;
        for (const auto& leftover : remove_leftover_folders()) {
            if (leftover.state == Leftover::State::removed) {
                lines.push_back("removed what a killed run left: " + leftover.folder.string());
            } else if (leftover.state == Leftover::State::failed) {
                lines.push_back("could not remove " + leftover.folder.string() + ": " +
                                leftover.note);
            }
        }
        return lines;
    }
};

}  // namespace

const database::Engine& engine() {
    static const PostgresEngine instance;
    return instance;
}

}  // namespace harness::postgres
