// What a migration step locked, how long it waited for it and how long it held it. No I/O.
#pragma once

#include "harness/database/lock_source.hpp"
#include "reports/record.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace harness::locks {

// Told what the step's sessions hold and ask for, at each tick and just before each COMMIT. A lock
// is held from the last moment at which it was known not to be granted (the statement was not sent,
// or an observation did not show it) to the COMMIT, or to the middle between the last observation
// that shows it and the first that does not: at most one interval too long, never too short by more
// than half of one. A wait begins when the server says (PostgreSQL 14 and later), else at the last
// moment at which it was known not to have begun, and ends with the last observation that shows it.
// A lock that came and went between two observations is not seen.
class StepLocks {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t bound = 10'000;  // relations and modes of one step

    explicit StepLocks(Clock::time_point began) : began_{began} {}

    // A statement of `session` goes to the server now: what it locks was not held before.
    void statement_sent(std::int64_t session, Clock::time_point at);

    // Everything that `sessions` hold or ask for. `offset_us`: server's clock minus ours.
    void observe(Clock::time_point at, std::span<const std::int64_t> sessions,
                 std::span<const database::WatchedLock> locks, std::int64_t offset_us);
    // The same for one session that is about to commit.
    void before_commit(Clock::time_point at, std::int64_t session,
                       std::span<const database::WatchedLock> locks, std::int64_t offset_us);

    // One lock that a sample saw being waited for.
    void note_wait(Clock::time_point at, const database::WatchedLock& wait, std::int64_t offset_us);

    // By relation and mode, over all transactions of the step: the longest held first.
    [[nodiscard]] std::vector<reports::StepLock> end(Clock::time_point at);

private:
    struct Key {
        std::int64_t session;
        std::string relation, mode;
        auto operator<=>(const Key&) const = default;
    };
    struct Open {
        std::optional<Clock::time_point> waits_since, held_since;
        Clock::time_point last_seen;
        bool committing = false;  // last seen just before a COMMIT
    };

    void see(Clock::time_point at, const database::WatchedLock& lock, std::int64_t offset_us,
             bool committing);
    void close(const Key& key, const Open& open, Clock::time_point gone);
    [[nodiscard]] Clock::time_point not_before(std::int64_t session) const;

    Clock::time_point began_;
    std::map<Key, Open> open_;
    std::map<std::int64_t, Clock::time_point> observed_;  // by session
    std::map<std::int64_t, Clock::time_point> sent_;
    std::map<std::pair<std::string, std::string>, reports::StepLock> done_;
};

}  // namespace harness::locks
