// What a good file becomes.
#include "tests/unit/scenarios/scenario_folder.hpp"
#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using namespace std::chrono_literals;

constexpr const char* whole_scenario = R"yaml(version: 1
name: add-region-not-null
description: orders gets a mandatory region
target: {dsn_env: STAGING_URL, replicas_env: [REPLICA_URL]}
setup: [schema.sql]
workload:
  connections: 32
  threads: 2
  rate: 2000/s
  arrival: uniform
  statement_timeout: 5s
  protocol: extended
  session: {old: "SET search_path = shop", new: "SET search_path = shop_v2, shop"}
  operations:
    - name: read_order
      weight: 70
      params: {id: "zipfian(1, 1000000, 1.07)"}
      sql: SELECT * FROM orders WHERE id = :id
    - name: place_order
      weight: 20
      app: old
      retry: {times: 3, backoff: 10ms}
      params: {customer: "uniform(1, 50000)"}
      transaction:
        - sql: INSERT INTO orders (customer_id) VALUES (:customer) RETURNING id
          into: [order_id]
        - UPDATE orders SET status = 'paid' WHERE id = :order_id
phases: {warmup: 5s, before: 120s, after: 25s}
migration:
  up:
    - name: add the column
      sql: ALTER TABLE orders ADD COLUMN region text; SELECT 1
      lock_timeout: 500ms
      statement_timeout: 1m
      retries: {times: 10, backoff: 100ms}
    - name: rolling
      deploy: {to: new, over: 20s}
    - deploy: old
    - name: backfill
      backfill: {table: shop.orders, set: "region = 'eu'", where: "region IS NULL", batch: 2000,
                 throttle: {p99: 50ms, replica_lag: 1s, pause: 5ms}}
      lock_timeout: 1s
      retries: {times: 4}
    - file: constraint.sql
      transaction: false
    - command: [alembic, upgrade, head]
      env: {DATABASE_URL: "{{target.uri}}", EMPTY: ""}
      timeout: 20m
    - pause: 5s
    - wait_for: SELECT true
    - wait_for: {sql: SELECT true, timeout: 30s, every: 100ms}
adversaries:
  - idle_in_transaction: {table: orders, from: 5s, for: 20s}
  - long_report: {sql: "SELECT count(*) FROM orders", from: 3s}
  - name: the other team
    second_migration: {sql: ALTER TABLE orders ADD x int, from: 1s, lock_timeout: 2s}
  - vacuum: {table: orders, freeze: true}
  - vacuum: {table: customers}
observe: {locks: 50ms}
gates:
  lock_wait.max: 300ms
  errors: 0
  blocked.max: "< 20"
  response.p99: {ratio: 1.25, floor: 5ms}
  read_order.response.p99: {limit: 50ms}
)yaml";

class WholeScenario : public testing::Test {
protected:
    void SetUp() override {
        folder_.write("schema.sql", "CREATE TABLE t ();");
        folder_.write("constraint.sql",
                      "\xEF\xBB\xBF-- first\nCREATE INDEX CONCURRENTLY i ON o(r);\n"
                      "BEGIN; SELECT 1; COMMIT;");
        auto read = read_scenario(folder_.write("whole.yaml", whole_scenario));
        if (const auto* errors = std::get_if<std::vector<Error>>(&read)) {
            FAIL() << errors->front().text();
        }
        scenario_ = std::get<Scenario>(std::move(read));
    }

    template <typename Action>
    const Action& step(std::size_t i) const {
        return std::get<Action>(scenario_.up.at(i).action);
    }

    ScenarioFolder folder_;
    Scenario scenario_;
};

