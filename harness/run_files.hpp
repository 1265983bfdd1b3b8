// Everything that a rehearsal leaves in its run directory, drawn from the record.
#pragma once

#include "reports/record.hpp"

#include <filesystem>

namespace harness {

// What is drawn for people and programs, again and again: summary.md. Throws std::runtime_error
// where a file cannot be written.
void write_reports(const reports::Record& record, const std::filesystem::path& folder);

// The same, histograms/<operation>.hlog and, last, result.json: whoever sees it sees a whole run.
void write_run_files(const reports::Record& record, const std::filesystem::path& folder);

}  // namespace harness
