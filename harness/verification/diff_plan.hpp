// Which column of one table is compared with what of the other. Decides; reads nothing.
#pragma once

#include "harness/database/table_reader.hpp"

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace harness::verification {

// What was asked for makes no sense for these tables: nothing was read.
class NotComparable : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

struct ColumnMap {
    std::string before;  // a column of the first table
    std::string after;   // a column of the second, or an SQL expression over its columns
};

struct DiffPlan {
    std::vector<database::Projection> before, after;  // one a compared column, in the same order
    std::vector<std::string> only_after;              // columns of the second that nobody asked for
    bool keyed = false;                               // by the first table's key
    std::vector<bool> is_key;
};

// Columns of the first table (those wanted and the key's; empty: all) against what a map says or the
// column of the same name. Throws NotComparable where the first table's has no counterpart: what was
// dropped must be left out in so many words.
[[nodiscard]] DiffPlan plan_diff(const database::TableShape& before,
                                 const database::TableShape& after,
                                 const std::vector<std::string>& wanted,
                                 std::span<const ColumnMap> maps);

// Makes the first side's values those of the second side's types, where they are of another kind.
// `after`: the columns as they will be read. Throws NotComparable for a time without a zone against
// one with.
void adapt_types(DiffPlan& plan, const database::TableShape& before,
                 std::span<const database::TableColumn> after, checksum::Scale scale);

}  // namespace harness::verification
