#include "harness/migration/migration_runner.hpp"

#include "harness/migration/output_lines.hpp"
#include "harness/migration/step_context.hpp"

#include <algorithm>
#include <exception>

namespace harness::migration {

namespace {

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

// Where a reader finds the step: its SQL file's first line, or its own in the scenario. A statement
// that fails puts its own line here, see SqlRun::fail.
void tell_place(const scenarios::Step& step, const Settings& settings, reports::Step& record) {
    const auto* sql = std::get_if<scenarios::SqlStep>(&step.action);
    if (sql != nullptr && sql->file) {
        record.file = sql->file->string();
        record.line = 1;
        return;
    }
    record.file = settings.scenario_file.string();
    record.line = static_cast<std::size_t>(step.place.line);
}

std::string quoted_words(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) {
        const bool plain = !word.empty() && word.find_first_of(" \t\n'\"\\$") == std::string::npos;
        text += (text.empty() ? "" : " ") + (plain ? word : "'" + word + "'");
    }
    return text;
}

}  // namespace

struct MigrationRunner::Measured {
    std::map<std::uint64_t, database::Storage> storage;
    std::optional<std::int64_t> log_bytes;
};

MigrationRunner::MigrationRunner(Engine engine, Hooks hooks, const Interruption& interruption,
                                 Settings settings)
    : engine_{std::move(engine)},
      hooks_{std::move(hooks)},
      interruption_{interruption},
      settings_{std::move(settings)} {}

std::vector<reports::Step> MigrationRunner::run(const std::vector<scenarios::Step>& steps) {
    std::vector<reports::Step> records(steps.size());
    bool go_on = true;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        auto& record = records[i];
        record.name = steps[i].name;
        record.kind = kind_of(steps[i]);
        record.statement = statement_of(steps[i]);
        tell_place(steps[i], settings_, record);
        record.start_s = record.end_s =
            std::chrono::duration<double>(Clock::now() - settings_.run_start).count();
        if (!go_on || interruption_.stop_requested()) {
            record.outcome = "skipped";
            record.error =
                go_on ? "interrupted before it began" : "an earlier step did not succeed";
            continue;
        }
        run_step(i, steps[i], record);
        go_on = record.outcome == "ok";
    }
    control_.reset();
    return records;
}

void MigrationRunner::run_step(std::size_t index, const scenarios::Step& step,
                               reports::Step& record) {
    const auto seconds_now = [&] {
        return std::chrono::duration<double>(Clock::now() - settings_.run_start).count();
    };
    const bool open = open_session(record);
    const auto before = open ? measure() : Measured{};
    record.start_s = seconds_now();
    if (hooks_.on_step_start) {
        hooks_.on_step_start(index, step, open ? control_->session_id() : 0);
    }
    if (open) {
        act(index, step, record);
    }
    record.end_s = seconds_now();
    if (hooks_.on_step_end) {
        hooks_.on_step_end(index, record);
    }
    const auto after = open ? measure() : Measured{};
    if (before.log_bytes && after.log_bytes) {
        record.wal_total_bytes = *after.log_bytes - *before.log_bytes;
    }
    // The same relation in another file was rewritten. Where somebody else rewrites a relation at
    // the same time (a second_migration adversary, VACUUM FULL), it is listed too.
    for (const auto& [identity, storage] : after.storage) {
        const auto earlier = before.storage.find(identity);
        if (earlier != before.storage.end() && earlier->second.file != storage.file) {
            record.rewrote.push_back(storage.relation);
        }
    }
    std::sort(record.rewrote.begin(), record.rewrote.end());
}

// A connection that died between two steps has nothing in doubt: it is opened again.
bool MigrationRunner::open_session(reports::Step& record) {
    try {
        if (!control_) {
            control_ = engine_.connect(step_application);
            if (hooks_.on_session) {
                hooks_.on_session(control_->session_id());
            }
            return true;
        }
        const auto alive = control_->execute("SELECT 1");
        if (!alive.ok() && alive.error->kind == database::ErrorKind::connection_lost) {
            const StepContext context{*control_, engine_, hooks_, interruption_,
                                      settings_, 0,       record};
            context.reconnect();
        }
        return true;
    } catch (const std::exception& failure) {
        record.outcome = "failed";
        record.error = std::string{"no connection for the step: "} + failure.what();
        return false;
    }
}

