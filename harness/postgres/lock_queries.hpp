// What the lock source asks the server.
#pragma once

#include <string>

namespace harness::postgres {

// The first query of a sample, one row always: the server's clock, and whether anybody waits. A
// role that does not see the others' wait events (see open_lock_source) has to look into pg_locks.
[[nodiscard]] std::string waiting_query(bool sees_all);

// The second query, when somebody waits: one snapshot of the lock table, then the blockers of those
// who wait in it. Rows of several kinds, told apart by the first column:
//
//   c: the server's clock
//
//   w: a wait (session, object, kind, relation, mode, since)
//
//   b: who is in the way of those who want this object in this mode (one of them, object, mode,
//      blockers)
//
//   h: a granted lock on an object that somebody waits for (session, object, kind, relation, mode)
//
//   t: a tuple lock held by one who waits for a transaction (session, -, -, relation)
//
//   s: a session (session, application, state, query, transaction start)
//
//   p: a prepared transaction that holds such an object (0, name, -, -, time)
[[nodiscard]] std::string graph_query(int version);

// $1: sessions, as an array. Rows: session, relation, mode, granted, since.
[[nodiscard]] std::string locks_of_query(int version);

// $1: a time by the server's clock. Rows: session, application, state, query, transaction start.
extern const char* const sessions_since_query;

// One row at least: written, and of each replica replayed, its name, its own word of the lag.
extern const char* const replica_lag_query;

extern const char* const deadlocks_query;

}  // namespace harness::postgres
