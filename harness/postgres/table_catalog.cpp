#include "harness/postgres/table_catalog.hpp"

#include "harness/postgres/control.hpp"
#include "harness/postgres/number_in.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace harness::postgres {
namespace {

using database::Outage;
using database::Outcome;
using database::TableColumn;
using database::UnknownName;
using database::Value;

Outcome ask_of(database::Control& control, std::string_view sql, std::uint32_t oid) {
    const Value parameter = std::to_string(oid);
    return ask(control, sql, {&parameter, 1});
}

// A name that exists in another spelling: the commonest mistake.
std::string hint_for(database::Control& control, const std::string& name) {
    const Value parameter = name;
    const auto answer = ask(
        control,
        "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) "
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND pg_catalog.lower(c.relname) = "
        "pg_catalog.lower(pg_catalog.regexp_replace(pg_catalog.regexp_replace($1, '^.*\\.', ''), "
        "'\"', '', 'g')) ORDER BY 1 LIMIT 3",
        {&parameter, 1});
    std::string hint;
    for (const auto& row : answer.rows) {
        hint += (hint.empty() ? "\n  hint: there is " : ", ") + *row[0];
    }
    return hint;
}

// Of several unique indexes the same in every database: not the oid decides.
constexpr std::string_view key_query =
    "SELECT i.indexrelid, a.attname "
    "FROM pg_catalog.pg_index i "
    "CROSS JOIN LATERAL (SELECT coalesce((pg_catalog.to_json(i)->>'indnkeyatts')::int, "
    "i.indnatts) AS keys) n "
    "CROSS JOIN LATERAL (SELECT pg_catalog.bool_and(b.attnotnull) AS not_null, "
    "pg_catalog.string_agg(b.attname::text, ',' ORDER BY l.place) COLLATE \"C\" AS names "
    "FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY l(attnum, place) "
    "JOIN pg_catalog.pg_attribute b ON b.attrelid = i.indrelid AND b.attnum = l.attnum "
    "WHERE l.place <= n.keys) whole "
    "CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY k(attnum, place) "
    "JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum "
    "WHERE i.indrelid = $1::oid AND i.indisunique AND i.indimmediate AND i.indisvalid "
    "AND i.indpred IS NULL AND i.indexprs IS NULL AND whole.not_null AND k.place <= n.keys "
    "ORDER BY i.indisprimary DESC, n.keys, whole.names, i.indexrelid, k.place";

constexpr std::string_view column_query =
    "SELECT a.attname, a.atttypid, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, "
    "coalesce(pg_catalog.to_json(a)->>'attgenerated', '') <> '', a.attstorage <> 'p' "
    "FROM pg_catalog.pg_attribute a "
    "WHERE a.attrelid = $1::oid AND a.attnum > 0 AND NOT a.attisdropped "
    "ORDER BY a.attname::text COLLATE \"C\"";

// A partition that is being detached is no part of the table any longer. relam of tables: since 12.
constexpr std::string_view leaf_query =
    "WITH RECURSIVE tree(oid) AS (SELECT $1::oid UNION SELECT i.inhrelid "
    "FROM pg_catalog.pg_inherits i JOIN tree t ON i.inhparent = t.oid "
    "WHERE (pg_catalog.to_json(i)->>'inhdetachpending') IS DISTINCT FROM 'true') "
    "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), "
    "c.relkind, coalesce((SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = c.relam), 'heap'), "
    "CASE WHEN c.relkind IN ('r', 'm') THEN pg_catalog.pg_relation_size(c.oid) ELSE 0 END, "
    "greatest(c.reltuples, 0)::bigint, "
    "pg_catalog.has_table_privilege(c.oid, 'SELECT') AND NOT "
    "pg_catalog.row_security_active(c.oid), c.oid = $1::oid "
    "FROM tree t JOIN pg_catalog.pg_class c ON c.oid = t.oid "
    "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.relkind IN ('r', 'm', 'f', 'v', 'p') ORDER BY c.oid";

void read_columns(database::Control& control, ColumnKinds& kinds, CatalogTable& table) {
    const auto answer = ask_of(control, column_query, table.oid);
    for (const auto& row : answer.rows) {
        const auto type = number_in<std::uint32_t>(row[1]);
        const ColumnKind& kind = kinds.of(type);
        TableColumn column;
        column.name = *row[0];
        column.type = *row[2];
        column.cast_to = kind.cast_to;
        column.kind = kind_of(kind.field, checksum::Scale::by_value);
        column.tag = kind.field.tag;
        column.nullable = row[3] != "t";
        column.generated = row[4] == "t";
        column.out_of_line = row[5] == "t";
        table.shape.columns.push_back(std::move(column));
        table.types.push_back(type);
    }
}

void read_key(database::Control& control, CatalogTable& table) {
    table.key = key_columns(control, table.oid);
    for (auto& column : table.shape.columns) {
        column.is_key = std::ranges::find(table.key, column.name) != table.key.end();
    }
    table.shape.keyed = !table.key.empty();
}

}  // namespace

