// What a record of a server's log says: a statement, a failure, a session's begin or end.
#pragma once

#include "workloads/logs/log_entry.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace workloads::logs {

enum class Saying : std::uint8_t {
    statement,      // simple protocol
    execute,        // extended protocol: a portal from its start
    fetch,          // extended protocol: a portal goes on
    parse,          // logged with a duration only
    bind,           // logged with a duration only
    duration,       // a bare one: of a statement that another record names, or that none names
    function_call,  // fast path: large objects, and what is older than 7.4
    failure,        // ERROR, FATAL, PANIC; the statement is in LogEntry::query
    connection_received,
    connection_authorized,
    disconnection,
    replication,  // a replication connection, or its command
    client_lost,  // the client went without a word
    plan,         // auto_explain
    lock_wait,
    other,
};

// All views point into the entry.
struct Said {
    Saying saying = Saying::other;
    std::optional<std::int64_t> duration_us;  // of what was said, or of a session that ended
    std::string_view name;                    // of the prepared statement; empty: unnamed
    std::string_view portal;                  // empty: unnamed
    std::string_view text;                    // of the statement; of a function call: its name
};

// Follows src/backend/tcop/postgres.c and fastpath.c of PostgreSQL 10 to 18 in English. What
// PL/pgSQL raises may look like a statement; it comes with a context, or not as LOG, and says
// nothing here.
//
// Where names hold ": ", the text begins at the first one that a command of SQL follows; where they
// hold "/", the portal's name begins behind the first one. Names that hold both what looks like a
// separator and a command are read wrongly: the log does not quote them.
[[nodiscard]] Said read_message(const LogEntry& entry);

// Whether it is a failure: ERROR, FATAL or PANIC, or in another language any error's SQLSTATE.
[[nodiscard]] bool is_failure(const LogEntry& entry);

// Whether it ends the session: FATAL and PANIC.
[[nodiscard]] bool ends_session(const LogEntry& entry);

}  // namespace workloads::logs
