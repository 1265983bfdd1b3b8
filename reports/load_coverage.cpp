#include "reports/load_coverage.hpp"

#include "reports/replay.hpp"
#include "reports/synthesis.hpp"

namespace reports {

std::optional<LoadCoverage> load_coverage(const Record& record) {
    if (record.replay) {
        return LoadCoverage{record.replay->coverage(), coverage_text(*record.replay)};
    }
    if (record.synthesis) {
        return synthesis_coverage(record);
    }
    return std::nullopt;
}

}  // namespace reports
