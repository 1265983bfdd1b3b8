#include "reports/comparisons.hpp"

#include "reports/comparison_family.hpp"
#include "reports/statistics/quantile_change.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <thread>

namespace reports {

namespace {

struct Quantile {
    std::string_view name;
    double q, floor_ms, share;  // share: what is looked at where no gate says
};
constexpr std::array<Quantile, 5> quantiles{{{"p50", 0.5, 1, 0.10},
                                             {"p90", 0.9, 1, 0.25},
                                             {"p95", 0.95, 5, 0.25},
                                             {"p99", 0.99, 5, 0.25},
                                             {"p99_9", 0.999, 5, 0.25}}};

const Quantile* find_quantile(std::string_view name) noexcept {
    const auto* found = std::find_if(quantiles.begin(), quantiles.end(),
                                     [&](const auto& each) { return each.name == name; });
    return found == quantiles.end() ? nullptr : found;
}

// The whole seconds of a phase, or all from its first one on.
struct Span {
    std::uint32_t from = 0, to = 0;  // [from, to)
};

Span whole_seconds(const Phase& phase) {
    const auto from = static_cast<std::uint32_t>(std::ceil(std::max(phase.start_s, 0.0)));
    const auto to = static_cast<std::uint32_t>(std::floor(std::max(phase.end_s, 0.0)));
    return {from, std::max(from, to)};
}

struct Both {
    Histogram successes;
    std::uint64_t failures = 0;
};
using BySecond = std::map<std::uint32_t, Both>;

// Of every operation, both versions together.
std::vector<BySecond> by_second(const SecondLog& log, std::size_t operations) {
    std::vector<BySecond> all(operations);
    log.for_each([&](std::uint32_t second, std::uint32_t number, const Histogram& histogram) {
        const auto series = Series::of(number);
        if (series.operation < operations) {
            auto& both = all[series.operation][second];
            if (series.failed) {
                both.failures += histogram.count();
            } else {
                both.successes.merge(histogram);
            }
        }
    });
    return all;
}

statistics::Seconds seconds_in(const BySecond& calls, const Span& span) {
    static const Both nothing;
    statistics::Seconds seconds;
    for (auto second = span.from; second < span.to; ++second) {
        const auto found = calls.find(second);
        const auto& both = found == calls.end() ? nothing : found->second;
        seconds.append(both.successes, both.failures);
    }
    return seconds;
}

// Gates that were read are; others are never a pass.
bool is_testable(const Gate& gate) {
    return gate.ratio && *gate.ratio >= 1 && std::isfinite(*gate.ratio) && gate.floor_ms >= 0 &&
           std::isfinite(gate.floor_ms);
}

}  // namespace

namespace comparing {

std::vector<Sides> sides_of(const Record& record) {
    std::vector<Sides> sides(record.operations.size());
    const auto* before = record.phase(PhaseName::before);
    const auto* during = record.phase(PhaseName::during);
    const auto* after = record.phase(PhaseName::after);
    if (during == nullptr) {
        return sides;
    }
    auto calls = by_second(record.latencies, sides.size());
    std::vector<BySecond> earlier;
    if (record.baseline_phase) {
        earlier = by_second(record.baseline_latencies, sides.size());
    }
    const double end_s = after != nullptr ? after->end_s : during->end_s;
    for (std::size_t i = 0; i < sides.size(); ++i) {
        Span now{static_cast<std::uint32_t>(std::max(during->start_s, 0.0)),
                 static_cast<std::uint32_t>(std::ceil(std::max(end_s, 0.0)))};
        if (!calls[i].empty()) {
            now.to = std::max(now.to, calls[i].rbegin()->first + 1);
        }
        sides[i].now = seconds_in(calls[i], now);
        calls[i].erase(calls[i].lower_bound(now.from), calls[i].end());
        if (record.operations[i].baseline && record.baseline_phase) {
            sides[i].before = seconds_in(earlier[i], whole_seconds(*record.baseline_phase));
        } else if (before != nullptr) {
            sides[i].before = seconds_in(calls[i], whole_seconds(*before));
        }
    }
    return sides;
}

std::vector<Asked> asked_for(const Record& record, std::span<const Gate> gates, bool shown) {
    std::vector<Asked> all;
    for (std::size_t i = 0; i < record.operations.size(); ++i) {
        const auto first = static_cast<std::ptrdiff_t>(all.size());
        for (const auto& gate : gates) {
            const auto* quantile = find_quantile(gate.statistic);
            if (gate.metric == GateMetric::response && quantile != nullptr && is_testable(gate) &&
                concerns(gate, gates, record.operations[i])) {
                all.push_back(
                    {i, quantile->name, quantile->q, {*gate.ratio - 1, gate.floor_ms}, true});
            }
        }
        for (const auto* name : {"p50", "p99"}) {
            const auto* quantile = find_quantile(name);
            const bool asked = std::any_of(all.begin() + first, all.end(), [&](const Asked& each) {
                return each.statistic == quantile->name;
            });
            if (shown && !asked) {
                all.push_back(
                    {i, quantile->name, quantile->q, {quantile->share, quantile->floor_ms}, false});
            }
        }
    }
    return all;
}

namespace {

std::optional<double> if_finite(double value) {
    return std::isfinite(value) ? std::optional{value} : std::nullopt;
}

// Where there was no call there is no quantile, and where it falls on failed calls no number.
std::optional<double> if_measured(double ms) {
    return ms > 0 ? if_finite(ms) : std::nullopt;
}

Comparison one(const Asked& asked, const statistics::QuantileChange& change, const Record& record) {
    Comparison comparison;
    comparison.operation = record.operations[asked.operation].name;
    comparison.statistic = asked.statistic;
    comparison.before_ms = if_measured(change.before_ms);
    comparison.now_ms = if_measured(change.now_ms);
    if (comparison.before_ms && comparison.now_ms) {
        comparison.ratio = *comparison.now_ms / *comparison.before_ms;
    }
    comparison.lacking = change.lacking;
    if (change.lacking.empty()) {
        comparison.ratio_lower = if_finite(change.ratio_lower);
        comparison.ratio_upper = if_finite(change.ratio_upper);
    }
    if (asked.by_gate) {
        comparison.allowed_ratio = 1 + asked.margin.share;
        comparison.floor_ms = asked.margin.floor_ms;
    }
    return comparison;
}

Verdict verdict_of(statistics::Change change) {
    switch (change) {
        case statistics::Change::harmless:
            return Verdict::pass;
        case statistics::Change::harmful:
            return Verdict::fail;
        case statistics::Change::undecided:
            break;
    }
    return Verdict::inconclusive;
}

}  // namespace

std::vector<statistics::QuantileChange> compare(const std::vector<Sides>& sides,
                                                const std::vector<Asked>& asked, std::uint64_t seed,
                                                const std::string& before, const std::string& now) {
    std::vector<statistics::OperationTests> tests(sides.size());
    for (std::size_t i = 0; i < sides.size(); ++i) {
        tests[i] = {.before = &sides[i].before, .now = &sides[i].now, .tests = {}};
    }
    for (const auto& each : asked) {
        tests[each.operation].tests.push_back({.quantile = each.q,
                                               .margin = each.margin,
                                               .alpha = allowed_error,
                                               .seed = seed,
                                               .statistic = std::string{each.statistic},
                                               .before = before,
                                               .now = now});
    }
    const auto results =
        statistics::compare_quantiles(tests, std::max(std::thread::hardware_concurrency(), 1U));
    std::vector<statistics::QuantileChange> changes;
    for (const auto& of_operation : results) {  // asked for in this very order
        changes.insert(changes.end(), of_operation.begin(), of_operation.end());
    }
    return changes;
}

std::vector<Comparison> told(const std::vector<Asked>& asked,
                             const std::vector<statistics::QuantileChange>& changes,
                             const Record& record) {
    std::vector<Comparison> comparisons;
    std::vector<statistics::QuantileChange> family;
    for (std::size_t i = 0; i < asked.size(); ++i) {
        comparisons.push_back(one(asked[i], changes[i], record));
        if (asked[i].by_gate) {
            family.push_back(changes[i]);
        }
    }
    const auto judged = statistics::judge(family, allowed_error);
    auto next = judged.begin();
    for (std::size_t i = 0; i < asked.size(); ++i) {
        if (asked[i].by_gate) {
            comparisons[i].verdict = verdict_of((next++)->change);
        }
    }
    return comparisons;
}

}  // namespace comparing

std::optional<double> quantile_of(std::string_view statistic) noexcept {
    const auto* found = find_quantile(statistic);
    return found == nullptr ? std::nullopt : std::optional{found->q};
}

double default_floor_ms(std::string_view statistic) noexcept {
    const auto* found = find_quantile(statistic);
    return found == nullptr ? 0 : found->floor_ms;
}

bool concerns(const Gate& gate, std::span<const Gate> all, const OperationRecord& operation) {
    if (!gate.operation.empty()) {
        return gate.operation == operation.name;
    }
    return std::none_of(all.begin(), all.end(), [&](const Gate& other) {
        return other.operation == operation.name && other.metric == gate.metric &&
               other.statistic == gate.statistic && !gate.statistic.empty() &&
               ((gate.ratio && other.ratio) || (gate.limit && other.limit));
    });
}

std::vector<Comparison> compare_operations(const Record& record, std::span<const Gate> gates) {
    const auto asked = comparing::asked_for(record, gates, true);
    const auto changes = comparing::compare(comparing::sides_of(record), asked, record.run.seed,
                                            "`before`", "`during` and `after`");
    return comparing::told(asked, changes, record);
}

const Comparison* comparison_for(const Gate& gate, const OperationRecord& operation,
                                 const Record& record) {
    for (const auto& each : record.comparisons) {
        if (gate.ratio && each.operation == operation.name && each.statistic == gate.statistic &&
            each.allowed_ratio && *each.allowed_ratio == 1 + (*gate.ratio - 1) &&
            each.floor_ms == gate.floor_ms) {
            return &each;
        }
    }
    return nullptr;
}

}  // namespace reports
