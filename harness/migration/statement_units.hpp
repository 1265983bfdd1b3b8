// What of a step is tried again together.
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

namespace harness::migration {

struct StatementUnit {
    std::vector<std::size_t> statements;  // indices, in order
    bool own_transaction = false;         // its own BEGIN ... COMMIT
    // It may have committed part of its work before it failed: never tried again.
    bool commits_inside = false;
};

// transaction: one unit of all, which must hold no BEGIN or COMMIT of its own. Otherwise a unit is
// a statement, or everything from BEGIN to its COMMIT. Returns what is wrong instead, for the
// reader.
[[nodiscard]] std::variant<std::vector<StatementUnit>, std::string> units_of(
    const std::vector<std::string>& statements, bool transaction);

}  // namespace harness::migration
