// A folder with a scenario and what it names, removed at the end of the test.
#pragma once

#include "scenarios/scenario_file.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace scenarios {

class ScenarioFolder {
public:
    ScenarioFolder();
    ~ScenarioFolder();
    ScenarioFolder(const ScenarioFolder&) = delete;
    ScenarioFolder& operator=(const ScenarioFolder&) = delete;

    std::filesystem::path write(const std::string& name, std::string_view contents) const;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// The smallest scenario, with other sections behind it.
[[nodiscard]] std::string small_scenario(const std::string& more = "");

// With these operations (a YAML list, indented by 4).
[[nodiscard]] std::string with_operations(const std::string& operations);

// With these steps (a YAML list, indented by 4).
[[nodiscard]] std::string with_steps(const std::string& steps);

// Reads a text as a scenario file; fails the test when it has errors.
[[nodiscard]] Scenario read_good(std::string_view yaml, const std::vector<Override>& = {});

// "line:column: message" of each error, the file's name left out.
[[nodiscard]] std::vector<std::string> errors_of(std::string_view yaml,
                                                 const std::vector<Override>& = {});

}  // namespace scenarios
