#include "harness/migration/backfill_plan.hpp"
#include "harness/migration/cancel_watch.hpp"
#include "harness/migration/progress.hpp"
#include "harness/migration/progress_series.hpp"
#include "harness/migration/step_context.hpp"
#include "harness/migration/throttle.hpp"

#include <cstdio>

namespace harness::migration {

namespace {

using std::chrono::milliseconds;
using Next = BackfillPlan::Next;

class BackfillRun {
public:
    BackfillRun(const StepContext& context, const scenarios::BackfillStep& step,
                database::BackfillTable& table)
        : context_{context},
          step_{step},
          table_{table},
          plan_{step.retries, workloads::mix(context.settings.seed, context.index * 1000)},
          throttle_{step.throttle},
          progress_{table.estimated_rows(), Clock::now()} {}

    void run();

private:
    bool turn();  // false: the step is over
    bool throttle();
    void find_boundary();
    void update();
    void reconnect();
    void failed(const database::Error& error);
    void tell_progress(const std::string& throttled_by, bool now = false);
    void write_record();

    const StepContext& context_;
    const scenarios::BackfillStep& step_;
    database::BackfillTable& table_;
    BackfillPlan plan_;
    Throttle throttle_;
    Progress progress_;
    ProgressSeries series_{Clock::now()};
    Clock::time_point attempt_start_ = Clock::now();
    Clock::time_point told_{}, logged_{};
    std::size_t notes_told_ = 0;
};

void BackfillRun::run() {
    const CancelWatch watch{context_.control, context_.interruption};
    while (turn()) {
    }
    write_record();
}

bool BackfillRun::turn() {
    // Between two steps of the plan nothing is half done: the place where a cancel costs nothing.
    if (context_.interruption.cancel_requested() && plan_.next() != Next::done) {
        context_.interrupt("cancelled after " + std::to_string(plan_.batches()) + " batches (" +
                           std::to_string(plan_.rows()) + " rows), which stay");
        return false;
    }
    switch (plan_.next()) {
        case Next::throttle:
            return throttle();
        case Next::find_boundary:
            find_boundary();
            return true;
        case Next::update:
            update();
            return true;
        case Next::wait:
            // Woken early: the next turn sees the cancel.
            context_.interruption.sleep(plan_.wait(), Interruption::Level::cancel_step);
            plan_.waited();
            return true;
        case Next::reconnect:
            reconnect();
            return true;
        case Next::done:
            context_.attempt(attempt_start_, nullptr);
            context_.succeed();
            return false;
        case Next::failed:
            context_.fail(plan_.failure());
            return false;
    }
    return false;
}

bool BackfillRun::throttle() {
    const ThrottleReading reading{
        .p99 = context_.hooks.live_p99 ? context_.hooks.live_p99() : std::nullopt,
        .replica_lag = context_.hooks.replica_lag ? context_.hooks.replica_lag() : std::nullopt};
    const auto answer = throttle_.ask(reading, Clock::now());
    for (; notes_told_ < throttle_.notes().size(); ++notes_told_) {
        context_.tell("note", throttle_.notes()[notes_told_]);
    }
    if (answer.give_up) {
        context_.fail("the throttle (" + std::string{name_of(answer.reason)} +
                      ") let no batch through for " +
                      std::to_string(Throttle::longest_hold.count()) + " min; " +
                      std::to_string(plan_.batches()) + " batches (" +
                      std::to_string(plan_.rows()) + " rows) were committed and stay");
        return false;
    }
    if (answer.go()) {
        plan_.throttle_passed();
        return true;
    }
    tell_progress(name_of(answer.reason));
    context_.interruption.sleep(answer.wait, Interruption::Level::cancel_step);
    return true;
}

void BackfillRun::find_boundary() {
    auto boundary = table_.next_boundary(plan_.after(), step_.batch);
    if (boundary.error) {
        failed(*boundary.error);
    } else {
        plan_.boundary_found(std::move(boundary.key));
    }
}

void BackfillRun::update() {
    const auto outcome = table_.update(plan_.after(), plan_.upto());
    if (!outcome.ok()) {
        failed(*outcome.error);
        return;
    }
    plan_.updated(outcome.rows_affected);
    throttle_.batch_done(Clock::now());
    progress_.visited(step_.batch, Clock::now());
    tell_progress({});
}

void BackfillRun::reconnect() {
    try {
        context_.reconnect();
        context_.control.set_lock_timeout(lock_timeout_or_default(step_.lock_timeout));
        context_.control.set_statement_timeout(milliseconds{0});
        plan_.reconnected();
    } catch (const database::Outage& outage) {
        failed(outage.error());
    }
}

void BackfillRun::failed(const database::Error& error) {
    context_.attempt(attempt_start_, &error);
    attempt_start_ = Clock::now();
    plan_.failed(error);
    if (plan_.next() == Next::wait) {
        context_.tell("retry", "a batch failed: " + error.text() + "\nnext try in " +
                                   std::to_string(plan_.wait().count()) + " ms");
    }
}

// Ten times a second for whoever watches, every five seconds for the log.
void BackfillRun::tell_progress(const std::string& throttled_by, bool now) {
    const auto at = Clock::now();
    series_.add(at, plan_.rows(), throttle_.waited_by_reason());
    const BackfillProgress progress{.step = context_.record.name,
                                    .rows_visited = progress_.rows(),
                                    .rows_changed = plan_.rows(),
                                    .rows_estimated = progress_.estimated_rows(),
                                    .rows_per_second = progress_.rows_per_second(at),
                                    .eta = progress_.eta(at),
                                    .throttled_by = throttled_by};
    if (context_.hooks.on_progress && (now || at - told_ >= milliseconds{100})) {
        told_ = at;
        context_.hooks.on_progress(progress);
    }
    if (!now && at - logged_ < std::chrono::seconds{5}) {
        return;
    }
    logged_ = at;
    char text[256];
    std::snprintf(text, sizeof text, "%lld rows visited, %lld changed, %.0f rows/s",
                  static_cast<long long>(progress.rows_visited),
                  static_cast<long long>(progress.rows_changed), progress.rows_per_second);
    std::string line = text;
    if (progress.eta) {
        line += ", about " + std::to_string(progress.eta->count()) + " s to go";
    }
    if (!throttled_by.empty()) {
        line += ", held back by: " + throttled_by;
    }
    context_.tell("backfill", line);
}

void BackfillRun::write_record() {
    tell_progress({}, true);
    series_.end(Clock::now(), plan_.rows(), throttle_.waited_by_reason());
    context_.record.progress = series_.points(context_.settings.run_start);
    context_.record.rows = plan_.rows();
    context_.record.throttled_s = std::chrono::duration<double>(throttle_.waited()).count();
    context_.record.throttle_reasons = throttle_.reasons();
    for (const auto& note : throttle_.notes()) {
        context_.record.throttle_reasons +=
            (context_.record.throttle_reasons.empty() ? "" : "; ") + note;
    }
}

}  // namespace

void run_backfill(const StepContext& context, const scenarios::BackfillStep& step) {
    context.control.set_lock_timeout(lock_timeout_or_default(step.lock_timeout));
    context.control.set_statement_timeout(milliseconds{0});
    std::unique_ptr<database::BackfillTable> table;
    try {
        table = context.engine.backfill(context.control, step);
    } catch (const database::Outage& outage) {
        context.fail(outage.what());
        return;
    }
    BackfillRun{context, step, *table}.run();
}

}  // namespace harness::migration
