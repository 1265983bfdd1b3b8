// Cuts a table into parts that are read by one statement each.
#pragma once

#include "harness/database/control.hpp"
#include "harness/postgres/table_catalog.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harness::postgres {

struct ChunkSource {
    std::string from;        // what stands after FROM
    std::string where = {};  // empty: all of it
    std::uint64_t bytes = 0;
    // Only the index, or the pages' numbers, may be used: a sequential scan would read everything
    // for each of the chunks.
    bool ranged = false;
};

struct ChunkSources {
    std::vector<ChunkSource> chunks;  // at least one
    std::string method;               // for the reader
};

// `control` is in the snapshot. By ranges of pages from 14 on (before that a condition on ctid is a
// filter over the whole table), else by ranges of the key whose bounds are drawn from a sample of
// the pages, else as a whole.
[[nodiscard]] ChunkSources cut_into_chunks(database::Control& control, const CatalogTable& table,
                                           int server_version, std::size_t workers);

// Target size: so many chunks that the last ones make no tail, so few that their statements cost
// nothing. Exposed for its test.
[[nodiscard]] std::uint64_t chunk_bytes(std::uint64_t table_bytes, std::size_t workers) noexcept;

}  // namespace harness::postgres
