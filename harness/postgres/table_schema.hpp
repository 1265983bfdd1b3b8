// A table's schema, from the catalog.
#pragma once

#include "harness/database/control.hpp"
#include "harness/database/table_schema.hpp"

#include <span>
#include <string>
#include <vector>

namespace harness::postgres {

// One for each of the tables, as one writes their names in SQL. Sets the session's search_path.
// Throws database::UnknownName, Outage.
[[nodiscard]] std::vector<database::TableSchema> read_table_schemas(
    database::Control& control, std::span<const std::string> tables);

}  // namespace harness::postgres
