#include "harness/stage.hpp"

#include "harness/engines.hpp"
#include "harness/migration/cancel_watch.hpp"
#include "harness/migration/setup.hpp"
#include "scenarios/ownership.hpp"
#include "scenarios/relations.hpp"
#include "workloads/pgbench/script.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

namespace harness {
namespace {

using database::StatementToCheck;

// What a rehearsal has open at once, beside the run's lock: the load, control, the step, the
// observer, who reads the counters, the adversaries and who asks the invariants. A deploy's
// replacements are opened only where there is room.
int sessions_at_once(const scenarios::Scenario& scenario) {
    return scenario.workload.connections + static_cast<int>(scenario.adversaries.size()) + 3 +
           (scenario.observe.lock_interval ? 1 : 0) + (scenario.verify ? 1 : 0);
}

// On a server of our own, with room for a deploy's replacements, commands and whoever looks on.
int sessions_needed(const scenarios::Scenario& scenario) {
    return scenario.workload.connections + static_cast<int>(scenario.adversaries.size()) + 40;
}

std::string uri_from_environment(const std::string& variable) {
    const char* value = std::getenv(variable.c_str());
    if (value == nullptr || *value == '\0') {
        throw UsageError{"the scenario's target is in the environment variable " + variable +
                         ", which is not set; export it, or name the target with --db"};
    }
    return value;
}

// "shop.yaml:12:7: operation read_order": what stands there.
std::string place_of(const scenarios::Scenario& scenario, scenarios::Place place,
                     const std::string& what) {
    return scenarios::Error{scenario.file, place, what}.text();
}

// `steps`: the scenario's, up or down.
std::string place_of_step(const scenarios::Scenario& scenario,
                          const std::vector<scenarios::Step>& steps, std::size_t index) {
    const auto& step = steps[index];
    return place_of(scenario, step.place,
                    (&steps == &scenario.down ? "rollback step " : "step ") +
                        std::to_string(index + 1) + " (" + step.name + ")");
}

// " (orders.pgbench:12:1)", where it comes from one.
std::string place_in_script(const workloads::Operation& operation, std::size_t statement) {
    if (!operation.script) {
        return {};
    }
    const auto& sql = operation.script->statements.at(statement);
    return " (" + operation.script->name + ":" + std::to_string(sql.line) + ":" +
           std::to_string(sql.column) + ")";
}

std::vector<StatementToCheck> statements_of(const scenarios::Scenario& scenario) {
    std::vector<StatementToCheck> statements;
    for (std::size_t n = 0; n < scenario.workload.operations.size(); ++n) {
        const auto& operation = scenario.workload.operations[n];
        const std::string place = place_of(scenario, scenario.workload.operation_places.at(n),
                                           "operation " + operation.name + ", statement ");
        // What only the new version sends may need what the migration makes.
        const bool syntax_only = operation.app == workloads::AppFilter::new_version;
        for (std::size_t i = 0; i < operation.statements.size(); ++i) {
            using Check = workloads::Statement::Check;
            const auto check = operation.statements[i].check;
            if (check == Check::none) {
                continue;
            }
            statements.push_back(
                {place + std::to_string(i + 1) + place_in_script(operation, i),
                 operation.statements[i].numbered, operation.statements[i].parameters.size(),
                 syntax_only ? workloads::App::new_version : workloads::App::old_version,
                 syntax_only || check == Check::grammar});
        }
    }
    return statements;
}

// A file can be mended where the target refuses something; what has no file can get one.
std::string way_out(const scenarios::Scenario& scenario) {
    return scenario.workload.synthesized ? "\nThe workload is synthesized: write it down with "
                                           "`rehearse workload synthesize`, "
                                           "and mend there what this target cannot run."
                                         : "";
}

void add_steps(const scenarios::Scenario& scenario, const std::vector<scenarios::Step>& steps,
               std::vector<StatementToCheck>& statements) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const std::string place = place_of_step(scenario, steps, i);
        if (const auto* sql = std::get_if<scenarios::SqlStep>(&steps[i].action)) {
            for (const auto& statement : sql->statements) {
                statements.push_back({.place = place, .sql = statement, .syntax_only = true});
            }
        } else if (const auto* backfill = std::get_if<scenarios::BackfillStep>(&steps[i].action)) {
            std::string update = "UPDATE " + backfill->table + " SET " + backfill->set;
            if (!backfill->where.empty()) {
                update += " WHERE " + backfill->where;
            }
            statements.push_back({.place = place, .sql = update, .syntax_only = true});
        } else if (const auto* wait = std::get_if<scenarios::WaitForStep>(&steps[i].action)) {
            statements.push_back({.place = place, .sql = wait->sql, .syntax_only = true});
        }
    }
}

