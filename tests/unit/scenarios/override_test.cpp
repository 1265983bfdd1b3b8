#include "tests/unit/scenarios/scenario_folder.hpp"
#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using namespace std::chrono_literals;

TEST(Override, ReplacesAValue) {
    const auto yaml = small_scenario("phases: {before: 30s}\n");
    EXPECT_EQ(read_good(yaml, {{"phases.before", "2s"}}).phases.before, 2s);
    EXPECT_EQ(read_good(yaml, {{"phases.before", "2s"}, {"phases.before", "3s"}}).phases.before,
              3s);
}

TEST(Override, AddsWhatIsMissingOnTheWay) {
    const auto scenario =
        read_good(small_scenario(), {{"workload.rate", "500/s"},
                                     {"observe.locks", "50ms"},
                                     {"workload.operations.0.weight", "3"},
                                     {"workload.operations.1", "{name: second, sql: SELECT 2}"}});
    EXPECT_EQ(scenario.workload.rate, 500.0);
    EXPECT_EQ(scenario.observe.lock_interval, 50ms);
    ASSERT_EQ(scenario.workload.operations.size(), 2U);
    EXPECT_EQ(scenario.workload.operations[0].weight, 3);
    EXPECT_EQ(scenario.workload.operations[1].name, "second");
}

TEST(Override, KeysWithDotsAreWrittenAsTheyAre) {
    const auto yaml = small_scenario("gates: {response.p99: {ratio: 1.2, floor: 5ms}}\n");
    const auto scenario =
        read_good(yaml, {{"gates.response.p99.ratio", "1.5"},
                         {"gates.lock_wait.max", "300ms"},
                         {"target.settings.auto_explain.log_min_duration", "10"}});
    ASSERT_EQ(scenario.gates.size(), 2U);
    EXPECT_EQ(scenario.gates[0].ratio, 1.5);
    EXPECT_EQ(scenario.gates[1].limit, 300.0);
    EXPECT_EQ(scenario.target.settings.at("auto_explain.log_min_duration"), "10");
}

TEST(Override, AWholeSectionCanBeGiven) {
    const auto scenario = read_good(small_scenario(), {{"migration.up", "[{pause: 1s}]"}});
    ASSERT_EQ(scenario.up.size(), 1U);
}

TEST(Override, APathThatLeadsNowhereIsExplained) {
    EXPECT_THAT(errors_of(small_scenario(), {{"workload.rat", "5/s"}}),
                ElementsAre(AllOf(StartsWith(" --set workload.rat: unknown key `rat`"),
                                  HasSubstr("did you mean `rate`?"))));
    EXPECT_THAT(errors_of(small_scenario(), {{"wrkload.rate", "5/s"}}),
                ElementsAre(HasSubstr("did you mean `workload`?")));
    EXPECT_THAT(errors_of(small_scenario(), {{"workload.operations.7.weight", "2"}}),
                ElementsAre(HasSubstr("the entries 0 to 0; `7` is none of them")));
    EXPECT_THAT(errors_of(small_scenario(), {{"workload.operations.read.weight", "2"}}),
                ElementsAre(HasSubstr("`read` is none of them")));
    EXPECT_THAT(errors_of(small_scenario(), {{"version.x", "2"}}),
                ElementsAre(HasSubstr("`version` is a single value")));
    EXPECT_THAT(errors_of(small_scenario(), {{"a..b", "2"}, {"", "1"}}),
                Each(HasSubstr("is no path")));
}

TEST(Override, AValueThatDoesNotFitIsToldWithItsPath) {
    EXPECT_THAT(errors_of(small_scenario(), {{"workload.connections", "many"}}),
                ElementsAre(StartsWith(
                    " --set workload.connections: `workload.connections` must be a whole number")));
    EXPECT_THAT(errors_of(small_scenario(), {{"workload.connections", "[1"}}),
                ElementsAre(HasSubstr("not valid YAML")));
    EXPECT_THAT(errors_of(small_scenario(), {{"workload.connections", ""}}),
                ElementsAre(HasSubstr("has no value")));
    EXPECT_THAT(errors_of(small_scenario(), {{"migration.up.0.sql", "SELECT 'x"}}),
                Contains(HasSubstr("--set migration.up.0.sql: not valid SQL")));
}

TEST(Override, AUriWithAPasswordIsNotRepeated) {
    for (const auto* path : {"target.dsn", "target.dsn_env", "target.replicas_env.0"}) {
        for (const auto& error :
             errors_of(small_scenario(), {{path, "postgres://me:secret@host/db"}})) {
            EXPECT_THAT(error, Not(HasSubstr("secret")));
        }
    }
}

}  // namespace
}  // namespace scenarios
