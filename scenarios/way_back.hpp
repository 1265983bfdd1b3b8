// The rehearsal of a migration's way back, as a scenario of its own.
#pragma once

#include "scenarios/scenario.hpp"

#include <string>
#include <vector>

namespace scenarios {

// `down` in the place of `up`, under the same load in the version that `up` leaves behind, with the
// same phases and gates. What `up` was declared to do to a column is undone. Adversaries are those
// of the migration's day, and invariants what holds after it: neither is there.
//
// Columns that `up` drops or rewrites are not compared with what it made of them, because nothing
// says what `down` makes of that: see restored_by_way_back().
[[nodiscard]] Scenario way_back(const Scenario& scenario);

// Of each verified table the columns whose values only the state before the migration can tell to
// be back; tables without such columns have an empty `only`.
[[nodiscard]] std::vector<VerifiedTable> restored_by_way_back(const Scenario& scenario);

}  // namespace scenarios
