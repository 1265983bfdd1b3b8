// The slow statements of a run, found by session and time.
#pragma once

#include "harness/locks/slow_statement.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace harness::locks {

class StatementIndex {
public:
    // How far our clock and the server's may disagree: half a round trip, some microseconds of it
    // on a quiet machine and hardly more than this on a busy one.
    static constexpr std::chrono::milliseconds tolerance{1};

    // The statements must outlive the index.
    explicit StatementIndex(std::span<const SlowStatement> statements);

    // The statement that was running in `session` from `begin` to `end`; null if there is none, or
    // if it ended so soon after `begin` that the wait may as well be its successor's.
    [[nodiscard]] const SlowStatement* running(std::int64_t session, Clock::time_point begin,
                                               Clock::time_point end, bool from_start) const;

    // The statement whose whole operation was under way at `at`.
    [[nodiscard]] const SlowStatement* operation_at(std::int64_t session,
                                                    Clock::time_point at) const;

private:
    // By sent: a session runs one statement at a time.
    std::unordered_map<std::int64_t, std::vector<const SlowStatement*>> by_session_;
};

}  // namespace harness::locks
