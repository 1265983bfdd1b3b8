#include "reports/honesty.hpp"

#include "reports/figures.hpp"

#include <algorithm>
#include <cmath>

namespace reports {

namespace {

double lag_p99_ms(const Generator& generator) {
    return static_cast<double>(generator.lag.quantile_us(0.99)) / 1e3;
}

bool late(const Generator& generator) {
    return lag_p99_ms(generator) > allowed_lag_p99_ms;
}

}  // namespace

bool too_many_unsent(const Generator& generator) noexcept {
    return static_cast<double>(generator.unsent) >
           allowed_unsent_share * static_cast<double>(generator.due);
}

double generator_allowance_ms(const Record& record) noexcept {
    return late(record.generator) ? static_cast<double>(record.generator.lag.max_us()) / 1e3 : 0;
}

bool deployed(const Record& record) noexcept {
    return std::any_of(record.steps.begin(), record.steps.end(), [](const Step& step) {
        return step.kind == "deploy" && step.outcome == "ok";
    });
}

std::vector<std::string> generator_doubts(const Record& record) {
    const auto& generator = record.generator;
    std::vector<std::string> doubts;
    if (late(generator)) {
        doubts.push_back("The load generator itself was late: its scheduling lag was " +
                         ms_text(lag_p99_ms(generator)) + " at p99, and at most " +
                         ms_text(allowed_lag_p99_ms) +
                         " is allowed. Lower the rate or give the generator more CPU.");
    }
    if (too_many_unsent(generator)) {
        doubts.push_back("The load generator left " +
                         counted(generator.unsent, "due operation", "due operations") +
                         " unsent for its own reasons, out of " + count_text(generator.due) +
                         "; at most 1 % is allowed.");
    }
    if (record.open_loop && generator.due == 0) {
        doubts.push_back("No operation was ever due: the load never ran.");
    } else if (record.open_loop && generator.lag.count() == 0) {
        doubts.push_back("How late the load generator sent was never measured.");
    }
    return doubts;
}

std::vector<std::string> observer_doubts(const Record& record) {
    const auto& locks = record.locks;
    std::vector<std::string> doubts;
    if (locks.samples == 0) {
        doubts.push_back("The lock observer took no sample: who waited for whom is unknown.");
        return doubts;
    }
    // One late look on a busy machine is told, but decides nothing by itself: what matters is how long
    // nobody looked, and that the lock gates compare with their limits.
    if (static_cast<double>(locks.lost_samples) >
        allowed_lost_share * static_cast<double>(locks.samples + locks.lost_samples)) {
        doubts.push_back(
            "The lock observer lost " + counted(locks.lost_samples, "sample", "samples") + " of " +
            count_text(locks.samples + locks.lost_samples) +
            ": waits in between may be missing; at most 1 % is allowed.");
    }
    if (record.observer.connection_losses > 0) {
        doubts.push_back("The lock observer lost its connection " +
                         counted(record.observer.connection_losses, "time", "times") + ".");
    }
    // An observer that died early leaves no gap "between two samples"; too few samples give it
    // away.
    const double watched_s = static_cast<double>(locks.samples) *
                             std::max(locks.longest_gap_ms, locks.sample_interval_ms) / 1e3;
    const double judged_s =
        record.phase_seconds(PhaseName::during) + record.phase_seconds(PhaseName::after);
    if (!(watched_s >= judged_s * 0.99)) {
        doubts.push_back("The lock observer took only " +
                         counted(locks.samples, "sample", "samples") +
                         " in a run that had to be "
                         "watched for " +
                         seconds_text(judged_s) + ".");
    }
    return doubts;
}

}  // namespace reports
