#include "reports/placebo.hpp"

#include "reports/json.hpp"
#include "reports/read_json.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace reports {
namespace {

PlaceboResult measured() {
    const auto record = samples::healthy();
    return {.load = {.scenario = record.run.scenario,
                     .engine = record.target.engine,
                     .engine_version = record.target.version,
                     .asked_rate = record.asked_rate,
                     .connections = record.connections,
                     .before_s = 10,
                     .after_s = 10},
            .verdicts = {"verdict", 10, 1, 2, 0.39},
            .gates = {{"errors", 10, 1, 0, 0.39}, {"response.p99", 10, 0, 2, 0.26}},
            .caught = {{"read", "p99", 1.25, 1.6}, {"write", "p99", 1.25, std::nullopt}},
            .reasons = {"a reason"}};
}

// Of replays: one of them met a table that was not there.
PlaceboResult replayed() {
    auto result = measured();
    result.control = ReplayControl{
        .recording = "0123",
        .speed = 1.5,
        .repetitions = {
            {.begins_s = 15, .operations = {{"read", {100, {{"42P01", 3}}}, {200, {}}}}},
            {.begins_s = 15.1, .operations = {{"read", {100, {}}, {210, {}}}}}}};
    return result;
}

std::string refusal(const std::string& text) {
    const auto read = read_placebo(text);
    const auto* wrong = std::get_if<std::string>(&read);
    return wrong == nullptr ? "" : *wrong;
}

std::string with(const std::string& part, const std::string& other) {
    auto text = placebo_json(measured());
    const auto at = text.find(part);
    EXPECT_NE(at, std::string::npos) << part;
    return text.replace(at, part.size(), other);
}

TEST(Placebo, ComesBackWhole) {
    const auto text = placebo_json(measured());
    const auto read = read_placebo(text);
    ASSERT_TRUE(std::holds_alternative<PlaceboResult>(read)) << std::get<std::string>(read);
    EXPECT_EQ(placebo_json(std::get<PlaceboResult>(read)), text);
}

TEST(Placebo, OfAReplayComesBackWithWhatFailedAnew) {
    const auto text = placebo_json(replayed());
    const auto read = read_placebo(text);
    ASSERT_TRUE(std::holds_alternative<PlaceboResult>(read)) << std::get<std::string>(read);
    const auto& back = std::get<PlaceboResult>(read);
    EXPECT_EQ(placebo_json(back), text);
    ASSERT_TRUE(back.control);
    EXPECT_EQ(back.control->repetitions[0].operations[0].before.fresh.at("42P01"), 3);
    // One of an earlier version says nothing of it.
    auto earlier = nlohmann::json::parse(text);
    earlier.erase("control");
    const auto old = read_placebo(earlier.dump());
    ASSERT_TRUE(std::holds_alternative<PlaceboResult>(old)) << std::get<std::string>(old);
    EXPECT_FALSE(std::get<PlaceboResult>(old).control);
    auto wrong = text;
    wrong.replace(wrong.find("\"42P01\": 3"), 10, "\"42P01\": 300");
    EXPECT_EQ(refusal(wrong),
              "control.repetitions[0].operations[0].before_migration: more calls failed than there "
              "were");
}

TEST(Placebo, OfAReplayTellsWhatFailsWithoutTheMigration) {
    const auto text = placebo_text(replayed(), {});
    EXPECT_NE(text.find("What fails anew without the migration"), std::string::npos);
    EXPECT_NE(text.find("0 to 3"), std::string::npos);
    EXPECT_EQ(placebo_text(measured(), {}).find("What fails anew"), std::string::npos);
}

TEST(Placebo, IsKeptInARunsResult) {
    auto record = samples::healthy();
    samples::spread_over_seconds(record);
    record.placebo = measured();
    const auto read = read_json(to_json(record));
    ASSERT_TRUE(std::holds_alternative<Record>(read)) << std::get<std::string>(read);
    const auto& back = std::get<Record>(read).placebo;
    ASSERT_TRUE(back);
    EXPECT_EQ(placebo_json(*back), placebo_json(measured()));
}

TEST(Placebo, AnythingElseIsRefusedWithItsPlace) {
    EXPECT_EQ(refusal("{"), "it is no JSON, or was cut off");
    EXPECT_EQ(refusal(std::string(1'000'000, '[')), "it is nested deeper than 40 levels");
    EXPECT_EQ(refusal(to_json(samples::healthy())),
              "schema: this program reads rehearse.placebo/1, not rehearse.result/1");
    EXPECT_EQ(refusal(with("\"false_alarms\": 1", "\"false_alarms\": 9")),
              "verdicts: it counts more outcomes than runs");
    EXPECT_EQ(refusal(with("0.39", "1.5")),
              "verdicts.false_alarm_rate_below: a rate lies between 0 and 1");
    EXPECT_EQ(refusal(with("\"connections\"", "\"conections\"")), "load: `connections` is missing");
}

TEST(Placebo, IsPutIntoWords) {
    EXPECT_EQ(false_alarms_text(measured()),
              "10 rehearsals: 1 false alarm, 2 inconclusive. The rate of false alarms lies below "
              "39.0 % (95 % sure).");
    EXPECT_EQ(power_text(measured()),
              "Caught in 80 % of runs: read p99 from 1.60x on. Not even a hundredfold slowdown: "
              "write p99, for the phases were too short.");
}

TEST(Placebo, HoldsForItsOwnLoadOnly) {
    auto record = samples::healthy();
    EXPECT_EQ(placebo_doubts(measured(), record), std::vector<std::string>{});
    record.phases.back().end_s -= 5;
    record.connections = 3;
    record.asked_rate *= 2;
    record.target.version = "17.1";
    record.run.scenario = "another";
    EXPECT_EQ(placebo_doubts(measured(), record).size(), 5);
    auto shorter = measured();
    shorter.load.after_s = 1;  // longer phases than the placebo's see more, not less
    record = samples::healthy();
    EXPECT_EQ(placebo_doubts(shorter, record), std::vector<std::string>{});
}

TEST(Placebo, CountsWhatItsRunsSaid) {
    Placebo placebo{{samples::gate("errors", "0")}};
    auto record = samples::healthy();
    record.verdict = Verdict::pass;
    record.gates.resize(1);
    record.gates[0].name = "errors";
    record.gates[0].verdict = Verdict::pass;
    placebo.add(record);
    record.verdict = Verdict::fail;
    record.reasons = {"3 errors"};
    record.gates[0].verdict = Verdict::fail;
    placebo.add(record);
    const auto result = placebo.result();
    EXPECT_EQ(result.verdicts.runs, 2);
    EXPECT_EQ(result.verdicts.alarms, 1);
    ASSERT_EQ(result.gates.size(), 1);
    EXPECT_EQ(result.gates[0].alarms, 1);
    // One alarm in two runs: below this rate with 95 % certainty, 1 - p^2 = 0.05.
    EXPECT_NEAR(result.gates[0].most_likely_below, 0.9747, 1e-4);
    EXPECT_EQ(result.reasons, std::vector<std::string>{"3 errors"});
    EXPECT_EQ(placebo_doubts(result, record), std::vector<std::string>{});
}

}  // namespace
}  // namespace reports
