// What a bad file is told.
#include "tests/unit/scenarios/scenario_folder.hpp"
#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

TEST(ScenarioErrors, AllAreToldAtOnceSortedByPlace) {
    const auto errors = errors_of(R"(version: 2
nam: x
workload:
  connections: 0
  rate: 2000
  operations:
    - {name: a, weight: 0, sql: SELECT 1}
migration: {up: [{pause: 5}]}
)");
    EXPECT_THAT(errors,
                ElementsAre(StartsWith("1:10: `version` must be 1, not `2`"),
                            StartsWith("2:1: unknown key `nam`; did you mean `name`?"),
                            StartsWith("4:16: `workload.connections` must be"),
                            StartsWith("5:9: `workload.rate` must be a rate such as 2000/s"),
                            StartsWith("7:25: `workload.operations.0.weight` must be"),
                            StartsWith("8:26: `migration.up.0.pause` must be a duration")));
}

TEST(ScenarioErrors, AnOperationsUnknownKeyHidesNoneOfItsOtherErrors) {
    EXPECT_THAT(errors_of(R"x(version: 1
name: x
workload:
  operations:
    - name: a
      wieght: 3
      params: {id: "uniform(9, 1)"}
      sql: SELECT :id, :customer
    - {weight: 1e-06, nmae: b, sql: "SELECT :order_id"}
migration: {up: [{pause: 5s}]}
)x"),
                ElementsAre(StartsWith("6:7: unknown key `wieght`"),
                            AllOf(StartsWith("7:29: operation `a`"), HasSubstr("uniform")),
                            AllOf(StartsWith("8:24: operation `a`"), HasSubstr("customer")),
                            AllOf(StartsWith("9:7: "), HasSubstr("lacks the key `name`")),
                            StartsWith("9:23: unknown key `nmae`"),
                            AllOf(StartsWith("9:"), HasSubstr("order_id"))));
}

TEST(ScenarioErrors, AWrongNameIsOneErrorWhereverItIsUsed) {
    EXPECT_THAT(
        errors_of(R"x(version: 1
name: x
workload: {operations: [{name: read order, sql: SELECT 1}]}
migration: {up: [{pause: 5s}]}
gates: {read order.response.p99: 50ms}
)x"),
        ElementsAre(AllOf(StartsWith("3:32: "), HasSubstr("`workload.operations.0.name`"))));
}

TEST(ScenarioErrors, BesideThemStandsWhatOnlyTheServerCanTell) {
    EXPECT_THAT(errors_of(R"x(version: 1
name: x
workload: {operations: [{name: a, sql: SELECT FROM WHERE}]}
migration: {up: [{pause: 5}]}
)x"),
                ElementsAre(AllOf(StartsWith("3:"), HasSubstr("the server decides")),
                            StartsWith("4:26: ")));
}

TEST(ScenarioErrors, MistypedParametersAreOneError) {
    EXPECT_THAT(errors_of(R"x(version: 1
name: x
workload:
  operations:
    - {name: a, parms: {id: "uniform(1, 9)"}, sql: "SELECT :id"}
migration: {up: [{pause: 5s}]}
)x"),
                ElementsAre(StartsWith("5:17: unknown key `parms`")));
}

TEST(ScenarioErrors, FilesThatAreNoScenarioAreNamed) {
    const ScenarioFolder folder;
    const auto only = [&](const std::filesystem::path& file) {
        const auto read = read_scenario(file);
        const auto* errors = std::get_if<std::vector<Error>>(&read);
        return errors != nullptr && errors->size() == 1 ? errors->front().text() : "none or many";
    };
    EXPECT_EQ(only(folder.path() / "no.yaml"),
              (folder.path() / "no.yaml").string() + ": the scenario does not exist");
    EXPECT_THAT(only(folder.path()), HasSubstr("is a directory"));
    EXPECT_THAT(only(folder.write("empty", "")), HasSubstr("is empty"));
    EXPECT_THAT(only(folder.write("list", "- a\n")), HasSubstr("must be a mapping"));
    EXPECT_THAT(only(folder.write("binary", std::string_view{"\x7F"
                                                             "ELF\x02\0",
                                                             6})),
                HasSubstr("not UTF-8 text"));
    EXPECT_THAT(only(folder.write("big", std::string(5'000'000, '#'))),
                HasSubstr("larger than 4 MB"));
}

