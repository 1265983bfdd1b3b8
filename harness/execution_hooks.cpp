// What the migration is told and asked while it runs under load, and what the terminal shows
// meanwhile.
#include "harness/execution.hpp"
#include "reports/event_log.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <stdexcept>

namespace harness {

using std::chrono::milliseconds;

migration::Engine Execution::engine() {
    auto& target = stage_.target();
    migration::Engine engine;
    engine.connect = [&target](const std::string& application) {
        // "rehearse/step": the target adds the prefix itself.
        return target.connect(application.substr(application.find('/') + 1));
    };
    engine.backfill = [&target](database::Control& control, const scenarios::BackfillStep& step) {
        return target.backfill(control, step);
    };
    engine.invalid_indexes = [&target](database::Control& control) {
        return target.invalid_indexes(control);
    };
    engine.target = target.command_target();
    return engine;
}

migration::Hooks Execution::hooks() {
    migration::Hooks hooks;
    hooks.on_step_start = [this](std::size_t index, const scenarios::Step& step,
                                 std::int64_t session) { step_started(index, step, session); };
    hooks.on_step_end = [this](std::size_t index, const reports::Step& step) {
        step_ended(index, step);
    };
    hooks.deploy = [this](workloads::App app, milliseconds over,
                          const migration::Interruption& interruption) {
        return deploy(app, over, interruption);
    };
    hooks.live_p99 = [this] { return live_p99(); };
    hooks.replica_lag = [this] { return replica_lag(); };
    hooks.on_progress = [this](const migration::BackfillProgress& progress) {
        show_progress(progress);
    };
    hooks.on_event = [this](const migration::Event& happened) {
        event(happened.at, happened.kind, {{"step", happened.step}, {"detail", happened.detail}});
    };
    hooks.log = [this](std::string_view line) { out_.log(line); };
    if (observer_) {
        tell_observer(hooks);
    }
    return hooks;
}

// What it cannot see from the outside: whose sessions they are, and what is about to happen in
// them.
void Execution::tell_observer(migration::Hooks& hooks) {
    hooks.on_session = [this](std::int64_t session) { observer_->add_step_session(session); };
    hooks.statement_sent = [this](std::int64_t session, std::string_view sql,
                                  bool begins_transaction) {
        observer_->statement_sent(session, {Clock::now(), std::string{sql}, begins_transaction});
    };
    hooks.before_commit = [this](std::int64_t session) { observer_->before_commit(session); };
    hooks.on_command_start = [this](const migration::CommandStart& start) {
        observer_->recognise_sessions(start.server_clock_us);
    };
}

void Execution::step_started(std::size_t index, const scenarios::Step& step, std::int64_t session) {
    if (observer_) {
        observer_->begin_step(step.name, session == 0 ? std::nullopt : std::optional{session});
    }
    console_.note("step " + std::to_string(index + 1) + " of " +
                  std::to_string(scenario_.up.size()) + ": " + step.name);
    const std::scoped_lock lock{status_mutex_};
    step_status_ = step.name;
}

void Execution::step_ended(std::size_t index, const reports::Step& step) {
    step_locks_.resize(std::max(step_locks_.size(), index + 1));
    if (observer_) {
        step_locks_[index] = observer_->end_step();
    }
    proof_.step_ended();
    if (step.outcome != "ok") {
        console_.note("step " + std::to_string(index + 1) + " " + step.outcome + ": " + step.error);
    }
}

// False: given up on the user's wish. Throws where it could not be done.
bool Execution::deploy(workloads::App app, milliseconds over,
                       const migration::Interruption& interruption) {
    bool given_up = false;
    const auto failure = load_->deploy(app, over, [&] {
        given_up = interruption.stop_requested();  // the load ends, and with it who moves
        return given_up;
    });
    if (failure) {
        throw std::runtime_error{*failure};
    }
    return !given_up;
}

std::optional<std::chrono::microseconds> Execution::live_p99() const {
    if (interruption_.stop_requested()) {
        return std::chrono::microseconds{0};  // the load has ended: nobody is there to suffer
    }
    const auto live = load_->live();
    if (!live.p99_ms) {
        return std::nullopt;
    }
    return std::chrono::microseconds{std::llround(*live.p99_ms * 1000)};
}

std::optional<std::chrono::microseconds> Execution::replica_lag() const {
    const auto told = observer_ ? observer_->replica_lag() : std::nullopt;
    if (!replicas_ || replicas_->empty()) {
        return told;
    }
    const auto asked = replicas_->lag();
    return asked ? std::max(told, asked) : std::nullopt;  // a silent replica is not "no lag"
}

void Execution::show_progress(const migration::BackfillProgress& progress) {
    std::string text = progress.step;
    if (progress.eta) {
        text += ", ~" + std::to_string(progress.eta->count()) + " s left";
    }
    text += ", " + std::to_string(progress.rows_visited);
    text += progress.rows_estimated > 0
                ? " of ~" + std::to_string(progress.rows_estimated) + " rows"
                : " rows";
    if (!progress.throttled_by.empty()) {
        text += ", throttled by " + progress.throttled_by;
    }
    const std::scoped_lock lock{status_mutex_};
    step_status_ = text;
}

std::string Execution::status() const {
    const auto live = load_->live();
    std::string text, step;
    {
        const std::scoped_lock lock{status_mutex_};
        text = interruption_.stop_requested() ? "interrupted" : phase_status_;
        if (phase_until_ && !interruption_.stop_requested()) {
            const auto left = std::chrono::duration_cast<std::chrono::seconds>(
                *phase_until_ - Clock::now() + std::chrono::milliseconds{999});
            text += " " + std::to_string(std::max<std::int64_t>(0, left.count())) + " s left";
        }
        if (!step_status_.empty()) {
            step = " | " + step_status_;
        }
    }
    char figures[160];
    std::snprintf(figures, sizeof figures,
                  " | %u/s | p99 %s%s | blocked %u | failed %u | backlog %llu", live.done,
                  live.p99_ms ? std::to_string(std::lround(*live.p99_ms)).c_str() : "-",
                  live.p99_ms ? " ms" : "", observer_ ? observer_->blocked_now() : 0, live.failed,
                  static_cast<unsigned long long>(live.backlog));
    return text + figures + step;  // a narrow terminal cuts a step's long name, not the figures
}

}  // namespace harness
