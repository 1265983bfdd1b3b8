#include "reports/statistics/signed_rank.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace reports::statistics {

namespace {

void check(std::span<const double> differences, bool finite_below) {
    const bool sound = std::none_of(differences.begin(), differences.end(), [&](double d) {
        return std::isnan(d) || (finite_below && d == -std::numeric_limits<double>::infinity());
    });
    if (!sound || differences.size() > most_differences) {
        throw std::invalid_argument{
            "A signed rank needs at most 500 differences that are numbers."};
    }
}

// Twice the ranks, so that the mean rank of two ties is a whole number.
struct DoubledRanks {
    std::vector<std::uint32_t> of_nonzero;
    std::uint64_t positive_sum = 0;
};

DoubledRanks doubled_ranks(std::span<const double> differences) {
    std::vector<double> sorted(differences.begin(), differences.end());
    std::sort(sorted.begin(), sorted.end(),
              [](double a, double b) { return std::abs(a) < std::abs(b); });
    DoubledRanks ranks;
    for (std::size_t first = 0; first < sorted.size();) {
        std::size_t end = first + 1;
        while (end < sorted.size() && std::abs(sorted[end]) == std::abs(sorted[first])) {
            ++end;
        }
        // The mean of the ranks first + 1 ... end, twice.
        const auto rank = static_cast<std::uint32_t>(first + 1 + end);
        for (; first < end; ++first) {
            if (sorted[first] != 0) {
                ranks.of_nonzero.push_back(rank);
                ranks.positive_sum += sorted[first] > 0 ? rank : 0;
            }
        }
    }
    return ranks;
}

// The probability of every sum of the ranks whose sign comes out positive, each sign being as
// likely as the other.
std::vector<double> sum_distribution(const std::vector<std::uint32_t>& ranks) {
    std::vector<double> chance(std::accumulate(ranks.begin(), ranks.end(), std::size_t{0}) + 1);
    chance[0] = 1;
    std::size_t highest = 0;
    for (const auto rank : ranks) {
        highest += rank;
        for (std::size_t sum = highest + 1; sum-- > 0;) {
            chance[sum] = (chance[sum] + (sum >= rank ? chance[sum - rank] : 0)) / 2;
        }
    }
    return chance;
}

}  // namespace

SignedRank signed_rank(std::span<const double> differences) {
    check(differences, false);
    const auto ranks = doubled_ranks(differences);
    const auto chance = sum_distribution(ranks.of_nonzero);
    const auto at = chance.begin() + static_cast<std::ptrdiff_t>(ranks.positive_sum);
    // Each tail is added up from its thin end: the small terms are not lost.
    return {.used = ranks.of_nonzero.size(),
            .rank_sum = static_cast<double>(ranks.positive_sum) / 2,
            .p_greater = std::min(
                1.0, std::accumulate(chance.rbegin(), std::make_reverse_iterator(at), 0.0)),
            .p_less = std::min(1.0, std::accumulate(chance.begin(), at + 1, 0.0))};
}

std::optional<std::uint64_t> signed_rank_critical(std::size_t n, double alpha) {
    if (n > most_differences) {
        throw std::invalid_argument{
            "A signed rank needs at most 500 differences that are numbers."};
    }
    std::vector<std::uint32_t> ranks(n);
    std::iota(ranks.begin(), ranks.end(), 1U);
    const auto chance = sum_distribution(ranks);
    std::optional<std::uint64_t> critical;
    double below = 0;
    for (std::uint64_t sum = 0; sum < chance.size(); ++sum) {
        below += chance[sum];
        if (below > alpha) {
            break;
        }
        critical = sum;
    }
    return critical;
}

std::size_t differences_needed(double alpha) {
    if (!(alpha > 0)) {
        throw std::invalid_argument{"No number of differences makes a chance of 0."};
    }
    std::size_t needed = 1;
    for (double chance = 0.5; chance > alpha; chance /= 2) {
        ++needed;
    }
    return needed;
}

Shift hodges_lehmann(std::span<const double> differences, double alpha) {
    check(differences, true);
    if (differences.empty()) {
        throw std::invalid_argument{"No differences have no centre."};
    }
    std::vector<double> averages;
    averages.reserve(differences.size() * (differences.size() + 1) / 2);
    for (std::size_t i = 0; i < differences.size(); ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            averages.push_back(differences[i] / 2 + differences[j] / 2);
        }
    }
    std::sort(averages.begin(), averages.end());
    const auto last = averages.size() - 1;
    Shift shift{.estimate = averages.size() % 2 != 0
                                ? averages[last / 2]
                                : averages[last / 2] / 2 + averages[last / 2 + 1] / 2,
                .lower = -std::numeric_limits<double>::infinity(),
                .upper = std::numeric_limits<double>::infinity()};
    if (const auto critical = signed_rank_critical(differences.size(), alpha);
        critical && *critical <= last) {
        shift.lower = averages[*critical];
        shift.upper = averages[last - *critical];
    }
    return shift;
}

}  // namespace reports::statistics
