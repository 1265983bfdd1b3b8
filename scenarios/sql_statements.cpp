#include "scenarios/sql_statements.hpp"

#include "scenarios/text_place.hpp"
#include "scenarios/transaction_role.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

extern "C" {
#include <pg_query.h>
}

namespace scenarios {
namespace {

struct Piece {
    std::size_t begin = 0, end = 0;
};

struct ParserError {
    std::size_t offset = 0;
    std::string message;
};

using Pieces = std::variant<std::vector<Piece>, ParserError>;

// The start of the first token: white space, comments and empty statements skipped. A hint comment
// (pg_hint_plan) belongs to its statement.
std::size_t first_token(std::string_view sql, std::size_t at) {
    const auto starts = [&](std::string_view mark) { return sql.substr(at).starts_with(mark); };
    while (at < sql.size()) {
        if (starts("--")) {
            at = std::min(sql.find('\n', at), sql.size());
        } else if (starts("/*") && !starts("/*+")) {
            int depth = 0;
            do {
                if (starts("/*")) {
                    ++depth;
                    at += 2;
                } else if (starts("*/")) {
                    --depth;
                    at += 2;
                } else {
                    ++at;
                }
            } while (depth > 0 && at < sql.size());
        } else if (std::string_view{" \t\n\r\f\v;"}.find(sql[at]) != std::string_view::npos) {
            ++at;
        } else {
            break;
        }
    }
    return std::min(at, sql.size());
}

Pieces pieces_of(const std::string& sql, PgQuerySplitResult (*split)(const char*)) {
    struct Free {
        PgQuerySplitResult result;
        ~Free() { pg_query_free_split_result(result); }
    } const guard{split(sql.c_str())};
    const auto& result = guard.result;
    if (result.error != nullptr) {
        const auto character = std::max(result.error->cursorpos, 1) - 1;
        return ParserError{byte_of_character(sql, static_cast<std::size_t>(character)),
                           result.error->message};
    }
    std::vector<Piece> pieces;
    for (int i = 0; i < result.n_stmts; ++i) {
        const auto begin = static_cast<std::size_t>(result.stmts[i]->stmt_location);
        const auto length = static_cast<std::size_t>(result.stmts[i]->stmt_len);
        pieces.push_back({begin, length == 0 ? sql.size() : begin + length});
    }
    return pieces;
}

std::optional<ParserError> failure_of(Pieces pieces) {
    auto* failure = std::get_if<ParserError>(&pieces);
    return failure == nullptr ? std::nullopt : std::optional{std::move(*failure)};
}

std::optional<ParserError> parse_failure(const std::string& sql) {
    return failure_of(pieces_of(sql, pg_query_split_with_parser));
}

// The scanner knows no grammar and cuts the body of CREATE FUNCTION ... BEGIN ATOMIC ...; END at
// its semicolons: such pieces are put together again up to where they parse.
void join_function_bodies(const std::string& sql, std::vector<Piece>& pieces) {
    constexpr std::size_t longest_body = 200;
    const auto text = [&](std::size_t from, std::size_t to) {
        return sql.substr(pieces[from].begin, pieces[to].end - pieces[from].begin);
    };
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        auto words = text(i, i);
        std::transform(words.begin(), words.end(), words.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (words.find("atomic") == std::string::npos || !parse_failure(text(i, i))) {
            continue;
        }
        for (std::size_t last = i + 1; last < pieces.size() && last < i + longest_body; ++last) {
            if (!parse_failure(text(i, last))) {
                pieces[i].end = pieces[last].end;
                pieces.erase(pieces.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                             pieces.begin() + static_cast<std::ptrdiff_t>(last) + 1);
                break;
            }
        }
    }
}

// The scanner drops in silence what holds no keyword and whatever follows an open parenthesis.
std::optional<std::size_t> dropped(const std::string& sql, const std::vector<Piece>& pieces) {
    std::size_t at = 0;
    const auto lost_before = [&](std::size_t end) {
        return first_token(std::string_view{sql}.substr(0, end), at) < end;
    };
    for (const auto& piece : pieces) {
        if (lost_before(piece.begin)) {
            return first_token(sql, at);
        }
        at = piece.end;
    }
    return lost_before(sql.size()) ? std::optional{first_token(sql, at)} : std::nullopt;
}

// A number such as 1_000 or 0xFF, which 16 and later read, is junk to an older scanner and stops
// it: each becomes a plain number of the same length, so that all places stay what they are.
std::string with_plain_numbers(std::string sql) {
    constexpr int most_numbers = 1'000;  // each costs another pass over the text
    constexpr std::string_view of_numbers =
        "0123456789_.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (int i = 0; i < most_numbers; ++i) {
        const auto failure = failure_of(pieces_of(sql, pg_query_split_with_scanner));
        if (!failure || failure->message.find("junk after numeric literal") == std::string::npos) {
            break;
        }
        const auto end = std::min(sql.find_first_not_of(of_numbers, failure->offset), sql.size());
        std::fill(sql.begin() + static_cast<std::ptrdiff_t>(failure->offset),
                  sql.begin() + static_cast<std::ptrdiff_t>(end), '1');
    }
    return sql;
}

std::string syntax_message(const std::string& parser_message) {
    return "not valid SQL: " + parser_message;
}

// The statement of one piece; an error when no server could run it. `plain` is the same text as
// libpg_query can read it.
std::variant<SqlStatement, SqlError> statement_of(const std::string& sql, const std::string& plain,
                                                  Piece piece) {
    const auto begin = first_token(std::string_view{sql}.substr(0, piece.end), piece.begin);
    auto text = sql.substr(begin, piece.end - begin);
    text.erase(text.find_last_not_of(" \t\n\r\f\v") + 1);
    const auto role = transaction_role(plain.substr(begin, text.size()));
    if (!role) {
        return SqlError{begin,
                        "COPY from or to the client (STDIN, STDOUT) needs a client that feeds it; "
                        "use INSERT, or a step `command: [psql, ...]`"};
    }
    return SqlStatement{std::move(text), begin, *role};
}

std::variant<SqlText, SqlError> statements_of(const std::string& sql, const std::string& plain,
                                              const std::vector<Piece>& pieces) {
    SqlText text;
    for (const auto& piece : pieces) {
        auto statement = statement_of(sql, plain, piece);
        if (auto* error = std::get_if<SqlError>(&statement)) {
            return std::move(*error);
        }
        text.statements.push_back(std::get<SqlStatement>(std::move(statement)));
    }
    return text;
}

// For what libpg_query's grammar does not know: cut by its scanner, which knows quotes and
// comments.
std::variant<SqlText, SqlError> split_without_grammar(const std::string& sql,
                                                      const ParserError& failure) {
    const auto plain = with_plain_numbers(sql);
    const auto left = parse_failure(plain);
    if (left && left->offset < sql.size() && sql[left->offset] == '\\') {
        return SqlError{left->offset,
                        "psql's own commands (\\i, \\set, \\copy ...) are not SQL and cannot be "
                        "run here; a step `command: [psql, ...]` can run them"};
    }
    auto scanned = pieces_of(plain, pg_query_split_with_scanner);
    if (const auto* unreadable = std::get_if<ParserError>(&scanned)) {
        return SqlError{unreadable->offset, syntax_message(unreadable->message)};
    }
    auto& pieces = std::get<std::vector<Piece>>(scanned);
    join_function_bodies(plain, pieces);
    auto split = statements_of(sql, plain, pieces);
    if (std::holds_alternative<SqlError>(split)) {
        return split;
    }
    if (const auto lost = dropped(plain, pieces)) {
        const auto& why = left ? *left : failure;
        return SqlError{std::max(*lost, why.offset), syntax_message(why.message)};
    }
    auto& text = std::get<SqlText>(split);
    text.doubt = SqlError{failure.offset, failure.message};
    for (const auto& statement : text.statements) {
        // Every version from 10 to 18 knows the same commands; what differs is within them. Other
        // errors than of syntax (`cannot be marked NO INHERIT`) come without a place.
        const auto wrong = parse_failure(plain.substr(statement.offset, statement.text.size()));
        if (wrong && wrong->offset == 0 && wrong->message.starts_with("syntax error")) {
            return SqlError{statement.offset, syntax_message(wrong->message)};
        }
    }
    return split;
}

}  // namespace

std::variant<SqlText, SqlError> split_sql(std::string_view text) {
    const std::string sql{text};
    if (const auto nul = sql.find('\0'); nul != std::string::npos) {
        return SqlError{nul, "a NUL byte; SQL holds none"};
    }
    const auto parsed = pieces_of(sql, pg_query_split_with_parser);
    const auto* failure = std::get_if<ParserError>(&parsed);
    auto split = failure != nullptr ? split_without_grammar(sql, *failure)
                                    : statements_of(sql, sql, std::get<std::vector<Piece>>(parsed));
    if (const auto* found = std::get_if<SqlText>(&split); found && found->statements.empty()) {
        return SqlError{0, "there is no SQL statement in it"};
    }
    return split;
}

}  // namespace scenarios
