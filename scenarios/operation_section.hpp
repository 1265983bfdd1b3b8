// `workload.operations`: the transactions and statements that the application sends.
#pragma once

#include "scenarios/reading.hpp"
#include "scenarios/sql_statements.hpp"

namespace scenarios {

[[nodiscard]] const Shape& operations_shape();

// One of the keys that an operation may have, for others that are sent as it is.
[[nodiscard]] const Key& operation_key(std::string_view name);
// weight, app and retry.
void read_operation_settings(const Node&, workloads::Operation&);
[[nodiscard]] bool is_operation_name(const std::string& name);

// Operations that are wrong keep their names and versions, which other checks refer to.
void read_operations(const Reading&, const Node*, Workload&);

}  // namespace scenarios
