#include "harness/plan.hpp"

#include "scenarios/scenario_file.hpp"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

namespace harness {
namespace {

namespace fs = std::filesystem;

scenarios::Scenario scenario_of(const std::string& yaml) {
    std::string folder = (fs::temp_directory_path() / "rehearse-test-XXXXXX").string();
    const fs::path base = mkdtemp(folder.data());
    std::ofstream{base / "s.yaml"} << yaml;
    auto read = scenarios::read_scenario(base / "s.yaml");
    fs::remove_all(base);
    if (const auto* errors = std::get_if<std::vector<scenarios::Error>>(&read)) {
        throw std::runtime_error{errors->front().text()};
    }
    return std::get<scenarios::Scenario>(std::move(read));
}

constexpr const char* small = R"(version: 1
name: small
workload:
  rate: 50/s
  connections: 3
  operations:
    - {name: often, weight: 3, sql: SELECT 1}
    - {name: seldom, weight: 1, sql: SELECT 2}
phases: {warmup: 1s, before: 2s, after: 1500ms}
migration:
  up:
    - {name: settle, pause: 5s}
    - {sql: ALTER TABLE t ADD COLUMN c int}
)";

TEST(Plan, SaysWhatWouldBeDoneInItsOrder) {
    const auto plan = plan_of(scenario_of(small), "");
    std::size_t at = 0;
    for (const char* part :
         {"small", "throwaway server", "3 connections, 50/s", "75.0 %  often", "25.0 %  seldom",
          "warmup     1 s", "before     2 s", "settle (pause)", "ALTER TABLE t ADD COLUMN c int",
          "after      1.5 s", "errors (default)"}) {
        const auto found = plan.find(part, at);
        ASSERT_NE(found, std::string::npos) << part << " is missing or out of order in\n" << plan;
        at = found;
    }
}

TEST(Plan, ShowsTheWayBackLast) {
    const auto plan = plan_of(
        scenario_of(std::string{small} + "  down:\n    - {sql: ALTER TABLE t DROP COLUMN c}\n"),
        "");
    EXPECT_LT(plan.find("after      1.5 s"), plan.find("ALTER TABLE t DROP COLUMN c")) << plan;
    EXPECT_NE(plan.find("ALTER TABLE t DROP COLUMN c"), std::string::npos);
}

TEST(Plan, NeverRepeatsAConnectionString) {
    const auto plan = plan_of(scenario_of(small), "postgresql://u:hunter2@host/db");
    EXPECT_EQ(plan.find("hunter2"), std::string::npos);
    EXPECT_NE(plan.find("marked as staging"), std::string::npos);
}

}  // namespace
}  // namespace harness
