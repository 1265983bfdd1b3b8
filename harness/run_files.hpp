// Everything that a rehearsal leaves in its run directory, drawn from the record.
#pragma once

#include "harness/ci_system.hpp"
#include "reports/record.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace harness {

// Sends the record through its own file, which cuts times to the microsecond: what is judged and
// drawn now is what will be judged and drawn again. Returns what is wrong with the file, and then
// leaves the record as it is.
std::optional<std::string> take_as_stored(reports::Record& record);

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