void MigrationRunner::act(std::size_t index, const scenarios::Step& step, reports::Step& record) {
    const StepContext context{*control_, engine_, hooks_, interruption_, settings_, index, record};
    context.tell("step_start", "step " + std::to_string(index + 1) + " begins: " + record.kind);
    try {
        std::visit(Overloaded{[&](const scenarios::SqlStep& s) { run_sql(context, s); },
                              [&](const scenarios::BackfillStep& s) { run_backfill(context, s); },
                              [&](const scenarios::CommandStep& s) { run_command(context, s); },
                              [&](const scenarios::DeployStep& s) { run_deploy(s, record); },
                              [&](const scenarios::PauseStep& s) { run_pause(s, record); },
                              [&](const scenarios::WaitForStep& s) { run_wait_for(context, s); }},
                   step.action);
    } catch (const std::exception& failure) {
        context.fail(failure.what());
    }
    context.tell("step_end", "step " + std::to_string(index + 1) + " ends: " + record.outcome +
                                 (record.error.empty() ? "" : ": " + record.error));
}

void MigrationRunner::run_deploy(const scenarios::DeployStep& step, reports::Step& record) {
    if (!hooks_.deploy) {
        record.outcome = "failed";
        record.error = "there is no workload to deploy to";
        return;
    }
    const bool done = hooks_.deploy(step.to, step.over, interruption_);
    record.outcome = done ? "ok" : interruption_.stop_requested() ? "interrupted" : "failed";
    record.error = done ? "" : "the deploy did not reach every session";
}

void MigrationRunner::run_pause(const scenarios::PauseStep& step, reports::Step& record) {
    const bool whole = interruption_.sleep(step.length, Interruption::Level::finish_step);
    record.outcome = whole ? "ok" : "interrupted";
}

// What cannot be read is left out: the step itself already says that the connection is gone.
MigrationRunner::Measured MigrationRunner::measure() {
    Measured measured;
    try {
        // The step's own limits, or what its SQL set, are not for these questions.
        control_->set_lock_timeout(default_lock_timeout);
        control_->set_statement_timeout(std::chrono::minutes{1});
        measured.storage = control_->storage();
        measured.log_bytes = control_->log_position_bytes();
        return measured;
    } catch (const database::Outage&) {
        if (interruption_.cancel_requested()) {
            return measured;  // nobody waits any longer for a server that does not answer
        }
    }
    try {
        // The step may have lost the connection after it rewrote a table.
        control_->reconnect();
        if (hooks_.on_session) {
            hooks_.on_session(control_->session_id());
        }
        measured.storage = control_->storage();
        measured.log_bytes = control_->log_position_bytes();
    } catch (const database::Outage&) {
    }
    return measured;
}

std::string migration_error(const std::vector<reports::Step>& steps) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps[i].outcome == "failed") {
            return "step " + std::to_string(i + 1) + " '" + steps[i].name + "': " + steps[i].error;
        }
    }
    return {};
}

const char* kind_of(const scenarios::Step& step) noexcept {
    if (const auto* sql = std::get_if<scenarios::SqlStep>(&step.action)) {
        return sql->file ? "file" : "sql";
    }
    static constexpr const char* names[] = {"sql",    "backfill", "command",
                                            "deploy", "pause",    "wait_for"};
    static_assert(std::size(names) == std::variant_size_v<decltype(scenarios::Step::action)>);
    return names[step.action.index()];
}

std::string statement_of(const scenarios::Step& step) {
    const auto text = std::visit(
        Overloaded{
            [](const scenarios::SqlStep& s) { return s.sql; },
            [](const scenarios::BackfillStep& s) {
                return "UPDATE " + s.table + " SET " + s.set +
                       (s.where.empty() ? "" : " WHERE " + s.where);
            },
            [](const scenarios::CommandStep& s) { return quoted_words(s.command); },
            [](const scenarios::DeployStep& s) {
                return std::string{s.to == workloads::App::new_version ? "new" : "old"} +
                       (s.over.count() > 0 ? " over " + std::to_string(s.over.count()) + " ms"
                                           : "");
            },
            [](const scenarios::PauseStep& s) { return std::to_string(s.length.count()) + " ms"; },
            [](const scenarios::WaitForStep& s) { return s.sql; }},
        step.action);
    return std::string{utf8_prefix(text, 2000)};
}

}  // namespace harness::migration