std::string quoted_identifier(std::string_view identifier) {
    std::string text = "\"";
    for (const char letter : identifier) {
        text += letter;
        if (letter == '"') {
            text += letter;
        }
    }
    return text + '"';
}

std::uint32_t resolve_table(database::Control& control, const std::string& name) {
    if (name.find('\0') != std::string::npos) {
        throw UnknownName{"a table's name holds a zero byte"};
    }
    const Value parameter = name;
    const auto answer = control.execute(
        "SELECT c.oid, c.relkind FROM pg_catalog.pg_class c "
        "WHERE c.oid = pg_catalog.to_regclass($1)",
        {&parameter, 1});
    if (!answer.ok()) {
        const auto& error = *answer.error;
        // "improper qualified name", "cross-database references are not implemented"
        if (error.kind == database::ErrorKind::connection_lost) {
            throw Outage{error};
        }
        throw UnknownName{"table " + name + ": " + error.message};
    }
    if (answer.rows.empty()) {
        throw UnknownName{"there is no table " + name + hint_for(control, name)};
    }
    const auto& kind = *answer.rows[0][1];
    if (std::string_view{"rpfvm"}.find(kind) == std::string_view::npos) {
        throw UnknownName{name + " is no table (relkind " + kind + ")"};
    }
    return number_in<std::uint32_t>(answer.rows[0][0]);
}

std::string quoted_name(database::Control& control, std::uint32_t oid) {
    const auto answer = ask_of(
        control,
        "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) "
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.oid = $1::oid",
        oid);
    if (answer.rows.empty()) {
        throw database::Unreadable{"the table was dropped meanwhile"};
    }
    return *answer.rows[0][0];
}

std::vector<std::string> key_columns(database::Control& control, std::uint32_t oid) {
    std::vector<std::string> names;
    const auto answer = ask_of(control, key_query, oid);
    for (const auto& row : answer.rows) {
        if (row[0] == answer.rows[0][0]) {
            names.push_back(*row[1]);
        }
    }
    return names;
}

CatalogTable read_table(database::Control& control, ColumnKinds& kinds, std::uint32_t oid) {
    CatalogTable table;
    table.oid = oid;
    table.shape.identity = oid;
    read_columns(control, kinds, table);
    bool direct = true, heirs = false;
    char kind = 'r';
    const auto answer = ask_of(control, leaf_query, oid);
    for (const auto& row : answer.rows) {
        const char relation = row[1]->at(0);
        const bool own = row[6] == "t";
        Leaf leaf;
        leaf.name = *row[0];
        leaf.heap = (relation == 'r' || relation == 'm') && row[2] == "heap";
        leaf.sampled = leaf.heap;
        leaf.bytes = number_in<std::uint64_t>(row[3]);
        if (own) {
            table.shape.name = leaf.name;
            kind = relation;
        } else {
            heirs = true;
            direct = direct && row[5] == "t";
        }
        if (relation != 'p') {
            table.shape.bytes += leaf.bytes;
            // A partitioned table's own count is that of its partitions.
            table.shape.estimated_rows += number_in<std::uint64_t>(row[4]);
            table.leaves.push_back(std::move(leaf));
        }
    }
    if (table.shape.name.empty()) {
        throw database::Unreadable{"the table was dropped meanwhile"};
    }
    const auto name = ask_of(control,
                             "SELECT pg_catalog.quote_ident(relname) FROM pg_catalog.pg_class "
                             "WHERE oid = $1::oid",
                             oid);
    table.alias = *name.rows.at(0).at(0);
    table.sampled = std::ranges::all_of(table.leaves, &Leaf::sampled) && kind != 'v' && kind != 'f';
    if (!direct || kind == 'v' || kind == 'f') {
        table.leaves.clear();
    }
    // An heir may repeat its parent's keys; a partition may not.
    if (!heirs || kind == 'p') {
        read_key(control, table);
    }
    return table;
}

}  // namespace harness::postgres
