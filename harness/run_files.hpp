// Everything that a rehearsal leaves in its run directory, drawn from the record.
#pragma once

#include "harness/run_directory.hpp"
#include "reports/record.hpp"

namespace harness {

// result.json, report.html, summary.md and histograms/<operation>.hlog. Throws std::runtime_error
// where a file cannot be written.
void write_run_files(const reports::Record& record, const RunDirectory& out);

}  // namespace harness
