// A comparison of two tables, shown.
#pragma once

#include "harness/verification/diff.hpp"

#include <string>

namespace harness::verification {

struct DiffReport {
    std::string before_target, after_target;  // no credentials
    std::uint64_t seed = 0;
    bool strict = false;
    TableDiff diff;
};

[[nodiscard]] std::string text_of(const DiffReport& report);
// "rehearse.diff/1"
[[nodiscard]] std::string json_of(const DiffReport& report);

}  // namespace harness::verification
