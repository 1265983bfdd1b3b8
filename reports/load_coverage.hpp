// How much of production's work a run's load stands for, wherever it was taken from: what could not
// be taken over was no load, and the rest may look good for its absence.
#pragma once

#include "reports/record.hpp"

#include <optional>
#include <string>

namespace reports {

struct LoadCoverage {
    double share = 0;    // from 0 to 1; NaN where there was nothing to cover
    std::string detail;  // what is covered, and why the rest is not
};

// Empty: the load is of the scenario's own making.
[[nodiscard]] std::optional<LoadCoverage> load_coverage(const Record& record);

}  // namespace reports
