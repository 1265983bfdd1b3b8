// metrics.txt: the run's figures as OpenMetrics 1.0, for a push gateway, GitLab's metrics report or
// a file that is scraped.
#pragma once

#include "reports/record.hpp"

#include <string>

namespace reports {

// Times in seconds, sizes in bytes. The label `part` tells the migration from its way back. What is
// not known is left out, never written as 0 or NaN. Ends in `# EOF`.
[[nodiscard]] std::string to_openmetrics(const Record& record);

}  // namespace reports
