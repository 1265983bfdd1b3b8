// Gates in a file of their own, to judge a stored run by.
#pragma once

#include "reports/gates.hpp"
#include "scenarios/scenario.hpp"

#include <filesystem>
#include <string_view>
#include <variant>
#include <vector>

namespace scenarios {

// What the file holds under `gates:` (a scenario will do: nothing else of it is looked at), or at
// its top. `operations`: those of the run that is judged. Or every error in it.
[[nodiscard]] std::variant<std::vector<reports::Gate>, std::vector<Error>> read_gates_file(
    const std::filesystem::path& file, const std::vector<std::string_view>& operations);

}  // namespace scenarios
