// The load path on PostgreSQL: libpq without blocking, one statement in flight per session, as an
// application's driver does it; but for recorded calls that are queued.
#pragma once

#include "harness/database/poller.hpp"
#include "harness/database/session.hpp"
#include "harness/postgres/identity.hpp"
#include "scenarios/scenario.hpp"
#include "workloads/operation.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace harness::postgres {

// What all sessions of a load have in common. Immutable while sessions use it.
struct LoadPlan {
    std::string conninfo;  // whole: application_name and client_encoding included
    std::shared_ptr<const ServerIdentity> server;  // who must be there; null: whoever answers
    std::vector<workloads::Operation> operations;
    scenarios::Protocol protocol = scenarios::Protocol::prepared;
    std::array<std::string, 2>
        session_sql;  // [old, new], sent on each new connection; may be empty
    std::chrono::milliseconds statement_timeout{0};  // 0: none
    // What each operation's transactions say of themselves, as transactional messages with the
    // prefix "rehearse" (see database::ChangeSink::tag): one text an operation, of letters and
    // digits; empty ones, and an empty list: nothing. The message goes with BEGIN, or with the
    // single statement, which then is one implicit transaction with it. So a tagged statement has a
    // transaction's number even if it changes nothing, and cannot be one that must run alone
    // (VACUUM, CREATE INDEX CONCURRENTLY) or that commits by itself (CALL of such a procedure).
    // From PostgreSQL 14 on a change stream carries it.
    std::vector<std::string> tags = {};
    // Before which of its statements each operation says so: with BEGIN (0), but after the settings
    // that must come before any query. Empty: always with BEGIN.
    std::vector<std::size_t> tag_places = {};
    // Beyond the server's own timeout, until the client gives the connection up.
    std::chrono::milliseconds answer_grace{5'000};
};

// Statements are prepared on their first use in a session, and again after the server said that a
// plan is void ("cached plan must not change result type", or the name is gone behind a pooler).
[[nodiscard]] std::unique_ptr<database::Session> make_session(std::shared_ptr<const LoadPlan> plan,
                                                              database::Poller& poller,
                                                              database::SessionListener& listener);

}  // namespace harness::postgres