TEST_F(WholeScenario, TheTargetIsRead) {
    EXPECT_EQ(scenario_.name, "add-region-not-null");
    EXPECT_EQ(scenario_.description, "orders gets a mandatory region");
    EXPECT_EQ(scenario_.target.dsn_env, "STAGING_URL");
    EXPECT_THAT(scenario_.target.replicas_env, ElementsAre("REPLICA_URL"));
    EXPECT_EQ(scenario_.setup, (std::vector{folder_.path() / "schema.sql"}));
    EXPECT_EQ(scenario_.observe.lock_interval, 50ms);
    EXPECT_EQ(scenario_.phases.warmup, 5s);
    EXPECT_EQ(scenario_.phases.before, 120s);
    EXPECT_EQ(scenario_.phases.after, 25s);
}

TEST_F(WholeScenario, TheWorkloadIsRead) {
    const auto& workload = scenario_.workload;
    EXPECT_EQ(workload.connections, 32);
    EXPECT_EQ(workload.threads, 2);
    EXPECT_EQ(workload.rate, 2000.0);
    EXPECT_EQ(workload.arrival, workloads::ArrivalKind::uniform);
    EXPECT_EQ(workload.statement_timeout, 5s);
    EXPECT_EQ(workload.protocol, Protocol::extended);
    EXPECT_EQ(workload.session_old, "SET search_path = shop");
    EXPECT_EQ(workload.session_new, "SET search_path = shop_v2, shop");
    ASSERT_EQ(workload.operations.size(), 2U);
    EXPECT_EQ(workload.operations[0].weight, 70);
    EXPECT_FALSE(workload.operations[0].transaction);
    EXPECT_EQ(workload.operations[0].app, workloads::AppFilter::both);
    const auto& place = workload.operations[1];
    EXPECT_EQ(place.app, workloads::AppFilter::old_version);
    EXPECT_TRUE(place.transaction);
    EXPECT_EQ(place.retry.times, 3);
    EXPECT_EQ(place.retry.backoff, 10ms);
    ASSERT_EQ(place.statements.size(), 2U);
    EXPECT_EQ(place.statements[0].into.size(), 1U);
    EXPECT_EQ(workload.operation_places[1].line, 19);
}

TEST_F(WholeScenario, SqlStepsAreRead) {
    ASSERT_EQ(scenario_.up.size(), 9U);
    const auto& sql = step<SqlStep>(0);
    EXPECT_THAT(sql.statements,
                ElementsAre("ALTER TABLE orders ADD COLUMN region text", "SELECT 1"));
    EXPECT_TRUE(sql.transaction);
    EXPECT_EQ(sql.lock_timeout, 500ms);
    EXPECT_EQ(sql.statement_timeout, 1min);
    EXPECT_EQ(sql.retries.times, 10);
    EXPECT_EQ(sql.retries.backoff, 100ms);
    EXPECT_TRUE(scenario_.doubts.empty());

    const auto& file = step<SqlStep>(4);
    EXPECT_EQ(file.file, folder_.path() / "constraint.sql");
    EXPECT_FALSE(file.transaction);
    EXPECT_THAT(file.statements,
                ElementsAre("CREATE INDEX CONCURRENTLY i ON o(r)", "BEGIN", "SELECT 1", "COMMIT"));
}

std::vector<int> lines_of(const SqlStep& step) {
    std::vector<int> lines;
    for (const auto& place : step.statement_places) {
        lines.push_back(place.line);
    }
    return lines;
}

TEST_F(WholeScenario, EachStatementKnowsItsLine) {
    EXPECT_EQ(lines_of(step<SqlStep>(0)), (std::vector{32, 32}));
    EXPECT_EQ(lines_of(step<SqlStep>(4)), (std::vector{2, 3, 3, 3})) << "in its own file";
}

TEST(ScenarioFile, StatementsOfABlockHaveTheirLinesAndThoseOfSetHaveNone) {
    const auto yaml =
        with_steps("    - sql: |\n        SELECT 1;\n\n        SELECT\n          2;\n");
    const auto written = read_good(yaml);
    const auto lines = lines_of(std::get<SqlStep>(written.up.at(0).action));
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[1], lines[0] + 2);

    const auto set = read_good(yaml, {{"migration.up.0.sql", "SELECT 3"}});
    EXPECT_TRUE(std::get<SqlStep>(set.up.at(0).action).statement_places.empty());
    EXPECT_GT(set.up.at(0).place.line, 0);
}

