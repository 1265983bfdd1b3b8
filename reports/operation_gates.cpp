// Gates on operations: stalls, errors, response and service times.
#include "reports/comparisons.hpp"
#include "reports/figures.hpp"
#include "reports/honesty.hpp"
#include "reports/judgement.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace reports::judging {

namespace {

// How many calls a statistic needs to pass a limit.
struct Statistic {
    std::string_view name;
    double quantile;  // 1: the maximum; 0: the mean
    std::uint64_t limit_needs;
};
constexpr std::array<Statistic, 7> known_statistics{{{"mean", 0, 20},
                                                     {"p50", 0.5, 20},
                                                     {"p90", 0.9, 20},
                                                     {"p95", 0.95, 20},
                                                     {"p99", 0.99, 100},
                                                     {"p99_9", 0.999, 1'000},
                                                     {"max", 1, 1}}};

constexpr double tolerated_failures_of_a_mean = 0.01;

// This many calls were to be expected and none was due: that is no accident (e^-10 under Poisson).
constexpr double surely_expected = 10;

struct Calls {
    const OperationRecord* operation = nullptr;
    OperationPhase before, judged;
    std::vector<std::string> lacking;  // why it could not pass, whatever its figures are
};

// A figure over one span, failed calls being slower than any.
struct Measured {
    double ms = 0;
    bool never = false;     // falls on a failed call
    bool at_least = false;  // falls on a saturated value: it lies between 1 h and `ms`
};

Measured measure(const Statistic& statistic, const Histogram& successes, std::uint64_t failures) {
    const auto in_ms = [](double us) { return us / 1e3; };
    if (statistic.quantile == 0) {
        return {.ms = in_ms(successes.mean_us()), .never = successes.count() == 0};
    }
    const auto calls = successes.count() + failures;
    const auto rank = nearest_rank(statistic.quantile, calls);
    if (rank > successes.count() || calls == 0) {
        return {.never = true};
    }
    return {.ms = in_ms(static_cast<double>(successes.value_at_rank_us(rank))),
            .at_least = rank > successes.count() - successes.saturated()};
}

const Histogram& histogram_of(const OperationPhase& phase, GateMetric metric) {
    return metric == GateMetric::service ? phase.service : phase.response;
}

// A phase in which an operation was never due although many calls were to be expected: what the
// migration did to it is unknown.
void note_silence(const Record& record, PhaseName phase, Calls& calls) {
    const auto& operation = *calls.operation;
    const double before_s = record.phase_seconds(PhaseName::before);
    if (operation.due(phase) > 0 || !(before_s > 0)) {
        return;
    }
    const double expected =
        static_cast<double>(calls.before.due()) / before_s * record.phase_seconds(phase);
    const bool retired = operation.sent_by == record.first_version && deployed(record);
    if (expected >= surely_expected && !retired) {
        calls.lacking.push_back(operation.name + " was never due in `" + name_of(phase) +
                                "`, where some " +
                                count_text(static_cast<std::uint64_t>(std::min(expected, 9e18))) +
                                " calls were to be expected.");
    }
}

Calls calls_of(const OperationRecord& operation, const Record& record) {
    Calls calls{
        .operation = &operation,
        .before = operation.baseline ? *operation.baseline : operation.phase(PhaseName::before),
        .judged = operation.during_and_after(),
        .lacking = missing_span(record)};
    if (calls.judged.due() == 0) {
        calls.lacking.push_back(operation.name + " was never due during or after the migration.");
        return calls;
    }
    note_silence(record, PhaseName::during, calls);
    note_silence(record, PhaseName::after, calls);
    return calls;
}

Finding judge_stall(const Gate& gate, Calls& calls, const Record& record) {
    const double stall_ms = calls.operation->longest_stall_of_migration.length_s() * 1e3;
    if (calls.judged.due() > 0 && calls.judged.count == 0) {
        calls.lacking.push_back("No call of " + calls.operation->name +
                                " got through at all during and after the migration.");
    }
    auto finding =
        against_limit(gate, stall_ms, Unit::ms, calls.lacking, generator_allowance_ms(record));
    if (finding.verdict == Verdict::fail) {
        finding.detail +=
            calls.operation->name + " from " +
            decimal_text(calls.operation->longest_stall_of_migration.start_s, 1) + " s to " +
            decimal_text(calls.operation->longest_stall_of_migration.end_s, 1) + " s of the run";
    }
    return finding;
}

// The absolute limit of a response or service time.
Finding judge_time_limit(const Gate& gate, const Statistic& statistic, Calls& calls,
                         const Record& record) {
    const auto& histogram = histogram_of(calls.judged, gate.metric);
    const auto failures = calls.judged.failures();
    const auto total = histogram.count() + failures;
    const auto& name = calls.operation->name;
    if (calls.judged.due() == 0) {
        return {.detail = joined(calls.lacking), .limit_value = gate.limit};
    }
    const auto measured = measure(statistic, histogram, failures);
    if (measured.never) {
        return {.verdict = failures > 0 ? Verdict::fail : Verdict::inconclusive,
                .observed = "failed calls",
                .detail = name + ": " + counted(failures, "call", "calls") + " of " +
                          count_text(total) +
                          " failed; a failed call counts as slower than any limit",
                .limit_value = gate.limit,
                .badness = INFINITY};
    }
    auto lacking = calls.lacking;
    if (histogram.count() != calls.judged.count) {
        lacking.push_back("The times of some calls of " + name + " are missing.");
    }
    if (total < statistic.limit_needs) {
        lacking.push_back(std::string{statistic.name} + " of " + name + " rests on " +
                          counted(total, "call", "calls") + " and needs " +
                          count_text(statistic.limit_needs) + ".");
    }
    if (statistic.quantile == 0 &&
        static_cast<double>(failures) > tolerated_failures_of_a_mean * static_cast<double>(total)) {
        lacking.push_back("The mean of " + name + " leaves out " +
                          counted(failures, "failed call", "failed calls") + " of " +
                          count_text(total) + ".");
    }
    if (too_many_unsent(record)) {
        lacking.push_back("Too many due operations were never sent.");
    }
    if (measured.at_least && *gate.limit * 1e3 >= static_cast<double>(Histogram::highest_us)) {
        return {.observed = "> 1 h",
                .detail = "The figure is past the histogram's end (1 h).",
                .limit_value = gate.limit,
                .badness = measured.ms};
    }
    auto finding =
        against_limit(gate, measured.ms, Unit::ms, lacking, generator_allowance_ms(record));
    if (finding.verdict != Verdict::inconclusive) {
        finding.detail =
            name + ", " + counted(total, "call", "calls") +
            (record.open_loop ? "" : ", closed loop: each waiting connection counts once");
    }
    return finding;
}

// What is lacking for a comparison with `before`, beside what its statistics lack.
std::vector<std::string> lacking_for_ratio(const Calls& calls, const Record& record) {
    auto lacking = calls.lacking;
    const auto check = [&](const OperationPhase& span, const char* where) {
        if (span.response.count() != span.count) {
            lacking.push_back("The times of some calls of " + calls.operation->name + " " + where +
                              " are missing.");
        }
    };
    check(calls.before, "before");
    check(calls.judged, "during and after");
    const auto doubts = generator_doubts(record);
    lacking.insert(lacking.end(), doubts.begin(), doubts.end());
    return lacking;
}

std::string undecided_text(const Comparison& found) {
    return "its " + found.statistic + " became " + interval_text(found) +
           " of what it was: neither surely more than " + ratio_text(found.allowed_ratio) +
           " nor surely less; longer phases narrow it down.";
}

Finding judge_ratio(const Gate& gate, const Calls& calls, const Record& record) {
    const auto& name = calls.operation->name;
    if (calls.judged.due() == 0) {
        return {.detail = joined(calls.lacking)};
    }
    if (calls.before.due() == 0) {
        return {.detail = name +
                          " was never due before the migration and has no baseline: give it a "
                          "limit of its own, such as `" +
                          name + ".response.p99: {limit: 50ms}`."};
    }
    const auto* found = comparison_for(gate, *calls.operation, record);
    if (found == nullptr) {
        return {.detail = name + " was not compared with before."};
    }
    Finding finding{.observed = found->now_ms ? ms_text(*found->now_ms) : "failed calls",
                    .detail = {},
                    .observed_value = found->now_ms,
                    .badness = found->ratio.value_or(INFINITY)};
    if (found->before_ms) {
        finding.observed += " (before " + ms_text(*found->before_ms) + ")";
        finding.limit_value =
            std::max(*found->before_ms * *gate.ratio, *found->before_ms + gate.floor_ms);
    }
    auto lacking = lacking_for_ratio(calls, record);
    if (!found->lacking.empty()) {
        lacking.push_back(name + ": " + found->lacking);
    }
    if (!lacking.empty()) {
        finding.detail = joined(lacking);
        return finding;
    }
    finding.verdict = found->verdict;
    finding.detail = name + ": ";
    if (found->verdict == Verdict::inconclusive) {
        finding.detail += undecided_text(*found);
    } else if (!found->now_ms) {
        finding.detail += counted(calls.judged.failures(), "call", "calls") + " of " +
                          count_text(calls.judged.due()) +
                          " failed; a failed call counts as slower than any limit";
    } else {
        finding.detail += interval_text(*found) + " its " + found->statistic + " before";
    }
    return finding;
}

Finding judge_time(const Gate& gate, Calls& calls, const Record& record) {
    const auto* statistic = std::find_if(known_statistics.begin(), known_statistics.end(),
                                         [&](const auto& s) { return s.name == gate.statistic; });
    if (statistic == known_statistics.end()) {
        return {.detail = "`" + gate.statistic + "` is no statistic that can be judged."};
    }
    if (!gate.ratio) {
        return judge_time_limit(gate, *statistic, calls, record);
    }
    auto by_ratio = judge_ratio(gate, calls, record);
    if (!gate.limit) {
        return by_ratio;
    }
    auto by_limit = judge_time_limit(gate, *statistic, calls, record);
    const auto rank = [](const Finding& f) {
        return f.verdict == Verdict::fail ? 0 : f.verdict == Verdict::inconclusive ? 1 : 2;
    };
    return rank(by_limit) <= rank(by_ratio) ? by_limit : by_ratio;
}

// The worst of them speaks for all.
Finding worst_of(std::vector<Finding> findings, const std::vector<std::string>& left_out) {
    const auto rank = [](const Finding& f) {
        return f.verdict == Verdict::fail ? 2 : f.verdict == Verdict::inconclusive ? 1 : 0;
    };
    std::stable_sort(findings.begin(), findings.end(), [&](const Finding& a, const Finding& b) {
        return rank(a) != rank(b) ? rank(a) > rank(b) : a.badness > b.badness;
    });
    auto worst = std::move(findings.front());
    const auto alike = std::count_if(findings.begin() + 1, findings.end(),
                                     [&](const Finding& f) { return f.verdict == worst.verdict; });
    if (alike > 0 && worst.verdict != Verdict::pass) {
        worst.detail += " (and " +
                        counted(static_cast<std::uint64_t>(alike), "operation", "operations") +
                        " more)";
    }
    for (const auto& name : left_out) {
        worst.detail += "; " + name;
    }
    return worst;
}

// Left out of a gate over every operation, with what the reader is told; empty: it is judged.
std::string left_out(const Gate& gate, std::span<const Gate> all, const OperationRecord& operation,
                     const Record& record) {
    const bool absent = operation.due(PhaseName::during) + operation.due(PhaseName::after) == 0;
    if (record.synthesis && absent) {
        // Statements that come once a day are in the statistics, too. Its share of the load is
        // missing in the coverage, which is judged always.
        return operation.name + " was never due during or after the migration and is left out";
    }
    if (!deployed(record) || operation.sent_by == SentBy::both) {
        return {};
    }
    if (operation.sent_by == record.first_version && absent &&
        operation.due(PhaseName::before) > 0) {
        return operation.name + " was retired by the deploy and is left out";
    }
    const bool limited_itself = std::any_of(all.begin(), all.end(), [&](const Gate& other) {
        return other.metric == gate.metric && other.operation == operation.name && other.limit;
    });
    if (gate.ratio && !gate.limit && operation.sent_by != record.first_version &&
        !operation.baseline && operation.due(PhaseName::before) == 0 && !absent && limited_itself) {
        return operation.name + " has no baseline and is judged by its own limit";
    }
    return {};
}

// A longer phase would not help it: its calls end with the deploy. Only where those that there are
// give no cause for alarm; else it stays unclear.
bool retired_too_soon(const Gate& gate, const OperationRecord& operation, const Record& record) {
    const auto* found = comparison_for(gate, operation, record);
    if (found == nullptr || gate.limit || found->lacking.empty() || !deployed(record) ||
        operation.sent_by != record.first_version || operation.due(PhaseName::after) > 0 ||
        !found->before_ms || !found->now_ms) {
        return false;
    }
    return *found->now_ms <=
           std::max(*found->before_ms * *gate.ratio, *found->before_ms + gate.floor_ms);
}

Finding judge_errors(const Gate& gate, const std::vector<Calls>& calls) {
    std::uint64_t failures = 0;
    std::uint64_t before = 0;
    std::map<std::string, std::uint64_t> by_code;
    std::vector<std::string> lacking;
    for (const auto& each : calls) {
        failures += each.judged.failures();
        before += each.before.failures();
        for (const auto& [code, times] : each.judged.errors) {
            by_code[code] += times;
        }
        for (const auto& sentence : each.lacking) {
            if (std::find(lacking.begin(), lacking.end(), sentence) == lacking.end()) {
                lacking.push_back(sentence);
            }
        }
    }
    auto finding = against_limit(gate, static_cast<double>(failures), Unit::count, lacking);
    std::vector<std::pair<std::string, std::uint64_t>> codes(by_code.begin(), by_code.end());
    std::stable_sort(codes.begin(), codes.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    std::string listed;
    for (std::size_t i = 0; i < std::min<std::size_t>(codes.size(), 3); ++i) {
        listed +=
            (listed.empty() ? "" : ", ") + codes[i].first + ": " + count_text(codes[i].second);
    }
    const auto note = [&](const std::string& text) {
        finding.detail += (finding.detail.empty() ? "" : "; ") + text;
    };
    if (!listed.empty()) {
        note(listed + (codes.size() > 3 ? ", ..." : ""));
    }
    if (before > 0) {
        note(count_text(before) + " more before the migration began");
    }
    return finding;
}

}  // namespace

Finding judge_operations(const Gate& gate, std::span<const Gate> all, const Record& record) {
    std::vector<Calls> judged;
    std::vector<std::string> told;
    for (const auto& operation : record.operations) {
        if (!concerns(gate, all, operation)) {
            continue;
        }
        if (gate.operation.empty()) {
            if (auto reason = left_out(gate, all, operation, record); !reason.empty()) {
                told.push_back(std::move(reason));
                continue;
            }
        }
        if (gate.operation.empty() && retired_too_soon(gate, operation, record)) {
            told.push_back(operation.name +
                           " was retired by the deploy too soon to be compared and is left out");
            continue;
        }
        judged.push_back(calls_of(operation, record));
    }
    if (judged.empty()) {
        return {.detail = gate.operation.empty()
                              ? "No operation was left to be judged."
                              : "The run has no operation \"" + gate.operation + "\"."};
    }
    if (gate.metric == GateMetric::errors) {
        auto finding = judge_errors(gate, judged);
        for (const auto& name : told) {
            finding.detail += (finding.detail.empty() ? "" : "; ") + name;
        }
        return finding;
    }
    std::vector<Finding> findings;
    findings.reserve(judged.size());
    for (auto& calls : judged) {
        auto finding = gate.metric == GateMetric::stall_max ? judge_stall(gate, calls, record)
                                                            : judge_time(gate, calls, record);
        if (finding.verdict == Verdict::pass && gate.operation.empty() &&
            finding.detail.find(calls.operation->name) == std::string::npos) {
            finding.detail = "worst: " + calls.operation->name;
        }
        findings.push_back(std::move(finding));
    }
    return worst_of(std::move(findings), told);
}

}  // namespace reports::judging
