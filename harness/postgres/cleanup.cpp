#include "harness/postgres/cleanup.hpp"

#include "harness/postgres/control.hpp"
#include "harness/postgres/replica_identity.hpp"
#include "harness/postgres/run_lock.hpp"
#include "harness/postgres/table_catalog.hpp"

#include <chrono>
#include <thread>

namespace harness::postgres {

namespace {

using namespace std::chrono_literals;
using database::Control;
using database::ErrorKind;
using database::Outage;

// A terminated session takes a moment to roll back and go.
constexpr auto patience = 10s;

// Commands that run without the run lock: their sessions may be alive.
constexpr const char* standalone = "'guard', 'doctor', 'checksum', 'diff', 'cleanup'";

// Runs one removal; a refusal of the server is an entry of the report, not the end.
bool attempt(Control& control, Cleanup& cleanup, const Announce& announce, const std::string& what,
             const std::string& sql) {
    announce(what);
    const auto outcome = control.execute(sql);
    if (!outcome.ok()) {
        if (outcome.error->kind == ErrorKind::connection_lost) {
            throw Outage{*outcome.error};
        }
        cleanup.failed.push_back(what + ": " + outcome.error->text());
        return false;
    }
    cleanup.removed.push_back(what);
    return true;
}

bool gone_soon(Control& control, const std::string& query_for_rest) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!ask(control, query_for_rest).rows.empty()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(20ms);
    }
    return true;
}

void end_sessions(Control& control, Cleanup& cleanup, const Announce& announce) {
    const std::string ours =
        " FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database() "
        "AND application_name LIKE 'rehearse/%' AND pid <> pg_catalog.pg_backend_pid() "
        "AND pg_catalog.split_part(application_name, '/', 2) NOT IN (" +
        std::string{standalone} + ")";
    std::string ended;
    for (const auto& row : ask(control, "SELECT pid, application_name" + ours).rows) {
        // Checked again in the same statement: the pid may be another session's by now.
        if (attempt(
                control, cleanup, announce, "end session " + *row[0] + " (" + *row[1] + ")",
                "SELECT pg_catalog.pg_terminate_backend(pid)" + ours + " AND pid = " + *row[0])) {
            ended += (ended.empty() ? "" : ", ") + *row[0];
        }
    }
    if (!ended.empty() &&
        !gone_soon(control, "SELECT pid" + ours + " AND pid IN (" + ended + ")")) {
        cleanup.failed.push_back("some of the sessions " + ended + " are still there after " +
                                 std::to_string(patience.count()) + " s");
    }
}

void drop_slots(Control& control, Cleanup& cleanup, const Announce& announce) {
    const auto slots = ask(control,
                           "SELECT slot_name FROM pg_catalog.pg_replication_slots "
                           "WHERE slot_name LIKE 'rehearse\\_%' AND NOT active "
                           "AND database = pg_catalog.current_database()");
    for (const auto& row : slots.rows) {
        // Slot names are lower-case letters, digits and underscores.
        attempt(control, cleanup, announce, "drop replication slot " + *row[0],
                "SELECT pg_catalog.pg_drop_replication_slot('" + *row[0] + "')");
    }
}

// Of change streams that are gone: the slot has its publication's name. With it goes the replica
// identity that its tables were given.
void drop_publications(Control& control, Cleanup& cleanup, const Announce& announce) {
    const auto publications =
        ask(control,
            "SELECT pubname FROM pg_catalog.pg_publication p WHERE pubname LIKE 'rehearse\\_%' "
            "AND NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots s "
            "WHERE s.slot_name = p.pubname AND s.active)");
    for (const auto& row : publications.rows) {
        const auto what = "drop publication " + *row[0];
        announce(what);
        try {
            const auto put_back =
                drop_publication(control, *row[0], recorded_identities(control, *row[0]), announce);
            cleanup.removed.push_back(what);
            cleanup.removed.insert(cleanup.removed.end(), put_back.begin(), put_back.end());
        } catch (const Outage& outage) {
            if (outage.error().kind == ErrorKind::connection_lost) {
                throw;
            }
            cleanup.failed.push_back(what + ": " + outage.what());
        }
    }
}

