#include "reports/comparisons.hpp"

#include "reports/comparison_family.hpp"
#include "reports/figures.hpp"
#include "reports/statistics/quantile_change.hpp"
#include "reports/statistics/run_seconds.hpp"

#include <algorithm>
#include <array>
#include <cmath>
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

static_assert(least_ratio_phase_s == statistics::shortest_block_s * statistics::fewest_blocks);

using statistics::SecondRange;

std::uint32_t second_of(double s) {
    return static_cast<std::uint32_t>(
        std::clamp(std::isnan(s) ? 0.0 : s, 0.0, static_cast<double>(statistics::most_seconds)));
}

// From the second in which the phase begins, so that 100 s are 100 seconds, up to the one in which
// the next phase begins: that one is the next phase's.
SecondRange whole_seconds(const Phase* phase) {
    if (phase == nullptr) {
        return {};
    }
    const auto first = second_of(phase->start_s);
    return {first, std::max(first, second_of(phase->end_s))};
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
    const auto* during = record.phase(PhaseName::during);
    const auto* after = record.phase(PhaseName::after);
    if (during == nullptr) {
        return sides;
    }
    auto last = second_of(std::ceil((after != nullptr ? after : during)->end_s));
    record.latencies.for_each([&](std::uint32_t second, std::uint32_t, const Histogram&) {
        last = std::max(last, std::min(second + 1, statistics::most_seconds));
    });
    const auto before = whole_seconds(record.phase(PhaseName::before));
    const auto first = std::max(before.end, second_of(during->start_s));
    const std::array ranges{before, SecondRange{first, std::max(first, last)}};
    auto seconds = statistics::seconds_by_operation({&record.latencies}, sides.size(), ranges);
    const std::array earlier_range{
        whole_seconds(record.baseline_phase ? &*record.baseline_phase : nullptr)};
    auto earlier =
        statistics::seconds_by_operation({&record.baseline_latencies}, sides.size(), earlier_range);
    for (std::size_t i = 0; i < sides.size(); ++i) {
        const bool returns = record.operations[i].baseline.has_value();
        sides[i] = {.before = std::move(returns ? earlier[i][0] : seconds[i][0]),
                    .now = std::move(seconds[i][1])};
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
    // Only where all that it asks is asked by the operation's own gates.
    const auto is_own = [&](auto part) {
        return !(gate.*part) || std::any_of(all.begin(), all.end(), [&](const Gate& other) {
            return other.operation == operation.name && other.metric == gate.metric &&
                   other.statistic == gate.statistic && (other.*part).has_value();
        });
    };
    return gate.statistic.empty() || !is_own(&Gate::ratio) || !is_own(&Gate::limit);
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

std::string ratio_text(const std::optional<double>& ratio) {
    return ratio ? decimal_text(*ratio, 2) + "x" : "any figure";
}

std::string interval_text(const Comparison& comparison) {
    return ratio_text(comparison.ratio) + " (" + ratio_text(comparison.ratio_lower.value_or(0)) +
           " to " + ratio_text(comparison.ratio_upper) + ")";
}

}  // namespace reports
