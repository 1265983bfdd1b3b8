// A run whose load was made from the statistics of production's statements, in words.
#pragma once

#include "reports/load_coverage.hpp"
#include "reports/record.hpp"

#include <string>

namespace reports {

// The share of the source's calls whose statements this run has sent, and why it is not all of
// them. Both require a record with a synthesis.
[[nodiscard]] LoadCoverage synthesis_coverage(const Record& record);

// Where the load came from and what is missing in it, as sentences.
[[nodiscard]] std::string synthesis_text(const Record& record);

}  // namespace reports
