#include "harness/postgres/statement_check.hpp"

#include "harness/postgres/errors.hpp"
#include "harness/postgres/timed_connection.hpp"

#include <algorithm>

namespace harness::postgres {
namespace {

using database::Error;
using database::ErrorKind;
using database::StatementProblem;
using database::StatementToCheck;
using workloads::App;

constexpr std::size_t longest_excerpt = 96;

// The server's own limit for each statement is 30 s.
constexpr std::chrono::milliseconds longest_answer{40'000};

void set_limits(TimedConnection& connection) {
    const Result limits =
        connection.execute("SET lock_timeout = '5s'; SET statement_timeout = '30s'");
    if (is_failure(limits.get())) {
        throw database::Outage{connection.error(limits.get())};
    }
}

// Whether the migration may make or grant what is lacking: a table, column, function, type, schema
// or role. A setting it cannot make, so a misspelt one is wrong for good: of the same code as a
// missing type, it is told by the server's function that found it (guc.c, 10 to 18).
bool may_come(const PGresult* result, const Error& error) {
    const char* function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    const std::string_view routine = function == nullptr ? "" : function;
    if (error.code == "42704") {
        return routine != "find_option" && routine != "set_config_option" &&
               routine != "set_config_with_handle" && routine != "GetConfigOptionByName" &&
               routine != "assignable_custom_variable_name";
    }
    if (error.code == "22023") {  // SET ROLE, SET SESSION AUTHORIZATION
        return routine == "call_string_check_hook";
    }
    return error.code == "42P01" || error.code == "42703" || error.code == "42883" ||
           error.code == "3F000" || error.code == "42501";
}

// Whether the grammar says no, whatever tables there will be. The code alone would not tell: 42601
// is also an INSERT with more values than the table has columns yet.
bool is_grammars(const PGresult* result) {
    const char* file = PQresultErrorField(result, PG_DIAG_SOURCE_FILE);
    const std::string_view source = file == nullptr ? "" : file;
    return source.ends_with("scan.l") || source.ends_with("gram.y") || source.ends_with("parser.c");
}

// Runs what is sent on each new connection of this version.
std::optional<StatementProblem> try_session(TimedConnection& connection, App app,
                                            const std::string& sql) {
    const std::string place = "workload.session." + std::string{name_of(app)};
    if (sql.empty()) {
        return std::nullopt;
    }
    const Result settings = connection.execute(sql);
    if (is_failure(settings.get())) {
        auto error = connection.error(settings.get());
        if (error.kind == ErrorKind::connection_lost) {
            throw database::Outage{error};
        }
        const bool later = app == App::new_version && may_come(settings.get(), error);
        if (!later) {
            std::string excerpt = error.position ? excerpt_at(sql, *error.position) : std::string{};
            return StatementProblem{place, std::move(error), std::move(excerpt)};
        }
        static_cast<void>(connection.execute("ROLLBACK"));
    }
    if (PQtransactionStatus(connection.get()) != PQTRANS_IDLE) {
        Error error;
        error.kind = ErrorKind::syntax;
        error.message = "the session's SQL leaves a transaction open";
        return StatementProblem{place, std::move(error), {}};
    }
    return std::nullopt;
}

// Executing checks privileges, preparing does not; planning for EXPLAIN does, and runs nothing.
// Utility statements cannot be explained: then there is nothing to say.
std::optional<Error> missing_privilege(TimedConnection& connection,
                                       const StatementToCheck& statement) {
    std::string sql = "EXPLAIN EXECUTE rehearse_check";
    for (std::size_t i = 0; i < statement.parameters; ++i) {
        sql += i == 0 ? "(NULL" : ", NULL";
    }
    sql += statement.parameters > 0 ? ")" : "";
    const Result result = connection.execute(sql);
    if (is_failure(result.get())) {
        auto error = connection.error(result.get());
        if (error.kind == ErrorKind::privilege) {
            return error;
        }
    }
    return std::nullopt;
}

std::optional<Error> problem_of(TimedConnection& connection, const StatementToCheck& statement) {
    const Result prepared = connection.prepare("rehearse_check", statement.sql);
    if (is_failure(prepared.get())) {
        auto error = connection.error(prepared.get());
        if (error.kind == ErrorKind::connection_lost) {
            throw database::Outage{error};
        }
        if (!statement.syntax_only || is_grammars(prepared.get())) {
            return error;
        }
        return std::nullopt;
    }
    std::optional<Error> problem;
    if (!statement.syntax_only) {
        problem = missing_privilege(connection, statement);
    }
    const Result gone = connection.execute("DEALLOCATE rehearse_check");
    return problem;
}

}  // namespace

std::string excerpt_at(const std::string& sql, std::size_t position) {
    // The server counts characters, the text is UTF-8.
    std::size_t at = 0;
    for (std::size_t characters = 1; at < sql.size() && characters < position; ++characters) {
        do {
            ++at;
        } while (at < sql.size() && (static_cast<unsigned char>(sql[at]) & 0xc0U) == 0x80U);
    }
    std::size_t start = at == 0 ? 0 : sql.rfind('\n', at - 1);
    start = start == std::string::npos || at == 0 ? 0 : start + 1;
    const std::size_t end = std::min(sql.find('\n', at), sql.size());
    std::string line = sql.substr(start, end - start);
    std::size_t column = at - start;
    if (line.size() > longest_excerpt) {
        const std::size_t from = column > longest_excerpt / 2 ? column - longest_excerpt / 2 : 0;
        line = line.substr(from, longest_excerpt);
        column -= from;
    }
    std::replace(line.begin(), line.end(), '\t', ' ');
    const auto continuation_bytes = std::count_if(
        line.begin(), line.begin() + static_cast<std::ptrdiff_t>(std::min(column, line.size())),
        [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U; });
    return line + "\n" + std::string(column - static_cast<std::size_t>(continuation_bytes), ' ') +
           "^";
}

std::vector<StatementProblem> check_statements(const Destination& destination,
                                               const std::array<std::string, 2>& session_sql,
                                               std::span<const StatementToCheck> statements) {
    std::vector<StatementProblem> problems;
    for (const App app : {App::old_version, App::new_version}) {
        TimedConnection connection{destination};
        connection.set_limit(longest_answer);
        set_limits(connection);
        if (auto problem =
                try_session(connection, app, session_sql[static_cast<std::size_t>(app)])) {
            problems.push_back(*std::move(problem));
            continue;  // what it leaves is not what the statements will find
        }
        set_limits(connection);  // whatever the session's SQL has set
        for (const auto& statement : statements) {
            if (statement.app != app) {
                continue;
            }
            if (auto error = problem_of(connection, statement)) {
                std::string excerpt =
                    error->position ? excerpt_at(statement.sql, *error->position) : std::string{};
                problems.push_back({statement.place, std::move(*error), std::move(excerpt)});
            }
        }
    }
    return problems;
}

}  // namespace harness::postgres
