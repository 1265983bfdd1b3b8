// What the target has of the keys that its database draws, at a replay's beginning.
#pragma once

#include "harness/postgres/identity.hpp"
#include "workloads/synthesis/catalog.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace harness::postgres {

// What the column's sequence has given out, or the highest value in it, whichever is more; none
// where neither can be had without reading the whole table.
[[nodiscard]] std::optional<std::int64_t> highest_key(const Destination& destination,
                                                      const workloads::synthesis::Table& table,
                                                      const workloads::synthesis::Column& column);

// Which of the values, of the column's type, no row has; their indices. None where the server does
// not tell. Throws database::Outage where it is not there.
[[nodiscard]] std::optional<std::vector<std::size_t>> absent_keys(
    const Destination& destination, const workloads::synthesis::Table& table,
    const workloads::synthesis::Column& column, std::span<const std::string> values);

}  // namespace harness::postgres
