// Who waits for whom in one sample, followed to the session that waits for nobody.
#pragma once

#include "harness/database/lock_source.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace harness::locks {

// What one waiter stands behind.
struct Chain {
    std::size_t waiter = 0;   // index in the sample's waiters
    std::int64_t root = 0;    // 0: a prepared transaction
    std::int64_t behind = 0;  // directly in its way; of several, the next on the way to the root
    unsigned links = 1;       // 1: the root itself is in its way
    // Who waits for the root itself and is in the way of this one. Not set where the row's tuple
    // lock is all that is in between: its holder is merely the first in the queue.
    std::optional<std::int64_t> queued;
    bool cycle = false;  // nobody at the end: a deadlock that is not yet broken
};

// One chain for each waiter with a blocker. Of several roots at the same distance the one with the
// oldest transaction counts (then the smallest id): it was there first, and it stays the root for
// as long as it holds. In a cycle the root is its smallest session.
[[nodiscard]] std::vector<Chain> follow(const database::LockSample& sample);

}  // namespace harness::locks