// What is in the schema, as DROP statements. Indexes, constraints, row types and owned sequences go
// with their tables; what belongs to an extension stays.
const char* const contents =
    "SELECT format('DROP %s %s', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN "
    "'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, "
    "c.oid::regclass) "
    "FROM pg_class c WHERE c.relnamespace = to_regnamespace('rehearse') "
    "AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.relname <> 'guard' "
    "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass "
    "AND d.objid = c.oid AND d.deptype IN ('a', 'i', 'e')) "
    "UNION ALL "
    "SELECT format('DROP %s %s', CASE WHEN EXISTS (SELECT FROM pg_aggregate a "
    "WHERE a.aggfnoid = p.oid) THEN 'AGGREGATE' ELSE 'FUNCTION' END, p.oid::regprocedure) "
    "FROM pg_proc p WHERE p.pronamespace = to_regnamespace('rehearse') "
    "UNION ALL "
    "SELECT format('DROP TYPE %s', t.oid::regtype) FROM pg_type t "
    "WHERE t.typnamespace = to_regnamespace('rehearse') AND (t.typtype IN ('e', 'd', 'r') "
    "OR (t.typtype = 'c' AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid "
    "AND c.relkind = 'c')))";

// Never CASCADE: what others built on our leftovers is theirs. Objects that depend on one another
// go in as many rounds as it takes.
void empty_schema(Control& control, Cleanup& cleanup, const Announce& announce) {
    std::vector<std::string> failures;
    for (bool progress = true; progress;) {
        progress = false;
        failures.clear();
        for (const auto& row : ask(control, contents).rows) {
            Cleanup one;
            if (attempt(control, one, announce, *row[0], *row[0])) {
                cleanup.removed.push_back(*row[0]);
                progress = true;
            } else {
                failures.push_back(one.failed[0]);
            }
        }
        if (failures.empty()) {
            break;
        }
    }
    cleanup.failed.insert(cleanup.failed.end(), failures.begin(), failures.end());
    const auto unused =
        ask(control,
            "SELECT 1 FROM pg_namespace WHERE nspname = 'rehearse' AND NOT EXISTS "
            "(SELECT FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass "
            "AND d.refobjid = pg_namespace.oid)");
    if (!unused.rows.empty()) {
        attempt(control, cleanup, announce, "DROP SCHEMA rehearse", "DROP SCHEMA rehearse");
    }
}

}  // namespace

Cleanup clean_up(Control& control, const Announce& announce) {
    take_run_lock(control);
    Cleanup cleanup;
    end_sessions(control, cleanup, announce);
    drop_slots(control, cleanup, announce);
    drop_publications(control, cleanup, announce);
    empty_schema(control, cleanup, announce);
    for (const auto& index : invalid_indexes(control)) {
        cleanup.kept.push_back("index " + index +
                               " is INVALID (a CREATE INDEX CONCURRENTLY that failed?): if nobody "
                               "builds it now, DROP INDEX CONCURRENTLY " +
                               index);
    }
    return cleanup;
}

std::vector<std::string> invalid_indexes(Control& control) {
    const bool knows_builds =
        ask(control, "SELECT to_regclass('pg_catalog.pg_stat_progress_create_index') IS NOT NULL")
            .rows.at(0)
            .at(0) == "t";
    const std::string not_being_built =
        knows_builds ? "AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p "
                       "WHERE p.index_relid = i.indexrelid) "
                     : "";
    // A partitioned index ('I') is invalid as long as a partition lacks its own, by design.
    const auto answer = ask(control,
                            "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c "
                            "ON c.oid = i.indexrelid WHERE NOT i.indisvalid AND c.relkind = 'i' "
                            "AND c.relnamespace <> to_regnamespace('pg_toast') " +
                                not_being_built + "ORDER BY 1");
    std::vector<std::string> names;
    for (const auto& row : answer.rows) {
        names.push_back(*row[0]);
    }
    return names;
}

}  // namespace harness::postgres
