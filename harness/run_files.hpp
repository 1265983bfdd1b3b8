// Everything that a rehearsal leaves in its run directory, drawn from the record.
#pragma once

#include "harness/load/recorder.hpp"
#include "harness/run_directory.hpp"
#include "reports/record.hpp"

#include <vector>

namespace harness {

// result.json, summary.md and histograms/<operation>.hlog. Throws std::runtime_error where a file
// cannot be written.
void write_run_files(const reports::Record& record, const std::vector<load::Measured>& measured,
                     const RunDirectory& out);

}  // namespace harness
