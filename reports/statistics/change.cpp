#include "reports/statistics/change.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

namespace reports::statistics {

std::vector<double> holm_adjusted(std::span<const double> p_values) {
    if (std::any_of(p_values.begin(), p_values.end(), [](double p) { return std::isnan(p); })) {
        throw std::invalid_argument{"A p-value is not a number."};
    }
    std::vector<std::size_t> order(p_values.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
    std::vector<double> adjusted(p_values.size());
    double reached = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        const auto left = static_cast<double>(order.size() - i);
        reached = std::max(reached, std::min(1.0, left * p_values[order[i]]));
        adjusted[order[i]] = reached;
    }
    return adjusted;
}

std::vector<Judged> judge(std::span<const QuantileChange> family, double alpha) {
    std::vector<double> p_values;
    for (const auto& change : family) {
        if (change.lacking.empty()) {
            p_values.push_back(change.p_harmful);
        }
    }
    const auto adjusted = holm_adjusted(p_values);
    std::vector<Judged> judged(family.size());
    auto next = adjusted.begin();
    for (std::size_t i = 0; i < family.size(); ++i) {
        if (!family[i].lacking.empty()) {
            continue;
        }
        judged[i].p_harmful = *next++;
        if (judged[i].p_harmful <= alpha && family[i].beyond_floor) {
            judged[i].change = Change::harmful;
        } else if (family[i].p_harmless <= alpha) {
            judged[i].change = Change::harmless;
        }
    }
    return judged;
}

}  // namespace reports::statistics