TEST_F(WholeScenario, OtherStepsAreRead) {
    EXPECT_EQ(step<DeployStep>(1).over, 20s);
    EXPECT_EQ(step<DeployStep>(1).to, workloads::App::new_version);
    EXPECT_EQ(step<DeployStep>(2).to, workloads::App::old_version);
    const auto& backfill = step<BackfillStep>(3);
    EXPECT_EQ(backfill.table, "shop.orders");
    EXPECT_EQ(backfill.set, "region = 'eu'");
    EXPECT_EQ(backfill.where, "region IS NULL");
    EXPECT_EQ(backfill.batch, 2000);
    EXPECT_EQ(backfill.throttle.p99, 50ms);
    EXPECT_EQ(backfill.throttle.replica_lag, 1s);
    EXPECT_EQ(backfill.throttle.pause, 5ms);
    EXPECT_EQ(backfill.lock_timeout, 1s);
    EXPECT_EQ(backfill.retries.times, 4);
    EXPECT_EQ(backfill.retries.backoff, 200ms);
    const auto& command = step<CommandStep>(5);
    EXPECT_THAT(command.command, ElementsAre("alembic", "upgrade", "head"));
    using Variables = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(command.environment, (Variables{{"DATABASE_URL", "{{target.uri}}"}, {"EMPTY", ""}}));
    EXPECT_EQ(command.timeout, 20min);
    EXPECT_EQ(step<PauseStep>(6).length, 5s);
    EXPECT_EQ(step<WaitForStep>(7).sql, "SELECT true");
    EXPECT_EQ(step<WaitForStep>(7).timeout, 60s);
    EXPECT_EQ(step<WaitForStep>(8).timeout, 30s);
    EXPECT_EQ(step<WaitForStep>(8).every, 100ms);
}

TEST_F(WholeScenario, StepsWithoutANameAreNumbered) {
    EXPECT_EQ(scenario_.up[0].name, "add the column");
    EXPECT_EQ(scenario_.up[2].name, "step 3 (deploy)");
    EXPECT_EQ(scenario_.up[6].name, "step 7 (pause)");
    EXPECT_EQ(scenario_.up[2].place.line, 38);
}

TEST_F(WholeScenario, AdversariesAreRead) {
    const auto& all = scenario_.adversaries;
    ASSERT_EQ(all.size(), 5U);
    const auto& idle = std::get<IdleInTransaction>(all[0].action);
    EXPECT_EQ(all[0].name, "idle_in_transaction");
    EXPECT_EQ(all[0].from, 5s);
    EXPECT_EQ(idle.table, "orders");
    EXPECT_EQ(idle.length, 20s);
    EXPECT_EQ(std::get<LongReport>(all[1].action).sql, "SELECT count(*) FROM orders");
    EXPECT_EQ(all[2].name, "the other team");
    EXPECT_EQ(std::get<SecondMigration>(all[2].action).lock_timeout, 2s);
    EXPECT_TRUE(std::get<Vacuum>(all[3].action).freeze);
    EXPECT_EQ(all[4].name, "vacuum 2");
    EXPECT_EQ(all[4].from, 0s);
}

TEST_F(WholeScenario, GatesAreRead) {
    const auto& gates = scenario_.gates;
    ASSERT_EQ(gates.size(), 5U);
    EXPECT_FALSE(scenario_.default_gates);
    EXPECT_EQ(gates[0].limit, 300.0);
    EXPECT_TRUE(gates[2].strict);
    EXPECT_EQ(gates[3].ratio, 1.25);
    EXPECT_EQ(gates[3].floor_ms, 5.0);
    EXPECT_EQ(gates[4].operation, "read_order");
}

