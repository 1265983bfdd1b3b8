#include "tests/unit/scenarios/scenario_folder.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <gtest/gtest.h>

namespace scenarios {

namespace fs = std::filesystem;

ScenarioFolder::ScenarioFolder() {
    auto pattern = (fs::temp_directory_path() / "rehearse-scenario-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        throw std::runtime_error{"cannot make a temporary folder"};
    }
    path_ = pattern;
}

ScenarioFolder::~ScenarioFolder() {
    std::error_code ignored;  // a folder left in /tmp fails no test
    fs::remove_all(path_, ignored);
}

fs::path ScenarioFolder::write(const std::string& name, std::string_view contents) const {
    const auto file = path_ / name;
    std::ofstream out{file, std::ios::binary};
    out.write(contents.data(), static_cast<std::streamsize>(contents.size()));
    out.close();
    if (!out) {
        throw std::runtime_error{"cannot write " + file.string()};
    }
    return file;
}

std::string small_scenario(const std::string& more) {
    return R"(version: 1
workload:
  operations:
    - {name: read, sql: SELECT 1}
migration: {up: []}
)" + more;
}

std::string with_operations(const std::string& operations) {
    return "version: 1\nmigration: {up: []}\nworkload:\n  operations:\n" + operations;
}

std::string with_steps(const std::string& steps) {
    return "version: 1\nworkload: {operations: [{name: read, sql: SELECT 1}]}\n"
           "migration:\n  up:\n" +
           steps;
}

Scenario read_good(std::string_view yaml, const std::vector<Override>& overrides) {
    const ScenarioFolder folder;
    auto read = read_scenario(folder.write("test.yaml", yaml), overrides);
    if (const auto* errors = std::get_if<std::vector<Error>>(&read)) {
        for (const auto& error : *errors) {
            ADD_FAILURE() << error.text();
        }
        return {};
    }
    return std::get<Scenario>(std::move(read));
}

std::vector<std::string> errors_of(std::string_view yaml, const std::vector<Override>& overrides) {
    const ScenarioFolder folder;
    const auto file = folder.write("test.yaml", yaml);
    const auto read = read_scenario(file, overrides);
    std::vector<std::string> out;
    if (const auto* errors = std::get_if<std::vector<Error>>(&read)) {
        for (const auto& error : *errors) {
            const auto own = file.string() + ":";
            const auto text = error.text();
            out.push_back(text.starts_with(own) ? text.substr(own.size()) : text);
        }
    }
    return out;
}

}  // namespace scenarios
