// SQL texts, cut into statements by PostgreSQL's own grammar (libpg_query).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace scenarios {

// What a statement means for the transaction that it would run in.
enum class TransactionRole : std::uint8_t {
    ordinary,
    begins,      // BEGIN, START TRANSACTION
    ends,        // COMMIT, ROLLBACK, PREPARE TRANSACTION
    not_inside,  // the server refuses it in a transaction block: VACUUM, CREATE INDEX CONCURRENTLY
};

struct SqlStatement {
    std::string text;        // from its first word on, without the semicolon
    std::size_t offset = 0;  // of its first word, a byte in the whole text
    TransactionRole role = TransactionRole::ordinary;
};

struct SqlError {
    std::size_t offset = 0;  // byte in the text
    std::string message;
};

struct SqlText {
    std::vector<SqlStatement> statements;
    // What libpg_query, which speaks one version's grammar, could not parse. The server may know
    // newer syntax: it has the last word.
    std::optional<SqlError> doubt;
};

// Errors are what no server version from 10 to 18 could run: unterminated quotes and comments, a
// statement that starts with no known command, psql's backslash commands, COPY from or to the
// client, a text without any statement, a NUL byte, a text that cannot be cut for certain.
[[nodiscard]] std::variant<SqlText, SqlError> split_sql(std::string_view text);

}  // namespace scenarios
