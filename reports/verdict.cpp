#include "reports/verdict.hpp"

#include "reports/comparisons.hpp"
#include "reports/figures.hpp"
#include "reports/honesty.hpp"
#include "reports/load_coverage.hpp"
#include "reports/replay.hpp"
#include "reports/run_comparison.hpp"

#include <algorithm>
#include <array>
#include <csignal>

namespace reports {

namespace {

using Sentences = std::vector<std::string>;

std::string behind(const std::string& detail) {
    return detail.empty() ? "." : ": " + detail + ".";
}

// "Calls of every operation" or "Calls of read_order".
std::string whose(const Gate& gate) {
    return gate.operation.empty() ? "an operation" : gate.operation;
}

std::string failure_sentence(const Gate& gate, const GateResult& result) {
    const auto tail =
        " (gate " + gate.name + ", limit " + result.limit + ")" + behind(result.detail);
    switch (gate.metric) {
        case GateMetric::lock_wait_max:
            return "The application waited up to " + result.observed + " for a lock" + tail;
        case GateMetric::stall_max:
            return "For " + result.observed + " no call of " + whose(gate) +
                   " got through although some were due" + tail;
        case GateMetric::errors:
            return (result.observed == "1" ? "1 call" : result.observed + " calls") +
                   " failed during and after the migration" + tail;
        case GateMetric::deadlocks:
            return "Deadlocks during the run: " + result.observed + tail;
        case GateMetric::blocked_max:
            return "Up to " + result.observed + " application sessions waited for locks at once" +
                   tail;
        case GateMetric::duration:
            return "The migration took " + result.observed + tail;
        case GateMetric::replica_lag:
            return "A replica fell behind by up to " + result.observed + tail;
        case GateMetric::response:
            return "The response time of " + whose(gate) + " was too long: " + gate.statistic +
                   " " + result.observed + tail;
        case GateMetric::replay_coverage:
            return "The load covers only " + result.observed + " of production's" + tail;
        case GateMetric::service:
            return "The service time of " + whose(gate) + " was too long: " + gate.statistic + " " +
                   result.observed + tail;
    }
    return gate.name + ": " + result.observed + tail;
}

// What is lacking is often the same for several gates: it is said once.
void add_unjudged_gates(const Record& record, Sentences& sentences) {
    std::vector<std::pair<std::string, std::string>> names_by_detail;
    for (const auto& gate : record.gates) {
        if (gate.verdict != Verdict::inconclusive) {
            continue;
        }
        const auto known =
            std::find_if(names_by_detail.begin(), names_by_detail.end(),
                         [&](const auto& each) { return each.first == gate.detail; });
        if (known == names_by_detail.end()) {
            names_by_detail.emplace_back(gate.detail, gate.name);
        } else {
            known->second += ", " + gate.name;
        }
    }
    for (const auto& [detail, names] : names_by_detail) {
        const bool several = names.find(", ") != std::string::npos;
        sentences.push_back((several ? "The gates " : "The gate ") + names +
                            " could not be judged: " + detail);
    }
}

// A run that was cut off says why, and not again for everything that is missing because of it.
void add_number_of_unjudged_gates(const Record& record, Sentences& sentences) {
    const auto unjudged =
        std::count_if(record.gates.begin(), record.gates.end(),
                      [](const GateResult& gate) { return gate.verdict == Verdict::inconclusive; });
    if (unjudged > 0) {
        sentences.push_back(
            counted(static_cast<std::uint64_t>(unjudged), "gate was", "gates were") +
            " not judged.");
    }
}

std::string subject_of(const Record& record) {
    return record.is_rollback ? "The way back" : "The migration";
}

// The step that failed, as far as the record names it.
std::string migration_failure(const Record& record) {
    for (const auto& step : record.steps) {
        if (step.outcome == "failed") {
            const auto& why = step.error.empty() ? record.migration_error : step.error;
            return subject_of(record) + " failed at step \"" + step.name + "\"" +
                   (why.empty() ? "." : ": " + why);
        }
    }
    return record.migration_error.empty()
               ? ""
               : subject_of(record) + " failed: " + record.migration_error;
}

void add_incomplete_steps(const Record& record, Sentences& doubts) {
    if (record.steps.empty()) {
        doubts.emplace_back("No step of a migration was carried out.");
    }
    for (const auto& step : record.steps) {
        if (step.outcome != "ok" && step.outcome != "failed") {
            doubts.push_back("Step \"" + step.name + "\" was not carried out" +
                             (step.outcome.empty() ? "." : ": " + step.outcome + "."));
        }
    }
}

void add_what_never_ran(const Record& record, Sentences& doubts) {
    if (record.operations.empty()) {
        doubts.emplace_back("The workload had no operation.");
    }
    const bool from_production = load_coverage(record).has_value();
    for (const auto& operation : record.operations) {
        // Production holds what comes once a day, too.
        if (!from_production && operation.due(PhaseName::before) +
                                        operation.due(PhaseName::during) +
                                        operation.due(PhaseName::after) ==
                                    0) {
            doubts.push_back("The operation " + operation.name +
                             " was never due: nothing is known of it.");
        }
        // Whatever the gates allow: what the migration would have done to it nobody has seen.
        if (const auto calls = operation.during_and_after(); calls.due() > 0 && calls.count == 0) {
            doubts.push_back("No call of " + operation.name + " got through during or after the " +
                             "migration, although " + counted(calls.due(), "was", "were") +
                             " due.");
        }
    }
    for (const auto& adversary : record.adversaries) {
        if (adversary.outcome != "ok") {
            doubts.push_back("The adversary \"" + adversary.name + "\" " +
                             (adversary.outcome == "failed" ? "failed" : "never ran") +
                             behind(adversary.error));
        }
    }
}

// Why this run cannot be called a pass, whatever its gates say.
Sentences doubts_about(const Record& record) {
    Sentences doubts = generator_doubts(record);
    const auto observer = observer_doubts(record);
    doubts.insert(doubts.end(), observer.begin(), observer.end());
    const auto replayed = replay_doubts(record);
    doubts.insert(doubts.end(), replayed.begin(), replayed.end());
    for (const auto& fault : record.harness_faults) {
        doubts.push_back(fault);
    }
    if (record.verification) {
        const auto unproved = doubt_sentences(*record.verification);
        doubts.insert(doubts.end(), unproved.begin(), unproved.end());
    }
    if (!record.rollback_omitted.empty()) {
        doubts.push_back("The way back was not rehearsed: " + record.rollback_omitted + ".");
    }
    add_incomplete_steps(record, doubts);
    add_what_never_ran(record, doubts);
    if (record.gates.empty()) {
        doubts.emplace_back("No gate was given: there is nothing to judge the run by.");
    }
    return doubts;
}

std::string pass_sentence(const Record& record) {
    std::uint64_t calls = 0;
    for (const auto& operation : record.operations) {
        calls += operation.due(PhaseName::during) + operation.due(PhaseName::after);
    }
    const auto gates = record.gates.size() == 1
                           ? std::string{"The gate"}
                           : "All " + count_text(record.gates.size()) + " gates";
    return gates + " held over " + counted(calls, "call", "calls") +
           (record.is_rollback ? " during and after it." : " during and after the migration.") +
           (record.verification ? " " + proved_sentence(*record.verification) : "");
}

// The way back is judged like the migration; what is worse of both decides, and comes first.
void unite_with_rollback(Record& record) {
    constexpr std::array ranks{exit_codes::interrupted,      exit_codes::terminated,
                               exit_codes::harness_failed,   exit_codes::data_mismatch,
                               exit_codes::migration_failed, exit_codes::gate_failed,
                               exit_codes::inconclusive,     exit_codes::pass};
    const auto rank = [&ranks](const Record& of) {
        return std::find(ranks.begin(), ranks.end(), of.exit_code) - ranks.begin();
    };
    const Record& back = *record.rollback;
    if (back.verdict == Verdict::pass && record.verdict != Verdict::pass) {
        return;  // what holds is not why
    }
    Sentences told;
    for (const auto& reason : back.reasons) {
        told.push_back("Rollback: " + reason);
    }
    if (rank(back) >= rank(record)) {
        record.reasons.insert(record.reasons.end(), told.begin(), told.end());
        return;
    }
    if (record.verdict == Verdict::pass) {
        record.reasons.clear();  // what held on the way there is not why
    }
    record.reasons.insert(record.reasons.begin(), told.begin(), told.end());
    record.verdict = back.verdict;
    record.exit_code = back.exit_code;
}

struct Ruling {
    Verdict verdict;
    int exit_code;
};

Ruling rule(const Record& record, int signal, bool mismatch, bool migration_failed,
            bool gate_failed, bool doubtful) {
    if (record.interrupted) {
        return {Verdict::inconclusive,
                signal == SIGTERM ? exit_codes::terminated : exit_codes::interrupted};
    }
    if (!record.harness_error.empty()) {
        return {Verdict::inconclusive, exit_codes::harness_failed};
    }
    if (mismatch) {
        return {Verdict::fail, exit_codes::data_mismatch};
    }
    if (migration_failed) {
        return {Verdict::fail, exit_codes::migration_failed};
    }
    if (gate_failed) {
        return {Verdict::fail, exit_codes::gate_failed};
    }
    return doubtful ? Ruling{Verdict::inconclusive, exit_codes::inconclusive}
                    : Ruling{Verdict::pass, exit_codes::pass};
}

// How much of production's load was taken over is judged always.
std::vector<Gate> with_coverage(std::span<const Gate> given, const Record& record) {
    std::vector<Gate> gates{given.begin(), given.end()};
    const bool there = std::any_of(gates.begin(), gates.end(), [](const Gate& gate) {
        return gate.metric == GateMetric::replay_coverage;
    });
    if (load_coverage(record) && !there) {
        gates.push_back(default_coverage_gate());
    }
    return gates;
}

}  // namespace

void decide(Record& record, std::span<const Gate> given, int termination_signal,
            const NamedRun* baseline) {
    const auto gates = with_coverage(given, record);
    record.interrupted = record.interrupted || termination_signal != 0;
    record.comparisons = compare_operations(record, gates);
    record.gates = judge(gates, record);
    if (baseline != nullptr) {
        const auto against = judge_against(*baseline, record, gates);
        record.gates.insert(record.gates.end(), against.begin(), against.end());
    }
    record.reasons.clear();

    if (record.interrupted) {
        record.reasons.emplace_back(termination_signal == SIGTERM
                                        ? "The rehearsal was terminated before it was over."
                                        : "The rehearsal was interrupted before it was over.");
    }
    if (!record.harness_error.empty()) {
        record.reasons.push_back("The harness could not do its work: " + record.harness_error);
    }
    const auto mismatches =
        record.verification ? mismatch_sentences(*record.verification) : Sentences{};
    record.reasons.insert(record.reasons.end(), mismatches.begin(), mismatches.end());
    const auto migration = migration_failure(record);
    if (!migration.empty()) {
        record.reasons.push_back(migration);
    }
    bool gate_failed = false;
    for (std::size_t i = 0; i < record.gates.size(); ++i) {
        if (record.gates[i].verdict == Verdict::fail) {
            gate_failed = true;
            record.reasons.push_back(i < gates.size() ? failure_sentence(gates[i], record.gates[i])
                                                      : "Slower than the baseline (gate " +
                                                            record.gates[i].name +
                                                            "): " + record.gates[i].detail);
        }
    }
    const bool cut_off = record.interrupted || !record.harness_error.empty();
    auto doubts = cut_off ? record.harness_faults : doubts_about(record);
    cut_off ? add_number_of_unjudged_gates(record, doubts) : add_unjudged_gates(record, doubts);
    record.reasons.insert(record.reasons.end(), doubts.begin(), doubts.end());

    const auto ruling = rule(record, termination_signal, !mismatches.empty(), !migration.empty(),
                             gate_failed, !doubts.empty());
    record.verdict = ruling.verdict;
    record.exit_code = ruling.exit_code;
    if (ruling.verdict == Verdict::pass) {
        record.reasons.push_back(pass_sentence(record));
    }
    if (record.rollback != nullptr) {
        decide(*record.rollback, gates, termination_signal);
        unite_with_rollback(record);
    }
}

void decide_unkept(Record& record, const std::string& fault) {
    // Whoever judges the stored run again hears of it, too.
    record.harness_faults.push_back("The run directory is not whole: " + fault + ".");
    record.reasons.insert(record.reasons.begin(), "The run directory is not whole: " + fault + ".");
    if (record.verdict == Verdict::pass) {
        record.verdict = Verdict::inconclusive;
    }
    if (!record.interrupted) {
        record.exit_code = exit_codes::harness_failed;
    }
}

}  // namespace reports
