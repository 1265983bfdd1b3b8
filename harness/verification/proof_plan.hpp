// What is read of a verified table before and after its migration. Decides; reads nothing.
#pragma once

#include "harness/database/table_reader.hpp"
#include "scenarios/scenario.hpp"

#include <set>
#include <span>
#include <string>
#include <vector>

namespace harness::verification {

struct BeforePlan {
    std::vector<database::Projection> columns;
    std::vector<bool> is_key;
    bool keyed = false;
};

// All columns but those that are to be dropped; of a rewritten one what it is to become. Throws
// NotComparable where an expectation does not fit the table.
[[nodiscard]] BeforePlan plan_before(const database::TableShape& before,
                                     const scenarios::VerifiedTable& table);

struct AfterPlan {
    std::vector<database::Projection> columns;  // one for each of the first plan's
    std::set<std::string> missing;              // of the first plan's: read as NULL
    std::vector<std::string> problems;          // what is not as declared: sentences
    std::vector<std::string> unproved;
    std::vector<std::string> notes;
};

// After a migration that failed nothing need be as declared: what is not there yet is no problem,
// and columns that were to be changed are not compared.
[[nodiscard]] AfterPlan plan_after(const BeforePlan& plan, const database::TableShape& before,
                                   const database::TableShape& after,
                                   const scenarios::VerifiedTable& table, bool migration_failed);

// Of the columns before, those that the workload may have changed when it may change `written`,
// under their old or their new names: a renamed one by either, one that is rewritten also by what
// it is made of.
[[nodiscard]] std::set<std::string> left_open(const scenarios::VerifiedTable& table,
                                              const std::set<std::string>& written);

// Columns whose values cannot be compared because they are of another kind now, with the reason.
struct Incomparable {
    std::string column, why;
};
[[nodiscard]] std::vector<Incomparable> incomparable(std::span<const database::Projection> columns,
                                                     std::span<const database::TableColumn> before,
                                                     std::span<const database::TableColumn> after);

}  // namespace harness::verification
