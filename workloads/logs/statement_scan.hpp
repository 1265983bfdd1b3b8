// A statement's text as far as a lexer sees it: what kind it is, its parameters, and the text
// without its values. No grammar: a text of any size is read in one pass and in bounded memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::logs {

enum class StatementKind : std::uint8_t {
    query,  // SELECT, INSERT, CALL, TRUNCATE, LOCK and whatever is none of the others
    begin,
    commit,
    rollback,
    savepoint,
    release,
    rollback_to,
    prepare_transaction,
    finish_prepared,  // COMMIT PREPARED, ROLLBACK PREPARED
    copy_from_client,
    copy_to_client,
    copy_server_file,  // also of a program
    sql_prepare,
    sql_execute,
    sql_deallocate,
    declare_cursor,
    fetch_cursor,  // also MOVE
    close_cursor,
    listen,  // also UNLISTEN
    notify,
    set,       // also RESET
    set_role,  // SET ROLE, SET SESSION AUTHORIZATION
    discard,
    definition,      // CREATE, ALTER, DROP, GRANT, COMMENT, ...
    maintenance,     // VACUUM, ANALYZE, REINDEX, CLUSTER
    server_command,  // ALTER SYSTEM, CREATE DATABASE, roles, tablespaces, CHECKPOINT, ...
    multiple,        // more than one statement in a text: one query of the simple protocol
    empty,
    unknown,  // no text, or one that begins with no command
};
inline constexpr std::size_t statement_kinds = 29;
[[nodiscard]] const char* name_of(StatementKind kind) noexcept;  // "copy from client"

// 128 bits of XXH3, as two numbers.
struct TextHash {
    std::uint64_t low = 0, high = 0;
    friend bool operator==(const TextHash&, const TextHash&) = default;
};
[[nodiscard]] TextHash hash_of(std::string_view text) noexcept;

struct StatementScan {
    StatementKind kind = StatementKind::empty;
    std::uint32_t kinds = 0;       // a bit for each kind met, of a `multiple` those of its parts
    std::uint32_t statements = 0;  // that are not empty
    std::uint32_t parameters = 0;  // the highest n of $n
    bool large_objects = false;    // calls one of their functions
    bool other_sessions =
        false;                  // pg_terminate_backend(pid) and the like: acts on what is not here
    bool unterminated = false;  // ends within a literal, a quoted name or a comment
    bool imports_snapshot = false;  // SET TRANSACTION SNAPSHOT
    bool current_of = false;        // WHERE CURRENT OF a cursor
    // Of its BEGIN, COMMIT and the like in order: how the last one leaves the transaction, and
    // whether one ends or divides a transaction that the text itself did not begin.
    enum class Transaction : std::uint8_t { untouched, open, closed };
    Transaction transaction = Transaction::untouched;
    bool needs_transaction = false;
    TextHash masked_hash;
    std::size_t masked_bytes = 0;

    [[nodiscard]] bool has(StatementKind each) const noexcept {
        return (kinds >> static_cast<unsigned>(each) & 1U) != 0;
    }
};

// A cursor or prepared statement that a statement names, folded as the server does.
struct ObjectUse {
    StatementKind kind = StatementKind::unknown;  // of the statement
    std::string name;                             // empty: none, or all of them
    friend bool operator==(const ObjectUse&, const ObjectUse&) = default;
};

// Keeps its memory from text to text. Literals are read by standard_conforming_strings = on.
class StatementScanner {
public:
    StatementScan scan(std::string_view text);

    // Of the text scanned last: every literal, also bit strings, dollar quotes and numbers, became
    // `?`, comments and spaces one space. Quoted names and $n stay. At most its first 64 KiB.
    [[nodiscard]] std::string_view masked() const noexcept { return masked_; }

    // Of the text scanned last, in order; at most 1,000.
    [[nodiscard]] const std::vector<ObjectUse>& objects() const noexcept { return objects_; }

    // Of the text scanned last, each literal as it stands there, in order: those that became `?`.
    // At most 10,000.
    [[nodiscard]] const std::vector<std::string_view>& literals() const noexcept {
        return literals_;
    }

private:
    class Pass;
    std::string masked_;
    std::vector<ObjectUse> objects_;
    std::vector<std::string_view> literals_;
};

// Lists of masked values cut short for a reader: `IN (?, ?, ?)` becomes `IN (?, ...)`.
[[nodiscard]] std::string with_short_lists(std::string_view masked);

}  // namespace workloads::logs
