#include "harness/postgres/environment.hpp"

#include "harness/postgres/control.hpp"

#include <map>
#include <optional>
#include <vector>

namespace harness::postgres {

namespace {

using database::Control;
using database::ErrorKind;
using database::Facts;
using database::Outage;
using database::Value;

// What decides how long a migration takes and what it does to others. lock_timeout and its like as
// the role gets them: this session has its own.
constexpr const char* settings_query =
    "SELECT name, CASE WHEN source = 'session' THEN reset_val || coalesce(unit, '') "
    "ELSE current_setting(name) END FROM pg_catalog.pg_settings WHERE name IN ("
    "'autovacuum', 'checkpoint_timeout', 'deadlock_timeout', 'default_transaction_isolation', "
    "'effective_cache_size', 'fsync', 'full_page_writes', 'hot_standby_feedback', "
    "'idle_in_transaction_session_timeout', 'lock_timeout', 'log_lock_waits', "
    "'maintenance_work_mem', 'max_connections', 'max_locks_per_transaction', "
    "'max_parallel_maintenance_workers', 'max_standby_streaming_delay', 'max_wal_size', "
    "'server_encoding', 'server_version', 'shared_buffers', 'statement_timeout', "
    "'synchronous_commit', 'synchronous_standby_names', 'TimeZone', 'track_activities', "
    "'transaction_timeout', 'wal_compression', 'wal_level', 'work_mem') ORDER BY name";

// A partitioned table is the sum of its leaves: its own row count, where ANALYZE set one, is theirs
// once more. Before 14, 0 rows may also mean "never analyzed".
constexpr const char* size_query =
    "WITH RECURSIVE tree AS (SELECT $1::oid AS oid UNION "
    "SELECT i.inhrelid FROM pg_catalog.pg_inherits i JOIN tree ON i.inhparent = tree.oid) "
    "SELECT sum(greatest(c.reltuples, 0))::bigint, "
    "bool_and(c.reltuples > 0 OR pg_relation_size(c.oid) = 0), "
    "sum(pg_table_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint, "
    "(SELECT count(*) - 1 FROM tree) "
    "FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid WHERE c.relkind <> 'p'";

struct Dependants {
    const char* name;
    const char* query;  // $1 the table's oid; one line each, sorted
};
constexpr Dependants dependants[] = {
    {"indexes",
     "SELECT indexrelid::regclass::text || CASE WHEN indisvalid THEN '' ELSE ' (INVALID)' END "
     "FROM pg_index WHERE indrelid = $1::oid ORDER BY 1"},
    {"views",
     "SELECT DISTINCT r.ev_class::regclass::text FROM pg_depend d JOIN pg_rewrite r "
     "ON r.oid = d.objid WHERE d.classid = 'pg_rewrite'::regclass "
     "AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1::oid "
     "AND r.ev_class <> $1::oid ORDER BY 1"},
    {"foreign keys",
     "SELECT conname || ': ' || conrelid::regclass || ' -> ' || confrelid::regclass || "
     "CASE WHEN convalidated THEN '' ELSE ' (NOT VALID)' END FROM pg_constraint "
     "WHERE contype = 'f' AND (conrelid = $1::oid OR confrelid = $1::oid) ORDER BY 1"},
    {"triggers",
     "SELECT tgname::text FROM pg_trigger WHERE tgrelid = $1::oid AND NOT tgisinternal ORDER BY 1"},
    {"publications",
     "SELECT pubname::text FROM pg_publication_tables t JOIN pg_class c ON c.relname = t.tablename "
     "JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = t.schemaname "
     "WHERE c.oid = $1::oid ORDER BY 1"},
};

std::string with_separators(const std::string& digits) {
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) {
            text += ',';
        }
        text += digits[i];
    }
    return text;
}

// The table's oid; empty if there is none by that name, or it is no name.
Value find_table(Control& control, const std::string& table) {
    const std::vector<Value> name{table};
    const auto outcome = control.execute("SELECT to_regclass($1)::oid", name);
    if (!outcome.ok()) {
        if (outcome.error->kind == ErrorKind::connection_lost) {
            throw Outage{*outcome.error};
        }
        return std::nullopt;
    }
    return outcome.rows.at(0).at(0);
}

std::string describe_size(Control& control, const std::vector<Value>& oid) {
    const auto outcome = control.execute(size_query, oid);
    if (!outcome.ok()) {
        if (outcome.error->kind == ErrorKind::connection_lost) {
            throw Outage{*outcome.error};
        }
        // Somebody holds the table exclusively: its size is not worth waiting for.
        return "size unknown: " + outcome.error->message;
    }
    const auto& row = outcome.rows.at(0);
    const std::string rows = row[1] == "t"
                                 ? "about " + with_separators(row[0].value_or("0")) + " rows"
                                 : "number of rows unknown (never analyzed)";
    const std::string partitions =
        row[4] == "0" ? "" : " in " + row[4].value_or("?") + " partitions or children";
    return rows + partitions + ", table " + with_separators(row[2].value_or("0")) +
           " bytes, indexes " + with_separators(row[3].value_or("0")) + " bytes";
}

void add_table(Control& control, const std::string& table, Facts& facts) {
    const std::string key = "table " + table;
    const Value oid = find_table(control, table);
    if (!oid) {
        facts.environment[key] = "does not exist at the start";
        return;
    }
    const std::vector<Value> parameters{oid};
    facts.environment[key] = describe_size(control, parameters);
    for (const auto& [name, query] : dependants) {
        std::string list;
        for (const auto& row : ask(control, query, parameters).rows) {
            list += (list.empty() ? "" : ", ") + *row[0];
        }
        if (!list.empty()) {
            facts.environment[key + ": " + name] = list;
        }
    }
}

}  // namespace

Facts collect_environment(Control& control, std::span<const std::string> tables) {
    Facts facts;
    const auto names =
        ask(control,
            "SELECT current_setting('server_version'), current_database(), "
            "pg_database_size(current_database()), "
            "(SELECT string_agg(extname || ' ' || extversion, ', ' ORDER BY extname) "
            "FROM pg_extension), (SELECT count(*) FROM pg_stat_replication), "
            "(SELECT datcollate FROM pg_database WHERE datname = current_database())");
    const auto& row = names.rows.at(0);
    facts.version = *row[0];
    facts.database = *row[1];
    facts.environment["database size"] = with_separators(*row[2]) + " bytes";
    facts.environment["extensions"] = row[3].value_or("none");
    facts.environment["standbys"] = *row[4];
    facts.environment["collation"] = *row[5];
    for (const auto& setting : ask(control, settings_query).rows) {
        facts.settings[*setting[0]] = setting[1].value_or("");
    }
    for (const auto& table : tables) {
        add_table(control, table, facts);
    }
    return facts;
}

}  // namespace harness::postgres
