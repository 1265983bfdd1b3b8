#include "reports/run_comparison.hpp"

#include "reports/comparison_family.hpp"
#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/honesty.hpp"
#include "reports/statistics/paired_change.hpp"
#include "reports/statistics/quantile_change.hpp"
#include "reports/statistics/signed_rank.hpp"
#include "reports/verdict.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

namespace reports {

namespace {

using comparing::Asked;

const OperationRecord* find_operation(const Record& record, const std::string& name) {
    for (const auto& operation : record.operations) {
        if (operation.name == name) {
            return &operation;
        }
    }
    return nullptr;
}

// During and after; failed calls are slower than any.
double quantile_ms(const OperationRecord& operation, double q) {
    const auto calls = operation.during_and_after();
    const auto rank = nearest_rank(q, calls.response.count() + calls.failures());
    if (rank == 0) {
        return std::numeric_limits<double>::quiet_NaN();
    }
    return rank > calls.response.count()
               ? INFINITY
               : static_cast<double>(calls.response.value_at_rank_us(rank)) / 1e3;
}

// The operations that all runs have; `reasons` are told of the others.
std::vector<Asked> asked_of_all(std::span<const NamedRun> runs, std::span<const NamedRun> baselines,
                                std::span<const Gate> gates, std::vector<std::string>& reasons) {
    auto asked = comparing::asked_for(*runs[0].record, gates, false);
    const auto missing = [&](const std::string& name, std::span<const NamedRun> side) {
        return std::find_if(side.begin(), side.end(), [&](const NamedRun& run) {
            const auto* operation = find_operation(*run.record, name);
            return operation == nullptr || operation->during_and_after().due() == 0;
        });
    };
    for (std::size_t i = 0; i < runs[0].record->operations.size(); ++i) {
        const auto& name = runs[0].record->operations[i].name;
        const auto here = missing(name, runs), there = missing(name, baselines);
        if (here == runs.end() && there == baselines.end()) {
            continue;
        }
        reasons.push_back("The operation " + name +
                          " was never due during or after the migration in " +
                          (here == runs.end() ? there->name : here->name) + ".");
        std::erase_if(asked, [&](const Asked& each) { return each.operation == i; });
    }
    for (const auto& operation : baselines[0].record->operations) {
        if (find_operation(*runs[0].record, operation.name) == nullptr) {
            reasons.push_back("The operation " + operation.name + " is in " + baselines[0].name +
                              " only.");
        }
    }
    return asked;
}

std::vector<statistics::QuantileChange> by_seconds(const NamedRun& run, const NamedRun& baseline,
                                                   const std::vector<Asked>& asked) {
    auto now = comparing::sides_of(*run.record);
    auto before = comparing::sides_of(*baseline.record);
    for (std::size_t i = 0; i < now.size(); ++i) {
        const auto& name = run.record->operations[i].name;
        const auto* there = find_operation(*baseline.record, name);
        now[i].before =
            there == nullptr
                ? statistics::Seconds{}
                : std::move(
                      before[static_cast<std::size_t>(there - baseline.record->operations.data())]
                          .now);
    }
    return comparing::compare(now, asked, run.record->run.seed, baseline.name, run.name);
}

std::vector<statistics::QuantileChange> by_pairs(std::span<const NamedRun> runs,
                                                 std::span<const NamedRun> baselines,
                                                 const std::vector<Asked>& asked) {
    std::vector<statistics::QuantileChange> changes;
    for (const auto& each : asked) {
        const auto& name = runs[0].record->operations[each.operation].name;
        std::vector<statistics::PairOfRuns> pairs;
        for (std::size_t i = 0; i < runs.size(); ++i) {
            pairs.push_back(
                {.before_ms = quantile_ms(*find_operation(*baselines[i].record, name), each.q),
                 .now_ms = quantile_ms(*find_operation(*runs[i].record, name), each.q)});
        }
        changes.push_back(statistics::compare_pairs(pairs, each.margin, allowed_error));
    }
    return changes;
}

double median(std::span<const NamedRun> runs, const std::function<double(const Record&)>& figure) {
    std::vector<double> values;
    for (const auto& run : runs) {
        values.push_back(figure(*run.record));
    }
    std::sort(values.begin(), values.end());
    const auto half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double failures_of(const Record& record) {
    std::uint64_t failures = 0;
    for (const auto& operation : record.operations) {
        failures += operation.during_and_after().failures();
    }
    return static_cast<double>(failures);
}

double longest_stall_s(const Record& record) {
    double longest = 0;
    for (const auto& operation : record.operations) {
        longest = std::max(longest, operation.longest_stall_of_migration.length_s());
    }
    return longest;
}

double migration_s(const Record& record) {
    return record.steps.empty() ? 0 : record.steps.back().end_s - record.steps.front().start_s;
}

std::vector<SideFigure> side_figures(std::span<const NamedRun> runs,
                                     std::span<const NamedRun> baselines) {
    struct Row {
        const char* name;
        double (*figure)(const Record&);
        std::string (*text)(double);
    };
    static constexpr auto plain = [](double value) {
        return count_text(static_cast<std::uint64_t>(std::llround(value)));
    };
    static const Row rows[] = {
        {"migration", migration_s, seconds_text},
        {"longest lock wait", [](const Record& r) { return r.locks.max_wait_ms; }, ms_text},
        {"most sessions blocked at once",
         [](const Record& r) { return static_cast<double>(r.locks.max_blocked); }, plain},
        {"victim-seconds", [](const Record& r) { return r.locks.victim_seconds; },
         [](double value) { return decimal_text(value, 1); }},
        {"longest stall", longest_stall_s, seconds_text},
        {"failed calls", failures_of, plain}};
    std::vector<SideFigure> figures;
    for (const auto& row : rows) {
        figures.push_back({row.name, row.text(median(baselines, row.figure)),
                           row.text(median(runs, row.figure))});
    }
    return figures;
}

// What was not the same on both sides although it decides the figures.
void compare_settings(const NamedRun& run, const NamedRun& baseline,
                      std::vector<std::string>& warnings) {
    const auto& [a, b] = std::pair{std::cref(*baseline.record), std::cref(*run.record)};
    if (a.get().rollback != nullptr || b.get().rollback != nullptr) {
        warnings.push_back("The ways back of " + baseline.name + " and " + run.name +
                           " are not compared.");
    }
    const auto differ = [&](const char* what, const std::string& before, const std::string& now) {
        if (before != now) {
            warnings.push_back(std::string{what} + " differs: " + before + " in " + baseline.name +
                               ", " + now + " in " + run.name + ".");
        }
    };
    const auto rate = [](const Record& r) {
        return r.open_loop ? rate_text(r.asked_rate) : std::string{"closed loop"};
    };
    differ("The rate", rate(a), rate(b));
    differ("The number of connections", std::to_string(a.get().connections),
           std::to_string(b.get().connections));
    differ("The server", a.get().target.engine + " " + a.get().target.version,
           b.get().target.engine + " " + b.get().target.version);
    for (const auto& [name, value] : a.get().target.settings) {
        const auto found = b.get().target.settings.find(name);
        if (found != b.get().target.settings.end()) {
            differ(("The setting " + name).c_str(), value, found->second);
        }
    }
}

// What makes the figures of two runs incomparable, whatever they are.
void doubt_pair(const NamedRun& run, const NamedRun& baseline, std::vector<std::string>& reasons) {
    const auto& now = *run.record;
    const auto& before = *baseline.record;
    if (now.run.id == before.run.id) {
        reasons.push_back(run.name + " and " + baseline.name + " are the same run.");
    }
    if (now.open_loop != before.open_loop || now.asked_rate != before.asked_rate) {
        reasons.push_back(run.name + " and " + baseline.name + " did not have the same load.");
    }
    const double now_s = now.phase_seconds(PhaseName::after);
    const double before_s = before.phase_seconds(PhaseName::after);
    if (std::abs(now_s - before_s) > std::max(1.0, 0.1 * before_s)) {
        reasons.push_back("The phase `after` lasted " + seconds_text(before_s) + " in " +
                          baseline.name + " and " + seconds_text(now_s) + " in " + run.name +
                          ": the longer one thins out what the migration did.");
    }
}

// Whether a run can be compared at all; the reasons why not.
void doubt(const NamedRun& run, std::vector<std::string>& reasons) {
    const auto& record = *run.record;
    if (record.interrupted || !record.harness_error.empty()) {
        reasons.push_back(run.name + " was cut off before it was over.");
        return;
    }
    if (!record.migration_error.empty()) {
        reasons.push_back("In " + run.name + " the migration failed.");
    }
    if (!(record.phase_seconds(PhaseName::after) > 0) ||
        record.phase(PhaseName::during) == nullptr) {
        reasons.push_back(run.name + " lacks the phase `during` or `after`.");
    }
    if (std::any_of(record.steps.begin(), record.steps.end(),
                    [](const Step& step) { return step.outcome != "ok"; })) {
        reasons.push_back("In " + run.name + " not every step was carried out.");
    }
    for (const auto& fault : record.harness_faults) {
        reasons.push_back(run.name + ": " + fault);
    }
    for (const auto& sentence : generator_doubts(record)) {
        reasons.push_back(run.name + ": " + sentence);
    }
}

bool failed_anew(const NamedRun& run, const NamedRun& baseline, RunComparison& comparison) {
    if (run.record->verdict == Verdict::inconclusive) {
        comparison.warnings.push_back(
            run.name + " itself is inconclusive: " +
            (run.record->reasons.empty() ? "" : run.record->reasons.front()));
    }
    if (run.record->verdict != Verdict::fail) {
        return false;
    }
    const auto why = run.name + " itself failed: " +
                     (run.record->reasons.empty() ? "" : run.record->reasons.front());
    // What was lost is no excuse for what is: only gates may fail on both sides.
    const bool by_gates = run.record->exit_code == exit_codes::gate_failed;
    if (by_gates && baseline.record->verdict == Verdict::fail) {
        comparison.warnings.push_back(why + " Its baseline " + baseline.name + " failed, too.");
        return false;
    }
    comparison.reasons.push_back(why);
    return true;
}

std::string sentence_about(const Comparison& each) {
    const auto interval = interval_text(each);
    const auto whose = "The " + each.statistic + " of " + each.operation;
    if (each.verdict == Verdict::pass) {
        return whose + " became " + interval + " of the baseline's.";
    }
    if (each.verdict == Verdict::fail) {
        return whose + " rose to " + interval + " of the baseline's, and at most " +
               ratio_text(each.allowed_ratio) + " is allowed.";
    }
    return whose + " became " + interval + " of the baseline's: neither surely more than " +
           ratio_text(each.allowed_ratio) + " nor surely less.";
}

// What is lacking is often the same for several figures: it is said once.
void add_what_lacks(const RunComparison& comparison, std::vector<std::string>& sentences) {
    std::vector<std::pair<std::string, std::string>> names_by_lack;
    for (const auto& each : comparison.operations) {
        if (each.lacking.empty()) {
            continue;
        }
        const auto name = "the " + each.statistic + " of " + each.operation;
        const auto known =
            std::find_if(names_by_lack.begin(), names_by_lack.end(),
                         [&](const auto& other) { return other.first == each.lacking; });
        if (known == names_by_lack.end()) {
            names_by_lack.emplace_back(each.lacking, name);
        } else {
            known->second += ", " + name;
        }
    }
    for (const auto& [lacking, names] : names_by_lack) {
        sentences.push_back("Not compared: " + names + ". " + lacking);
    }
}

void decide(RunComparison& comparison, bool failed, std::size_t doubts) {
    std::vector<std::string> harmful, unsure;
    for (const auto& each : comparison.operations) {
        if (each.verdict != Verdict::pass && each.lacking.empty()) {
            (each.verdict == Verdict::fail ? harmful : unsure).push_back(sentence_about(each));
        }
    }
    add_what_lacks(comparison, unsure);
    const bool fail = failed || !harmful.empty();
    const bool unclear = doubts > 0 || !unsure.empty() || comparison.operations.empty();
    auto& reasons = comparison.reasons;
    reasons.insert(reasons.begin(), harmful.begin(), harmful.end());
    reasons.insert(reasons.end(), unsure.begin(), unsure.end());
    if (comparison.operations.empty()) {
        reasons.emplace_back("There is no operation that both sides have.");
    }
    comparison.verdict = fail ? Verdict::fail : unclear ? Verdict::inconclusive : Verdict::pass;
    comparison.exit_code = fail      ? exit_codes::gate_failed
                           : unclear ? exit_codes::inconclusive
                                     : exit_codes::pass;
    if (comparison.verdict == Verdict::pass) {
        reasons.push_back("No response time is slower than allowed: " +
                          counted(comparison.operations.size(), "comparison", "comparisons") + ".");
    }
}

}  // namespace

std::vector<Gate> default_ratio_gates() {
    std::vector<Gate> gates;
    for (const auto& [key, ratio] : {std::pair{"response.p50", "1.10"}, {"response.p99", "1.25"}}) {
        gates.push_back(
            std::get<Gate>(parse_gate({.key = key, .limit = {}, .ratio = ratio, .floor = {}})));
    }
    return gates;
}

namespace {

GateResult baseline_result(const Gate& gate, std::span<const Gate> gates,
                           const std::vector<Comparison>& operations, const Record& record,
                           const NamedRun& baseline, const std::vector<std::string>& doubts) {
    GateResult result{.name = "baseline." + gate.name,
                      .limit = "<= " + decimal_text(*gate.ratio, 2) + " x " + baseline.name,
                      .observed = "n/a",
                      .verdict = Verdict::inconclusive,
                      .detail = {},
                      .written = gate.written,
                      .baseline = baseline.name};
    const auto rank = [](Verdict verdict) {
        return verdict == Verdict::fail ? 2 : verdict == Verdict::inconclusive ? 1 : 0;
    };
    const Comparison* worst = nullptr;
    for (const auto& each : operations) {
        const auto* operation = find_operation(record, each.operation);
        const bool asked = each.statistic == gate.statistic && operation != nullptr &&
                           concerns(gate, gates, *operation);
        const bool worse = worst == nullptr || rank(each.verdict) > rank(worst->verdict) ||
                           (rank(each.verdict) == rank(worst->verdict) &&
                            each.ratio.value_or(INFINITY) > worst->ratio.value_or(INFINITY));
        worst = asked && worse ? &each : worst;
    }
    std::string lacking;
    for (const auto& doubt : doubts) {
        lacking += (lacking.empty() ? "" : " ") + doubt;
    }
    if (worst == nullptr) {
        result.detail = "There is no operation that both runs have. " + lacking;
        return result;
    }
    result.observed = ratio_text(worst->ratio);
    result.observed_value = worst->ratio;
    result.limit_value = gate.ratio;
    if (worst->verdict == Verdict::fail || doubts.empty()) {
        result.verdict = worst->verdict;
        result.detail = worst->lacking.empty() ? sentence_about(*worst)
                                               : worst->operation + ": " + worst->lacking;
    } else {
        result.detail = lacking;
    }
    return result;
}

}  // namespace

std::vector<GateResult> judge_against(const NamedRun& baseline, const Record& record,
                                      std::span<const Gate> gates) {
    std::vector<Gate> ratios;
    for (const auto& gate : gates) {
        if (gate.ratio) {
            ratios.push_back(gate);
        }
    }
    if (ratios.empty()) {
        ratios = default_ratio_gates();
    }
    const NamedRun run{"this run", &record};
    std::vector<std::string> doubts;
    doubt(run, doubts);
    doubt(baseline, doubts);
    doubt_pair(run, baseline, doubts);
    const std::span runs{&run, 1}, baselines{&baseline, 1};
    const auto asked = asked_of_all(runs, baselines, ratios, doubts);
    const auto operations = comparing::told(asked, by_seconds(run, baseline, asked), record);
    std::vector<GateResult> results;
    for (const auto& gate : ratios) {
        results.push_back(baseline_result(gate, ratios, operations, record, baseline, doubts));
    }
    return results;
}

RunComparison compare_runs(std::span<const NamedRun> runs, std::span<const NamedRun> baselines,
                           std::span<const Gate> gates) {
    if (runs.empty() || runs.size() != baselines.size()) {
        throw std::invalid_argument{"as many runs as baselines are needed, at least one of each"};
    }
    RunComparison comparison;
    const bool single = runs.size() == 1;
    comparison.method =
        single ? "One run against one, second by second: what differs from run to run on such "
                 "machines is not in it."
               : "Exact signed-rank test over " + count_text(runs.size()) + " pairs of runs.";
    bool failed = false;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        comparison.runs.push_back(runs[i].name);
        comparison.baselines.push_back(baselines[i].name);
        failed = failed_anew(runs[i], baselines[i], comparison) || failed;
        compare_settings(runs[i], baselines[i], comparison.warnings);
    }
    std::vector<std::string> doubts;
    for (std::size_t i = 0; i < runs.size(); ++i) {
        doubt(runs[i], doubts);
        doubt(baselines[i], doubts);
        doubt_pair(runs[i], baselines[i], doubts);
        if (runs[i].record->verdict == Verdict::inconclusive &&
            baselines[i].record->verdict == Verdict::pass) {
            doubts.push_back(runs[i].name + " is inconclusive where " + baselines[i].name +
                             " passed.");
        }
    }
    const auto fallback = gates.empty() ? default_ratio_gates() : std::vector<Gate>{};
    const auto asked =
        asked_of_all(runs, baselines, gates.empty() ? std::span{fallback} : gates, doubts);
    const auto changes =
        single ? by_seconds(runs[0], baselines[0], asked) : by_pairs(runs, baselines, asked);
    const auto needed = statistics::differences_needed(
        allowed_error / static_cast<double>(std::max<std::size_t>(asked.size(), 1)));
    if (!single && runs.size() < needed) {
        comparison.warnings.push_back("With " + counted(asked.size(), "comparison", "comparisons") +
                                      " harm can only be shown from " + count_text(needed) +
                                      " pairs on.");
    }
    comparison.operations = comparing::told(asked, changes, *runs[0].record);
    comparison.figures = side_figures(runs, baselines);
    comparison.reasons.insert(comparison.reasons.end(), doubts.begin(), doubts.end());
    decide(comparison, failed, doubts.size());
    return comparison;
}

}  // namespace reports
