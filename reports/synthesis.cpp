#include "reports/synthesis.hpp"

#include "reports/figures.hpp"
#include "reports/replay.hpp"

#include <algorithm>
#include <set>
#include <string_view>

namespace reports {

namespace {

// What the source calls rarely may not come at all in a short run at a small scale: nobody has seen
// what the migration does to it.
Synthesis::Omission never_due(const Record& record) {
    std::set<std::string_view> due;
    for (const auto& operation : record.operations) {
        if (operation.during_and_after().due() > 0) {
            due.insert(operation.name);
        }
    }
    Synthesis::Omission missing{.why = "never due during or after the migration"};
    for (const auto& operation : record.synthesis->operations) {
        if (!due.contains(operation.name)) {
            missing.calls += operation.calls;
            ++missing.statements;
        }
    }
    return missing;
}

}  // namespace

LoadCoverage synthesis_coverage(const Record& record) {
    const auto& synthesis = *record.synthesis;
    auto missing = synthesis.omissions;
    if (auto rare = never_due(record); rare.statements > 0) {
        missing.push_back(std::move(rare));
    }
    const double unsent = missing.size() > synthesis.omissions.size() ? missing.back().calls : 0;
    const double share = std::clamp(synthesis.covered_calls - unsent, 0.0, 1.0);
    std::string why;
    for (const auto& omission : missing) {
        why += (why.empty() ? "; not covered: " : "; ") + percent_text(omission.calls) + " in " +
               counted(omission.statements, "statement", "statements") + " (" + omission.why + ")";
    }
    return {share, percent_text(share) + " of the calls there are covered, by " +
                       counted(synthesis.operations.size(), "operation", "operations") + why};
}

std::string synthesis_text(const Record& record) {
    const auto& synthesis = *record.synthesis;
    std::string text = "pg_stat_statements of " + synthesis.database + ", " +
                       rate_text(synthesis.calls_per_s) + " over " +
                       seconds_text(synthesis.seconds) +
                       (synthesis.since_reset ? " since its reset" : "") + ", at scale " +
                       decimal_text(synthesis.scale, 3) + "; " + synthesis_coverage(record).detail +
                       ". The workload as it was sent stands in workload.yaml.";
    if (synthesis.keeps_values) {
        text += " It holds values of the source's rows.";
    }
    if (synthesis.evictions > 0) {
        text += " The source threw out rare statements " +
                counted(synthesis.evictions, "time", "times") +
                " meanwhile: what they did is in no share.";
    }
    return text;
}

}  // namespace reports
