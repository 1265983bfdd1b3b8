#include "harness/postgres/stream_requirements.hpp"

#include "harness/database/change_stream.hpp"
#include "harness/postgres/control.hpp"
#include "harness/postgres/table_catalog.hpp"

namespace harness::postgres {

// max_slot_wal_keep_size is new in 13; a managed service gives the right through a role of its own.
std::vector<StreamRequirement> stream_requirements(database::Control& control) {
    const auto answer = ask(
        control,
        "SELECT current_setting('wal_level'), "
        "r.rolsuper OR r.rolreplication OR EXISTS (SELECT FROM pg_catalog.pg_roles s WHERE "
        "s.rolname = 'rds_replication' AND pg_catalog.pg_has_role(current_user, s.oid, 'USAGE')), "
        "current_setting('max_replication_slots')::int - "
        "(SELECT count(*) FROM pg_catalog.pg_replication_slots), "
        "current_setting('max_wal_senders')::int - "
        "(SELECT count(*) FROM pg_catalog.pg_stat_replication), "
        "pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), "
        "coalesce((SELECT setting FROM pg_catalog.pg_settings "
        "WHERE name = 'max_slot_wal_keep_size'), '-1'), current_user "
        "FROM pg_catalog.pg_roles r WHERE r.rolname = current_user");
    const auto& row = answer.rows.at(0);
    const auto yes = [&](std::size_t column) { return row[column] == "t"; };
    const auto& user = *row[6];
    const bool kept_without_limit = *row[5] == "-1";
    return {
        {*row[0] == "logical", "wal_level = " + *row[0],
         "wal_level = logical, and a restart of the server"},
        {yes(1), yes(1) ? "may replicate" : "role " + user + " may not replicate",
         "ALTER ROLE " + quoted_identifier(user) + " REPLICATION"},
        {std::stol(*row[2]) > 0, *row[2] + " free slots", "raise max_replication_slots"},
        {std::stol(*row[3]) > 0, *row[3] + " free walsenders", "raise max_wal_senders"},
        {yes(4), yes(4) ? "may make a publication" : "may not make a publication",
         "GRANT CREATE ON DATABASE ... TO " + quoted_identifier(user)},
        {true,
         kept_without_limit ? "WAL kept for slots without limit (watched by the run)"
                            : "WAL kept for slots up to " + *row[5] + " MB",
         {}},
    };
}

namespace {

// All relations whose rows are the table's. An identity is missing where updates would be refused
// once the table is published.
constexpr std::string_view tree_query =
    "WITH RECURSIVE tree(oid) AS (SELECT $1::oid UNION SELECT i.inhrelid "
    "FROM pg_catalog.pg_inherits i JOIN tree t ON i.inhparent = t.oid) "
    "SELECT c.relkind, c.relpersistence, c.oid = $1::oid, "
    "CASE c.relreplident WHEN 'f' THEN true WHEN 'n' THEN false "
    "WHEN 'i' THEN EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid "
    "AND x.indisreplident AND x.indisvalid) "
    "ELSE EXISTS (SELECT FROM pg_catalog.pg_index x WHERE x.indrelid = c.oid "
    "AND x.indisprimary AND x.indisvalid) END, "
    "pg_catalog.quote_ident(c.relname) "
    "FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid ORDER BY c.oid = $1::oid DESC";

}  // namespace

StreamTable table_to_follow(database::Control& control, const std::string& name,
                            int server_version) {
    StreamTable table;
    table.oid = resolve_table(control, name);
    table.name = quoted_name(control, table.oid);
    const database::Value parameter = std::to_string(table.oid);
    const auto tree = ask(control, tree_query, {&parameter, 1});
    const auto refuse = [&](const std::string& why) {
        throw database::StreamEnded{"the changes of " + table.name + " cannot be followed: " + why};
    };
    const bool partitioned = tree.rows.at(0)[0] == "p";
    if (!partitioned && tree.rows[0][0] != "r") {
        refuse("it is no table with rows of its own");
    }
    if (partitioned && server_version < 130'000) {
        refuse(
            "it is partitioned, and only PostgreSQL 13 and later tell the whole table's changes");
    }
    if (!partitioned && tree.rows.size() > 1) {
        refuse("other tables inherit from it");
    }
    for (const auto& row : tree.rows) {
        if (row[0] != "r" && row[0] != "p") {
            refuse(*row[4] + ", a part of it, is no table");
        }
        if (row[1] != "p") {
            refuse("it is unlogged or temporary");
        }
        // Published without one, its updates would fail.
        if (row[0] == "r" && row[3] != "t") {
            refuse("it has no primary key and no other replica identity (" + *row[4] +
                   "): ALTER TABLE ... REPLICA IDENTITY FULL, or read it while the load pauses");
        }
    }
    return table;
}

}  // namespace harness::postgres
