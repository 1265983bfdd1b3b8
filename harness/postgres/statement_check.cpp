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

constexpr std::size_t longest_excerpt = 96;

// The server's own limit for each statement is 30 s.
constexpr std::chrono::milliseconds longest_answer{40'000};

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
        // 42601: the grammar says no, whatever tables there will be.
        if (!statement.syntax_only || error.code == "42601") {
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
    return line + "\n" + std::string(column - static_cast<std::size_t>(continuation_bytes), ' ') + "^";
}

std::vector<StatementProblem> check_statements(const Destination& destination,
                                               const std::string& session_sql,
                                               std::span<const StatementToCheck> statements) {
    TimedConnection connection{destination};
    connection.set_limit(longest_answer);
    std::vector<StatementProblem> problems;
    const auto set_limits = [&] {
        const Result limits =
            connection.execute("SET lock_timeout = '5s'; SET statement_timeout = '30s'");
        if (is_failure(limits.get())) {
            throw database::Outage{connection.error(limits.get())};
        }
    };
    set_limits();
    if (!session_sql.empty()) {
        const Result settings = connection.execute(session_sql);
        if (is_failure(settings.get())) {
            problems.push_back({"workload.session", connection.error(settings.get()), {}});
            return problems;
        }
    }
    if (PQtransactionStatus(connection.get()) != PQTRANS_IDLE) {
        Error error;
        error.kind = ErrorKind::syntax;
        error.message = "the session's SQL leaves a transaction open";
        problems.push_back({"workload.session", std::move(error), {}});
        return problems;
    }
    set_limits();  // whatever the session's SQL has set
    for (const auto& statement : statements) {
        if (auto error = problem_of(connection, statement)) {
            std::string excerpt =
                error->position ? excerpt_at(statement.sql, *error->position) : std::string{};
            problems.push_back({statement.place, std::move(*error), std::move(excerpt)});
        }
    }
    return problems;
}

}  // namespace harness::postgres
