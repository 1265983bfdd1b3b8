// The keys that the database drew in a replay, beside those of the recording.
#pragma once

#include "workloads/keys/key_learning.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
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

// What was drawn; of all threads.
class DrawnKeys {
public:
    explicit DrawnKeys(std::size_t keys) : drawn_(keys) {}

    // `moved`: it is not the recorded one.
    void put(KeyMap::Key key, std::string_view value, bool moved);
    // Null: it was not drawn yet. Valid as long as this lives.
    [[nodiscard]] const std::string* get(KeyMap::Key key) const {
        return key < drawn_.size() ? drawn_[key].load(std::memory_order_acquire) : nullptr;
    }
    // Nobody needs them any more, and nobody asks at the same time; what was counted stays.
    void forget();

    struct Counts {
        std::uint64_t drawn = 0;
        std::uint64_t moved = 0;
    };
    [[nodiscard]] Counts counts() const;

private:
    std::vector<std::atomic<const std::string*>> drawn_;
    mutable std::mutex adding_;
    std::deque<std::string> values_;
    Counts counts_;
};

}  // namespace workloads::keys
