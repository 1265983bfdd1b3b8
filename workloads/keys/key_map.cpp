#include "workloads/keys/key_map.hpp"

#include <algorithm>

namespace workloads::keys {

KeyMap::KeyMap(std::span<const LearnedKey> keys) : keys_{keys.begin(), keys.end()} {
    wanted_.reserve(keys.size());
    by_value_.reserve(keys.size());
    for (const auto& learned : keys) {
        const auto key = static_cast<Key>(wanted_.size());
        wanted_.push_back({learned.event, learned.row, learned.domain, key});
        by_value_.emplace(KeyLearning::key_of(learned.domain, learned.value), key);
    }
    std::stable_sort(wanted_.begin(), wanted_.end(),
                     [](const Wanted& a, const Wanted& b) { return a.event < b.event; });
}

std::optional<KeyMap::Key> KeyMap::find(Domain domain, std::uint64_t value) const {
    const auto found = by_value_.find(KeyLearning::key_of(domain, value));
    return found == by_value_.end() ? std::nullopt : std::optional{found->second};
}

std::span<const KeyMap::Wanted> KeyMap::drawn_by(std::uint32_t event) const {
    const auto begin =
        std::partition_point(wanted_.begin(), wanted_.end(),
                             [event](const Wanted& wanted) { return wanted.event < event; });
    const auto end = std::partition_point(
        begin, wanted_.end(), [event](const Wanted& wanted) { return wanted.event == event; });
    return {begin, end};
}

}  // namespace workloads::keys
