// What a statement may write, as far as its text tells.
#pragma once

#include "workloads/operation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace scenarios {

struct Write {
    enum class Kind : std::uint8_t { insert, update, remove };
    Kind kind = Kind::insert;
    std::string schema, relation;  // as the catalog spells them; the schema may be empty
    // Of an update; of an insert those that it names (none: it fills the row from the left).
    std::vector<std::string> columns;

    bool operator==(const Write&) const = default;
};

struct WriteEffects {
    std::vector<Write> writes;
    std::vector<std::string> functions;  // that it calls, by their bare names
    // Why it may write anything anywhere, for the reader: "calls a procedure"; else empty.
    std::string anything;
};

// Of all statements in the text together, at any depth: a CTE writes, too. What the parser does not
// know may write anything. What functions, triggers, rules and foreign keys do beside is for the
// catalog to say.
[[nodiscard]] WriteEffects write_effects_of(const std::string& sql);

// Of a statement of the workload; one whose text is not known before it is sent may write anything.
[[nodiscard]] WriteEffects write_effects_of(const workloads::Statement& statement);

// Of the statements that a rule brings in; CREATE RULE as the server spells it out.
[[nodiscard]] WriteEffects rule_effects_of(const std::string& rule);

// Whether it is one SET or RESET, which reads and writes nothing. SET TRANSACTION ISOLATION LEVEL
// must come before any query of its transaction.
[[nodiscard]] bool only_sets(const std::string& sql);

// The columns that an expression reads, by their bare names as the catalog spells them. Empty: not
// known, because it does not parse or reads whole rows.
[[nodiscard]] std::optional<std::vector<std::string>> columns_read_by(
    const std::string& expression);

}  // namespace scenarios