void add_adversaries(const scenarios::Scenario& scenario,
                     std::vector<StatementToCheck>& statements) {
    for (const auto& adversary : scenario.adversaries) {
        const std::string place =
            place_of(scenario, adversary.place, "adversary " + adversary.name);
        if (const auto* report = std::get_if<scenarios::LongReport>(&adversary.action)) {
            statements.push_back({.place = place, .sql = report->sql, .syntax_only = true});
        } else if (const auto* other = std::get_if<scenarios::SecondMigration>(&adversary.action)) {
            statements.push_back({.place = place, .sql = other->sql, .syntax_only = true});
        }
    }
}

}  // namespace

Stage::Stage(const scenarios::Scenario& scenario, const StageOptions& options, Console& console)
    : scenario_{scenario},
      options_{options},
      console_{console},
      operations_{scenario.workload.operations} {
    std::string uri = options.uri;
    if (uri.empty() && scenario.target.dsn_env) {
        uri = uri_from_environment(*scenario.target.dsn_env);
    }
    const database::Engine& engine = engine_for(uri);
    engine_name_ = engine.name();
    for (const auto& line : engine.remove_orphans()) {
        console_.note(line);
    }
    if (uri.empty()) {
        console_.note("starting a throwaway server");
        server_ = engine.start_server({.major_version = scenario.target.server,
                                       .binaries = options.server_binaries,
                                       .settings = scenario.target.settings,
                                       .connections = sessions_needed(scenario)});
        uri = server_->uri();
        console_.note("throwaway server: " + server_->version());
    }
    target_ = engine.open(uri);
    if (options.show_values) {
        target_->show_row_values();
    }
    if (!server_) {
        target_->check_guard();
    }
    lock_ = target_->lock_for_run();
    for (const auto& variable : scenario.target.replicas_env) {
        const std::string replica = uri_from_environment(variable);
        replicas_.push_back(
            engine_for(replica).open(replica)->replica_probe(target_->connect("primary")));
    }
}

Stage::~Stage() = default;

void Stage::prepare(RunDirectory& out, const migration::Interruption& interruption) {
    if (const auto warning = target_->version_warning(); !warning.empty()) {
        console_.note(warning);
    }
    target_->require_room(sessions_at_once(scenario_));
    if (!scenario_.setup.empty() && (server_ || options_.run_setup)) {
        console_.note("running the setup files");
        const auto control = target_->connect("setup");
        migration::SetupOptions setup;
        setup.interruption = &interruption;
        setup.log = [&out](std::string_view line) { out.log(line); };
        if (const auto error = migration::run_setup(*control, scenario_.setup, setup)) {
            if (interruption.stop_requested()) {
                return;
            }
            database::Error failure;
            failure.message = "setup: " + error->text();
            throw database::Outage{failure};
        }
    }
    read_samples(interruption);
    if (!interruption.stop_requested()) {
        check_statements();
    }
}

// It may read a big table: Ctrl-C ends it.
std::vector<workloads::Sample> Stage::read_sample(const std::string& query, bool whole_rows,
                                                  const migration::Interruption& interruption) {
    const auto control = target_->connect("sample");
    const migration::CancelWatch watch{*control, interruption,
                                       migration::Interruption::Level::finish_step};
    std::vector<workloads::Sample> columns;
    for (auto& column : target_->sample(*control, query, whole_rows)) {
        columns.push_back(std::make_shared<const std::vector<std::string>>(std::move(column)));
    }
    return columns;
}

void Stage::read_samples(const migration::Interruption& interruption) {
    // One read a query, however often it is used.
    std::map<std::pair<std::string, bool>, std::vector<workloads::Sample>> samples;
    for (std::size_t n = 0; n < operations_.size(); ++n) {
        auto& operation = operations_[n];
        for (auto& parameter : operation.parameters) {
            const auto reader = [&](const std::string& query, std::size_t column) {
                const bool whole_rows = column > 0;
                const auto [entry, fresh] = samples.try_emplace({query, whole_rows});
                auto& columns = entry->second;
                if (fresh) {
                    columns = read_sample(query, whole_rows, interruption);
                }
                const std::string what = "operation " + operation.name + ", parameter " +
                                         parameter.name + ": the query \"" + query + "\" ";
                if (columns.empty()) {
                    throw UsageError{what + "found no rows to draw from on " + target_->describe()};
                }
                if (column > columns.size()) {
                    throw UsageError{what + "has no column " + std::to_string(column)};
                }
                return columns[whole_rows ? column - 1 : 0];
            };
            try {
                parameter.generator.read_samples(reader);
            } catch (const database::Outage& outage) {
                using database::ErrorKind;
                const auto kind = outage.error().kind;
                if (interruption.stop_requested()) {
                    return;
                }
                if (kind != ErrorKind::syntax && kind != ErrorKind::privilege) {
                    throw;
                }
                throw UsageError{place_of(scenario_, scenario_.workload.operation_places.at(n),
                                          "operation " + operation.name + ", parameter " +
                                              parameter.name + ": the target refuses its query: ") +
                                 outage.error().text() + way_out(scenario_)};
            }
            if (interruption.stop_requested()) {
                return;
            }
        }
    }
}

