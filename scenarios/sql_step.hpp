// Steps that run SQL, and the checks that other SQL in a scenario shares with them.
#pragma once

#include "scenarios/reading.hpp"
#include "scenarios/sql_statements.hpp"

namespace scenarios {

inline constexpr std::size_t most_step_file_bytes = 16U << 20U;

// A step with `sql` or `file`. Statements that cannot run in the transaction that they stand in are
// errors, told at their place in the scenario or in the file.
[[nodiscard]] SqlStep read_sql_step(const Reading&, const Node& step, Retries retries);

// For SQL whose one result is looked at, or which runs on its own.
void check_single_statement(const Reading&, const Node& sql);

}  // namespace scenarios
