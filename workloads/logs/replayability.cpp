#include "workloads/logs/replayability.hpp"

#include <algorithm>
#include <iterator>

namespace workloads::logs {
namespace {

constexpr auto exactly = Replay::exactly;
constexpr auto approximately = Replay::approximately;
constexpr auto not_at_all = Replay::not_at_all;

constexpr ReasonRow table[] = {
    {Reason::none, exactly, "none", "sent as it was"},
    {Reason::multiple_statements, exactly, "multiple_statements",
     "several statements in one text: sent as one query of the simple protocol"},
    {Reason::failed_as_recorded, exactly, "failed_as_recorded",
     "failed in the recording: sent, and its outcome compared"},

    {Reason::outcome_depends_on_others, approximately, "outcome_depends_on_others",
     "was cancelled, timed out or met a conflict: whether it does again depends on the moment"},
    {Reason::failure_of_which_run, approximately, "failure_of_which_run",
     "its failure may be that of the next run, before it was executed: log_line_prefix lacks %i"},
    {Reason::parameters_perhaps_cut, approximately, "parameters_perhaps_cut",
     "a parameter ends in \"...\": cut by log_parameter_max_length, or its own end"},
    {Reason::fetch_size_unknown, approximately, "fetch_size_unknown",
     "a fetch from a portal: how many rows it asked for is not logged"},
    {Reason::prepare_not_seen, approximately, "prepare_not_seen",
     "EXECUTE of a statement whose PREPARE is not in the log: prepared when it is needed"},
    {Reason::transaction_not_seen, approximately, "transaction_not_seen",
     "ends or divides a transaction whose BEGIN is not in the log"},
    {Reason::notifications, approximately, "notifications",
     "LISTEN: what is received, and when, is not logged"},
    {Reason::role_needed, approximately, "role_needed",
     "SET ROLE or SESSION AUTHORIZATION: the role must exist on the target"},
    {Reason::two_phase, approximately, "two_phase",
     "two-phase commit: its name may be taken, and the target must allow it"},
    {Reason::session_began_before, approximately, "session_began_before",
     "its session began before the log: settings and temporary tables are unknown"},
    {Reason::session_start_unknown, approximately, "session_start_unknown",
     "whether its session began before the log is not logged: log_line_prefix lacks %c and %l"},
    {Reason::lines_missing, approximately, "lines_missing",
     "lines of its session are missing before it"},
    {Reason::who_unknown, approximately, "who_unknown", "user or database is not logged"},

    {Reason::text_not_logged, not_at_all, "text_not_logged",
     "only that it ran is logged, not its text"},
    {Reason::text_cut_off, not_at_all, "text_cut_off",
     "its text ends within a literal, a name or a comment though it went through"},
    {Reason::copy_data, not_at_all, "copy_data", "COPY FROM STDIN: the data is never logged"},
    {Reason::server_files, not_at_all, "server_files",
     "COPY from or to a file or program of the recorded server"},
    {Reason::large_objects, not_at_all, "large_objects",
     "large objects: their numbers and descriptors are the recorded server's"},
    {Reason::function_call, not_at_all, "function_call",
     "function-call protocol: the arguments are never logged"},
    {Reason::parameters_missing, not_at_all, "parameters_missing", "its parameters are not logged"},
    {Reason::parameters_broken, not_at_all, "parameters_broken",
     "its parameters are logged in part"},
    {Reason::portal_not_seen, not_at_all, "portal_not_seen",
     "a fetch from a portal whose statement is not in the log"},
    {Reason::cursor_not_seen, not_at_all, "cursor_not_seen",
     "a cursor that is not declared in the log"},
    {Reason::snapshot_not_there, not_at_all, "snapshot_not_there",
     "SET TRANSACTION SNAPSHOT: the snapshot was the recorded server's"},
    {Reason::prepared_text_unknown, not_at_all, "prepared_text_unknown",
     "EXECUTE of a statement whose text is nowhere in the log"},
    {Reason::other_sessions, not_at_all, "other_sessions",
     "acts on other sessions or on the whole server, such as pg_terminate_backend()"},
    {Reason::server_command, not_at_all, "server_command",
     "a command for the whole server, such as ALTER SYSTEM, CREATE DATABASE or CREATE ROLE"},
};
static_assert(std::size(table) == reasons);
static_assert(static_cast<std::size_t>(Reason::server_command) + 1 == reasons);

bool uses_a_cursor(const StatementScan& scan) {
    return scan.has(StatementKind::fetch_cursor) || scan.has(StatementKind::close_cursor) ||
           scan.current_of;
}

Reason impossible(const EventFacts& facts) {
    const auto& scan = facts.scan;
    const bool failed = !facts.sqlstate.empty();
    if (facts.protocol == Protocol::function_call) {
        return Reason::function_call;
    }
    if (!facts.text_logged) {
        return Reason::text_not_logged;
    }
    if (scan.unterminated && !failed) {
        return Reason::text_cut_off;
    }
    if (scan.has(StatementKind::copy_from_client)) {
        return Reason::copy_data;
    }
    if (scan.has(StatementKind::copy_server_file)) {
        return Reason::server_files;
    }
    if (scan.large_objects) {
        return Reason::large_objects;
    }
    if (scan.other_sessions) {
        return Reason::other_sessions;
    }
    if (scan.has(StatementKind::server_command)) {
        return Reason::server_command;
    }
    if (facts.protocol == Protocol::fetch && !facts.object_seen) {
        return Reason::portal_not_seen;
    }
    if (facts.parameters == ParameterState::missing && facts.protocol == Protocol::extended) {
        return Reason::parameters_missing;
    }
    if (facts.parameters == ParameterState::broken) {
        return Reason::parameters_broken;
    }
    // 34000: there was no such cursor, and there will be none. 25P02: nobody looked for it.
    if (uses_a_cursor(scan) && !facts.object_seen && facts.sqlstate != "34000" &&
        facts.sqlstate != "25P02") {
        return Reason::cursor_not_seen;
    }
    if (scan.imports_snapshot && !failed) {
        return Reason::snapshot_not_there;
    }
    // 26000: there was no such statement.
    if (scan.has(StatementKind::sql_execute) && !facts.prepared_text_known &&
        facts.sqlstate != "26000" && facts.sqlstate != "25P02") {
        return Reason::prepared_text_unknown;
    }
    return Reason::none;
}

Reason inexact(const EventFacts& facts) {
    const auto& scan = facts.scan;
    // What follows in the transaction that such a failure aborted, up to a COMMIT that rolls back.
    const bool follows = facts.aborted_by_circumstance &&
                         (facts.sqlstate == "25P02" || scan.has(StatementKind::commit));
    if (fails_by_circumstance(facts.sqlstate) || follows) {
        return Reason::outcome_depends_on_others;
    }
    if (facts.failure_is_ambiguous) {
        return Reason::failure_of_which_run;
    }
    if (facts.parameters == ParameterState::perhaps_cut) {
        return Reason::parameters_perhaps_cut;
    }
    if (facts.protocol == Protocol::fetch) {
        return Reason::fetch_size_unknown;
    }
    // 26000: there was none, and there will be none.
    if (scan.has(StatementKind::sql_execute) && !facts.prepare_seen && facts.sqlstate != "26000") {
        return Reason::prepare_not_seen;
    }
    if (scan.needs_transaction && !facts.in_transaction) {
        return Reason::transaction_not_seen;
    }
    if (scan.has(StatementKind::listen)) {
        return Reason::notifications;
    }
    if (scan.has(StatementKind::set_role)) {
        return Reason::role_needed;
    }
    if (scan.has(StatementKind::prepare_transaction) || scan.has(StatementKind::finish_prepared)) {
        return Reason::two_phase;
    }
    if (facts.session_began_before) {
        return Reason::session_began_before;
    }
    if (!facts.session_start_known) {
        return Reason::session_start_unknown;
    }
    if (facts.lines_missing) {
        return Reason::lines_missing;
    }
    return facts.who_known ? Reason::none : Reason::who_unknown;
}

}  // namespace

bool fails_by_circumstance(std::string_view sqlstate) noexcept {
    // Serialization failure, deadlock, lock not available, cancelled, admin shutdown and what
    // follows it, idle timeouts, connection lost, too many connections and other lacks of means,
    // I/O errors.
    return sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "55P03" ||
           sqlstate.starts_with("57") || sqlstate == "25P03" || sqlstate == "25P04" ||
           sqlstate.starts_with("08") || sqlstate.starts_with("53") || sqlstate.starts_with("58") ||
           sqlstate.starts_with("XX");
}

const ReasonRow& row_of(Reason reason) noexcept {
    return table[static_cast<std::size_t>(reason)];
}

Reason reason_of(const EventFacts& facts) {
    if (const auto reason = impossible(facts); reason != Reason::none) {
        return reason;
    }
    if (const auto reason = inexact(facts); reason != Reason::none) {
        return reason;
    }
    if (!facts.sqlstate.empty()) {
        return Reason::failed_as_recorded;
    }
    return facts.scan.kind == StatementKind::multiple ? Reason::multiple_statements : Reason::none;
}

const char* name_of(Replay replay) noexcept {
    constexpr const char* names[] = {"exactly", "approximately", "not"};
    return names[static_cast<std::size_t>(replay)];
}

const char* name_of(Protocol protocol) noexcept {
    constexpr const char* names[] = {"simple", "extended", "fetch", "function call"};
    return names[static_cast<std::size_t>(protocol)];
}

}  // namespace workloads::logs
