// What a step's sessions ran between two looks at their locks, so that a lock is attributed to the
// very statement that took it. No I/O.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>

namespace harness::locks {

struct StepStatement {
    std::chrono::steady_clock::time_point sent;
    std::string text;
    // Everything that the session locked before has been let go.
    bool begins_transaction = false;
};

class StepStatements {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t bound = 1'000;  // of one session; the oldest are let go

    // In the order of their time.
    void sent(std::int64_t session, StepStatement statement);

    // Nobody will ask for what had ended by then.
    void forget_before(std::int64_t session, Clock::time_point at);

    // Whoever took a lock on `relation` that was not there at `free` and that a look between
    // `asked` and `answered` shows. Where several ran in that time, the first that names the
    // relation, or (an index, the table behind a foreign key) the first that names any. Null: not
    // known.
    [[nodiscard]] const StepStatement* that_locked(std::int64_t session,
                                                   const std::string& relation,
                                                   Clock::time_point free, Clock::time_point asked,
                                                   Clock::time_point answered) const;

    // When the session's transaction began that was open, or the last one, at `by`.
    [[nodiscard]] std::optional<Clock::time_point> transaction_began(std::int64_t session,
                                                                     Clock::time_point by) const;

    // The last one that was sent; null: none.
    [[nodiscard]] const StepStatement* last(std::int64_t session) const;

private:
    struct Session {
        std::deque<StepStatement> statements;
        std::optional<Clock::time_point> transaction_began;  // before the first of them
    };
    std::map<std::int64_t, Session> sessions_;
};

}  // namespace harness::locks
