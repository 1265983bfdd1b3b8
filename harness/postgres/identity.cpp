#include "harness/postgres/identity.hpp"

#include "harness/postgres/control.hpp"

#include <initializer_list>

namespace harness::postgres {

namespace {

constexpr const char* by_system_identifier =
    "SELECT pg_catalog.concat_ws(' ', pg_catalog.current_database(),"
    " (SELECT system_identifier FROM pg_catalog.pg_control_system()),"
    " CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'standby' ELSE"
    " pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8) END)";

// Not by its address: one server may have several, and behind a balancer all may have the same.
constexpr const char* by_start =
    "SELECT pg_catalog.concat_ws(' ', pg_catalog.current_database(),"
    " pg_catalog.round(EXTRACT(epoch FROM pg_catalog.pg_postmaster_start_time())::numeric, 3),"
    " CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'standby' ELSE 'primary' END)";

std::string answer_of(const PGresult* result) {
    return PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1
               ? PQgetvalue(result, 0, 0)
               : "";
}

}  // namespace

ServerIdentity identity_of_server(database::Control& control) {
    if (auto outcome = control.execute(by_system_identifier); outcome.ok()) {
        return {by_system_identifier, outcome.rows.at(0).at(0).value_or("")};
    }
    return {by_start, ask(control, by_start).rows.at(0).at(0).value_or("")};
}

bool is_same_server(const ServerIdentity& expected, const PGresult* result) {
    return answer_of(result) == expected.answer;
}

database::Error another_server(const ServerIdentity& expected, const PGresult* result) {
    database::Error error;
    const std::string answer = answer_of(result);
    error.message =
        "the connection leads to another server than the one whose mark was read, or it "
        "has failed over (there: " +
        expected.answer + "; here: " + (answer.empty() ? "no answer" : answer) + ")";
    error.hint = "name the one server: no load balancer, no name with several addresses";
    return error;
}

}  // namespace harness::postgres
