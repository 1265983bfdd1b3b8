// The checksum of one table, as `rehearse checksum` tells it.
#pragma once

#include "checksum/digest.hpp"
#include "harness/database/table_reader.hpp"
#include "harness/verification/progress.hpp"

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace harness::verification {

struct ChecksumSettings {
    std::vector<std::string> columns;  // empty: all; the key's are read in any case
    std::size_t workers = 1;
    std::uint64_t seed = 0;
    checksum::Scale scale = checksum::Scale::by_value;
    std::uint64_t max_rows_per_s = 0;
};

struct ColumnChecksum {
    std::string name, type;
    bool is_key = false;
    checksum::Digest digest;
};

struct TableChecksum {
    std::string table;
    std::uint64_t rows = 0;
    checksum::Digest digest;
    std::vector<ColumnChecksum> columns;  // in name order
    std::uint64_t bytes = 0;              // over the wire
    double seconds = 0;
    std::string method;
    std::size_t chunks = 0, workers = 0;
};

// Throws as scan() does; database::UnknownName for a column that is not there.
[[nodiscard]] TableChecksum checksum_of(database::Snapshot& snapshot, const std::string& table,
                                        const ChecksumSettings& settings, Progress& progress,
                                        std::stop_token stop);

// What is read of a table: the columns asked for (empty: all) and those of its key, in the order of
// the shape. Throws database::UnknownName, with the names that there are.
[[nodiscard]] std::vector<database::Projection> columns_to_read(
    const database::TableShape& shape, const std::vector<std::string>& wanted);

}  // namespace harness::verification
