// Both sides of a comparison for the tests: rows in memory, written to sidecars as a scan would.
#pragma once

#include "checksum/sidecar.hpp"
#include "rows.hpp"

#include <memory>
#include <string>
#include <vector>

namespace checksum::testing {

inline constexpr std::uint64_t seed = 42;

// columns[0] is the key, or all are where there is none.
[[nodiscard]] RecordOptions record_options(const std::vector<std::string>& compared,
                                           bool keyed = true);

[[nodiscard]] SpillFile spill_file(const TemporaryDirectory& directory);

// `holds`: one entry a row, each with a flag per added column; empty: all do. The rows are spread
// over `files` workers.
[[nodiscard]] Sidecar sidecar(const TemporaryDirectory& directory, const RecordOptions& options,
                              const std::vector<Row>& rows,
                              const std::vector<std::vector<bool>>& holds = {},
                              std::size_t files = 2);

}  // namespace checksum::testing
