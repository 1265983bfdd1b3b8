#include "harness/postgres/room.hpp"

#include "harness/database/engine.hpp"
#include "harness/postgres/control.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace harness::postgres {

namespace {

using namespace std::chrono_literals;

// Long enough for the sessions of a run that has just ended.
constexpr auto patience = 3s;

// One row: this backend's pid; max_connections; slots kept for others than this role; sessions that
// take a slot; the database's and the role's limits (-1, and superusers: none) with their sessions.
//
// What takes a slot: clients (of whom a role without the right to see more sees database and user),
// and before 12 what streams the log. Workers that the server starts itself have slots of their
// own.
constexpr const char* question =
    "WITH me AS (SELECT oid, rolsuper, rolconnlimit FROM pg_catalog.pg_roles"
    "            WHERE rolname = current_user),"
    " client AS (SELECT datid, usesysid FROM pg_catalog.pg_stat_activity"
    "   WHERE pid <> pg_catalog.pg_backend_pid() AND usesysid IS NOT NULL"
    "   AND ((datid IS NOT NULL"
    "         AND coalesce(backend_type, 'client backend') = 'client backend')"
    "        OR (current_setting('server_version_num')::int < 120000"
    "            AND pid IN (SELECT pid FROM pg_catalog.pg_stat_replication))))"
    " SELECT pg_catalog.pg_backend_pid(), current_setting('max_connections'),"
    " CASE WHEN me.rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int"
    // Since 16 there are also some for whoever has the role pg_use_reserved_connections.
    "   + coalesce((SELECT setting::int FROM pg_catalog.pg_settings"
    "      WHERE name = 'reserved_connections' AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles r"
    "       WHERE r.rolname = 'pg_use_reserved_connections'"
    "       AND pg_catalog.pg_has_role(current_user, r.oid, 'USAGE'))), 0) END,"
    " (SELECT count(*) FROM client),"
    " CASE WHEN me.rolsuper THEN -1 ELSE d.datconnlimit END,"
    " (SELECT count(*) FROM client WHERE datid = d.oid),"
    " CASE WHEN me.rolsuper THEN -1 ELSE me.rolconnlimit END,"
    " (SELECT count(*) FROM client WHERE usesysid = me.oid)"
    " FROM me, pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";

}  // namespace

std::optional<Room> room_of(database::Control& control) {
    const auto answer = ask(control, question);
    const auto number = [&row = answer.rows.at(0)](std::size_t column) {
        return std::stoi(row.at(column).value_or("0"));
    };
    if (number(0) != control.session_id()) {
        return std::nullopt;
    }
    Room room{.free = number(1) - number(2) - number(3),
              .limit = "max_connections = " + std::to_string(number(1)),
              .remedy = "raise max_connections"};
    const auto narrow = [&](int limit, int used, const char* whose, const char* remedy) {
        if (limit >= 0 && limit - used < room.free) {
            room = {.free = limit - used,
                    .limit = std::string{whose} + " = " + std::to_string(limit),
                    .remedy = remedy};
        }
    };
    narrow(number(4), number(5), "the database's connection limit",
           "ALTER DATABASE ... CONNECTION LIMIT");
    narrow(number(6), number(7), "the role's connection limit", "ALTER ROLE ... CONNECTION LIMIT");
    room.free = std::max(room.free, 0);
    return room;
}

void require_room(database::Control& control, int sessions) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const auto room = room_of(control);
        if (!room || room->free >= sessions) {
            return;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            throw database::Refused{"the rehearsal opens " + std::to_string(sessions) +
                                    " sessions, and the server has room for " +
                                    std::to_string(room->free) + " more (" + room->limit + ")\n  " +
                                    room->remedy +
                                    ", close other sessions, or lower workload.connections"};
        }
        std::this_thread::sleep_for(50ms);
    }
}

}  // namespace harness::postgres
