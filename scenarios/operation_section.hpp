// `workload.operations`: the transactions and statements that the application sends.
#pragma once

#include "scenarios/reading.hpp"
#include "scenarios/sql_statements.hpp"

namespace scenarios {

[[nodiscard]] const Shape& operations_shape();

// Operations that are wrong keep their names and versions, which other checks refer to.
void read_operations(const Reading&, const Node*, Workload&);

}  // namespace scenarios
