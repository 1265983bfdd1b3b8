#include "scenarios/way_back.hpp"

#include "scenario_folder.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using Kind = Expectation::Kind;

constexpr const char* there_and_back = R"(
version: 1
workload:
  operations:
    - {name: read, sql: SELECT 1}
    - {name: fresh, app: new, sql: SELECT 2}
migration:
  up: [{sql: ALTER TABLE t ADD COLUMN c int}, {deploy: new}]
  down: [{deploy: old}, {sql: ALTER TABLE t DROP COLUMN c}]
adversaries: [{vacuum: {table: t}}]
verify:
  tables: [t, u]
  expect:
    t.c: {added: "1"}
    t.d: dropped
    t.e: {renamed: f}
    t.g: {rewritten: "g * 2"}
  invariants: [{name: none, sql: SELECT 0, equals: 0}]
)";

class WayBack : public ::testing::Test {
protected:
    const Scenario scenario = read_good(there_and_back);
    const Scenario back = way_back(scenario);
};

TEST_F(WayBack, ADownIsRehearsedUnlessItIsLeftOut) {
    EXPECT_TRUE(scenario.rollback);
    EXPECT_FALSE(read_good(there_and_back, {{"verify.rollback", "false"}}).rollback);
    EXPECT_FALSE(read_good(small_scenario()).rollback);
}

TEST_F(WayBack, RunsTheStepsOfDownInTheVersionThatUpLeaves) {
    ASSERT_EQ(back.up.size(), 2U);
    EXPECT_EQ(back.up[0].place.line, scenario.down[0].place.line);
    EXPECT_EQ(back.workload.first, workloads::App::new_version);
    EXPECT_TRUE(back.down.empty());
    EXPECT_FALSE(back.rollback);
}

TEST_F(WayBack, WithoutADeployTheOldVersionRuns) {
    const auto other = read_good(
        there_and_back, {{"migration.up", "[{pause: 1s}]"}, {"workload.operations.1.app", "both"}});
    EXPECT_EQ(way_back(other).workload.first, workloads::App::old_version);
}

TEST_F(WayBack, HasNeitherTheAdversariesNorTheInvariantsOfTheMigration) {
    EXPECT_TRUE(back.adversaries.empty());
    EXPECT_TRUE(back.verify->invariants.empty());
    EXPECT_EQ(back.gates.size(), scenario.gates.size());
}

TEST_F(WayBack, UndoesWhatWasDeclared) {
    const auto& table = back.verify->tables.at(0);
    ASSERT_EQ(table.expectations.size(), 2U);
    EXPECT_EQ(table.expectations[0].kind, Kind::dropped);
    EXPECT_EQ(table.expectations[0].column, "c");
    EXPECT_EQ(table.expectations[1].kind, Kind::renamed);
    EXPECT_EQ(table.expectations[1].column, "f");
    EXPECT_EQ(table.expectations[1].value, "e");
    EXPECT_EQ(table.except, (std::set<std::string>{"d", "g"}));
}

TEST_F(WayBack, WhatOnlyTheStateBeforeCanTellIsComparedWithThat) {
    const auto restored = restored_by_way_back(scenario);
    ASSERT_EQ(restored.size(), 2U);
    EXPECT_EQ(restored[0].only, (std::set<std::string>{"d", "g"}));
    EXPECT_TRUE(restored[0].expectations.empty());
    EXPECT_TRUE(restored[1].only.empty());
}

}  // namespace
}  // namespace scenarios
