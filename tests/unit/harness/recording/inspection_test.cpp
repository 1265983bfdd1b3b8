#include "harness/recording/inspection.hpp"

#include "recorded.hpp"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace harness::recording {
namespace {

std::vector<ReadFile> one_file() {
    ReadFile file;
    file.path = "log.csv";
    file.format = "csvlog";
    return {file};
}

Inspection inspected(Recorded& recorded, std::size_t top = 20) {
    return inspect(recorded.done(), one_file(), top);
}

TEST(Inspection, CountsStatementsByShapeWithTheirLatency) {
    Recorded recorded;
    for (int i = 1; i <= 100; ++i) {
        recorded.say("duration: " + std::to_string(i) + ".000 ms  statement: SELECT " +
                     std::to_string(i));
    }
    recorded.say("duration: 0.500 ms  statement: UPDATE t SET a = 1");
    const auto all = inspected(recorded);

    EXPECT_EQ(all.statements, 101U);
    EXPECT_EQ(all.timed, 101U);
    ASSERT_EQ(all.top.size(), 2U);
    const auto& select = all.top[0];
    EXPECT_EQ(select.text, "SELECT ?");
    EXPECT_EQ(select.count, 100U);
    EXPECT_EQ(select.total_us, 5'050'000);
    EXPECT_NEAR(select.share_of_time, 5050.0 / 5050.5, 1e-9);
    EXPECT_NEAR(static_cast<double>(select.latency.quantile_us(0.5)), 50'000, 500);
    EXPECT_EQ(select.latency.max_us(), 100'000);
    EXPECT_EQ(all.shortest_us, 500);
    EXPECT_EQ(all.latency.count(), 101U);
}

TEST(Inspection, SumsEveryStatementUnderOneReason) {
    Recorded recorded;
    recorded.say("duration: 1.000 ms  statement: SELECT 1");
    recorded.say("duration: 1.000 ms  statement: COPY t FROM STDIN");
    recorded.say("duration: 1.000 ms  execute p: SELECT $1");
    recorded.say("duration: 1.000 ms  execute p: SELECT $1", "parameters: $1 = 'a...'");
    recorded.fail("SELECT 1/0", "22012");
    const auto all = inspected(recorded);

    EXPECT_EQ(all.replay.exactly, 2U);
    EXPECT_EQ(all.replay.approximately, 1U);
    EXPECT_EQ(all.replay.not_at_all, 2U);
    std::uint64_t by_reason = 0;
    for (const auto& each : all.reasons) {
        by_reason += each.count;
    }
    EXPECT_EQ(by_reason, all.statements);
    ASSERT_EQ(all.reasons.size(), 5U);
    EXPECT_STREQ(all.reasons[3].row->key, "copy_data");
    EXPECT_EQ(all.reasons[3].first, "log.csv:2");
    EXPECT_EQ(all.failures, (Counted{{"22012", 1}}));
}

TEST(Inspection, CountsSessionsAndHowManyAtOnce) {
    Recorded recorded;
    recorded.say("statement: SELECT 1");
    recorded.say("statement: SELECT 1", {}, "b.2");
    recorded.say("disconnection: session time: 0:00:01.000 user=app database=shop host=[local]");
    recorded.say("statement: SELECT 1", {}, "b.2");
    const auto all = inspected(recorded);

    EXPECT_EQ(all.sessions, 2U);
    EXPECT_EQ(all.most_sessions_at_once, 2U);
    EXPECT_EQ(all.users, (Counted{{"app", 2}}));
    EXPECT_EQ(all.databases, (Counted{{"shop", 2}}));
    EXPECT_DOUBLE_EQ(all.seconds(), 0.03);
}

TEST(Inspection, ListsThoseThatTakeMostTimeFirst) {
    Recorded recorded;
    recorded.say("duration: 1.000 ms  statement: SELECT 1");
    recorded.say("duration: 1.000 ms  statement: SELECT 1");
    recorded.say("duration: 9.000 ms  statement: UPDATE t SET a = 1");
    const auto all = inspected(recorded, 1);

    ASSERT_EQ(all.top.size(), 1U);
    EXPECT_EQ(all.top[0].text, "UPDATE t SET a = ?");
    EXPECT_EQ(all.shapes, 2U);
}

TEST(Inspection, OfNothingIsEmptyAndAdvises) {
    Recorded recorded;
    const auto all = inspected(recorded);
    EXPECT_EQ(all.statements, 0U);
    ASSERT_EQ(all.advice.size(), 1U);
    EXPECT_NE(all.advice[0].settings.find("log_min_duration_statement = 0"), std::string::npos);
    EXPECT_FALSE(inspection_text(all, 80, false).empty());
}

TEST(Inspection, IsWrittenAsJsonWithTheSameFigures) {
    Recorded recorded;
    recorded.say("duration: 1.000 ms  statement: SELECT 'secret'");
    recorded.say("duration: 1.000 ms  statement: COPY t FROM STDIN");
    const auto all = inspected(recorded);
    const auto json = nlohmann::json::parse(inspection_json(all));

    EXPECT_EQ(json["schema"], "rehearse.workload/1");
    EXPECT_EQ(json["start"], "1970-01-01 00:16:40.009Z");
    EXPECT_EQ(json["statements"]["count"], 2);
    EXPECT_EQ(json["statements"]["protocols"]["simple"], 2);
    EXPECT_EQ(json["statements"]["top"].size(), 2U);
    EXPECT_EQ(json["replay"]["counts"]["not"], 1);
    EXPECT_EQ(json["replay"]["reasons"][1]["reason"], "copy_data");
    EXPECT_EQ(json["files"][0]["path"], "log.csv");
    EXPECT_EQ(inspection_json(all).find("secret"), std::string::npos);
}

TEST(Inspection, IsWrittenAsValidJsonWhateverBytesNamesHold) {
    Recorded recorded;
    recorded.say("duration: 1.000 ms  statement: SELECT \"\xff\xfe\x1b[31m\"");
    EXPECT_FALSE(nlohmann::json::parse(inspection_json(inspected(recorded))).is_null());
}

}  // namespace
}  // namespace harness::recording
