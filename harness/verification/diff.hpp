// Compares two tables: of one database, of two, of two servers.
#pragma once

#include "checksum/mismatch.hpp"
#include "harness/database/table_reader.hpp"
#include "harness/verification/diff_plan.hpp"
#include "harness/verification/progress.hpp"

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

namespace harness::verification {

struct DiffSettings {
    std::vector<std::string> columns;  // of the first table; empty: all
    std::vector<ColumnMap> maps;
    std::size_t workers = 1;
    std::uint64_t seed = 0;
    std::uint64_t max_rows_per_s = 0;
    checksum::Scale scale = checksum::Scale::by_value;
    bool show_values = false;
    std::string spill_directory;    // for what is kept of the rows; empty: the system's
    std::uint64_t spill_bytes = 0;  // at most; 0: half of what is free there
};

struct DiffSide {
    std::string table;
    std::uint64_t rows = 0, bytes = 0;  // bytes over the wire
    double seconds = 0;
};

struct DiffColumn {
    std::string name, before_type, after, after_type;
    bool is_key = false;
    bool equal = true;  // their sums are; a lost row makes all of them differ
};

struct TableDiff {
    DiffSide before, after;
    std::vector<DiffColumn> columns;
    std::vector<std::string> only_after;  // columns that were not compared
    bool keyed = false;
    bool equal = true;
    checksum::Mismatches found;  // none where equal
    std::string unnamed;         // why the rows that differ are not named; else empty
};

// One pass over each table. Both are digested, and what is needed to name rows is kept on disk; does
// that not fit, and do they differ, a second pass keeps only the rows whose buckets differ. Throws
// NotComparable and as scan() does.
[[nodiscard]] TableDiff diff(database::Snapshot& before, const std::string& before_table,
                             database::Snapshot& after, const std::string& after_table,
                             const DiffSettings& settings, Progress& progress,
                             std::stop_token stop);

}  // namespace harness::verification