TEST(ScenarioErrors, AUriDoesNotBelongInTheFile) {
    for (const auto* target :
         {"{dsn: \"postgres://u:secret@h/d\"}", "{uri: \"postgres://u:secret@h\"}",
          "{dsn_env: \"postgres://u:secret@h/d\"}"}) {
        const auto errors = errors_of(small_scenario("target: " + std::string{target} + "\n"));
        EXPECT_THAT(errors, ElementsAre(AllOf(HasSubstr("environment variable"),
                                              Not(HasSubstr("secret")))));
    }
}

TEST(ScenarioErrors, AThrowawayServersKeysExcludeATarget) {
    EXPECT_THAT(errors_of(small_scenario("target: {dsn_env: A, server: 15}\n")),
                ElementsAre(StartsWith("6:30: `target.server` is for a throwaway server")));
    EXPECT_THAT(errors_of(small_scenario("target: {replicas_env: [A]}\n")),
                ElementsAre(HasSubstr("only beside `dsn_env`")));
    EXPECT_THAT(errors_of(small_scenario("target: {settings: {listen_addresses: '*'}}\n")),
                ElementsAre(HasSubstr("harness's own")));
}

TEST(ScenarioErrors, OpenAndClosedLoopAreNotMixed) {
    EXPECT_THAT(
        errors_of(small_scenario(), {{"workload.rate", "5/s"}, {"workload.think_time", "5ms"}}),
        ElementsAre(HasSubstr("`workload.think_time` is for a closed loop")));
    EXPECT_THAT(errors_of(small_scenario(), {{"workload.arrival", "poisson"}}),
                ElementsAre(HasSubstr("give a `rate` too")));
    EXPECT_THAT(
        errors_of(small_scenario(), {{"workload.connections", "2"}, {"workload.threads", "3"}}),
        ElementsAre(HasSubstr("more than the 2 connections")));
}

TEST(ScenarioErrors, AWorkloadHasOperationsWithNamesOfTheirOwn) {
    EXPECT_THAT(
        errors_of("version: 1\nworkload: {operations: []}\nmigration: {up: []}\n"),
        ElementsAre(StartsWith("2:24: `workload.operations` must have at least one entry")));
    EXPECT_THAT(
        errors_of("version: 1\nworkload: {}\nmigration: {up: []}\n"),
        ElementsAre(HasSubstr("needs one of `operations`, `pgbench`, `replay` or `synthesize`")));
    EXPECT_THAT(errors_of(with_operations("    - {name: a, sql: SELECT 1}\n"
                                          "    - {name: a, sql: SELECT 2}\n")),
                ElementsAre("6:14: two operations are called `a`; the first stands in line 5"));
    EXPECT_THAT(
        errors_of(with_operations("    - {name: a, sql: SELECT 1, transaction: [SELECT 1]}\n")),
        ElementsAre(HasSubstr("has `sql` and `transaction`; only one")));
    EXPECT_THAT(errors_of(with_operations("    - {name: a}\n")),
                ElementsAre(HasSubstr("needs one of `sql` or `transaction`")));
}

TEST(ScenarioErrors, OperationErrorsPointIntoTheirText) {
    EXPECT_THAT(errors_of(with_operations("    - name: a\n"
                                          "      sql: |\n"
                                          "        SELECT 1\n"
                                          "        FROM t WHERE x = :nope\n")),
                ElementsAre(StartsWith("8:26: operation `a`: :nope")));
    EXPECT_THAT(errors_of(with_operations("    - {name: a, sql: \"SELECT 'x', :nope\"}\n")),
                ElementsAre(StartsWith("5:35: operation `a`: :nope")));
    EXPECT_THAT(errors_of(with_operations(
                    "    - {name: a, params: {id: \"unifrm(1, 2)\"}, sql: SELECT :id}\n")),
                ElementsAre(StartsWith("5:31: operation `a`: ")));
    EXPECT_THAT(errors_of(with_operations("    - {name: a, params: {id: 1}, sql: SELECT 1}\n")),
                ElementsAre(AllOf(StartsWith("5:30: "), HasSubstr("never used"))));
}

