// The CI system that a run belongs to, and what it is told in its own way.
#pragma once

#include "reports/record.hpp"
#include "reports/source_place.hpp"
#include "scenarios/scenario.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace harness {

enum class CiSystem : std::uint8_t { none, github, gitlab };

inline constexpr const char* code_quality_file = "gl-code-quality.json";

struct Ci {
    CiSystem system = CiSystem::none;
    reports::Checkout checkout;
    std::filesystem::path step_summary;  // GitHub's, which summaries are appended to; may be empty
};

// `asked`: github | gitlab | none; empty: GITHUB_ACTIONS=true or GITLAB_CI=true tells. The checkout
// is the CI system's own folder, elsewhere the current one, which is handed in.
[[nodiscard]] Ci find_ci(const std::string& asked,
                         const std::function<const char*(const char*)>& variable,
                         const std::filesystem::path& current);

// The same from this process.
[[nodiscard]] Ci ci_of_this_process(const std::string& asked);

// Of a run that is over: annotations and summary for GitHub. Annotations go to stderr, which GitHub
// reads as it reads stdout, so that stdout stays data. Nothing here changes the exit code: what
// cannot be written is said. GitLab reads files, see write_run_files.
void tell_ci(const Ci& ci, const reports::Record& record);

// Of a scenario that cannot be read.
void tell_ci(const Ci& ci, const std::vector<scenarios::Error>& errors);

}  // namespace harness
