// What a load worker notes of an operation that was slow enough to have waited for a lock: the
// client's own clocks are the ground truth of every wait, whatever the sampler missed.
#pragma once

#include "workloads/operation.hpp"

#include <chrono>
#include <cstdint>

namespace harness::locks {

using Clock = std::chrono::steady_clock;

// Operations whose slowest statement took less are not recorded: a busy worker would keep millions.
inline constexpr std::chrono::milliseconds slow_statement_threshold{5};

struct SlowStatement {
    std::int64_t session = 0;     // as the lock source names it
    std::uint16_t operation = 0;  // index in the scenario's list
    workloads::App app = workloads::App::old_version;
    Clock::time_point sent, done;  // of the operation's slowest statement

    // The whole operation (first statement sent, last one done), so that a wait in one of its other
    // statements finds its operation too. Left at zero: not known.
    Clock::time_point operation_sent{}, operation_done{};
};

}  // namespace harness::locks
