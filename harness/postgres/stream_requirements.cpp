#include "harness/postgres/stream_requirements.hpp"

#include "harness/database/change_stream.hpp"
#include "harness/postgres/control.hpp"
#include "harness/postgres/number_in.hpp"
#include "harness/postgres/table_catalog.hpp"

#include <algorithm>

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

// All relations whose rows are the table's.
constexpr std::string_view tree_query =
    "WITH RECURSIVE tree(oid) AS (SELECT $1::oid UNION SELECT i.inhrelid "
    "FROM pg_catalog.pg_inherits i JOIN tree t ON i.inhparent = t.oid) "
    "SELECT c.relkind, c.relpersistence, c.relreplident, c.oid, "
    "pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) "
    "FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY c.oid = $1::oid DESC, c.oid";

// The columns that a delete carries; none: no index is in force. A deferrable primary key is no
// identity (RelationGetIndexList leaves out what is not indimmediate).
constexpr std::string_view identity_query =
    "SELECT a.attname FROM pg_catalog.pg_class c "
    "JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisvalid AND i.indimmediate "
    "AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident END "
    "CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place) "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum "
    "WHERE c.oid = $1::oid AND k.place <= "
    "coalesce((pg_catalog.to_json(i)->>'indnkeyatts')::int, i.indnatts) ORDER BY k.place";

// A relation whose identity decides what is told of a row that goes.
struct Part {
    std::uint32_t oid = 0;
    std::string name;
    char identity = 'd';
    std::vector<std::string> carried = {};
};

// A row of tree_query.
Part part_of(database::Control& control, const std::vector<database::Value>& row) {
    Part part{.oid = number_in<std::uint32_t>(row[3]), .name = *row[4], .identity = row[2]->at(0)};
    for (const auto& column : ask(control, identity_query, {&row[3], 1}).rows) {
        part.carried.push_back(*column[0]);
    }
    return part;
}

std::string listed(const std::vector<std::string>& names) {
    std::string all;
    for (const auto& name : names) {
        all += (all.empty() ? "" : ", ") + name;
    }
    return all;
}

std::string chosen_otherwise(const Part& part, const std::vector<std::string>& key) {
    return "the REPLICA IDENTITY of " + part.name + " is " +
           (part.carried.empty() ? "an index that is gone"
                                 : "an index on (" + listed(part.carried) + ")") +
           ", and its rows are told apart by " +
           (key.empty() ? "all their values" : "(" + listed(key) + ")") + ": ALTER TABLE " +
           part.name + " REPLICA IDENTITY " + (key.empty() ? "FULL" : "DEFAULT or FULL");
}

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
    }
    const auto key = key_columns(control, table.oid);
    table.keyed = !key.empty();
    table.partitioned = partitioned;
    // A partition's changes are told as its root's, by the root's identity, and hold what its own
    // makes the server log: both must fit, or both be FULL (logicalrep_write_update).
    std::vector<Part> parts;
    for (const auto& row : tree.rows) {
        if (row[0] == "r" || row[3] == parameter) {
            parts.push_back(part_of(control, row));
        }
    }
    const bool whole =
        (partitioned && parts[0].identity == 'f') || std::ranges::any_of(parts, [&](const auto& p) {
            return fit_of(p.identity, p.carried, key) == IdentityFit::lacking;
        });
    for (const auto& part : parts) {
        const auto fit = fit_of(part.identity, part.carried, key);
        if (fit == IdentityFit::chosen_otherwise ||
            (whole && part.identity == 'i' && fit == IdentityFit::carried)) {
            refuse(chosen_otherwise(part, key));
        }
        if (whole && part.identity != 'f') {
            table.widened.push_back({.oid = part.oid, .was = part.identity, .name = part.name});
        }
    }
    return table;
}

std::string part_not_full(database::Control& control, std::uint32_t oid) {
    const database::Value parameter = std::to_string(oid);
    for (const auto& row : ask(control, tree_query, {&parameter, 1}).rows) {
        if (row[3] == parameter && row[2] != "f") {
            return {};
        }
        if (row[0] == "r" && row[2] != "f") {
            return *row[4];
        }
    }
    return {};
}

}  // namespace harness::postgres
