#include "reports/honesty.hpp"

#include "reports/figures.hpp"

#include <algorithm>
#include <cmath>

namespace reports {

namespace {

double lag_p99_ms(const Schedule& schedule) {
    return static_cast<double>(schedule.lag.quantile_us(0.99)) / 1e3;
}

// Its p99 is over what is allowed: the same as more than one operation in a hundred.
bool late(const Schedule& schedule) {
    const auto over = schedule.lag.count_above(static_cast<std::int64_t>(allowed_lag_p99_ms * 1e3));
    return over > std::max(forgiven_late, schedule.lag.count() / 100);
}

bool too_many_unsent(const Schedule& schedule) noexcept {
    return static_cast<double>(schedule.unsent) >
           allowed_unsent_share * static_cast<double>(schedule.due);
}

std::string in(PhaseName phase) {
    return std::string{" in `"} + name_of(phase) + "`";
}

// "a", "a and b", "a, b and c".
std::string enumerated(const std::vector<std::string>& parts) {
    std::string all;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        all += (i == 0 ? "" : i + 1 == parts.size() ? " and " : ", ") + parts[i];
    }
    return all;
}

void add_lateness(const Record& record, std::vector<std::string>& doubts) {
    std::vector<std::string> where;
    for (const auto phase : judged_phases) {
        if (const auto& schedule = record.generator.in(phase); late(schedule)) {
            where.push_back(ms_text(lag_p99_ms(schedule)) + " at p99" + in(phase));
        }
    }
    if (!where.empty()) {
        doubts.push_back("The load generator itself was late: its scheduling lag was " +
                         enumerated(where) + ", and at most " + ms_text(allowed_lag_p99_ms) +
                         " is allowed. Lower the rate or give the generator more CPU.");
    }
}

// What was under way when a phase began is counted there without being due there; more than that
// is not.
void add_unrecorded_schedules(const Record& record, std::vector<std::string>& doubts) {
    for (const auto phase : judged_phases) {
        std::uint64_t calls = 0;
        for (const auto& operation : record.operations) {
            calls += operation.due(phase);
        }
        if (record.generator.in(phase).due == 0 &&
            calls > record.connections + record.recovery.backlog_max) {
            doubts.push_back("How the load generator kept its schedule was not recorded" +
                             in(phase) + ".");
        }
    }
}

void add_lost_samples(const LockCoverage& coverage, PhaseName phase,
                      std::vector<std::string>& doubts) {
    const auto planned = coverage.samples + coverage.lost_samples;
    // One late look on a busy machine is told, but decides nothing by itself: what matters is how
    // long nobody looked, and that the lock gates compare with their limits.
    if (coverage.lost_samples > forgiven_lost_samples &&
        static_cast<double>(coverage.lost_samples) >
            allowed_lost_share * static_cast<double>(planned)) {
        doubts.push_back("The lock observer lost " +
                         counted(coverage.lost_samples, "sample", "samples") + " of " +
                         count_text(planned) + in(phase) +
                         ": waits in between may be missing; at most 1 % is allowed.");
    }
    if (coverage.connection_losses > 0) {
        doubts.push_back("The lock observer lost its connection " +
                         counted(coverage.connection_losses, "time", "times") + in(phase) + ".");
    }
}

}  // namespace

bool too_many_unsent(const Record& record) noexcept {
    return std::any_of(migration_phases.begin(), migration_phases.end(), [&](PhaseName phase) {
        return too_many_unsent(record.generator.in(phase));
    });
}

double generator_allowance_ms(const Record& record) noexcept {
    double worst = 0;
    for (const auto phase : migration_phases) {
        if (const auto& schedule = record.generator.in(phase); late(schedule)) {
            worst = std::max(worst, static_cast<double>(schedule.lag.max_us()) / 1e3);
        }
    }
    return worst;
}

std::optional<double> longest_gap_ms(const Record& record) noexcept {
    double longest = 0;
    for (const auto phase : migration_phases) {
        const double gap = record.coverage(phase).longest_gap_ms;
        if (!(gap > 0)) {
            return std::nullopt;
        }
        longest = std::max(longest, gap);
    }
    return longest;
}

bool deployed(const Record& record) noexcept {
    return std::any_of(record.steps.begin(), record.steps.end(), [](const Step& step) {
        return step.kind == "deploy" && step.outcome == "ok";
    });
}

std::vector<std::string> generator_doubts(const Record& record) {
    std::vector<std::string> doubts;
    add_lateness(record, doubts);
    std::uint64_t due = 0;
    for (const auto phase : judged_phases) {
        const auto& schedule = record.generator.in(phase);
        due += schedule.due;
        if (too_many_unsent(schedule)) {
            doubts.push_back("The load generator left " +
                             counted(schedule.unsent, "due operation", "due operations") +
                             " unsent for its own reasons" + in(phase) + ", out of " +
                             count_text(schedule.due) + "; at most 1 % is allowed.");
        }
        if (record.open_loop && schedule.due > schedule.unsent && schedule.lag.count() == 0) {
            doubts.push_back("How late the load generator sent was never measured" + in(phase) +
                             ".");
        }
    }
    if (record.open_loop && due == 0) {
        doubts.push_back("No operation was ever due: the load never ran.");
    }
    if (record.open_loop && due > 0) {
        add_unrecorded_schedules(record, doubts);
    }
    return doubts;
}

std::vector<std::string> observer_doubts(const Record& record, std::span<const PhaseName> phases) {
    std::vector<std::string> doubts;
    if (record.locks.samples == 0) {
        doubts.push_back("The lock observer took no sample: who waited for whom is unknown.");
        return doubts;
    }
    for (const auto phase : phases) {
        const auto& coverage = record.coverage(phase);
        add_lost_samples(coverage, phase, doubts);
        // Samples lie on a grid: one that was neither taken nor lost was never meant to be.
        const auto planned = static_cast<double>(coverage.samples + coverage.lost_samples);
        const double watched_s = (planned + 1) * record.locks.sample_interval_ms / 1e3;
        const double phase_s = record.phase_seconds(phase);
        if (!(watched_s >= phase_s * 0.99)) {
            doubts.push_back("The lock observer took only " +
                             counted(coverage.samples, "sample", "samples") + in(phase) +
                             ", which had to be watched for " + seconds_text(phase_s) + ".");
        }
    }
    return doubts;
}

}  // namespace reports
