// The keys that the database drew in a replay.
#pragma once

#include "workloads/keys/key_map.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace harness::recording {

// What was drawn; of all threads.
class DrawnKeys {
public:
    explicit DrawnKeys(std::size_t keys) : drawn_(keys) {}

    // `moved`: it is not the recorded one.
    void put(workloads::keys::KeyMap::Key key, std::string_view value, bool moved);
    // Null: it was not drawn yet. Valid as long as this lives.
    [[nodiscard]] const std::string* get(workloads::keys::KeyMap::Key key) const {
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

}  // namespace harness::recording
