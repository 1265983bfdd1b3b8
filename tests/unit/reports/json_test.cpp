#include "reports/json.hpp"

#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace reports {
namespace {

using nlohmann::json;

json result_of(Record record) {
    decide(record, default_gates());
    return json::parse(to_json(record));
}

struct Key {
    const char* pointer;
    const char*
        type;  // as nlohmann names it; "unsigned" and "integer" are told apart by value only
};

class ResultKey : public testing::TestWithParam<Key> {};

TEST_P(ResultKey, IsThereWithItsType) {
    const auto& [pointer, type] = GetParam();
    auto record = samples::naive();
    record.steps[0].attempts[0].error = "x";
    record.adversaries = {{.name = "report", .outcome = "ok", .error = "x"}};
    record.replication = {.measured = true, .max_lag_s = 1, .max_lag_bytes = 9};
    const auto result = result_of(record);
    const json::json_pointer path{pointer};
    ASSERT_TRUE(result.contains(path)) << pointer;
    EXPECT_EQ(std::string{result.at(path).type_name()}, type) << pointer;
}

// The keys of DESIGN.md, section 8.
INSTANTIATE_TEST_SUITE_P(
    Design, ResultKey,
    testing::Values(
        Key{"/schema", "string"}, Key{"/verdict", "string"}, Key{"/exit_code", "number"},
        Key{"/reasons", "array"}, Key{"/reasons/0", "string"}, Key{"/interrupted", "boolean"},
        Key{"/run/id", "string"}, Key{"/run/started_at", "string"},
        Key{"/run/finished_at", "string"}, Key{"/run/seed", "number"},
        Key{"/run/scenario", "string"}, Key{"/run/version", "string"},
        Key{"/run/duration_s", "number"}, Key{"/target/engine", "string"},
        Key{"/target/version", "string"}, Key{"/target/throwaway", "boolean"},
        Key{"/target/database", "string"}, Key{"/target/settings", "object"},
        Key{"/target/environment", "object"}, Key{"/phases/3/name", "string"},
        Key{"/phases/3/start_s", "number"}, Key{"/phases/3/end_s", "number"},
        Key{"/steps/0/name", "string"}, Key{"/steps/0/kind", "string"},
        Key{"/steps/0/start_s", "number"}, Key{"/steps/0/end_s", "number"},
        Key{"/steps/0/outcome", "string"}, Key{"/steps/0/attempts", "array"},
        Key{"/steps/0/attempts/0/statement", "null"}, Key{"/steps/0/rows", "number"},
        Key{"/steps/0/rewrote/0", "string"}, Key{"/steps/0/wal_bytes", "number"},
        Key{"/steps/0/error", "null"}, Key{"/steps/0/locks/0/relation", "string"},
        Key{"/steps/0/locks/0/mode", "string"}, Key{"/steps/0/locks/0/held_s", "number"},
        Key{"/steps/0/locks/0/waited_s", "number"}, Key{"/operations/0/name", "string"},
        Key{"/operations/0/app", "string"}, Key{"/operations/0/phases/before/count", "number"},
        Key{"/operations/0/phases/during/rate", "number"},
        Key{"/operations/0/phases/after/errors", "object"},
        Key{"/operations/0/phases/after/retries", "number"},
        Key{"/operations/0/phases/after/stall_max_s", "number"},
        Key{"/operations/0/phases/during/response_ms/mean", "number"},
        Key{"/operations/0/phases/during/response_ms/p50", "number"},
        Key{"/operations/0/phases/during/response_ms/p90", "number"},
        Key{"/operations/0/phases/during/response_ms/p95", "number"},
        Key{"/operations/0/phases/during/response_ms/p99", "number"},
        Key{"/operations/0/phases/during/response_ms/p99_9", "number"},
        Key{"/operations/0/phases/during/response_ms/max", "number"},
        Key{"/operations/0/phases/during/service_ms/p99", "number"},
        Key{"/locks/sample_interval_ms", "number"}, Key{"/locks/samples", "number"},
        Key{"/locks/lost_samples", "number"}, Key{"/locks/max_wait_ms", "number"},
        Key{"/locks/max_blocked", "number"}, Key{"/locks/victim_seconds", "number"},
        Key{"/locks/deadlocks", "number"}));

INSTANTIATE_TEST_SUITE_P(
    DesignGoesOn, ResultKey,
    testing::Values(
        Key{"/locks/episodes/0/start_s", "number"}, Key{"/locks/episodes/0/end_s", "number"},
        Key{"/locks/episodes/0/blocker/pid", "number"},
        Key{"/locks/episodes/0/blocker/kind", "string"},
        Key{"/locks/episodes/0/blocker/step", "string"},
        Key{"/locks/episodes/0/blocker/operation", "null"},
        Key{"/locks/episodes/0/blocker/query", "string"},
        Key{"/locks/episodes/0/relation", "string"}, Key{"/locks/episodes/0/mode", "string"},
        Key{"/locks/episodes/0/max_blocked", "number"},
        Key{"/locks/episodes/0/victim_seconds", "number"},
        Key{"/locks/episodes/0/longest_wait_ms", "number"},
        Key{"/locks/episodes/0/victims/0/operation", "string"},
        Key{"/locks/episodes/0/victims/0/count", "number"},
        Key{"/locks/episodes/0/victims/0/longest_wait_ms", "number"},
        Key{"/locks/episodes/0/queued", "null"}, Key{"/recovery/backlog_max", "number"},
        Key{"/recovery/recovered_after_s", "number"}, Key{"/replication/max_lag_s", "number"},
        Key{"/replication/max_lag_bytes", "number"}, Key{"/verification", "null"},
        Key{"/generator/lag_ms/p50", "number"}, Key{"/generator/lag_ms/p99", "number"},
        Key{"/generator/lag_ms/max", "number"},
        Key{"/generator/phases/during/lag_ms/p99", "number"},
        Key{"/generator/phases/after/unsent", "number"},
        Key{"/generator/phases/before/due", "number"},
        Key{"/locks/phases/during/samples", "number"},
        Key{"/locks/phases/after/lost_samples", "number"},
        Key{"/locks/phases/before/longest_gap_ms", "number"}, Key{"/generator/unsent", "number"},
        Key{"/generator/cpu_s", "number"}, Key{"/generator/cpu_us_per_operation", "number"},
        Key{"/observer/cpu_s", "number"}, Key{"/observer/queries", "number"},
        Key{"/observer/mean_query_ms", "number"}, Key{"/gates/0/name", "string"},
        Key{"/gates/0/limit", "string"}, Key{"/gates/0/observed", "string"},
        Key{"/gates/0/verdict", "string"}, Key{"/gates/0/detail", "string"},
        // What the record has beyond it.
        Key{"/gates/1/limit_value", "number"}, Key{"/gates/1/observed_value", "number"},
        Key{"/seconds/0/p99_ms", "number"}, Key{"/steps/0/attempts/0/error", "string"},
        Key{"/adversaries/0/outcome", "string"}, Key{"/warnings", "array"},
        Key{"/harness_faults", "array"}, Key{"/migration_error", "null"},
        Key{"/harness_error", "null"}, Key{"/load/open_loop", "boolean"}));

TEST(Json, HasTheFiguresOfTheRecord) {
    const auto result = result_of(samples::naive());
    EXPECT_EQ(result["schema"], "rehearse.result/1");
    EXPECT_EQ(result["verdict"], "fail");
    EXPECT_EQ(result["exit_code"], 1);
    EXPECT_EQ(result["locks"]["max_wait_ms"], 8'432);
    EXPECT_EQ(result["operations"][0]["phases"]["during"]["count"], 22'000);
    EXPECT_EQ(result["operations"][0]["phases"]["during"]["rate"], 2'200);
    EXPECT_EQ(result["operations"][0]["phases"]["before"]["response_ms"]["p50"], 2.007)
        << "the upper edge of the bucket";
    EXPECT_EQ(result["operations"][0]["app"], "old");
    EXPECT_FALSE(result["operations"][0].contains("by_app"));
}

TEST(Json, AStepSaysWhereItIsWrittenWhereThatIsKnown) {
    auto record = samples::naive();
    EXPECT_EQ(result_of(record)["steps"][0]["line"], 31);
    record.steps[0].file = "change.sql";
    record.steps[0].line = 0;
    EXPECT_EQ(result_of(record)["steps"][0]["file"], "change.sql");
    EXPECT_TRUE(result_of(record)["steps"][0]["line"].is_null());
}

TEST(Json, IsValidWhateverTheRecordHolds) {
    auto record = samples::naive();
    record.run.scenario = "broken \xff\xfe \x1b utf-8";
    record.locks.max_wait_ms = NAN;
    record.recovery.lowest_rate = INFINITY;
    record.phases[1].end_s = NAN;
    record.target.settings["\xc3"] = "\xc3";
    const auto result = result_of(record);
    EXPECT_EQ(result["run"]["scenario"], "broken \uFFFD\uFFFD \x1b utf-8");
    EXPECT_TRUE(result["locks"]["max_wait_ms"].is_null());
    EXPECT_TRUE(result["recovery"]["lowest_rate"].is_null());
    EXPECT_TRUE(result["operations"][0]["phases"]["before"]["rate"].is_null());
    EXPECT_NO_THROW(result_of({}));
}

TEST(Json, GivesNullForWhatWasNotMeasured) {
    auto record = samples::healthy();
    samples::calls(record, 0, PhaseName::during) = {};
    record.recovery.recovered_after_s.reset();
    record.generator = {};
    record.steps[0].wal_bytes.reset();
    const auto result = result_of(record);
    const auto& silent = result["operations"][0]["phases"]["during"];
    EXPECT_EQ(silent["count"], 0);
    EXPECT_TRUE(silent["response_ms"].is_null());
    EXPECT_TRUE(result["recovery"]["recovered_after_s"].is_null());
    EXPECT_TRUE(result["generator"]["lag_ms"]["p99"].is_null());
    EXPECT_TRUE(result["generator"]["cpu_us_per_operation"].is_null());
    EXPECT_TRUE(result["replication"]["max_lag_s"].is_null());
    EXPECT_TRUE(result["steps"][0]["wal_bytes"].is_null());
}

TEST(Json, TellsTheApplicationVersionsApartWhereBothSent) {
    auto record = samples::healthy();
    samples::calls(record, 0, PhaseName::after, 1) = samples::calls_of(70, 3);
    const auto result = result_of(record);
    const auto& operation = result["operations"][0];
    EXPECT_EQ(operation["app"], "both");
    EXPECT_EQ(operation["phases"]["after"]["count"], 20'070);
    EXPECT_EQ(operation["by_app"]["old"]["after"]["count"], 20'000);
    EXPECT_EQ(operation["by_app"]["new"]["after"]["count"], 70);
}

// What the migration and its way back have alike.
Record with_series() {
    auto record = samples::naive();
    record.steps[0].locks[0].start_s = 15.25;
    record.steps[0].progress = {
        {.at_s = 16, .rows = 2'000},
        {.at_s = 17, .rows = 2'500, .throttled_s = 0.8, .throttled_by = "replica lag"}};
    record.locks.waits = {{.episode = 0,
                           .pid = 501,
                           .behind = 500,
                           .kind = "operation",
                           .name = "read_order",
                           .relation = "orders",
                           .mode = "AccessShareLock",
                           .start_s = 15.5,
                           .end_s = 16.75},
                          {.pid = 77, .behind = 0, .kind = "other", .relation = "transaction"}};
    record.locks.waits_dropped = 12;
    record.server.samples = {{.at_s = 0.5, .replica_lag_s = 0.25},
                             {.at_s = 1.5,
                              .log_bytes = 4'096,
                              .checkpoints = 1,
                              .cache_hits = 99,
                              .cache_misses = 7,
                              .updates = 30,
                              .hot_updates = 20}};
    record.server.tables = {{.name = "orders",
                             .bytes_before = 8'192,
                             .bytes_after = 16'384,
                             .index_bytes_before = 1,
                             .index_bytes_after = 2,
                             .updates = 30,
                             .hot_updates = 20}};
    record.server.tables.emplace_back().name = "gone";
    return record;
}

TEST(Json, TellsWhoStoodBehindWhom) {
    const auto locks = result_of(with_series())["locks"];

    EXPECT_EQ(locks["waits_dropped"], 12);
    ASSERT_EQ(locks["waits"].size(), 2U);
    EXPECT_EQ(locks["waits"][0], json({{"episode", 0},
                                       {"pid", 501},
                                       {"behind", 500},
                                       {"kind", "operation"},
                                       {"name", "read_order"},
                                       {"relation", "orders"},
                                       {"mode", "AccessShareLock"},
                                       {"start_s", 15.5},
                                       {"end_s", 16.75}}));
    EXPECT_EQ(locks["waits"][1]["name"], nullptr);
}

TEST(Json, TellsHowABackfillWentOnAndWhenAStepAskedForItsLocks) {
    const auto step = result_of(with_series())["steps"][0];

    EXPECT_EQ(step["locks"][0]["start_s"], 15.25);
    EXPECT_EQ(step["progress"], json::parse(R"([{"at_s": 16.0, "rows": 2000, "throttled_s": 0.0,
                               "throttled_by": null},
                              {"at_s": 17.0, "rows": 2500, "throttled_s": 0.8,
                               "throttled_by": "replica lag"}])"));
    auto unknown = samples::naive();
    unknown.steps[0].locks[0].start_s.reset();
    EXPECT_EQ(result_of(unknown)["steps"][0]["locks"][0]["start_s"], nullptr);
}

TEST(Json, TellsWhatTheServerCountedAndNullForWhatIsNotKnown) {
    auto record = with_series();
    record.rollback = std::make_shared<Record>(with_series());
    const auto result = result_of(record);

    const auto server = result["server"];
    EXPECT_EQ(server["samples"][0],
              json::parse(R"({"at_s": 0.5, "log_bytes": null, "checkpoints": null,
                              "cache_hits": null, "cache_misses": null, "updates": null,
                              "hot_updates": null, "replica_lag_s": 0.25})"));
    EXPECT_EQ(server["samples"][1],
              json::parse(R"({"at_s": 1.5, "log_bytes": 4096, "checkpoints": 1, "cache_hits": 99,
                              "cache_misses": 7, "updates": 30, "hot_updates": 20,
                              "replica_lag_s": null})"));
    EXPECT_EQ(server["tables"][0],
              json::parse(R"({"name": "orders", "bytes_before": 8192, "bytes_after": 16384,
                              "index_bytes_before": 1, "index_bytes_after": 2, "updates": 30,
                              "hot_updates": 20})"));
    EXPECT_EQ(server["tables"][1]["bytes_before"], nullptr);
    EXPECT_EQ(result["rollback"]["server"], server);
    EXPECT_EQ(result["rollback"]["locks"]["waits"], result["locks"]["waits"]);
}

TEST(Json, RoundsToMicroseconds) {
    auto record = samples::healthy();
    record.phases[0].end_s = 0.1 + 0.2;
    EXPECT_NE(to_json(record).find("\"end_s\": 0.3\n"), std::string::npos);
}

}  // namespace
}  // namespace reports
