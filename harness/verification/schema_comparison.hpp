// What became of a table's schema, as sentences. Decides; reads nothing.
//
// Which changes of the schema a migration is meant to make no scenario says, so they are told and
// decide nothing. Two things nobody means to leave behind are problems: an index that is INVALID
// and a sequence that is going to give out values that are taken.
#pragma once

#include "harness/database/table_schema.hpp"
#include "reports/verification.hpp"
#include "scenarios/scenario.hpp"

#include <span>
#include <vector>

namespace harness::verification {

// Problems first. Columns that came or went are left to the proof of the data; one that is declared
// to be renamed is the same column.
[[nodiscard]] std::vector<reports::SchemaChange> schema_changes(
    const database::TableSchema& before, const database::TableSchema& after,
    std::span<const scenarios::Expectation> expectations);

// After a way back, which must lead to the schema before: every difference is a problem, a column
// that came or went, too. What the application moves (a sequence's place) is none, and neither is
// the order of the columns, which no server puts back.
[[nodiscard]] std::vector<reports::SchemaChange> schema_differences(
    const database::TableSchema& before, const database::TableSchema& after);

}  // namespace harness::verification
