// Everything that a rehearsal leaves in its run directory, drawn from the record.
#pragma once

#include "harness/ci_system.hpp"
#include "harness/run_directory.hpp"
#include "reports/record.hpp"

#include <string>
#include <vector>

namespace harness {

// result.json, summary.md, junit.xml, metrics.txt, histograms/<operation>.hlog, and GitLab's file
// where the run is one of its jobs. Each is tried, whatever became of the others; result.json comes
// last. Returns what could not be written, and then the exit code of `record` says so, too.
[[nodiscard]] std::vector<std::string> write_run_files(reports::Record& record,
                                                       const RunDirectory& out, const Ci& ci);

}  // namespace harness
