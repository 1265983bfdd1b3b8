// `workload.synthesize`: what the file may say, and the scenario once the source was read.
#include "tests/unit/scenarios/scenario_folder.hpp"
#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using namespace std::chrono_literals;

std::string synthesizing(const std::string& keys, const std::string& more = "") {
    return "version: 1\nworkload:\n  synthesize: " + keys + "\n" + more +
           "migration: {up: [{pause: 1s}]}\n";
}

// As the command writes it.
constexpr const char* workload_text = R"(# A workload.
workload:
  connections: 8
  rate: 12.5/s
  session:
    old: SET search_path = shop
    new: SET search_path = shop
  operations:
    # half of it
    - name: select_orders_by_id
      weight: 3
      params:
        id: uniform(1, 9)
      sql: SELECT * FROM orders WHERE id = :id
    - name: select_all
      sql: SELECT 1
)";

class SynthesizedScenario : public testing::Test {
protected:
    std::variant<Scenario, std::vector<Error>> read(const std::string& yaml,
                                                    const std::string& made = workload_text,
                                                    const std::vector<Override>& overrides = {}) {
        return read_synthesized_scenario(folder_.write("test.yaml", yaml), overrides, made);
    }

    std::vector<std::string> errors(const std::string& yaml,
                                    const std::string& made = workload_text) {
        std::vector<std::string> texts;
        const auto result = read(yaml, made);
        if (const auto* found = std::get_if<std::vector<Error>>(&result)) {
            for (const auto& error : *found) {
                texts.push_back(error.text().substr(folder_.path().string().size() + 1));
            }
        }
        return texts;
    }

    ScenarioFolder folder_;
};

TEST(SynthesizeSection, TellsWhereTheLoadComesFrom) {
    const auto whole = *read_good(synthesizing("{from: pg_stat_statements, dsn_env: PROD, scale: "
                                               "0.1, top: 7, window: 5m, keep_values: true}"))
                            .workload.synthesize;
    EXPECT_EQ(whole.dsn_env, "PROD");
    EXPECT_EQ(whole.scale, 0.1);
    EXPECT_EQ(whole.top, 7);
    EXPECT_EQ(whole.window, 5min);
    EXPECT_TRUE(whole.keep_values);
    EXPECT_EQ(whole.place.line, 3);

    const auto least = *read_good(synthesizing("{dsn_env: PROD}")).workload.synthesize;
    EXPECT_EQ(least.scale, 1);
    EXPECT_EQ(least.top, 200);
    EXPECT_EQ(least.window, 60s);
    EXPECT_FALSE(least.keep_values);
    EXPECT_EQ(read_good(synthesizing("{dsn_env: PROD, window: 0}")).workload.synthesize->window,
              0s);
}

TEST(SynthesizeSection, LeavesTheRestOfTheWorkloadToTheFile) {
    const auto workload = read_good(synthesizing("{dsn_env: PROD}",
                                                 "  threads: 32\n  arrival: constant\n"
                                                 "  protocol: simple\n  statement_timeout: 1s\n"))
                              .workload;
    EXPECT_EQ(workload.threads, 32);
    EXPECT_EQ(workload.arrival, workloads::ArrivalKind::constant);
    EXPECT_EQ(workload.protocol, Protocol::simple);
}

TEST(SynthesizeSection, EveryErrorIsToldWithItsPlace) {
    EXPECT_THAT(
        errors_of(synthesizing("{from: logs, scale: 0, top: 0, window: 60, keep_values: maybe, "
                               "tpo: 1}")),
        ElementsAre(StartsWith("3:15: `workload.synthesize` lacks the key `dsn_env`"),
                    StartsWith("3:22: `workload.synthesize.from` must be"),
                    StartsWith("3:35: `workload.synthesize.scale` must be"),
                    StartsWith("3:43: `workload.synthesize.top` must be"),
                    StartsWith("3:54: `workload.synthesize.window` must be a duration"),
                    StartsWith("3:71: `workload.synthesize.keep_values` must be"),
                    AllOf(StartsWith("3:78: unknown key `tpo`"), HasSubstr("`top`"))));
    EXPECT_THAT(errors_of(synthesizing("{dsn_env: \"postgresql://me:secret@prod/shop\"}")),
                ElementsAre(HasSubstr("does not belong in a scenario")));
}

