// What the workload itself may change in a table, decided from its statements and the catalog.
//
// Between the two scans of a rehearsal the application writes, and without the change stream nobody
// tells which rows. But what a statement can do is written in it: no statement of a workload that
// never deletes from a table can lose a row there, and an UPDATE changes the columns that it names
// and no other. So what the workload may do is taken together over all its statements, and every
// difference beyond that is the migration's. What is within is left unproved, and said to be.
//
// Both ways of being wrong are told apart on purpose. To allow the workload too much costs proof,
// which the report shows; to allow it too little is a false alarm. Neither is a false pass.
#pragma once

#include "harness/database/write_rules.hpp"
#include "scenarios/write_effects.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>

namespace harness::verification {

// One who sends statements: an operation, a session's first SQL, an adversary.
struct Writer {
    std::string name;  // "operation place_order"
    scenarios::WriteEffects effects;
};

struct MayChange {
    std::string
        anything;  // why there is no bound at all: "operation pay fires trigger t"; or empty
    bool inserts = false, deletes = false;
    std::set<std::string> columns;    // of rows that stay
    std::set<std::string> inserted;   // that an insert names, and so gives more than their default
    bool inserts_whole_rows = false;  // some insert names no columns
    // What each insert names, and each update.
    std::optional<std::set<std::string>> always_inserted = {}, always_updated = {};
    bool moves_rows = false;  // an update may put a row into another partition of the table

    [[nodiscard]] bool nothing() const {
        return anything.empty() && !inserts && !deletes && columns.empty();
    }
};

// The rules before and after the migration: a trigger or a foreign key that the migration brings to
// a table that was there excuses nothing, because what it does is the migration's doing; a table
// that the migration makes is known by the second ones only.
[[nodiscard]] database::WriteRules united(const database::WriteRules& before,
                                          const database::WriteRules& after);

// `key`: the columns that the table's rows are told apart by.
[[nodiscard]] MayChange may_change(std::uint64_t table, std::span<const std::string> key,
                                   std::span<const Writer> writers,
                                   const database::WriteRules& rules);

// The same, for who knows which rows were written: there a changed key, or a row that is deleted
// and inserted again, needs no excuse.
[[nodiscard]] MayChange writes_of(std::uint64_t table, std::span<const Writer> writers,
                                  const database::WriteRules& rules);

}  // namespace harness::verification
