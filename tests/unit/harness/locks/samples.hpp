// Samples written down in a line each.
#pragma once

#include "harness/database/lock_source.hpp"
#include "harness/locks/episode_builder.hpp"
#include "harness/locks/wait_join.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace harness::locks::tests {

using std::chrono::milliseconds;

inline constexpr std::int64_t offset_us = 1'700'000'000'000'000;  // server's clock minus ours

inline Clock::time_point at(double ms) {
    return Clock::time_point{} + std::chrono::hours{1} +
           std::chrono::microseconds{static_cast<std::int64_t>(ms * 1e3)};
}
inline std::int64_t server_us(double ms) {
    return std::chrono::duration_cast<std::chrono::microseconds>(at(ms).time_since_epoch())
               .count() +
           offset_us;
}

inline database::LockWaiter waits(std::int64_t session, std::vector<std::int64_t> blockers,
                                  std::optional<double> since_ms = {},
                                  std::string mode = "RowExclusiveLock",
                                  std::string relation = "orders", std::string kind = "relation") {
    database::LockWaiter waiter{
        session, std::move(blockers), std::move(kind), std::move(relation), std::move(mode), {}};
    if (since_ms) {
        waiter.since_us = server_us(*since_ms);
    }
    return waiter;
}

// A session in a transaction that began at `transaction_ms` (none: 0 there).
inline database::LockSession session(std::int64_t id, std::string application,
                                     std::optional<double> transaction_ms = {},
                                     std::vector<database::LockSession::Held> held = {},
                                     std::string query = "SELECT 1") {
    database::LockSession result;
    result.session = id;
    result.application = std::move(application);
    result.state = "active";
    result.query = std::move(query);
    result.transaction_start_us = transaction_ms ? server_us(*transaction_ms) : 0;
    result.held = std::move(held);
    return result;
}

inline database::LockSession workload(std::int64_t id) {
    return session(id, "rehearse/workload", 1);
}

// A step that holds ACCESS EXCLUSIVE on orders.
inline database::LockSession holder(std::int64_t id, double transaction_ms,
                                    std::string application = "rehearse/step/add region") {
    return session(id, std::move(application), transaction_ms,
                   {{"relation", "orders", "AccessExclusiveLock"}},
                   "ALTER TABLE orders ADD COLUMN region text");
}

// Feeds a builder and joins, with samples every 20 ms.
class Bench {
public:
    explicit Bench(EpisodeBounds bounds = {})
        : builder_{milliseconds{20},
                   [this](const database::LockSession& s) { return directory.role_of(s); },
                   bounds} {}

    void sample(double ms, std::vector<database::LockWaiter> waiters,
                std::vector<database::LockSession> sessions) {
        builder_.add({server_us(ms), std::move(waiters), std::move(sessions)}, at(ms), offset_us);
    }
    void quiet(double from_ms, double to_ms) {
        for (double ms = from_ms; ms <= to_ms; ms += 20) {
            sample(ms, {}, {});
        }
    }
    void ran(std::int64_t session, std::uint16_t operation, double sent_ms, double done_ms) {
        SlowStatement statement;
        statement.session = session;
        statement.operation = operation;
        statement.sent = at(sent_ms);
        statement.done = at(done_ms);
        statements.push_back(statement);
    }
    Joined join(double from_ms = 0, double to_ms = 1e9) {
        sightings = builder_.finish();
        return locks::join(sightings, {.statements = statements,
                                       .operations = operations,
                                       .run_start = at(0),
                                       .window_from = at(from_ms),
                                       .window_to = at(to_ms),
                                       .origins = origins,
                                       .waits_kept = waits_kept});
    }
    [[nodiscard]] std::uint32_t blocked_now() const { return builder_.blocked_now(); }

    SessionDirectory directory;
    std::vector<SlowStatement> statements;
    std::vector<LockOrigin> origins;
    std::vector<std::string> operations{"read_order", "place_order"};
    Sightings sightings;
    std::size_t waits_kept = 50'000;

private:
    EpisodeBuilder builder_;
};

}  // namespace harness::locks::tests
