#include "reports/gates.hpp"

#include "reports/figures.hpp"
#include "reports/honesty.hpp"
#include "reports/judgement.hpp"
#include "reports/load_coverage.hpp"
#include "reports/replay.hpp"

#include <algorithm>
#include <cmath>

namespace reports {

namespace judging {

namespace {

// The observer samples: what lay between two samples nobody saw.
std::string sampling(const Record& record) {
    return "sampled every " + ms_text(record.locks.sample_interval_ms) + ", longest gap " +
           ms_text(longest_gap_ms(record).value_or(0));
}

std::vector<std::string> unwatched(const Record& record) {
    auto lacking = missing_span(record);
    const auto doubts = observer_doubts(record, migration_phases);
    lacking.insert(lacking.end(), doubts.begin(), doubts.end());
    if (record.locks.samples > 0 && !longest_gap_ms(record)) {
        lacking.push_back("The longest gap between two lock samples is unknown.");
    }
    const bool nobody_to_wait =
        std::none_of(record.operations.begin(), record.operations.end(), [](const auto& operation) {
            return operation.due(PhaseName::during) + operation.due(PhaseName::after) > 0;
        });
    if (nobody_to_wait) {
        lacking.push_back("No operation was due during or after the migration.");
    }
    return lacking;
}

Finding judge_lock_wait(const Gate& gate, const Record& record) {
    auto lacking = unwatched(record);
    const double gap_ms = longest_gap_ms(record).value_or(0);
    if (gate.limit && gap_ms > *gate.limit) {
        lacking.push_back(
            "A wait of " + ms_text(*gate.limit) +
            " could have come and gone unseen: the longest gap between two lock samples "
            "was " +
            ms_text(gap_ms) + ".");
    }
    auto finding = against_limit(gate, record.locks.max_wait_ms, Unit::ms, lacking);
    if (finding.verdict != Verdict::inconclusive) {
        finding.detail += "longest wait of a workload operation; " + sampling(record);
    }
    return finding;
}

// A queue that forms and dissolves between two samples is not seen; that is in the nature of
// sampling and the detail says so. A second and more without a look is not.
Finding judge_blocked(const Gate& gate, const Record& record) {
    auto lacking = unwatched(record);
    const auto& locks = record.locks;
    const double gap_ms = longest_gap_ms(record).value_or(0);
    if (gap_ms > std::max(10 * locks.sample_interval_ms, 1'000.0)) {
        lacking.push_back("Nobody looked for " + ms_text(gap_ms) +
                          ": a queue may have come and gone meanwhile.");
    }
    auto finding = against_limit(gate, locks.max_blocked, Unit::count, lacking);
    if (finding.verdict != Verdict::inconclusive) {
        finding.detail += "most workload sessions waiting at one instant; " + sampling(record);
    }
    return finding;
}

Finding judge_deadlocks(const Gate& gate, const Record& record) {
    auto lacking = missing_span(record);
    const bool lost =
        std::any_of(migration_phases.begin(), migration_phases.end(),
                    [&](PhaseName phase) { return record.coverage(phase).connection_losses > 0; });
    if (record.locks.samples == 0 || lost) {
        lacking.push_back("The observer was not connected all the time.");
    }
    return against_limit(gate, static_cast<double>(record.locks.deadlocks), Unit::count, lacking);
}

Finding judge_duration(const Gate& gate, const Record& record) {
    std::vector<std::string> lacking;
    double first = INFINITY;
    double last = -INFINITY;
    for (const auto& step : record.steps) {
        if (step.outcome != "ok") {
            lacking.push_back("The migration did not finish: step \"" + step.name + "\" is " +
                              (step.outcome.empty() ? "without an outcome" : step.outcome) + ".");
        }
        if (step.outcome != "skipped") {
            first = std::min(first, step.start_s);
            last = std::max(last, step.end_s);
        }
    }
    if (!(last >= first)) {
        return {.detail = "No step of the migration was timed."};
    }
    auto finding = against_limit(gate, (last - first) * 1e3, Unit::ms, lacking);
    if (finding.verdict != Verdict::inconclusive) {
        finding.detail += "from the first step's start to the last step's end";
    }
    return finding;
}

Finding judge_replica_lag(const Gate& gate, const Record& record) {
    if (!record.replication.measured) {
        return {.detail = "No replica was measured: name one under target.replicas_env."};
    }
    return against_limit(gate, record.replication.max_lag_s * 1e3, Unit::ms, missing_span(record));
}

Finding judge_coverage(const Gate& gate, const Record& record) {
    const auto coverage = load_coverage(record);
    if (!coverage) {
        return {.detail = "The load was not taken from production: there is nothing to cover."};
    }
    Finding finding{.observed = percent_text(coverage->share),
                    .detail = coverage->detail,
                    .observed_value = coverage->share,
                    .limit_value = gate.limit,
                    .badness = 1 - coverage->share};
    finding.verdict = coverage->share >= *gate.limit ? Verdict::pass : Verdict::inconclusive;
    return finding;
}

Finding judge_one(const Gate& gate, std::span<const Gate> all, const Record& record) {
    const bool limit_missing = !gate.limit && !gate.ratio;
    const bool not_a_number = (gate.limit && !std::isfinite(*gate.limit)) ||
                              (gate.ratio && !(*gate.ratio > 0 && std::isfinite(*gate.ratio))) ||
                              !std::isfinite(gate.floor_ms);
    if (limit_missing || not_a_number) {
        return {.detail = "The gate names no limit that could be compared."};
    }
    switch (gate.metric) {
        case GateMetric::lock_wait_max:
            return judge_lock_wait(gate, record);
        case GateMetric::blocked_max:
            return judge_blocked(gate, record);
        case GateMetric::deadlocks:
            return judge_deadlocks(gate, record);
        case GateMetric::duration:
            return judge_duration(gate, record);
        case GateMetric::replica_lag:
            return judge_replica_lag(gate, record);
        case GateMetric::stall_max:
        case GateMetric::errors:
        case GateMetric::response:
        case GateMetric::service:
            return judge_operations(gate, all, record);
        case GateMetric::replay_coverage:
            return judge_coverage(gate, record);
    }
    return {.detail = "The gate is of an unknown kind."};
}

bool counts(GateMetric metric) {
    return metric == GateMetric::errors || metric == GateMetric::deadlocks ||
           metric == GateMetric::blocked_max;
}

std::string limit_text(const Gate& gate) {
    if (gate.metric == GateMetric::replay_coverage && gate.limit) {
        return ">= " + percent_text(*gate.limit);
    }
    std::string text;
    if (gate.limit) {
        text = (gate.strict ? "< " : "<= ") +
               figure(*gate.limit, counts(gate.metric) ? Unit::count : Unit::ms);
    }
    if (gate.ratio) {
        text += (text.empty() ? "<= " : " and <= ") + decimal_text(*gate.ratio, 2) + " x before";
        if (gate.floor_ms > 0) {
            text += " (or " + ms_text(gate.floor_ms) + " more)";
        }
    }
    return text;
}

}  // namespace

std::string figure(double value, Unit unit) {
    // Counts come from integers, but 2^64 as a double would not go back into one.
    constexpr double largest = 9e18;
    return unit == Unit::ms ? ms_text(value)
                            : count_text(static_cast<std::uint64_t>(std::min(value, largest)));
}

std::string joined(const std::vector<std::string>& sentences) {
    std::string all;
    for (const auto& sentence : sentences) {
        all += (all.empty() ? "" : " ") + sentence;
    }
    return all;
}

std::vector<std::string> missing_span(const Record& record) {
    std::vector<std::string> missing;
    const Phase* during = record.phase(PhaseName::during);
    if (during == nullptr || !(during->end_s >= during->start_s)) {
        missing.emplace_back("The run has no `during` phase: the migration was not observed.");
    }
    if (!(record.phase_seconds(PhaseName::after) > 0)) {
        missing.emplace_back("The load did not go on after the migration.");
    }
    return missing;
}

Finding against_limit(const Gate& gate, double observed, Unit unit,
                      const std::vector<std::string>& lacking, double allowance_ms) {
    if (!gate.limit) {
        return {.detail = "This gate takes a limit, not a ratio."};
    }
    const double limit = *gate.limit;
    if (!std::isfinite(observed) || observed < 0) {
        return {.detail = "The figure was not measured.", .limit_value = limit};
    }
    const auto over = [&](double value) { return gate.strict ? value >= limit : value > limit; };
    Finding finding{.observed = figure(observed, unit),
                    .detail = {},
                    .observed_value = observed,
                    .limit_value = limit,
                    .badness = observed};
    if (unit == Unit::ms && observed != limit && finding.observed == figure(limit, unit)) {
        finding.observed =
            decimal_text(observed, 3) + " ms";  // "300 ms" over "300 ms" says nothing
    }
    if (over(observed - allowance_ms)) {
        finding.verdict = Verdict::fail;
    } else if (over(observed)) {
        finding.detail = "It is over the limit by less than the load generator's own worst lag (" +
                         ms_text(allowance_ms) + "): it may have been the generator.";
    } else if (!lacking.empty()) {
        finding.detail = joined(lacking);
    } else {
        finding.verdict = Verdict::pass;
    }
    return finding;
}

}  // namespace judging

std::vector<GateResult> judge(std::span<const Gate> gates, const Record& record) {
    std::vector<GateResult> results;
    results.reserve(gates.size());
    for (const auto& gate : gates) {
        auto finding = judging::judge_one(gate, gates, record);
        results.push_back({.name = gate.name,
                           .limit = judging::limit_text(gate),
                           .observed = finding.observed.empty() ? "n/a" : finding.observed,
                           .verdict = finding.verdict,
                           .detail = std::move(finding.detail),
                           .limit_value = finding.limit_value,
                           .observed_value = finding.observed_value,
                           .written = gate.written});
    }
    return results;
}

}  // namespace reports