TEST(SynthesizeSection, WhatTheSourceSaysMustNotStandBesideIt) {
    EXPECT_THAT(errors_of(synthesizing("{dsn_env: PROD}",
                                       "  connections: 4\n  rate: 5/s\n  think_time: 1s\n"
                                       "  session: {old: SELECT 1}\n"
                                       "  operations: [{name: a, sql: SELECT 1}]\n"
                                       "  pgbench: [{script: no.sql}]\n")),
                ElementsAre(AllOf(StartsWith("4:16: `workload.connections` is what the source's"),
                                  HasSubstr("rehearse workload synthesize")),
                            StartsWith("5:9: `workload.rate` is what"),
                            StartsWith("6:15: `workload.think_time` is what"),
                            StartsWith("7:12: `workload.session` is what"),
                            StartsWith("8:15: `workload.operations` is what"),
                            StartsWith("9:12: `workload.pgbench` is what"),
                            StartsWith("9:22: the script")));
    EXPECT_THAT(errors_of(synthesizing("{dsn_env: PROD}", "  replay: {logs: [no.csv]}\n")),
                ElementsAre(StartsWith("4:11: `workload.replay` is what"),
                            StartsWith("4:19: no file matches")));
}

TEST_F(SynthesizedScenario, HasTheWorkloadInThePlaceOfItsSource) {
    const auto yaml =
        synthesizing("{dsn_env: PROD}", "  threads: 2\n") + "gates: {select_all.errors: 0}\n";
    const auto read_again = read(yaml);
    ASSERT_TRUE(std::holds_alternative<Scenario>(read_again));
    const auto& workload = std::get<Scenario>(read_again).workload;
    EXPECT_FALSE(workload.synthesize);
    EXPECT_TRUE(workload.synthesized);
    EXPECT_EQ(workload.connections, 8);
    EXPECT_EQ(workload.rate, 12.5);
    EXPECT_EQ(workload.threads, 2);
    EXPECT_EQ(workload.session_new, "SET search_path = shop");
    ASSERT_EQ(workload.operations.size(), 2U);
    EXPECT_EQ(workload.operations[0].name, "select_orders_by_id");
    EXPECT_EQ(workload.operations[0].weight, 3);
    EXPECT_EQ(workload.operation_places[1].line, 3);
}

TEST_F(SynthesizedScenario, IsTheOneThatTheOverridesMake) {
    const auto read_again = read(synthesizing("{dsn_env: PROD}"), workload_text,
                                 {{"workload.synthesize.scale", "0.5"}, {"phases.before", "2s"}});
    ASSERT_TRUE(std::holds_alternative<Scenario>(read_again));
    EXPECT_EQ(std::get<Scenario>(read_again).phases.before, 2s);
}

TEST_F(SynthesizedScenario, WhatDoesNotFitIsToldWhereTheSourceIsNamed) {
    EXPECT_THAT(errors(synthesizing("{dsn_env: PROD}", "  threads: 9\n")),
                ElementsAre(StartsWith("test.yaml:4:12: `workload.threads` is more than the 8")));
    EXPECT_THAT(errors(synthesizing("{dsn_env: PROD}") + "gates: {select_al.errors: 0}\n"),
                ElementsAre(AllOf(StartsWith("test.yaml:5:9: gate `select_al.errors`"),
                                  HasSubstr("did you mean `select_all`"))));
    EXPECT_THAT(errors(synthesizing("{dsn_env: PROD}"),
                       "workload:\n  operations:\n    - {name: a, sql: \"SELECT :nope\"}\n"),
                ElementsAre(StartsWith("test.yaml:3:15: operation `a`: :nope")));
}

TEST_F(SynthesizedScenario, AFileThatWasChangedMeanwhileIsRefused) {
    EXPECT_THAT(errors(small_scenario()), ElementsAre(HasSubstr("no longer says")));
    EXPECT_THAT(errors(synthesizing("{dsn_env: PROD}", "  rate: 5/s\n")),
                ElementsAre(HasSubstr("`workload.rate` stands beside `synthesize`")));
}

}  // namespace
}  // namespace scenarios