TEST(ScenarioErrors, AnOperationsStatementIsOneAndNoTransactionControl) {
    EXPECT_THAT(errors_of(with_operations("    - {name: a, sql: SELECT 1; SELECT 2}\n")),
                ElementsAre(HasSubstr("holds 2 statements")));
    EXPECT_THAT(errors_of(with_operations("    - {name: a, transaction: [BEGIN, SELECT 1]}\n")),
                ElementsAre(StartsWith("5:31: operation `a`: remove `BEGIN`")));
    EXPECT_THAT(errors_of(with_operations("    - {name: a, transaction: [VACUUM t]}\n")),
                ElementsAre(HasSubstr("cannot run inside a transaction")));
    EXPECT_THAT(errors_of(with_operations("    - {name: a, sql: VACUUM t}\n")), IsEmpty());
    EXPECT_THAT(errors_of(with_operations("    - {name: a, sql: SELEC 1}\n")),
                ElementsAre(StartsWith("5:22: operation `a`: not valid SQL")));
}

TEST(ScenarioErrors, OperationsOfAVersionThatNeverComesAreRefused) {
    const std::string both =
        "    - {name: a, app: new, sql: SELECT 1}\n    - {name: b, sql: SELECT 1}\n";
    EXPECT_THAT(errors_of(with_operations(both)),
                ElementsAre(StartsWith("5:7: operation `a` would never run")));
    EXPECT_THAT(errors_of(with_operations(both), {{"migration.up", "[{deploy: new}]"}}), IsEmpty());
    EXPECT_THAT(errors_of(with_operations(both), {{"migration.up", "[{deploy: old}]"}}),
                ElementsAre(HasSubstr("would never run")));
    EXPECT_THAT(errors_of(with_operations("    - {name: a, app: new, sql: SELECT 1}\n"),
                          {{"migration.up", "[{deploy: new}]"}}),
                ElementsAre(HasSubstr("nothing to send before the deploy")));
    EXPECT_THAT(errors_of(with_operations("    - {name: a, app: old, sql: SELECT 1}\n"),
                          {{"migration.up", "[{deploy: new}]"}}),
                IsEmpty());
}

TEST(ScenarioErrors, AMigrationOfNothingIsSaidOutright) {
    const std::string head = "version: 1\nworkload: {operations: [{name: a, sql: SELECT 1}]}\n";
    EXPECT_THAT(errors_of(head), ElementsAre(HasSubstr("lacks the key `migration`")));
    EXPECT_THAT(errors_of(head + "migration: {}\n"), ElementsAre(HasSubstr("lacks the key `up`")));
    EXPECT_THAT(errors_of(head + "migration:\n  up:\n"), ElementsAre(HasSubstr("has no value")));
    EXPECT_THAT(errors_of(head + "migration: {up: [], down: []}\n"),
                ElementsAre(HasSubstr("`migration.down` must have at least")));
    EXPECT_THAT(errors_of(head + "migration: {up: [{pause: 1s}], down: [{pause: 1s}]}\n"
                                 "verify: {rollback: true}\n"),
                ElementsAre(HasSubstr("`verify.rollback` needs `tables`")));
    EXPECT_THAT(errors_of(small_scenario("verify: {tables: [t], rollback: true}\n")),
                ElementsAre(HasSubstr("`verify.rollback` needs the way back: `migration.down`")));
}

