#include "harness/postgres/guard_table.hpp"

#include "harness/database/engine.hpp"
#include "harness/postgres/control.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace harness::postgres {

namespace {

using database::Control;
using database::Error;
using database::ErrorKind;
using database::Outage;
using database::Refused;
using database::Value;

// What tells this database from every other one.
struct Identity {
    std::string database;
    Value system_identifier;  // made by initdb, kept by physical copies, not by dumps
    Value timeline;           // changes when a copy is promoted
};

Value answer_or_null(Control& control, std::string_view query) {
    const auto outcome = control.execute(query);
    if (outcome.ok()) {
        return outcome.rows.at(0).at(0);
    }
    if (outcome.error->kind == ErrorKind::connection_lost) {
        throw Outage{*outcome.error};
    }
    // Managed services withdraw the function (42501), or do not have it (0A000, 42883).
    return std::nullopt;
}

Identity identity_of(Control& control) {
    Identity identity;
    identity.database = *ask(control, "SELECT pg_catalog.current_database()").rows.at(0).at(0);
    identity.system_identifier =
        answer_or_null(control, "SELECT system_identifier FROM pg_catalog.pg_control_system()");
    // Of the file that is written now: pg_control_checkpoint() is behind until the checkpoint that
    // follows a promotion.
    identity.timeline = answer_or_null(
        control,
        "SELECT pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8)");
    return identity;
}

bool is_standby(Control& control) {
    return ask(control, "SELECT pg_catalog.pg_is_in_recovery()").rows.at(0).at(0) == "t";
}

const std::string how_to_mark = "if this is staging, mark it with: rehearse guard mark --db URI";

[[noreturn]] void refuse(const std::string& why, const std::string& remedy = how_to_mark) {
    throw Refused{why + "\n  " + remedy};
}

// The marker's row; throws Refused where none can be read.
std::vector<Value> read_marker(Control& control) {
    const auto outcome = control.execute(
        "SELECT database_name, system_identifier, timeline, marked_at, marked_by "
        "FROM rehearse.guard");
    if (!outcome.ok()) {
        const Error& error = *outcome.error;
        if (error.kind == ErrorKind::connection_lost) {
            throw Outage{error};
        }
        if (error.code == "42P01" || error.code == "3F000") {  // no table, no schema
            refuse("the database is not marked as staging");
        }
        if (error.kind == ErrorKind::privilege) {
            refuse(
                "the role may not read rehearse.guard, so the database does not count as staging",
                "GRANT USAGE ON SCHEMA rehearse, SELECT ON rehearse.guard, or mark it again");
        }
        refuse("the mark in rehearse.guard cannot be read: " + error.text(),
               "mark the database again: rehearse guard mark --db URI");
    }
    if (outcome.rows.size() != 1) {
        refuse("the database is not marked as staging: rehearse.guard is empty");
    }
    return outcome.rows[0];
}

// In a transaction of its own: all or nothing.
void run_together(Control& control,
                  const std::vector<std::pair<std::string, std::vector<Value>>>& statements) {
    ask(control, "BEGIN");
    for (const auto& [sql, parameters] : statements) {
        const auto outcome = control.execute(sql, parameters);
        if (!outcome.ok()) {
            static_cast<void>(control.execute("ROLLBACK"));
            throw Outage{*outcome.error};
        }
    }
    ask(control, "COMMIT");
}

}  // namespace

void check_guard(Control& control) {
    const auto marker = read_marker(control);
    if (is_standby(control)) {
        refuse("the server is a hot standby: nothing can be migrated there", "name its primary");
    }
    const Identity here = identity_of(control);
    const std::string marked =
        "marked as staging on " + marker[3].value_or("?") + " by " + marker[4].value_or("?");
    if (marker[0] != here.database) {
        refuse("the database is " + here.database + ", but its mark was made for " +
               marker[0].value_or("?") + " (" + marked + "): this is a copy");
    }
    if (marker[1] != here.system_identifier) {
        refuse("the mark was made on another server (system identifier " +
               marker[1].value_or("unknown") + ", here " +
               here.system_identifier.value_or("unknown") + "; " + marked +
               "): this is a copy of a staging database");
    }
    if (marker[2] != here.timeline) {
        refuse("the mark was made on timeline " + marker[2].value_or("unknown") +
               " of the server, which now writes timeline " + here.timeline.value_or("unknown") +
               " (" + marked + "): this is a promoted copy, or the server has failed over");
    }
}

std::string mark_as_staging(Control& control, const Announce& announce) {
    if (is_standby(control)) {
        refuse("the server is a hot standby: nothing can be marked there", "name its primary");
    }
    const Identity here = identity_of(control);
    announce("makes schema rehearse and table rehearse.guard in database " + here.database);
    run_together(control,
                 {{"CREATE SCHEMA IF NOT EXISTS rehearse", {}},
                  // Dropped first: one that an older release made may have other columns.
                  {"DROP TABLE IF EXISTS rehearse.guard", {}},
                  {"CREATE TABLE rehearse.guard ("
                   "one_row boolean PRIMARY KEY DEFAULT true CHECK (one_row), "
                   "database_name text NOT NULL, system_identifier text, timeline text, "
                   "marked_at timestamptz NOT NULL DEFAULT pg_catalog.now(), "
                   "marked_by text NOT NULL DEFAULT session_user)",
                   {}},
                  {"INSERT INTO rehearse.guard (database_name, system_identifier, timeline) "
                   "VALUES ($1, $2, $3)",
                   {here.database, here.system_identifier, here.timeline}},
                  {"GRANT USAGE ON SCHEMA rehearse TO PUBLIC", {}},
                  {"GRANT SELECT ON rehearse.guard TO PUBLIC", {}}});
    std::string text = "database " + here.database + " is marked as staging";
    if (!here.system_identifier) {
        text +=
            "; this server does not tell its system identifier, so that a copy under the same "
            "name on another such server would not be noticed";
    }
    return text;
}

std::string unmark(Control& control, const Announce& announce) {
    const std::string database =
        *ask(control, "SELECT pg_catalog.current_database()").rows.at(0).at(0);
    announce("removes table rehearse.guard in database " + database);
    ask(control, "DROP TABLE IF EXISTS rehearse.guard");
    const auto outcome = control.execute("DROP SCHEMA IF EXISTS rehearse");
    if (!outcome.ok() && outcome.error->code != "2BP01") {  // something else is in it: that stays
        throw Outage{*outcome.error};
    }
    return "database " + database + " is not marked as staging" +
           (outcome.ok() ? "" : "; the schema rehearse is not empty and stays");
}

}  // namespace harness::postgres
