// What the gates are worth on this machine: rehearsals of a migration that did nothing.
#pragma once

#include "reports/comparison_family.hpp"
#include "reports/gates.hpp"
#include "reports/record.hpp"
#include "reports/terminal.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace reports {

// How often a gate, or the verdict, cried wolf.
struct FalseAlarms {
    std::string name;  // of the gate
    std::uint64_t runs = 0, alarms = 0, unclear = 0;
    double most_likely_below = 1;  // the rate's one-sided 95 % bound (Clopper and Pearson)
};

// The smallest slowdown of all of an operation's calls that its ratio gate catches in 80 % of runs,
// from slowdowns put into what was measured.
struct SmallestCaught {
    std::string operation, statistic;
    double allowed_ratio = 1;
    std::optional<double> factor;  // empty: not even a hundredfold one: the phases are too short
};

struct PlaceboResult {
    FalseAlarms verdicts;
    std::vector<FalseAlarms> gates;
    std::vector<SmallestCaught> caught;
    std::vector<std::string> reasons;  // why runs were unclear, each once, at most ten
};

class Placebo {
public:
    // `gates`: those that the runs are judged by. Where none is a ratio, what compare's default
    // ratios would catch is told.
    explicit Placebo(std::vector<Gate> gates);

    // One that was carried through, judged.
    void add(const Record& record);

    // Takes seconds.
    [[nodiscard]] PlaceboResult result() const;

private:
    std::vector<Gate> gates_;
    PlaceboResult counted_;
    std::vector<std::string> operations_;
    std::vector<comparing::Asked> asked_;
    std::vector<std::vector<comparing::Sides>> runs_;
};

[[nodiscard]] std::string placebo_text(const PlaceboResult& result, Style style);
[[nodiscard]] std::string placebo_json(const PlaceboResult& result);

}  // namespace reports