TEST(ScenarioErrors, StatementsThatCannotRunInTheStepsTransactionAreToldWithTheRemedy) {
    EXPECT_THAT(errors_of(with_steps("    - sql: |\n"
                                     "        SELECT 1;\n"
                                     "        CREATE INDEX CONCURRENTLY i ON t (a);\n")),
                ElementsAre(AllOf(StartsWith("7:9: `CREATE INDEX CONCURRENTLY i ON t (a)`"),
                                  HasSubstr("write `transaction: false`"))));
    EXPECT_THAT(errors_of(with_steps("    - {sql: VACUUM t, transaction: false}\n")), IsEmpty());
    EXPECT_THAT(errors_of(with_steps("    - sql: BEGIN; SELECT 1; COMMIT\n")),
                ElementsAre(StartsWith("5:12: `BEGIN`"), StartsWith("5:29: `COMMIT`")));
    EXPECT_THAT(errors_of(with_steps("    - {sql: BEGIN; SELECT 1; COMMIT, transaction: false}\n")),
                IsEmpty());
    EXPECT_THAT(errors_of(with_steps("    - {sql: BEGIN; SELECT 1, transaction: false}\n")),
                ElementsAre(StartsWith("5:13: this transaction is begun and never ended")));
    EXPECT_THAT(errors_of(with_steps("    - {sql: BEGIN; VACUUM t; COMMIT, transaction: false}\n")),
                ElementsAre(StartsWith("5:20: `VACUUM t` cannot run")));
}

TEST(ScenarioErrors, ErrorsInAStepsFileStandInThatFile) {
    const ScenarioFolder folder;
    folder.write("step.sql", "SELECT 1;\r\n\r\n  VACUUM t;\r\n");
    const auto scenario =
        folder.write("s.yaml", with_steps("    - file: step.sql\n    - file: no.sql\n"));
    const auto read = read_scenario(scenario);
    const auto& errors = std::get<std::vector<Error>>(read);
    ASSERT_EQ(errors.size(), 2U);
    EXPECT_THAT(errors[0].text(), AllOf(StartsWith(scenario.string() + ":6:13: "),
                                        HasSubstr("no.sql` does not exist")));
    EXPECT_EQ(errors[1].file, folder.path() / "step.sql");
    EXPECT_EQ(errors[1].place.line, 3);
    EXPECT_EQ(errors[1].place.column, 3);
}

TEST(ScenarioErrors, AStepFileThatIsNoSqlTextIsRefused) {
    const ScenarioFolder folder;
    folder.write("latin.sql", "SELECT '\xE9'");
    folder.write("empty.sql", "-- nothing\n");
    folder.write("big.sql", std::string((16U << 20U) + 1, ' '));
    const auto read = read_scenario(folder.write(
        "s.yaml", with_steps("    - file: latin.sql\n    - file: empty.sql\n    - file: big.sql\n"
                             "    - file: .\n")));
    std::vector<std::string> texts;
    for (const auto& error : std::get<std::vector<Error>>(read)) {
        texts.push_back(error.text());
    }
    EXPECT_THAT(texts, ElementsAre(HasSubstr("larger than 16 MB"), HasSubstr("is a directory"),
                                   HasSubstr("no SQL statement"),
                                   AllOf(HasSubstr("latin.sql:1:9: "), HasSubstr("UTF-8"))));
}

TEST(ScenarioErrors, SetupFilesMustBeThere) {
    EXPECT_THAT(errors_of(small_scenario("setup: [nope.sql, .]\n")),
                ElementsAre(AllOf(StartsWith("6:9: "), HasSubstr("nope.sql` does not exist")),
                            AllOf(StartsWith("6:19: "), HasSubstr("is a directory"))));
}

TEST(ScenarioErrors, AStepIsOneThingAndItsKeysFitIt) {
    EXPECT_THAT(errors_of(with_steps("    - {pause: 1s, sql: SELECT 1}\n")),
                ElementsAre(HasSubstr("has `sql` and `pause`; only one")));
    EXPECT_THAT(errors_of(with_steps("    - {name: x}\n")), ElementsAre(HasSubstr("needs one of")));
    EXPECT_THAT(errors_of(with_steps("    - {pause: 1s, lock_timeout: 1s}\n")),
                ElementsAre(HasSubstr("only beside `sql`, `file` or `backfill`")));
    EXPECT_THAT(errors_of(with_steps("    - {sql: SELECT 1, lock_timeout: 0}\n")),
                ElementsAre(HasSubstr("from 1ms")));
    EXPECT_THAT(errors_of(with_steps("    - {name: x, pause: 1s}\n    - {name: x, pause: 1s}\n")),
                ElementsAre("6:14: two steps are called `x`; the first stands in line 5"));
    EXPECT_THAT(errors_of(with_steps("    - {sqll: SELECT 1}\n")),
                ElementsAre(AllOf(StartsWith("5:8: "), HasSubstr("did you mean `sql`?"))));
    EXPECT_THAT(errors_of(with_steps("    - {command: [x], env: {A: \"{{target.url}}\"}}\n")),
                ElementsAre(AllOf(StartsWith("5:32: "), HasSubstr("write {{target.uri}}"))));
    EXPECT_THAT(errors_of(with_steps("    - {wait_for: SELECT 1; SELECT 2}\n")),
                ElementsAre(AllOf(StartsWith("5:28: "), HasSubstr("only one statement"))));
}

