// Tables as a synthesized workload needs to know them.
#pragma once

#include "harness/postgres/timed_connection.hpp"
#include "workloads/synthesis/analysis.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace harness::postgres {

// All tables, views and materialized views of these names that are no system catalogs. Throws
// database::Outage.
[[nodiscard]] workloads::synthesis::Catalog read_statement_catalog(
    TimedConnection& connection, std::span<const workloads::synthesis::NamedTable> names,
    bool common_values);

// The texts of a JSON array, as the server's json_agg gives them; none of anything else.
[[nodiscard]] std::vector<std::string> list_in(const std::string& array);

// From what pg_type says of a type that is no domain.
[[nodiscard]] workloads::synthesis::TypeClass type_class(std::string_view type_name,
                                                         std::string_view category);

}  // namespace harness::postgres
