#include "workloads/suggestion.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <numeric>
#include <vector>

namespace workloads {
namespace {

// Longer names are never near to anything that a scenario knows, and the distance is quadratic.
constexpr std::size_t longest_compared = 64;
constexpr std::size_t most_suggested = 3;

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
    }
    return out;
}

// Edit distance in which swapping two neighbours is one edit, as it is one slip of the fingers.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t differ = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + differ});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

// 0 for the same word in another case; a word inside the other (random_gaussian) is one edit away.
std::size_t farness(std::string_view name, std::string_view known) {
    constexpr std::size_t shortest_contained = 4;
    if (known.size() >= shortest_contained && name.find(known) != std::string_view::npos) {
        return name.size() == known.size() ? 0 : 1;
    }
    return distance(name, known);
}

}  // namespace

std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
    if (name.empty() || name.size() > longest_compared) {
        return {};
    }
    const std::string wanted = lower(name);
    const std::size_t near = std::max<std::size_t>(1, std::min<std::size_t>(3, wanted.size() / 3));
    std::size_t best = std::numeric_limits<std::size_t>::max();
    std::vector<std::string_view> nearest;
    for (const std::string_view candidate : known) {
        if (candidate.size() > longest_compared) {
            continue;
        }
        const std::size_t far = farness(wanted, lower(candidate));
        if (far > near || far > best) {
            continue;
        }
        if (far < best) {
            best = far;
            nearest.clear();
        }
        if (nearest.size() < most_suggested) {
            nearest.push_back(candidate);
        }
    }
    std::string out;
    for (std::size_t i = 0; i < nearest.size(); ++i) {
        out += i == 0 ? "; did you mean " : i + 1 == nearest.size() ? " or " : ", ";
        out += nearest[i];
    }
    return out.empty() ? out : out + "?";
}

}  // namespace workloads
