// The rows that sample("SELECT ...") draws from.
#pragma once

#include "harness/database/control.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace harness::postgres {

// At most so many are kept: 1,000,000 keys of eight bytes are 32 MB.
inline constexpr std::size_t sample_limit = 1'000'000;

// The first column of the query's first rows, NULLs left out; of `whole_rows` all columns of the
// rows that hold no NULL, one list a column. Read through a cursor, so that a query over a big
// table holds no more than a piece of it here. No lists: there are no such rows. Throws
// database::Outage.
//
// Leaves a read-only transaction open, so that each sample wants a session of its own.
[[nodiscard]] std::vector<std::vector<std::string>> read_sample(database::Control& control,
                                                                const std::string& query,
                                                                bool whole_rows);

}  // namespace harness::postgres
