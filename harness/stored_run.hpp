// Runs that were kept: read back, judged again, drawn again.
#pragma once

#include "reports/record.hpp"

#include <filesystem>
#include <string>

namespace harness {

struct StoredRun {
    std::string name;  // as it was called
    std::filesystem::path folder;
    reports::Record record;
};

// `path`: a run directory, or the result.json of one. Throws UsageError, with the place, when it is
// none.
[[nodiscard]] StoredRun read_stored_run(const std::filesystem::path& path);

// `path`: a placebo.json or the folder of one. Throws as above.
[[nodiscard]] reports::PlaceboResult read_stored_placebo(const std::filesystem::path& path);

}  // namespace harness
