// Everything that a rehearsal leaves in its run directory, drawn from the record.
#pragma once

#include "harness/ci_system.hpp"
#include "reports/record.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace harness {

// What is drawn for people and programs, again and again: report.html, summary.md, junit.xml,
// metrics.txt, and GitLab's file where the run is one of its jobs. Each is tried, whatever became
// of the others.
// Returns what could not be written.
[[nodiscard]] std::vector<std::string> write_reports(const reports::Record& record,
                                                     const std::filesystem::path& folder,
                                                     const Ci& ci);

// The same, histograms/<operation>.hlog and, last, result.json. Where something could not be
// written, the exit code of `record` says so, too.
[[nodiscard]] std::vector<std::string> write_run_files(reports::Record& record,
                                                       const std::filesystem::path& folder,
                                                       const Ci& ci);

}  // namespace harness
