// What of a recording can be sent again, and why not: one explicit table of reasons.
#pragma once

#include "workloads/logs/parameters.hpp"
#include "workloads/logs/statement_scan.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace workloads::logs {

enum class Replay : std::uint8_t { exactly, approximately, not_at_all };
[[nodiscard]] const char* name_of(Replay replay) noexcept;  // "exactly"

enum class Protocol : std::uint8_t { simple, extended, fetch, function_call };
[[nodiscard]] const char* name_of(Protocol protocol) noexcept;  // "extended execute"

// The order is that of the table, and of the report.
enum class Reason : std::uint8_t {
    none,
    multiple_statements,
    failed_as_recorded,

    outcome_depends_on_others,
    failure_of_which_run,
    parameters_perhaps_cut,
    fetch_size_unknown,
    prepare_not_seen,
    transaction_not_seen,
    notifications,
    role_needed,
    two_phase,
    session_began_before,
    session_start_unknown,
    lines_missing,
    who_unknown,

    text_not_logged,
    text_cut_off,
    copy_data,
    server_files,
    large_objects,
    function_call,
    parameters_missing,
    parameters_broken,
    portal_not_seen,
    cursor_not_seen,
    snapshot_not_there,
    prepared_text_unknown,
    other_sessions,
    server_command,
};
inline constexpr std::size_t reasons = 30;

struct ReasonRow {
    Reason reason;
    Replay replay;
    const char* key;  // for other programs: "copy_data"
    const char* why;  // for people
};
[[nodiscard]] const ReasonRow& row_of(Reason reason) noexcept;

// What is known of one recorded statement.
struct EventFacts {
    Protocol protocol = Protocol::simple;
    StatementScan scan;
    bool text_logged = true;
    ParameterState parameters = ParameterState::whole;  // whole: also where none are needed
    std::string_view sqlstate;                          // empty: it went through
    bool object_seen = true;               // the cursors or the portal that it depends on
    bool prepare_seen = true;              // of an SQL-level EXECUTE
    bool prepared_text_known = true;       // of an SQL-level EXECUTE
    bool in_transaction = true;            // a COMMIT, a SAVEPOINT: whether its BEGIN was seen
    bool aborted_by_circumstance = false;  // its transaction, by a failure of that sort
    bool failure_is_ambiguous = false;     // of this run, or of the next one's bind
    bool session_began_before = false;
    bool session_start_known = true;  // whether it began before the log
    bool lines_missing = false;       // of its session, before it
    bool who_known = true;            // user and database
};

// Whether such a failure may not come again, because it depends on others or on the moment:
// deadlocks, timeouts, a lost connection, lack of means.
[[nodiscard]] bool fails_by_circumstance(std::string_view sqlstate) noexcept;

// The reason that weighs most: what makes it impossible before what makes it inexact.
[[nodiscard]] Reason reason_of(const EventFacts& facts);

}  // namespace workloads::logs
