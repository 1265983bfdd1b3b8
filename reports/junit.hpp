// junit.xml: the run as test results, for whatever reads those (GitHub, GitLab, Jenkins).
#pragma once

#include "reports/record.hpp"
#include "reports/source_place.hpp"

#include <string>

namespace reports {

// A suite for each part: the verdict, gates, data proof, invariants, steps; of the way back, too.
// What failed is a <failure>, what is inconclusive or was interrupted an <error>: both are read as
// "not passed", so that what was not measured is never green. The suite of the verdict is green
// exactly where the run passed.
//
// `file` and `line` are the migration's: of each step, and of the gate or table that did not pass.
// Well-formed XML 1.0 whatever the record holds.
[[nodiscard]] std::string to_junit(const Record& record, const Checkout& checkout = {});

}  // namespace reports
