// The recorded keys that a replay follows.
#pragma once

#include "workloads/keys/key_learning.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace workloads::keys {

// Recorded keys by their values, and by the calls that draw them.
class KeyMap {
public:
    using Key = std::uint32_t;
    // A row that a call makes, whose key is wanted.
    struct Wanted {
        std::uint32_t event = 0, row = 0;
        Domain domain = 0;
        Key key = 0;
    };

    KeyMap() = default;
    explicit KeyMap(std::span<const LearnedKey> keys);

    [[nodiscard]] std::size_t size() const noexcept { return wanted_.size(); }
    [[nodiscard]] std::optional<Key> find(Domain domain, std::uint64_t value) const;
    [[nodiscard]] std::span<const Wanted> drawn_by(std::uint32_t event) const;
    [[nodiscard]] std::uint64_t recorded(Key key) const { return keys_.at(key).value; }
    [[nodiscard]] Domain domain_of(Key key) const { return keys_.at(key).domain; }

private:
    std::vector<Wanted> wanted_;  // by event
    std::vector<LearnedKey> keys_;
    std::unordered_map<std::uint64_t, Key> by_value_;
};

}  // namespace workloads::keys
