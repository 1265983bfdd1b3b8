#include "scenarios/placebo.hpp"

#include "scenario_folder.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using namespace std::chrono_literals;

constexpr const char* gates = R"(
gates: {errors: 0, read.response.p99: {limit: 50ms}, fresh.errors: 0}
)";

std::vector<std::string> gates_of(const Scenario& scenario) {
    std::vector<std::string> names;
    for (const auto& gate : scenario.gates) {
        names.push_back(gate.name);
    }
    return names;
}

using Names = std::vector<std::string>;

TEST(PlaceboOf, WaitsInsteadOfMigrating) {
    const auto placebo = placebo_of(read_good(small_scenario()), 3s);
    ASSERT_EQ(placebo.up.size(), 1);
    ASSERT_TRUE(std::holds_alternative<PauseStep>(placebo.up[0].action));
    EXPECT_FALSE(placebo.verify);
    EXPECT_TRUE(placebo.down.empty());
}

TEST(PlaceboOf, LeavesOutWhatOnlyTheNewVersionSendsAndItsGates) {
    const auto scenario = read_good(std::string{R"(
version: 1
workload:
  operations:
    - {name: read, sql: SELECT 1}
    - {name: fresh, app: new, sql: SELECT 2}
migration: {up: [{deploy: new}]})"} +
                                    gates);
    ASSERT_EQ(scenario.gates.size(), 3);
    EXPECT_EQ(gates_of(placebo_of(scenario, 1s)), (Names{"errors", "read.response.p99"}));
}

TEST(PlaceboOf, KeepsTheGatesOfARecordingsOperations) {
    const ScenarioFolder folder;
    folder.write("app.csv", "");
    const auto path = folder.write("scenario.yaml", std::string{R"(
version: 1
workload: {replay: {logs: [app.csv]}}
migration: {up: [{sql: ALTER TABLE t ADD COLUMN c int}]})"} +
                                                        gates);
    const auto read = read_scenario(path, {});
    ASSERT_TRUE(std::holds_alternative<Scenario>(read));
    const auto& scenario = std::get<Scenario>(read);
    EXPECT_EQ(gates_of(placebo_of(scenario, 1s)), gates_of(scenario));
    EXPECT_EQ(scenario.gates.size(), 3);
}

}  // namespace
}  // namespace scenarios
