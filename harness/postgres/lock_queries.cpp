#include "harness/postgres/lock_queries.hpp"

#include <string_view>

namespace harness::postgres {
namespace {

// ROUND: extract(epoch) is a double before 14, whose product is a fraction of a microsecond off.
constexpr std::string_view clock_us = "round(extract(epoch FROM clock_timestamp()) * 1e6)::bigint";

}  // namespace

// Measured with 64 connections: 40-60 us of server time. pg_blocking_pids() is not called here, nor
// is pg_locks read: both take all partitions of the lock table, and most of the time nobody waits.
std::string waiting_query(bool sees_all) {
    std::string sql = "SELECT ";
    sql += clock_us;
    if (sees_all) {
        sql +=
            ", EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datid ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()))";
    } else {
        sql += ", EXISTS (SELECT FROM pg_locks WHERE NOT granted)";
    }
    return sql;
}

// pg_blocking_pids() is asked once for each object and mode, not for each waiter: it costs 30-80 us
// a call, and with 250 waiters a sample took 20 ms. All who want the same have the same holders in
// their way, or, if nobody holds, are behind the same request; so their root is the same.
std::string graph_query(int version) {
    const bool waitstart = version >= 140000;
    const std::string object =
        "concat_ws('/', locktype, database, relation, page, tuple, virtualxid, transactionid,"
        " classid, objid, objsubid)";
    const std::string name =
        "CASE WHEN relation IS NOT NULL THEN relation::regclass::text ELSE '' END";
    std::string sql = "WITH activity AS (SELECT * FROM pg_stat_activity), ";
    sql += "locks AS (SELECT l.*, " + object +
           " AS object FROM pg_locks l WHERE database IS NULL "
           "OR database = 0 OR database = (SELECT oid FROM pg_database "
           "WHERE datname = current_database())), ";
    sql +=
        "waiting AS (SELECT l.* FROM locks l WHERE NOT granted AND pid IN (SELECT pid "
        "FROM activity WHERE datname = current_database())), ";
    sql +=
        "wants AS (SELECT object, mode, max(pid) AS pid FROM waiting GROUP BY object, mode), "
        "blocked AS (SELECT pid, object, mode, pg_blocking_pids(pid) AS blockers FROM wants), ";
    sql +=
        "held AS (SELECT * FROM locks WHERE granted AND object IN (SELECT object FROM waiting)), ";
    sql += "involved AS (SELECT pid FROM waiting UNION SELECT unnest(blockers) FROM blocked) ";
    sql += "SELECT 'c', 0, " + std::string{clock_us} + "::text, '', '', '', '' ";
    sql += "UNION ALL SELECT 'w', w.pid, object, locktype, " + name + ", mode, ";
    sql += waitstart ? "round(extract(epoch FROM waitstart) * 1e6)::bigint::text" : "NULL::text";
    sql += " FROM waiting w ";
    sql += "UNION ALL SELECT 'b', pid, object, mode, blockers::text, '', '' FROM blocked ";
    sql += "UNION ALL SELECT 'h', coalesce(pid, 0), object, locktype, " + name +
           ", mode, '' "
           "FROM held ";
    sql += "UNION ALL SELECT 't', pid, '', '', " + name +
           ", '', '' FROM locks WHERE granted "
           "AND locktype = 'tuple' AND pid IN (SELECT pid FROM waiting "
           "WHERE locktype = 'transactionid') ";
    // 1,000 characters are as many as a reader looks at.
    sql +=
        "UNION ALL SELECT 's', pid, application_name, coalesce(state, ''),"
        " coalesce(left(query, 1000), ''),"
        " round(extract(epoch FROM xact_start) * 1e6)::bigint::text, '' "
        "FROM activity WHERE pid IN (SELECT pid FROM involved) ";
    sql +=
        "UNION ALL SELECT 'p', 0, gid, '', '',"
        " round(extract(epoch FROM prepared) * 1e6)::bigint::text, ''"
        // pg_locks shows it under the virtual transaction of the session that prepared it: what
        // ties the two together is the lock on its own transaction id.
        " FROM pg_prepared_xacts p WHERE EXISTS (SELECT FROM held h JOIN locks x"
        " USING (virtualtransaction) WHERE h.pid IS NULL AND x.pid IS NULL AND"
        " x.locktype = 'transactionid' AND x.transactionid = p.transaction)";
    return sql;
}

// Indexes and tables, but neither the catalog nor what the transaction itself has just created
// (invisible here, and nobody can wait for it).
std::string locks_of_query(int version) {
    std::string sql = "SELECT l.pid, l.relation::regclass::text, l.mode, l.granted, ";
    sql +=
        version >= 140000 ? "round(extract(epoch FROM l.waitstart) * 1e6)::bigint" : "NULL::bigint";
    sql +=
        " FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE l.locktype = 'relation'"
        " AND l.pid = ANY ($1::int[]) AND l.database = (SELECT oid FROM pg_database"
        " WHERE datname = current_database()) AND c.relnamespace NOT IN (SELECT oid FROM"
        " pg_namespace WHERE nspname IN ('pg_catalog', 'pg_toast', 'information_schema'))";
    return sql;
}

const char* const sessions_since_query =
    "SELECT pid, application_name, coalesce(state, ''), coalesce(left(query, 1000), ''),"
    " round(extract(epoch FROM xact_start) * 1e6)::bigint"
    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    // A role that sees little sees no backend types either; its own sessions it sees whole.
    " AND coalesce(backend_type, 'client backend') = 'client backend'"
    " AND backend_start > timestamptz 'epoch' + $1::bigint * interval '1 microsecond'";

// What the server has written is remembered also while it has no replica. Slots of the harness's
// own are no replicas.
const char* const replica_lag_query =
    "SELECT (written - '0/0'::pg_lsn)::bigint, (replay_lsn - '0/0'::pg_lsn)::bigint,"
    " coalesce(nullif(application_name, ''), client_addr::text, pid::text),"
    " extract(epoch FROM replay_lag)::float8"
    " FROM (SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END AS written) w"
    " LEFT JOIN pg_stat_replication ON application_name NOT LIKE 'rehearse/%'"
    " AND replay_lsn IS NOT NULL";

const char* const deadlocks_query =
    "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";

}  // namespace harness::postgres
