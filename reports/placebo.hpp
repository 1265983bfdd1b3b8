// What the gates are worth on this machine: rehearsals of a migration that did nothing.
#pragma once

#include "reports/comparison_family.hpp"
#include "reports/gates.hpp"
#include "reports/placebo_result.hpp"
#include "reports/record.hpp"
#include "reports/terminal.hpp"

#include <string>
#include <vector>

namespace reports {

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

// As sentences: how often the verdict cried wolf, and what each ratio would catch.
[[nodiscard]] std::string false_alarms_text(const PlaceboResult& result);
[[nodiscard]] std::string power_text(const PlaceboResult& result);
// In what its load was another one than this run's: what it met is not what this run would have
// met. Each is a sentence.
[[nodiscard]] std::vector<std::string> load_differences(const PlaceboResult& result,
                                                        const Record& record);
// Why the placebo's figures may not hold for this run: those, and shorter phases.
// Each is a sentence.
[[nodiscard]] std::vector<std::string> placebo_doubts(const PlaceboResult& result,
                                                      const Record& record);

}  // namespace reports
