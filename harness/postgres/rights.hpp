// Whether the role may do what a migration is going to do, asked before anything runs.
#pragma once

#include "harness/database/engine.hpp"

#include <span>
#include <vector>

namespace harness::postgres {

// Each relation and right once. Throws Outage.
[[nodiscard]] std::vector<database::StatementProblem> missing_rights(
    database::Control& control, std::span<const database::RightToCheck> rights);

}  // namespace harness::postgres