void Stage::check_statements() {
    for (const auto& doubt : scenario_.doubts) {
        console_.note(doubt.text());
    }
    // Those of a recording are looked at by themselves: see ReplaySource::refused_by.
    auto statements =
        scenario_.workload.replay ? std::vector<StatementToCheck>{} : statements_of(scenario_);
    add_steps(scenario_, scenario_.up, statements);
    add_steps(scenario_, scenario_.down, statements);
    add_adversaries(scenario_, statements);
    auto problems = target_->check_statements(
        statements, {scenario_.workload.session_old, scenario_.workload.session_new});
    for (auto& problem : missing_rights()) {
        problems.push_back(std::move(problem));
    }
    if (problems.empty()) {
        return;
    }
    std::string text = "the target refuses " + std::to_string(problems.size()) +
                       (problems.size() == 1 ? " statement" : " statements") + " of " +
                       scenario_.file.string() + ":";
    for (const auto& problem : problems) {
        text += "\n" + problem.place + ": " + problem.error.text();
        if (!problem.excerpt.empty()) {
            const auto line_end = problem.excerpt.find('\n');
            text += "\n    " + problem.excerpt.substr(0, line_end) + "\n    " +
                    problem.excerpt.substr(line_end + 1);
        }
    }
    throw UsageError{text + way_out(scenario_)};
}

// Of the steps up to the first one after which roles, rights or the search path may be others.
std::vector<database::StatementProblem> Stage::missing_rights() {
    std::vector<database::RightToCheck> rights;
    bool foreseeable = true;
    for (std::size_t i = 0; foreseeable && i < scenario_.up.size(); ++i) {
        const std::string place = place_of_step(scenario_, scenario_.up, i);
        const auto& action = scenario_.up[i].action;
        if (const auto* sql = std::get_if<scenarios::SqlStep>(&action)) {
            for (const auto& statement : sql->statements) {
                const auto needed = scenarios::ownership_needed_by(statement);
                if (foreseeable && !needed.relation.empty()) {
                    rights.push_back({.place = place, .relation = needed.relation});
                }
                foreseeable = foreseeable && needed.foreseeable;
            }
        } else if (const auto* backfill = std::get_if<scenarios::BackfillStep>(&action)) {
            rights.push_back({.place = place, .relation = backfill->table, .owner = false});
        } else if (std::holds_alternative<scenarios::CommandStep>(action)) {
            foreseeable = false;
        }
    }
    return rights.empty() ? std::vector<database::StatementProblem>{}
                          : target_->missing_rights(rights);
}

reports::Target Stage::describe() {
    const auto tables = tables_of(scenario_);
    auto facts = target_->facts(tables);
    reports::Target described;
    described.engine = std::string{engine_name_};
    described.version = facts.version;
    described.database = facts.database;
    described.throwaway = server_ != nullptr;
    described.settings = std::move(facts.settings);
    described.environment = std::move(facts.environment);
    return described;
}

std::vector<std::string> tables_of(const scenarios::Scenario& scenario) {
    std::set<std::string> tables;
    auto steps = scenario.up;
    steps.insert(steps.end(), scenario.down.begin(), scenario.down.end());
    for (const auto& step : steps) {
        if (const auto* backfill = std::get_if<scenarios::BackfillStep>(&step.action)) {
            tables.insert(backfill->table);
        }
        if (const auto* sql = std::get_if<scenarios::SqlStep>(&step.action)) {
            for (const auto& statement : sql->statements) {
                for (auto& table : scenarios::relations_of(statement)) {
                    tables.insert(std::move(table));
                }
            }
        }
    }
    for (const auto& adversary : scenario.adversaries) {
        if (const auto* idle = std::get_if<scenarios::IdleInTransaction>(&adversary.action)) {
            tables.insert(idle->table);
        } else if (const auto* vacuum = std::get_if<scenarios::Vacuum>(&adversary.action)) {
            tables.insert(vacuum->table);
        }
    }
    return {tables.begin(), tables.end()};
}

std::vector<std::string> all_tables_of(const scenarios::Scenario& scenario) {
    const auto touched = tables_of(scenario);
    std::set<std::string> tables{touched.begin(), touched.end()};
    for (const auto& operation : scenario.workload.operations) {
        for (const auto& statement : operation.statements) {
            for (auto& table : scenarios::relations_of(statement.numbered)) {
                tables.insert(std::move(table));
            }
        }
    }
    if (scenario.verify) {
        for (const auto& table : scenario.verify->tables) {
            tables.insert(table.name);
        }
    }
    return {tables.begin(), tables.end()};
}

}  // namespace harness
