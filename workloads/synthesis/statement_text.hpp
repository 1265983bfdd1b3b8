// The text of a statement as pg_stat_statements keeps it, made one that a server can prepare.
#pragma once

#include "workloads/synthesis/parse_tree.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace workloads::synthesis {

enum class StatementClass : std::uint8_t {
    data,             // SELECT, INSERT, UPDATE, DELETE, MERGE, VALUES
    session_control,  // BEGIN, COMMIT, SET, SHOW, DEALLOCATE, ...: what clients and poolers send
    utility,          // everything else that is no query
    unreadable,       // it does not parse
    not_permitted,    // <insufficient privilege>
    own,              // what the harness itself asks
};

struct StatementText {
    StatementClass kind = StatementClass::unreadable;
    // Of `data`: with $1..$n; without comments, which may hold values, and without a constant that
    // the server left in it (it does where an entry was evicted while its statement ran).
    std::string sql;
    int parameters = 0;  // the highest $n
    // The server keeps one $n for a whole list of constants (PostgreSQL 18).
    bool lists_are_squashed = false;
    ParsedStatement parsed;
};

// The mark of the harness's own questions: their texts hold it.
inline constexpr std::string_view own_mark = "/* rehearse */";

[[nodiscard]] StatementText read_statement(const std::string& text);

// The text with each $n replaced by `:name`, set apart where the two would run together. Throws
// what `name` throws.
[[nodiscard]] std::string with_names(std::string_view sql,
                                     const std::function<std::string(int)>& name);

}  // namespace workloads::synthesis
