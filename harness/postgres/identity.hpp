// Which server a connection leads to. A list of hosts, a name with several addresses or a load
// balancer may lead each connection elsewhere, and the guard's answer holds for one server only.
#pragma once

#include "harness/database/control.hpp"
#include "harness/database/error.hpp"

#include <memory>
#include <string>
#include <utility>

#include <libpq-fe.h>

namespace harness::postgres {

// A question of one value, and what the server that was checked answers: its database, its system
// identifier and the timeline that it writes (a standby has none). Where a managed service
// withdraws those, the moment at which the server was started.
struct ServerIdentity {
    std::string query, answer;
};

// Throws database::Outage.
[[nodiscard]] ServerIdentity identity_of_server(database::Control& control);

// Why a connection must not be used that gave this result to the query.
[[nodiscard]] database::Error another_server(const ServerIdentity& expected,
                                             const PGresult* result);
[[nodiscard]] bool is_same_server(const ServerIdentity& expected, const PGresult* result);

// Where to connect, and who must be there.
struct Destination {
    // NOLINTNEXTLINE(google-explicit-constructor): mostly there is nothing but a connection string.
    Destination(std::string whole_conninfo, std::shared_ptr<const ServerIdentity> expected = {})
        : conninfo{std::move(whole_conninfo)}, server{std::move(expected)} {}
    // NOLINTNEXTLINE(google-explicit-constructor)
    Destination(const char* whole_conninfo) : conninfo{whole_conninfo} {}

    std::string conninfo;
    std::shared_ptr<const ServerIdentity> server;  // null: whoever answers
};

}  // namespace harness::postgres
