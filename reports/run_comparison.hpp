// Runs against other runs: between branches, versions or ways to make the same change.
#pragma once

#include "reports/gates.hpp"
#include "reports/record.hpp"
#include "reports/terminal.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace reports {

struct NamedRun {
    std::string name;  // its folder
    const Record* record = nullptr;
};

// A figure of the whole run on both sides, as text: the median of several.
struct SideFigure {
    std::string name, before, now;
};

struct RunComparison {
    std::vector<std::string> runs, baselines;  // names; pairs in this order
    std::string method;                        // how it was decided, as a sentence
    std::vector<Comparison> operations;        // during and after of the baselines, and of the runs
    std::vector<SideFigure> figures;
    std::vector<std::string> warnings;  // for the reader; they decide nothing
    std::vector<std::string> reasons;
    Verdict verdict = Verdict::inconclusive;
    int exit_code = 3;
};

// Two single runs are compared second by second (see compare_operations), several as pairs in their
// order with the exact signed-rank test: what differs from run to run is in that test, and not in
// the other. Only ratio gates count; none at all: response.p50 10 % and response.p99 25 %.
//
// fail: an operation is surely slower, or a run failed where its baseline did not. Inconclusive: it
// is not sure, an operation is missing on one side, or a run did not measure what it claims.
// As many runs as baselines, at least one each; else std::invalid_argument.
[[nodiscard]] RunComparison compare_runs(std::span<const NamedRun> runs,
                                         std::span<const NamedRun> baselines,
                                         std::span<const Gate> gates);

[[nodiscard]] std::vector<Gate> default_ratio_gates();

// One run against its baseline as gates of the run, "baseline.response.p99": a result for each
// ratio gate (none: see compare_runs), as bad as its worst operation; inconclusive as there.
[[nodiscard]] std::vector<GateResult> judge_against(const NamedRun& baseline, const Record& record,
                                                    std::span<const Gate> gates);

[[nodiscard]] std::string comparison_text(const RunComparison& comparison, Style style);
[[nodiscard]] std::string comparison_markdown(const RunComparison& comparison);
// One page like a run's report, without scripts. `version`: the program's.
[[nodiscard]] std::string comparison_html(const RunComparison& comparison,
                                          std::string_view version);
[[nodiscard]] std::string comparison_json(const RunComparison& comparison);

}  // namespace reports
