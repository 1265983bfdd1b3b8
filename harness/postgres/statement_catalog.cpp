#include "harness/postgres/statement_catalog.hpp"

#include "harness/postgres/number_in.hpp"
#include "harness/postgres/question.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <nlohmann/json.hpp>

namespace harness::postgres {
namespace {

using workloads::synthesis::Catalog;
using workloads::synthesis::Column;
using workloads::synthesis::ColumnStatistics;
using workloads::synthesis::ForeignKey;
using workloads::synthesis::NamedTable;
using workloads::synthesis::Table;
using workloads::synthesis::TypeClass;

using Tables = std::map<std::string, Table>;  // by oid

std::string oids_of(const Tables& tables) {
    std::string list = "0";
    for (const auto& [oid, table] : tables) {
        list += ", " + oid;
    }
    return "(" + list + ")";
}

// Of a partitioned table the parts' rows.
std::string rows_of_table(const std::string& table) {
    return "(WITH RECURSIVE part AS (SELECT " + table +
           ".oid UNION ALL SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN part p "
           "ON p.oid = i.inhparent) SELECT sum(greatest(l.reltuples, 0)) FROM part p "
           "JOIN pg_catalog.pg_class l ON l.oid = p.oid)";
}

Tables read_tables(TimedConnection& connection, std::span<const NamedTable> names) {
    std::string list = "''";
    for (const auto& name : names) {
        list += ", " + literal_of(name.name);
    }
    const auto rows = rows_of(
        connection,
        "/* rehearse */ SELECT c.oid, n.nspname, c.relname, pg_catalog.quote_ident(n.nspname) || "
        "'.' || pg_catalog.quote_ident(c.relname), c.relkind IN ('r', 'p', 'm'), "
        "c.relkind = 'p', " +
            rows_of_table("c") +
            " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
            "WHERE c.relkind IN ('r', 'p', 'm', 'v', 'f') AND c.relname IN (" +
            list +
            ") AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_(catalog|toast|temp)'");
    Tables tables;
    for (int i = 0; i < rows.size(); ++i) {
        Table table;
        table.schema = rows.text(i, 1);
        table.name = rows.text(i, 2);
        table.sql = rows.text(i, 3);
        table.can_be_sampled = rows.flag(i, 4);
        table.is_partitioned = rows.flag(i, 5);
        table.rows = rows.number<double>(i, 6);
        tables.emplace(rows.text(i, 0), std::move(table));
    }
    return tables;
}

void read_columns(TimedConnection& connection, Tables& tables) {
    const auto rows =
        rows_of(connection,
                "/* rehearse */ SELECT a.attrelid, a.attname, pg_catalog.quote_ident(a.attname), "
                "b.typname, b.typcategory, CASE WHEN b.typname IN ('varchar', 'bpchar') THEN "
                "greatest(CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END - 4, 0) "
                "ELSE 0 END FROM pg_catalog.pg_attribute a "
                "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid JOIN pg_catalog.pg_type b "
                "ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END "
                "WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN " +
                    oids_of(tables) + " ORDER BY a.attrelid, a.attnum");
    for (int i = 0; i < rows.size(); ++i) {
        Column column;
        column.name = rows.text(i, 1);
        column.sql = rows.text(i, 2);
        column.type = type_class(rows.text(i, 3), rows.text(i, 4));
        column.longest = rows.number<int>(i, 5);
        tables.at(rows.text(i, 0)).columns.push_back(std::move(column));
    }
}

// Where there are partitions their rows are meant; the most common values are rows' values and are
// not even asked for unless they may be kept.
void read_statistics(TimedConnection& connection, Tables& tables, bool common_values) {
    const std::string common = common_values
                                   ? "pg_catalog.array_to_json(s.most_common_vals::text::text[]), "
                                     "pg_catalog.array_to_json(s.most_common_freqs)"
                                   : "NULL, NULL";
    const auto rows = rows_of(
        connection,
        "/* rehearse */ SELECT DISTINCT ON (c.oid, s.attname) c.oid, s.attname, s.null_frac, "
        "s.avg_width, coalesce(s.correlation, 0), s.most_common_vals IS NOT NULL AND "
        "s.histogram_bounds IS NULL, " +
            common +
            " FROM pg_catalog.pg_stats s JOIN pg_catalog.pg_namespace n ON n.nspname = "
            "s.schemaname JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = "
            "s.tablename WHERE c.oid IN " +
            oids_of(tables) + " ORDER BY c.oid, s.attname, s.inherited = (c.relkind = 'p') DESC");
    for (int i = 0; i < rows.size(); ++i) {
        auto& columns = tables.at(rows.text(i, 0)).columns;
        const auto found = std::find_if(columns.begin(), columns.end(), [&](const Column& column) {
            return column.name == rows.text(i, 1);
        });
        if (found == columns.end()) {
            continue;
        }
        ColumnStatistics statistics;
        statistics.null_fraction = rows.number<double>(i, 2);
        statistics.average_width_bytes = rows.number<double>(i, 3);
        statistics.correlation = rows.number<double>(i, 4);
        statistics.common_are_all = rows.flag(i, 5);
        const auto values = list_in(rows.text(i, 6));
        const auto frequencies = nlohmann::json::parse(rows.text(i, 7), nullptr, false);
        for (std::size_t k = 0; frequencies.is_array() && k < values.size(); ++k) {
            if (k < frequencies.size() && frequencies[k].is_number()) {
                statistics.common.push_back({values[k], frequencies[k].get<double>()});
            }
        }
        found->statistics = std::move(statistics);
    }
}

// Names of a key's columns, in its order.
std::string names_in(const char* numbers, const char* table, bool quoted = false) {
    return std::string{"(SELECT pg_catalog.json_agg("} +
           (quoted ? "pg_catalog.quote_ident(a.attname)" : "a.attname") +
           " ORDER BY k.place) FROM pg_catalog.unnest(" + numbers +
           ") WITH ORDINALITY k(attnum, place) JOIN pg_catalog.pg_attribute a ON a.attrelid = " +
           table + " AND a.attnum = k.attnum)";
}

void read_keys(TimedConnection& connection, Tables& tables) {
    const auto unique =
        rows_of(connection,
                "/* rehearse */ SELECT i.indrelid, " +
                    names_in("(i.indkey::int2[])[0:coalesce((pg_catalog.to_json(i)->>'indnkeyatts'"
                             ")::int, i.indnatts) - 1]",
                             "i.indrelid") +
                    " FROM pg_catalog.pg_index i WHERE i.indisunique AND i.indisvalid AND "
                    "i.indpred IS NULL AND i.indexprs IS NULL AND i.indrelid IN " +
                    oids_of(tables) + " ORDER BY i.indrelid, i.indexrelid");
    for (int i = 0; i < unique.size(); ++i) {
        tables.at(unique.text(i, 0)).unique_keys.push_back(list_in(unique.text(i, 1)));
    }
    const auto foreign = rows_of(
        connection,
        "/* rehearse */ SELECT c.conrelid, " + names_in("c.conkey", "c.conrelid") + ", " +
            names_in("c.confkey", "c.confrelid") + ", " +
            names_in("c.confkey", "c.confrelid", true) +
            ", pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(r.relname), " +
            rows_of_table("r") + ", r.relkind = 'p'" +
            " FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_class r ON r.oid = c.confrelid "
            "JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace WHERE c.contype = 'f' AND "
            "c.conrelid IN " +
            oids_of(tables) + " ORDER BY c.conrelid, c.conname");
    for (int i = 0; i < foreign.size(); ++i) {
        ForeignKey key;
        key.columns = list_in(foreign.text(i, 1));
        key.referenced = list_in(foreign.text(i, 2));
        key.referenced_sql = list_in(foreign.text(i, 3));
        key.table_sql = foreign.text(i, 4);
        key.rows = foreign.number<double>(i, 5);
        key.is_partitioned = foreign.flag(i, 6);
        tables.at(foreign.text(i, 0)).foreign_keys.push_back(std::move(key));
    }
}

}  // namespace

std::vector<std::string> list_in(const std::string& array) {
    const auto parsed = nlohmann::json::parse(array, nullptr, false);
    std::vector<std::string> list;
    for (const auto& item : parsed.is_array() ? parsed : nlohmann::json::array()) {
        list.push_back(item.is_string() ? item.get<std::string>() : std::string{});
    }
    return list;
}

TypeClass type_class(std::string_view type_name, std::string_view category) {
    if (type_name == "int2" || type_name == "int4" || type_name == "int8") {
        return TypeClass::integer;
    }
    if (type_name == "uuid") {
        return TypeClass::uuid;
    }
    if (type_name == "date" || type_name == "timestamp" || type_name == "timestamptz") {
        return TypeClass::moment;
    }
    if (category == "N") {
        // Identifiers of the catalog (regclass) are numbers by category.
        return type_name == "numeric" || type_name.starts_with("float") || type_name == "money"
                   ? TypeClass::number
                   : TypeClass::other;
    }
    return category == "B"   ? TypeClass::boolean
           : category == "S" ? TypeClass::text
           : category == "T" ? TypeClass::interval
                             : TypeClass::other;
}

Catalog read_statement_catalog(TimedConnection& connection, std::span<const NamedTable> names,
                               bool common_values) {
    auto tables = read_tables(connection, names);
    read_columns(connection, tables);
    read_statistics(connection, tables, common_values);
    read_keys(connection, tables);
    Catalog catalog;
    for (auto& [oid, table] : tables) {
        catalog.tables.push_back(std::move(table));
    }
    return catalog;
}

}  // namespace harness::postgres
