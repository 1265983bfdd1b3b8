// What a run says of a load that was made from production's statistics.
#include "reports/load_coverage.hpp"

#include "reports/html.hpp"
#include "reports/json.hpp"
#include "reports/markdown.hpp"
#include "reports/read_json.hpp"
#include "reports/terminal.hpp"
#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <memory>

#include <gtest/gtest.h>

namespace reports {
namespace {

using samples::gate;
using samples::healthy;

// The operations of healthy().
Record synthesized(double covered) {
    auto record = healthy();
    record.synthesis = Synthesis{
        .database = "shop",
        .server = "PostgreSQL 15.4",
        .seconds = 60,
        .scale = 0.1,
        .calls_per_s = 430,
        .covered_calls = covered,
        .covered_time = 0.9,
        .operations = {{"read", covered - 0.2}, {"write", 0.2}},
        .omissions = {{"no value for $1", 1 - covered, 0.1, 3}},
    };
    return record;
}

const GateResult& coverage_gate(const Record& record) {
    for (const auto& result : record.gates) {
        if (result.name == "replay.coverage") {
            return result;
        }
    }
    throw std::runtime_error{"the coverage was not judged"};
}

TEST(LoadCoverage, AScenariosOwnLoadHasNone) {
    auto record = healthy();
    EXPECT_FALSE(load_coverage(record));
    decide(record, std::vector{gate("errors", "0")});
    EXPECT_EQ(record.gates.size(), 1U);
}

TEST(LoadCoverage, OfASynthesizedLoadIsJudgedAlways) {
    auto record = synthesized(0.995);
    decide(record, std::vector{gate("errors", "0")});
    EXPECT_EQ(coverage_gate(record).verdict, Verdict::pass);
    EXPECT_EQ(coverage_gate(record).observed, "99.5 %");
    EXPECT_EQ(record.exit_code, exit_codes::pass);
}

TEST(LoadCoverage, TooLittleOfItIsInconclusiveWithTheReason) {
    auto record = synthesized(0.75);
    decide(record, std::vector{gate("errors", "0")});
    EXPECT_EQ(record.exit_code, exit_codes::inconclusive);
    EXPECT_EQ(coverage_gate(record).detail,
              "75.0 % of the calls there are covered, by 2 operations; not covered: 25.0 % in 3 "
              "statements (no value for $1)");
    ASSERT_EQ(record.reasons.size(), 1U);
    EXPECT_NE(record.reasons[0].find("no value for $1"), std::string::npos) << record.reasons[0];

    decide(record, std::vector{gate("errors", "0"), gate("replay.coverage", "75%")});
    EXPECT_EQ(record.exit_code, exit_codes::pass);
}

TEST(LoadCoverage, WhatWasNeverDueIsNotCovered) {
    auto record = synthesized(1);
    record.synthesis->omissions.clear();
    record.operations.push_back(
        {.name = "rare", .by_app = {}, .longest_stall = {}, .longest_stall_of_migration = {}});
    record.synthesis->operations = {{"read", 0.795}, {"write", 0.2}, {"rare", 0.005}};
    decide(record, std::vector{gate("errors", "0")});
    EXPECT_EQ(coverage_gate(record).observed, "99.5 %");
    EXPECT_NE(coverage_gate(record).detail.find(
                  "0.5 % in 1 statement (never due during or after the migration)"),
              std::string::npos)
        << coverage_gate(record).detail;
    EXPECT_EQ(record.exit_code, exit_codes::pass) << record.reasons.front();

    record.synthesis->operations = {{"read", 0.6}, {"write", 0.2}, {"rare", 0.2}};
    decide(record, std::vector{gate("errors", "0")});
    EXPECT_EQ(coverage_gate(record).observed, "80.0 %");
    EXPECT_EQ(record.exit_code, exit_codes::inconclusive);
}

TEST(LoadCoverage, OfTheWayBackIsThatOfTheSameLoad) {
    auto record = synthesized(0.995);
    samples::spread_over_seconds(record);
    auto back = synthesized(0.995);
    samples::spread_over_seconds(back);
    back.is_rollback = true;
    back.run = record.run;
    record.rollback = std::make_shared<Record>(back);
    decide(record, std::vector{gate("errors", "0")});
    EXPECT_EQ(coverage_gate(*record.rollback).verdict, Verdict::pass);

    const auto text = to_json(record);
    auto again = read_json(text);
    ASSERT_TRUE(std::holds_alternative<Record>(again)) << std::get<std::string>(again);
    EXPECT_EQ(to_json(std::get<Record>(again)), text);
    decide(std::get<Record>(again), std::vector{gate("errors", "0")});
    EXPECT_EQ(coverage_gate(*std::get<Record>(again).rollback).verdict, Verdict::pass);
}

TEST(LoadCoverage, IsInEveryReport) {
    auto record = synthesized(0.75);
    record.synthesis->evictions = 2;
    record.synthesis->keeps_values = true;
    decide(record, std::vector{gate("errors", "0")});
    const auto terminal = terminal_summary(record, {});
    for (const auto& text : {to_html(record), to_markdown(record), terminal}) {
        std::string plain;
        for (const char c : text) {
            if (c != '\n' && c != ' ' && c != '\\') {
                plain += c;
            }
        }
        EXPECT_NE(plain.find("statementsofshop,430/sover"), std::string::npos) << text;
        EXPECT_NE(plain.find("75.0%ofthecallstherearecovered"), std::string::npos) << text;
        // The terminal has three lines for it.
        if (text != terminal) {
            EXPECT_NE(plain.find("threwoutrarestatements2times"), std::string::npos) << text;
            EXPECT_NE(plain.find("Itholdsvalues"), std::string::npos) << text;
        }
    }
}

TEST(LoadCoverage, AShareThatIsNoneIsNotReadBack) {
    auto record = synthesized(0.75);
    record.synthesis->covered_calls = 1.5;
    EXPECT_TRUE(std::holds_alternative<std::string>(read_json(to_json(record))));
}

}  // namespace
}  // namespace reports
