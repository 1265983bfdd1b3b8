// What each parameter of a statement is for: which column it is compared with or written to.
#pragma once

#include "workloads/synthesis/catalog.hpp"
#include "workloads/synthesis/statement_text.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace workloads::synthesis {

enum class Role : std::uint8_t {
    equal,     // column = $1, also in IN and for <>
    lower,     // column >= $1, column > $1, the first of BETWEEN
    upper,     // column <= $1, column < $1, the second of BETWEEN
    pattern,   // column LIKE $1
    members,   // column = ANY($1)
    written,   // INSERT, SET
    amount,    // SET column = column + $1
    constant,  // what is returned or added, which decides nothing: SELECT $1, COALESCE(sum(x), $1)
    limit,
    offset,
    unknown,  // `reason` says what it is
};

struct ParameterUse {
    int number = 0;
    Role role = Role::unknown;
    const Table* table = nullptr;  // of the column, where the role has one; the catalog's
    std::string column;
    std::string function;  // around the column: lower(email) = $1
    int source = 0;        // which of the statement's tables: one that is joined with itself is two
    std::string reason;
};

struct Analysis {
    std::string verb;                // select, insert, update, delete, merge
    const Table* target = nullptr;   // written to, or the first that is read; may be null
    std::vector<ParameterUse> uses;  // in the order of $1..$n, one each
    bool on_conflict = false;        // INSERT ... ON CONFLICT
    bool only_system = false;        // it reads nothing but the system's own catalogs
    // Why it must not be run by itself, whatever its parameters are; empty: it may.
    std::string refusal;
};

// The tables that a statement names, as it names them: schema (may be empty) and name. Also those
// of WITH.
struct NamedTable {
    std::string schema, name;
    friend auto operator<=>(const NamedTable&, const NamedTable&) = default;
};
[[nodiscard]] std::vector<NamedTable> tables_named_by(const StatementText& statement);

// Of a statement of class `data`.
[[nodiscard]] Analysis analyse(const StatementText& statement, const Catalog& catalog,
                               std::span<const std::string> search_path);

}  // namespace workloads::synthesis
