#include "workloads/keys/sequence_places.hpp"

#include <algorithm>

namespace workloads::keys {

std::vector<Guess> guessed_places(std::span<const Draw> draws) {
    std::vector<Guess> guesses;
    std::optional<std::size_t> known;
    for (std::size_t i = 0; i < draws.size(); ++i) {
        if (draws[i].is_break) {
            known.reset();
        }
        if (!draws[i].value) {
            continue;
        }
        if (known && *draws[i].value > *draws[*known].value &&
            static_cast<std::uint64_t>(*draws[i].value) -
                    static_cast<std::uint64_t>(*draws[*known].value) ==
                i - *known) {
            for (auto between = *known + 1; between < i; ++between) {
                guesses.push_back(
                    {between, *draws[*known].value + static_cast<std::int64_t>(between - *known)});
            }
        }
        known = i;
    }
    return guesses;
}

std::vector<std::size_t> longest_ascent(std::span<const std::int64_t> values) {
    std::vector<std::size_t> ends;  // of the ascents of each length: the one that ends lowest
    std::vector<std::optional<std::size_t>> before(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto place = std::lower_bound(
            ends.begin(), ends.end(), values[i],
            [&](std::size_t end, std::int64_t value) { return values[end] < value; });
        if (place != ends.begin()) {
            before[i] = *std::prev(place);
        }
        if (place == ends.end()) {
            ends.push_back(i);
        } else {
            *place = i;
        }
    }
    std::vector<std::size_t> ascent;
    for (auto at = ends.empty() ? std::nullopt : std::optional{ends.back()}; at; at = before[*at]) {
        ascent.push_back(*at);
    }
    std::reverse(ascent.begin(), ascent.end());
    return ascent;
}

}  // namespace workloads::keys