TEST(ScenarioErrors, ABackfillsPartsAreOneUpdate) {
    EXPECT_THAT(errors_of(with_steps("    - backfill: {table: t, set: \"a = 1; DROP TABLE x\"}\n")),
                ElementsAre(StartsWith("5:41: a second statement starts here")));
    EXPECT_THAT(
        errors_of(with_steps("    - backfill: {table: t, set: a = 1, where: \"b = 'x\"}\n")),
        ElementsAre(AllOf(StartsWith("5:52: "), HasSubstr("unterminated"))));
    EXPECT_THAT(errors_of(with_steps("    - backfill: {table: or ders, set: a = 1}\n")),
                ElementsAre(HasSubstr("must be a table's name")));
    EXPECT_THAT(errors_of(with_steps("    - backfill: {table: order, set: a = 1}\n")),
                ElementsAre(StartsWith("5:25: `order` is a reserved word")));
    EXPECT_THAT(
        errors_of(with_steps("    - backfill: {table: '\"Or\"\"ders\".\"x y\"', set: a = 1}\n")),
        IsEmpty());
}

TEST(ScenarioErrors, GatesNameWhatIsKnown) {
    EXPECT_THAT(
        errors_of(small_scenario("gates:\n  raed.response.p99: 5ms\n")),
        ElementsAre(AllOf(StartsWith("7:3: gate `raed.response.p99`: no operation is called"),
                          HasSubstr("did you mean `read`?"))));
    EXPECT_THAT(errors_of(small_scenario("gates: {lock_wait.mx: 5ms}\n")),
                ElementsAre(StartsWith("6:9: gate `lock_wait.mx`: ")));
    EXPECT_THAT(errors_of(small_scenario("gates: {stall.max: 500}\n")),
                ElementsAre(StartsWith("6:9: gate `stall.max`: ")));
    EXPECT_THAT(errors_of(small_scenario("gates: {}\n")),
                ElementsAre(HasSubstr("at least one entry")));
}

TEST(ScenarioErrors, AdversariesAreChecked) {
    EXPECT_THAT(errors_of(small_scenario("adversaries:\n  - vacuum: {tabel: x, freeze: yes}\n")),
                ElementsAre(HasSubstr("lacks the key `table`"), HasSubstr("did you mean `table`?"),
                            HasSubstr("must be true or false, not `yes`")));
    EXPECT_THAT(errors_of(small_scenario("adversaries:\n  - long_report: {sql: SELECT 'x}\n")),
                ElementsAre(AllOf(StartsWith("7:31: "), HasSubstr("unterminated"))));
    EXPECT_THAT(errors_of(small_scenario("adversaries:\n  - {name: a, vacuum: {table: x}}\n"
                                         "  - {name: a, vacuum: {table: y}}\n")),
                ElementsAre(HasSubstr("two adversaries are called `a`")));
}

TEST(ScenarioErrors, NumbersAndFlagsAreNoTexts) {
    EXPECT_THAT(errors_of(small_scenario("observe: {locks: 1ms}\n")),
                ElementsAre(HasSubstr("from 5ms to 10s")));
    EXPECT_THAT(errors_of(small_scenario(), {{"workload.connections", "'5'"}}),
                ElementsAre(HasSubstr("write it without quotes")));
    EXPECT_THAT(errors_of(small_scenario("name: ../x\n")),
                ElementsAre(HasSubstr("a run's folder")));
}

}  // namespace
}  // namespace scenarios
