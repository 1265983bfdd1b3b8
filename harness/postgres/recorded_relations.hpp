// What the target's catalog says of the relations that recorded statements name.
#pragma once

#include "harness/postgres/identity.hpp"
#include "workloads/conflicts/relations.hpp"
#include "workloads/synthesis/analysis.hpp"

#include <span>
#include <string>

namespace harness::postgres {

// `functions`: those that statements call, of which the ones that may write are returned.
// `session_sql` may set the search path. Throws database::Outage.
[[nodiscard]] workloads::conflicts::Relations read_recorded_relations(
    const Destination& destination, std::span<const workloads::synthesis::NamedTable> names,
    std::span<const std::string> functions, const std::string& session_sql);

}  // namespace harness::postgres
