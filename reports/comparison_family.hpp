// Inside of comparisons.cpp and run_comparison.cpp: what is asked of which operation, what it is
// asked of, and all answers judged as one family.
#pragma once

#include "reports/comparisons.hpp"
#include "reports/statistics/change.hpp"
#include "reports/statistics/seconds.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reports::comparing {

struct Asked {
    std::size_t operation;  // index in the record
    std::string_view statistic;
    double q;
    statistics::Margin margin;
    bool by_gate;  // else only shown
};

// What the ratio gates ask of the record's operations; `shown`: and the p50 and p99 of all others.
[[nodiscard]] std::vector<Asked> asked_for(const Record& record, std::span<const Gate> gates,
                                           bool shown);

struct Sides {
    statistics::Seconds before, now;
};

// Of every operation. `now` begins with the second in which the migration began, and ends with the
// last call.
[[nodiscard]] std::vector<Sides> sides_of(const Record& record);

// An answer to each. `before` and `now` are what sentences call the sides.
[[nodiscard]] std::vector<statistics::QuantileChange> compare(const std::vector<Sides>& sides,
                                                              const std::vector<Asked>& asked,
                                                              std::uint64_t seed,
                                                              const std::string& before,
                                                              const std::string& now);

// Judged: the more is asked, the more must be shown.
[[nodiscard]] std::vector<Comparison> told(const std::vector<Asked>& asked,
                                           const std::vector<statistics::QuantileChange>& changes,
                                           const Record& record);

}  // namespace reports::comparing
