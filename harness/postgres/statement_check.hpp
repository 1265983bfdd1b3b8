// Asks the server about every statement before anything runs.
#pragma once

#include "harness/database/engine.hpp"
#include "harness/postgres/identity.hpp"

#include <array>
#include <span>
#include <string>
#include <vector>

namespace harness::postgres {

// Each version's session SQL is run as on a new connection; what the new version's lacks and the
// migration may make (a table, a role) is no problem yet. Each statement is parsed and analysed by
// the server (as a prepared statement that is never run), and the role's privileges are checked by
// planning it. All problems at once. Throws database::Outage.
[[nodiscard]] std::vector<database::StatementProblem> check_statements(
    const Destination& destination, const std::array<std::string, 2>& session_sql,
    std::span<const database::StatementToCheck> statements);

// The line of `sql` that holds the `position`-th character (from 1) and a caret under it.
[[nodiscard]] std::string excerpt_at(const std::string& sql, std::size_t position);

}  // namespace harness::postgres
