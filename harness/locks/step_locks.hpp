// What a migration step locked, how long it waited for it and how long it held it. No I/O.
#pragma once

#include "harness/database/lock_source.hpp"
#include "harness/locks/step_statements.hpp"
#include "reports/record.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace harness::locks {

// From when to when a statement of a step held a lock or waited for it.
struct LockOrigin {
    std::int64_t session = 0;
    std::string relation, mode;
    std::string statement;
    std::chrono::steady_clock::time_point from, to;
};

// Told what the step's sessions hold and ask for, at each tick and just before each COMMIT. A lock
// is held from the last moment at which it was known not to be granted (its statement was not sent,
// or an observation did not show it) to the COMMIT, to the next transaction, or to the middle
// between the last observation that shows it and the first that does not: at most one interval too
// long, never too short by more than half of one. A wait begins when the server says (PostgreSQL 14
// and later), else at the last moment at which it was known not to have begun, and ends with the
// last observation that shows it. A lock that came and went between two observations is not seen.
class StepLocks {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t bound = 10'000;  // relations and modes of one step, and origins

    // `run_start`: second 0 of the record.
    StepLocks(Clock::time_point began, Clock::time_point run_start)
        : began_{began}, run_start_{run_start} {}

    // A statement of `session` goes to the server now: what it locks was not held before.
    void statement_sent(std::int64_t session, StepStatement statement);
    // What a session was seen to run that tells nobody what it sends: an external tool's.
    // `transaction_start_us` is its transaction's start, by the server's clock.
    void statement_seen(std::int64_t session, Clock::time_point at, std::string_view text,
                        std::int64_t transaction_start_us, std::int64_t offset_us);

    // Everything that `sessions` hold or ask for: asked for and answered between these times.
    // `offset_us`: server's clock minus ours.
    void observe(Clock::time_point asked, Clock::time_point answered,
                 std::span<const std::int64_t> sessions,
                 std::span<const database::WatchedLock> locks, std::int64_t offset_us);
    // The same for one session that is about to commit.
    void before_commit(Clock::time_point at, std::int64_t session,
                       std::span<const database::WatchedLock> locks, std::int64_t offset_us);

    // One lock that a sample saw being waited for.
    void note_wait(Clock::time_point at, const database::WatchedLock& wait, std::int64_t offset_us);

    // By relation and mode, over all transactions of the step: the longest held first.
    [[nodiscard]] std::vector<reports::StepLock> end(Clock::time_point at);

    // Which statement took which lock, as far as it is known. After end().
    [[nodiscard]] std::vector<LockOrigin> take_origins() { return std::move(origins_); }

private:
    struct Key {
        std::int64_t session;
        std::string relation, mode;
        auto operator<=>(const Key&) const = default;
    };
    struct Open {
        Clock::time_point free, asked, answered;  // the look before, and the one that showed it
        Clock::time_point from;                   // it was neither held nor waited for before
        std::optional<Clock::time_point> waits_since, held_since;
        Clock::time_point last_seen;
        bool committing = false;  // last seen just before a COMMIT
        std::string statement;    // that took it; empty: not known
    };
    struct Look {
        Clock::time_point asked, answered;
        std::int64_t offset_us;
        bool committing = false;
    };

    void see(const Look& look, const database::WatchedLock& lock);
    [[nodiscard]] Open opened(const Look& look, const Key& key) const;
    void attribute(Open& open, const Key& key) const;
    void close(const Key& key, const Open& open, Clock::time_point gone);

    Clock::time_point began_, run_start_;
    StepStatements statements_;
    std::map<Key, Open> open_;
    std::map<std::int64_t, Clock::time_point> observed_;         // by session
    std::map<std::int64_t, std::int64_t> seen_transactions_us_;  // by session
    std::map<std::pair<std::string, std::string>, reports::StepLock> done_;
    std::vector<LockOrigin> origins_;
};

}  // namespace harness::locks
