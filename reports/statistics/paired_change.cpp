#include "reports/statistics/paired_change.hpp"

#include "reports/figures.hpp"
#include "reports/statistics/signed_rank.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace reports::statistics {

namespace {

std::string what_is_lacking(std::span<const PairOfRuns> pairs, double alpha) {
    const auto there = "There " + std::string{pairs.size() == 1 ? "is " : "are "} +
                       counted(pairs.size(), "pair", "pairs") + " of runs, and ";
    if (const auto needed = differences_needed(alpha); pairs.size() < needed) {
        return there + count_text(needed) + " are needed to be sure to " +
               decimal_text(100 * alpha, 1) + " %: add " + count_text(needed - pairs.size()) + ".";
    }
    if (pairs.size() > most_differences) {
        return there + "at most " + count_text(most_differences) + " can be compared: leave out " +
               count_text(pairs.size() - most_differences) + ".";
    }
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        if (!(pairs[i].before_ms > 0) || std::isinf(pairs[i].before_ms)) {
            return "Pair " + count_text(i + 1) +
                   " has no baseline: it was not measured or falls on failed calls. Repeat it.";
        }
        if (!(pairs[i].now_ms > 0)) {
            return "Pair " + count_text(i + 1) + " lacks its second run's figure. Repeat it.";
        }
    }
    return {};
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    const auto half = values.size() / 2;
    return values.size() % 2 != 0 ? values[half] : values[half - 1] / 2 + values[half] / 2;
}

template <typename Figure>
std::vector<double> of_each(std::span<const PairOfRuns> pairs, Figure&& figure) {
    std::vector<double> figures;
    std::transform(pairs.begin(), pairs.end(), std::back_inserter(figures), figure);
    return figures;
}

}  // namespace

QuantileChange compare_pairs(std::span<const PairOfRuns> pairs, const Margin& margin,
                             double alpha) {
    if (!(alpha > 0 && alpha < 0.5) || !(margin.share >= 0) || !(margin.floor_ms >= 0)) {
        throw std::invalid_argument{
            "Pairs need an alpha within (0, 0.5) and a margin that is not negative."};
    }
    QuantileChange change{.ratio_upper = INFINITY, .lacking = what_is_lacking(pairs, alpha)};
    if (!change.lacking.empty()) {
        return change;
    }
    change.before_ms = median(of_each(pairs, [](const auto& pair) { return pair.before_ms; }));
    change.now_ms = median(of_each(pairs, [](const auto& pair) { return pair.now_ms; }));

    const auto log_ratio = [](const PairOfRuns& pair) {
        return std::log(pair.now_ms / pair.before_ms);
    };
    const auto shift = hodges_lehmann(of_each(pairs, log_ratio), alpha);
    change.ratio = std::exp(shift.estimate);
    change.ratio_lower = std::exp(shift.lower);
    change.ratio_upper = std::exp(shift.upper);

    const double allowed = std::log1p(margin.share);
    change.p_harmful = signed_rank(of_each(pairs, [&](const auto& pair) {
                           return log_ratio(pair) - allowed;
                       })).p_greater;
    // Against a share more or the floor more, whichever is more.
    change.p_harmless =
        signed_rank(of_each(pairs, [&](const auto& pair) {
            return std::log(pair.now_ms / std::max(pair.before_ms * (1 + margin.share),
                                                   pair.before_ms + margin.floor_ms));
        })).p_less;
    const auto more_ms =
        of_each(pairs, [](const auto& pair) { return pair.now_ms - pair.before_ms; });
    change.beyond_floor = hodges_lehmann(more_ms, alpha).estimate > margin.floor_ms;
    return change;
}

}  // namespace reports::statistics
