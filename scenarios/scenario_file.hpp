// Reads a scenario file strictly: either a whole scenario or every error in it.
#pragma once

#include "scenarios/scenario.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace scenarios {

// --set path=value: replaces or adds one value, for example workload.rate=500/s or
// migration.up.0.lock_timeout=1s.
using Override = std::pair<std::string, std::string>;

// Errors are sorted by place. Unknown keys are named with the nearest known one. Files larger than
// 4 MB, YAML aliases that expand beyond it, and nesting deeper than 64 are refused. Step files are
// read and split here, so that a typing error shows before anything is touched; setup files must be
// there and readable.
[[nodiscard]] std::variant<Scenario, std::vector<Error>> read_scenario(
    const std::filesystem::path& file, const std::vector<Override>& overrides = {});

// The same once the source of `workload.synthesize` was read: `workload_file` is the text that it
// came to, and its `workload` stands where `synthesize` stood.
[[nodiscard]] std::variant<Scenario, std::vector<Error>> read_synthesized_scenario(
    const std::filesystem::path& file, const std::vector<Override>& overrides,
    const std::string& workload_file);

// The scenario file's JSON Schema (draft 7), as text.
[[nodiscard]] std::string json_schema();

}  // namespace scenarios
