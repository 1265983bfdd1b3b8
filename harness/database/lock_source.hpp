// Who waits for whom now.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace harness::database {

// One session that waits for a lock at the instant of the sample.
struct LockWaiter {
    std::int64_t session = 0;
    std::vector<std::int64_t>
        blockers;          // sessions directly in the way; 0 is a prepared transaction
    std::string kind;      // relation | transactionid | tuple | advisory | ...
    std::string relation;  // of the relation or tuple lock; else empty
    std::string mode;      // asked for, as the server spells it
    std::optional<std::int64_t> since_us;  // server clock, where the server tells (PostgreSQL 14+)
};

// A session that waits or blocks.
struct LockSession {
    std::int64_t session = 0;
    std::string application, state, query;
    std::int64_t transaction_start_us = 0;  // server clock; 0 when in none
    struct Held {
        std::string kind, relation, mode;
    };
    std::vector<Held> held;  // granted locks that conflict with somebody who waits here
};

struct LockSample {
    std::int64_t server_clock_us = 0;
    std::vector<LockWaiter> waiters;
    std::vector<LockSession> sessions;  // every waiter and every blocker
};

// One lock that a watched session holds or asks for.
struct WatchedLock {
    std::int64_t session = 0;
    std::string relation, mode;  // relation locks only
    bool granted = false;
    std::optional<std::int64_t> since_us;  // of a wait
};

struct ReplicaLag {
    std::string name;
    double seconds = 0;
    std::int64_t bytes = 0;
};

class LockSource {
public:
    virtual ~LockSource() = default;
    // Each call is one query, or two when somebody waits. Throws database::Outage when the
    // connection is lost; reconnect() opens it again.
    virtual LockSample sample() = 0;
    // Relation locks of these sessions, held or asked for.
    virtual std::vector<WatchedLock> locks_of(std::span<const std::int64_t> sessions) = 0;
    // Sessions on this database that began after `server_clock_us`: how a command step's own
    // connections are recognised.
    virtual std::vector<LockSession> sessions_since(std::int64_t server_clock_us) = 0;
    virtual std::vector<ReplicaLag> replica_lag() = 0;
    virtual std::uint64_t deadlocks() = 0;  // of this database, ever
    virtual void reconnect() = 0;
    [[nodiscard]] virtual std::int64_t session_id() const = 0;
};

}  // namespace harness::database
