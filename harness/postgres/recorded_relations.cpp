#include "harness/postgres/recorded_relations.hpp"

#include "harness/postgres/question.hpp"
#include "harness/postgres/statement_catalog.hpp"
#include "harness/postgres/timed_connection.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <vector>

namespace harness::postgres {
namespace {

using workloads::conflicts::Relations;
using workloads::synthesis::NamedTable;

// The server's own limit for each statement is 30 s.
constexpr std::chrono::milliseconds longest_answer{40'000};

// One reading of the catalog, through one session.
class Reading {
public:
    explicit Reading(TimedConnection& connection) : connection_{connection} {}

    Relations run(std::span<const NamedTable> names, std::span<const std::string> functions) {
        std::set<NamedTable> all{names.begin(), names.end()};
        for (;;) {
            read_tables({all.begin(), all.end()});
            const auto known = all.size();
            for (const auto& base : bases_of_views()) {
                all.insert(base);
            }
            if (all.size() == known) {
                break;
            }
        }
        read_path();
        read_functions(functions);
        if (relations_.catalog.tables.empty()) {
            return std::move(relations_);
        }
        read_rules();
        read_wholes();
        read_views();
        read_references();
        read_generated();
        return std::move(relations_);
    }

private:
    [[nodiscard]] Rows ask(const std::string& sql) {
        return rows_of(connection_, "/* rehearse */ " + sql);
    }

    void read_tables(const std::vector<NamedTable>& names) {
        relations_ = {};
        relations_.catalog = read_statement_catalog(connection_, names, false);
        relations_.rules.resize(relations_.catalog.tables.size());
        listed_.clear();
        for (std::size_t i = 0; i < relations_.catalog.tables.size(); ++i) {
            relations_.rules[i].whole = i;
            const auto& table = relations_.catalog.tables[i];
            listed_ += (listed_.empty() ? "(" : ", (") + std::to_string(i) + ", " +
                       literal_of(table.schema) + ", " + literal_of(table.name) + ")";
        }
    }

    // WITH listed(number, oid). By their names in the catalog: of what is in a schema that the role
    // may not use the server would not even say where it is.
    [[nodiscard]] std::string with_listed(const std::string& rest, bool recursive = false) const {
        return std::string{recursive ? "WITH RECURSIVE " : "WITH "} +
               "named(number, schema, name) AS (VALUES " + listed_ +
               "), listed(number, oid) AS (SELECT m.number, c.oid FROM named m JOIN "
               "pg_catalog.pg_namespace n ON n.nspname = m.schema JOIN pg_catalog.pg_class c ON "
               "c.relnamespace = n.oid AND c.relname = m.name)" +
               rest;
    }

    // What each view reads, through other views.
    [[nodiscard]] std::string with_shown(const std::string& rest) const {
        return with_listed(
            ", shown(number, oid) AS (SELECT l.number, l.oid FROM listed l JOIN "
            "pg_catalog.pg_class c ON c.oid = l.oid WHERE c.relkind = 'v' UNION "
            "SELECT s.number, d.refobjid FROM shown s JOIN pg_catalog.pg_class v ON v.oid = s.oid "
            "AND v.relkind = 'v' JOIN pg_catalog.pg_rewrite r ON r.ev_class = s.oid JOIN "
            "pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass "
            "AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass "
            "AND d.refobjid <> s.oid) " +
                rest,
            true);
    }

    std::vector<NamedTable> bases_of_views() {
        std::vector<NamedTable> bases;
        if (listed_.empty()) {
            return bases;
        }
        const auto rows = ask(with_shown(
            "SELECT DISTINCT n.nspname, c.relname FROM shown s JOIN pg_catalog.pg_class c ON "
            "c.oid = s.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE "
            "c.relkind IN ('r', 'p', 'm', 'f') AND n.nspname <> 'pg_catalog' AND NOT EXISTS "
            "(SELECT FROM listed l WHERE l.oid = c.oid)"));
        for (int i = 0; i < rows.size(); ++i) {
            bases.push_back({rows.text(i, 0), rows.text(i, 1)});
        }
        return bases;
    }

    void read_path() {
        const auto rows = ask("SELECT pg_catalog.unnest(pg_catalog.current_schemas(true))");
        for (int i = 0; i < rows.size(); ++i) {
            relations_.search_path.push_back(rows.text(i, 0));
        }
    }

    // Extensions' functions in C make values rather than rows.
    void read_functions(std::span<const std::string> names) {
        std::string list = "''";
        for (const auto& name : names) {
            list += ", " + literal_of(name);
        }
        const auto rows = ask(
            "SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n "
            "ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE "
            "n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.provolatile = 'v' AND "
            "l.lanname NOT IN ('c', 'internal') AND p.proname IN (" +
            list + ")");
        for (int i = 0; i < rows.size(); ++i) {
            relations_.functions.insert(rows.text(i, 0));
        }
    }

    workloads::conflicts::RelationRules& rules_at(const Rows& rows, int row, int column) {
        return relations_.rules.at(rows.number<std::size_t>(row, column));
    }

    void read_rules() {
        const auto rows = ask(with_listed(
            " SELECT l.number, EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = l.oid "
            "AND NOT t.tgisinternal AND t.tgenabled <> 'D') OR EXISTS (SELECT FROM "
            "pg_catalog.pg_rewrite r WHERE r.ev_class = l.oid AND r.rulename <> '_RETURN'), "
            "EXISTS (SELECT FROM pg_catalog.pg_constraint x WHERE x.conrelid = l.oid AND "
            "x.contype = 'x') FROM listed l"));
        for (int i = 0; i < rows.size(); ++i) {
            auto& rules = rules_at(rows, i, 0);
            rules.has_hooks = rows.flag(i, 1);
            rules.excludes = rows.flag(i, 2);
        }
    }

    // Parts, to the topmost that is listed.
    void read_wholes() {
        const auto rows = ask(with_listed(
            ", above(number, oid, height) AS (SELECT l.number, l.oid, 0 FROM listed l UNION ALL "
            "SELECT a.number, i.inhparent, a.height + 1 FROM above a JOIN pg_catalog.pg_inherits i "
            "ON i.inhrelid = a.oid) SELECT a.number, l.number FROM above a JOIN listed l ON "
            "l.oid = a.oid ORDER BY a.height",
            true));
        for (int i = 0; i < rows.size(); ++i) {
            rules_at(rows, i, 0).whole = rows.number<std::size_t>(i, 1);
        }
    }

    void read_views() {
        const auto rows = ask(
            with_shown("SELECT s.number, l.number FROM shown s JOIN listed l ON l.oid = s.oid JOIN "
                       "pg_catalog.pg_class c ON c.oid = s.oid WHERE c.relkind <> 'v'"));
        for (int i = 0; i < rows.size(); ++i) {
            rules_at(rows, i, 0).shows.push_back(rows.number<std::size_t>(i, 1));
        }
    }

    // Names of a key's columns, in its order.
    static std::string names_of(const std::string& numbers, const std::string& table) {
        return "(SELECT pg_catalog.json_agg(a.attname ORDER BY k.place) FROM pg_catalog.unnest(" +
               numbers +
               ") WITH ORDINALITY k(attnum, place) JOIN pg_catalog.pg_attribute a ON a.attrelid "
               "= " +
               table + " AND a.attnum = k.attnum)";
    }

    void read_references() {
        const auto rows = ask(with_listed(
            " SELECT c.number, r.number, " + names_of("f.conkey", "f.conrelid") + ", " +
            names_of("f.confkey", "f.confrelid") +
            ", f.confdeltype IN ('c', 'n', 'd') OR f.confupdtype IN ('c', 'n', 'd') FROM "
            "pg_catalog.pg_constraint f JOIN listed c ON c.oid = f.conrelid JOIN listed r ON "
            "r.oid = f.confrelid WHERE f.contype = 'f' ORDER BY f.oid"));
        for (int i = 0; i < rows.size(); ++i) {
            rules_at(rows, i, 0)
                .references.push_back({list_in(rows.text(i, 2)), rows.number<std::size_t>(i, 1),
                                       list_in(rows.text(i, 3)), rows.flag(i, 4)});
        }
    }

    void read_generated() {
        const auto rows = ask(with_listed(
            " SELECT l.number, a.attname FROM listed l JOIN pg_catalog.pg_attribute a ON "
            "a.attrelid = l.oid AND a.attnum > 0 AND NOT a.attisdropped LEFT JOIN "
            "pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE "
            "a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ "
            "'(nextval|gen_random_uuid|uuid_generate_v[0-9a-z]+|uuidv[0-9]+)[(]'"));
        for (int i = 0; i < rows.size(); ++i) {
            rules_at(rows, i, 0).generated.push_back(rows.text(i, 1));
        }
    }

    TimedConnection& connection_;
    Relations relations_;
    std::string listed_;
};

}  // namespace

Relations read_recorded_relations(const Destination& destination, std::span<const NamedTable> names,
                                  std::span<const std::string> functions,
                                  const std::string& session_sql) {
    TimedConnection connection{destination};
    connection.set_limit(longest_answer);
    if (!session_sql.empty()) {
        static_cast<void>(connection.execute(session_sql));  // looked at by check_statements
    }
    for (const char* setting : {"SET statement_timeout = '30s'", "SET lock_timeout = '5s'",
                                "SET standard_conforming_strings = on"}) {
        static_cast<void>(rows_of(connection, setting));
    }
    return Reading{connection}.run(names, functions);
}

}  // namespace harness::postgres
