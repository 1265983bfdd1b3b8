// What is added to the record when the load is over: the observer's findings, what each step wrote
// to the log, and doubts.
#include "harness/execution.hpp"
#include "harness/load/summary.hpp"
#include "reports/figures.hpp"

#include <algorithm>
#include <array>

namespace harness {
namespace {

using reports::PhaseName;
using std::chrono::milliseconds;

std::string counted(std::uint64_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

locks::OwnDeadlocks Execution::own_deadlocks() const {
    constexpr std::array earlier{PhaseName::warmup, PhaseName::before};
    locks::OwnDeadlocks own{.before = load::deadlocks(measured_, earlier),
                            .in_window = load::deadlocks(measured_, reports::migration_phases)};
    for (const auto& step : record_.steps) {
        own.in_window += step.deadlocks;
    }
    return own;
}

void Execution::finish_observing() {
    if (!observer_) {
        record_.harness_faults.push_back("the lock observer was switched off");
        return;
    }
    observer_->stop();
    std::vector<std::string> names;
    for (const auto& operation : scenario_.workload.operations) {
        names.push_back(operation.name);
    }
    const auto slow = load::slow_statements(measured_);
    const auto* during = record_.phase(PhaseName::during);
    const auto at = [this](double s) {
        return run_start_ +
               std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(s));
    };
    // What was due before the load's end may have waited until the drain was over.
    const auto window_to = Clock::now();
    std::vector<locks::Span> phases;
    for (const auto& phase : record_.phases) {
        phases.push_back({phase.name, at(phase.start_s), at(phase.end_s)});
    }
    if (!phases.empty()) {
        phases.back().to = std::max(phases.back().to, load_over_);
    }
    auto observation =
        observer_->finish({.statements = slow,
                           .operations = names,
                           .run_start = run_start_,
                           .window_from = during != nullptr ? at(during->start_s) : window_to,
                           .window_to = window_to,
                           .phases = phases},
                          record_.seconds.size(), own_deadlocks());
    record_.locks = std::move(observation.joined.locks);
    record_.observer = observation.observer;
    record_.replication = observation.replication;
    record_.run.clock_offset_start_ms = observation.clock_offset_start_ms;
    record_.run.clock_offset_end_ms = observation.clock_offset_end_ms;
    for (std::size_t i = 0; i < record_.seconds.size() && i < observation.blocked_per_second.size();
         ++i) {
        record_.seconds[i].blocked = observation.blocked_per_second[i];
    }
    if (observation.clock_steps > 0) {
        record_.warnings.push_back("the server's clock was set " +
                                   counted(observation.clock_steps, "time") + " meanwhile");
    }
    if (observation.replicas_missing > 0) {
        record_.harness_faults.push_back(
            "a replica that had been there was gone from the primary's view at " +
            counted(observation.replicas_missing, "look") + ": its lag is not known");
    }
    if (observation.joined.waits_unjoined > 0) {
        record_.warnings.push_back(counted(observation.joined.waits_unjoined, "wait") +
                                   " beyond the bound were estimated from the samples alone");
    }
    if (observation.unread_commits > 0) {
        record_.harness_faults.push_back("what a step locked could not be read before " +
                                         counted(observation.unread_commits, "commit"));
    }
}

// A step's log bytes are the server's, less what the load wrote meanwhile: as much an operation as
// in the phase `before`.
void Execution::estimate_log_bytes() {
    const auto* before = record_.phase(PhaseName::before);
    if (before == nullptr || !log_before_start_ || !log_before_end_) {
        return;
    }
    const auto done_between = [this](double from, double to) {
        double done = 0;
        for (std::size_t i = 0; i < record_.seconds.size(); ++i) {
            const double start = static_cast<double>(i);
            const double share =
                std::clamp(std::min(to, start + 1) - std::max(from, start), 0.0, 1.0);
            done += share * record_.seconds[i].done;
        }
        return done;
    };
    const double baseline = done_between(before->start_s, before->end_s);
    if (baseline <= 0) {
        return;
    }
    const double each = static_cast<double>(*log_before_end_ - *log_before_start_) / baseline;
    for (auto& step : record_.steps) {
        if (step.wal_total_bytes) {
            const double loads_share = each * done_between(step.start_s, step.end_s);
            step.wal_bytes = std::max<std::int64_t>(
                0, *step.wal_total_bytes - static_cast<std::int64_t>(loads_share));
        }
    }
}

void Execution::finish_replay() {
    if (!record_.replay) {
        return;
    }
    record_.replay->keys = replay_->keys();
    for (const auto& player : measured_) {
        for (std::size_t phase = 0; phase < reports::phase_count; ++phase) {
            record_.replay->outcomes[phase].merge(player.replayed[phase]);
        }
        if (record_.replay->order) {
            record_.replay->order->holds.merge(player.holds);
        }
    }
    // What came to its end before the load did left the migration alone.
    const auto* after = record_.phase(PhaseName::after);
    if (after == nullptr || record_.interrupted || record_.replay->loops) {
        return;
    }
    double over_s = record_.phases.front().start_s + record_.replay->length_s;
    if (!(record_.replay->speed > 0)) {
        over_s = 0;
        for (const auto& player : measured_) {
            over_s = std::max(over_s, seconds(player.last_done));
        }
    }
    constexpr double forgiven_s = 1;
    if (over_s + forgiven_s < after->end_s) {
        record_.harness_faults.push_back("The recording was over " +
                                         reports::seconds_text(after->end_s - over_s) +
                                         " before the load was to end: record longer, replay "
                                         "slower, or make the phases shorter, or let it start over "
                                         "(`loop: true`).");
    }
}

void Execution::add_doubts() {
    const auto filed = record_.generator.operations;
    const auto schedule = record_.generator.whole_run();
    if (schedule.due != filed + schedule.unsent) {
        record_.harness_faults.push_back("of " + counted(schedule.due, "due operation") + " only " +
                                         std::to_string(filed) + " were filed and " +
                                         std::to_string(schedule.unsent) +
                                         " left unsent: the generator lost the rest");
    }
    if (!stage_.still_locked()) {
        record_.harness_faults.push_back(
            "the run's lock on the database was lost: another rehearsal may have run beside this "
            "one");
    }
    if (const auto fault = out_.fault()) {
        record_.harness_faults.push_back("the run directory lost lines: " + *fault);
    }
    const auto [failures, last] = load_->connect_failures();
    if (failures > 0) {
        record_.warnings.push_back(counted(failures, "connection attempt") +
                                   " of the load failed; the last: " + last);
    }
    for (const auto& worker : measured_) {
        if (worker.slow_threshold > locks::slow_statement_threshold) {
            const auto threshold =
                std::chrono::duration_cast<milliseconds>(worker.slow_threshold).count();
            record_.warnings.push_back("very many statements were slow: waits under " +
                                       std::to_string(threshold) +
                                       " ms are known to the samples alone");
        }
    }
}

}  // namespace harness