TEST(ScenarioFile, WhatIsLeftOutHasItsDefault) {
    const auto scenario = read_good(small_scenario());
    EXPECT_EQ(scenario.name, "test");  // the file's
    EXPECT_FALSE(scenario.target.dsn_env);
    EXPECT_FALSE(scenario.workload.rate);
    EXPECT_EQ(scenario.workload.connections, 16);
    EXPECT_EQ(scenario.phases.before, 30s);
    EXPECT_TRUE(scenario.up.empty());
    EXPECT_TRUE(scenario.default_gates);
    EXPECT_EQ(scenario.gates.size(), reports::default_gates().size());
    EXPECT_EQ(scenario.observe.lock_interval, 20ms);
}

TEST(ScenarioFile, AThrowawayServerCanBeChosen) {
    const auto scenario =
        read_good(small_scenario("target: {server: 15, settings: {work_mem: 64MB, jit: off}}\n"));
    EXPECT_EQ(scenario.target.server, 15);
    EXPECT_EQ(scenario.target.settings,
              (std::map<std::string, std::string>{{"jit", "off"}, {"work_mem", "64MB"}}));
}

TEST(ScenarioFile, TheObserverCanBeSwitchedOff) {
    EXPECT_FALSE(read_good(small_scenario("observe: {enabled: false}\n")).observe.lock_interval);
}

TEST(ScenarioFile, AClosedLoopMayThink) {
    EXPECT_EQ(read_good(small_scenario(), {{"workload.think_time", "5ms"}}).workload.think_time,
              5ms);
}

TEST(ScenarioFile, ARatioOfShortPhasesIsRemarkedOnOnce) {
    const std::string gates =
        "gates: {errors: 0, response.p50: {ratio: 1.1}, response.p99: {ratio: 1.25}}\n";
    const auto scenario = read_good(small_scenario(gates));
    ASSERT_EQ(scenario.doubts.size(), 1U);
    EXPECT_THAT(scenario.doubts[0].message, HasSubstr("`phases.before` is 30.0 s"));
    EXPECT_GT(scenario.doubts[0].place.line, 0);
    EXPECT_TRUE(read_good(small_scenario(gates + "phases: {before: 100s}\n")).doubts.empty());
    EXPECT_TRUE(read_good(small_scenario("gates: {response.p99: 50ms}\n")).doubts.empty());
    EXPECT_TRUE(
        read_good(small_scenario("gates: {response.p99: {limit: 50ms}}\n")).doubts.empty());
}

TEST(ScenarioFile, NewerSyntaxIsNotedAndAccepted) {
    const auto scenario = read_good(
        with_steps("    - sql: ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (a) VIRTUAL\n"));
    const auto& step = std::get<SqlStep>(scenario.up.at(0).action);
    EXPECT_EQ(step.statements.size(), 1U);
    ASSERT_EQ(scenario.doubts.size(), 1U);
    EXPECT_EQ(scenario.doubts[0].place.line, 5);
    EXPECT_EQ(scenario.doubts[0].place.column, 67);
    EXPECT_THAT(scenario.doubts[0].message, HasSubstr("the server decides"));
}

TEST(ScenarioFile, NewerSyntaxIsNotedWhereverItStands) {
    const ScenarioFolder folder;
    folder.write("more.sql", "SELECT 1;\nSELECT a IS JSON OBJECT OBJECT FROM t;\n");
    auto read = read_scenario(folder.write("test.yaml", R"(version: 1
workload:
  session: {old: "SET a b c"}
  operations:
    - name: newer
      sql: UPDATE t SET a = 1 RETURNING WITH (OLD AS o) o.a
migration:
  up:
    - file: more.sql
    - backfill: {table: t, set: "a = 1", where: "a IS JSON OBJECT OBJECT"}
    - wait_for: SELECT true true true
)"));
    std::vector<std::string> places;
    for (const auto& doubt : std::get<Scenario>(std::move(read)).doubts) {
        places.push_back(doubt.file.filename().string() + ":" + std::to_string(doubt.place.line));
    }
    EXPECT_THAT(places, ElementsAre("test.yaml:3", "test.yaml:6", "test.yaml:10", "test.yaml:11",
                                    "more.sql:2"));
}

}  // namespace
}  // namespace scenarios
