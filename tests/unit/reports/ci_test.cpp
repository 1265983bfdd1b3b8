#include "reports/ci.hpp"

#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <algorithm>
#include <memory>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace reports {
namespace {

using nlohmann::json;

Record judged(Record record, const std::vector<Gate>& gates = default_gates()) {
    decide(record, gates);
    return record;
}

// Everything at once: a row was lost, a step failed, gates failed, the way back lost a row, too.
Record ruined() {
    auto record = samples::naive();
    record.steps[0].outcome = "failed";
    record.steps[0].error = "statement 1 of 2: 42P01: no such table\n  2 attempts failed";
    record.migration_error = "step 1";
    auto table = samples::table("orders", Proof::fail);
    table.lost = 3;
    record.verification.emplace().tables = {table};
    record.verification->invariants = {samples::invariant("sum", Proof::fail)};
    record.rollback = std::make_shared<Record>(record);
    record.rollback->is_rollback = true;
    return judged(record);
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        lines.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

TEST(Ci, APassHasNothingToSay) {
    const auto record = judged(samples::healthy());
    ASSERT_EQ(record.verdict, Verdict::pass);
    EXPECT_TRUE(annotations(record).empty());
    EXPECT_EQ(github_annotations({}, {}), "");
    EXPECT_EQ(json::parse(gitlab_code_quality(record, {})), json::array());
}

TEST(Ci, TheMostSeriousComesFirstOfBothWays) {
    std::vector<std::string> titles;
    for (const auto& each : annotations(ruined())) {
        titles.push_back(each.title);
    }
    const std::vector<std::string> expected{"Data mismatch in orders",
                                            "Invariant broken: sum",
                                            "Rollback: Data mismatch in orders",
                                            "Rollback: Invariant broken: sum",
                                            "The step \"add the column\" failed",
                                            "Rollback: The step \"add the column\" failed",
                                            "Gate lock_wait.max failed",
                                            "Gate stall.max failed",
                                            "Rollback: Gate lock_wait.max failed",
                                            "Rollback: Gate stall.max failed"};
    EXPECT_EQ(titles, expected);
}

TEST(Ci, AFailedGateNamesTheLineOfTheStepAndItsStatement) {
    const auto lines =
        lines_of(github_annotations(annotations(judged(samples::naive())), {"/repo", "/repo/db"}));
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0].rfind("::error file=db/shop.yaml,line=31,title=Gate lock_wait.max failed::"
                             "Observed 8.43 s, limit <= 1.00 s.",
                             0),
              0U)
        << lines[0];
    EXPECT_NE(lines[0].find("AccessExclusiveLock on orders, step \"add the column\""),
              std::string::npos);
    EXPECT_NE(lines[0].find("%0AALTER TABLE orders ADD COLUMN"), std::string::npos);
}

TEST(Ci, GitHubIsToldFiveAtMostAndHowManyThereAreBesides) {
    const auto all = annotations(ruined());
    const auto lines = lines_of(github_annotations(all, {}));
    ASSERT_EQ(lines.size(), most_github_annotations);
    EXPECT_EQ(lines[0].find("And "), std::string::npos);
    EXPECT_NE(lines[4].find("%0AAnd 5 more, see the summary."), std::string::npos) << lines[4];
    EXPECT_EQ(lines_of(github_annotations(std::span{all}.first(5), {})).back().find("And "),
              std::string::npos);
}

TEST(Ci, NoTextLeavesItsPlaceInAWorkflowCommand) {
    const Annotation evil{.severity = Severity::data,
                          .check = "data",
                          .subject = "x",
                          .title = "a,line=1::b\n::stop-commands::x 100%",
                          .message = "one\r\n::set-env name=PATH::/evil\n50% \x1b[31m \xff",
                          .place = {"a,b:c%\n::d.yaml", 4}};
    const auto text = github_annotations(std::vector{evil}, {});
    EXPECT_EQ(text,
              "::error file=a%2Cb%3Ac%25 %3A%3Ad.yaml,line=4,"
              "title=a%2Cline=1%3A%3Ab %3A%3Astop-commands%3A%3Ax 100%25::"
              "one %0A::set-env name=PATH::/evil%0A50%25 \uFFFD[31m \uFFFD\n");
}

TEST(Ci, AnInconclusiveRunIsAWarningAndACutOffOneAnError) {
    auto record = samples::healthy();
    record.harness_faults = {"The log was lost."};
    auto text = github_annotations(annotations(judged(record)), {});
    EXPECT_EQ(text.rfind("::warning file=shop.yaml,line=31,title=The rehearsal is inconclusive::"
                         "The log was lost.",
                         0),
              0U)
        << text;
    record.harness_error = "no connection";
    text = github_annotations(annotations(judged(record)), {});
    EXPECT_EQ(text.rfind("::error file=shop.yaml,line=31,title=The rehearsal was cut off::", 0), 0U)
        << text;
}

TEST(Ci, WhateverIsNoPassHasAnAnnotation) {
    for (const auto verdict : {Verdict::fail, Verdict::inconclusive}) {
        Record record;  // no table of it says why
        record.verdict = verdict;
        record.reasons = {"Something else."};
        const auto all = annotations(record);
        ASSERT_EQ(all.size(), 1U);
        EXPECT_EQ(all[0].message, "Something else.");
        EXPECT_EQ(github_annotations(all, {}).find("file="), std::string::npos);
    }
}

TEST(Ci, CodeQualityHasWhatGitLabAsksFor) {
    const auto all = json::parse(gitlab_code_quality(ruined(), {"/repo", "/repo/db"}));
    ASSERT_EQ(all.size(), 10U);
    EXPECT_EQ(all[0]["severity"], "blocker");
    EXPECT_EQ(all[0]["check_name"], "rehearse/data");
    EXPECT_EQ(all[4]["severity"], "critical");
    EXPECT_EQ(all[9]["severity"], "major");
    for (const auto& each : all) {
        EXPECT_EQ(each["location"]["path"], "db/shop.yaml");
        EXPECT_EQ(each["location"]["lines"]["begin"], 31);
        EXPECT_TRUE(each["description"].is_string());
        EXPECT_EQ(each["fingerprint"].get<std::string>().size(), 32U);
    }
}

TEST(Ci, AFingerprintIsTheSameInEveryRunAndAnotherForEveryFinding) {
    const auto prints_of = [](const Record& record) {
        std::vector<std::string> prints;
        for (const auto& each : json::parse(gitlab_code_quality(record, {}))) {
            prints.push_back(each["fingerprint"]);
        }
        return prints;
    };
    auto record = ruined();
    auto prints = prints_of(record);
    record.locks.episodes[0].longest_wait_ms = 1;
    record.steps[0].error = "something else";
    record.steps[0].line = 99;
    for (auto& gate : record.gates) {
        gate.observed = "another figure";
    }
    record.verification->tables[0].lost = 7;
    EXPECT_EQ(prints_of(record), prints);
    std::sort(prints.begin(), prints.end());
    EXPECT_EQ(std::unique(prints.begin(), prints.end()), prints.end());
    record.gates.push_back(record.gates.back());
    record.gates.push_back(record.gates.back());
    auto twice = prints_of(record);
    std::sort(twice.begin(), twice.end());
    EXPECT_EQ(std::unique(twice.begin(), twice.end()), twice.end()) << "a gate of the same name";
}

TEST(Ci, CodeQualityIsJsonWhateverTheTexts) {
    auto record = ruined();
    record.steps[0].file = record.steps[0].name = "\xff\"\\\n\x01";
    EXPECT_EQ(json::parse(gitlab_code_quality(record, {"/r", "/r"})).size(), 10U);
}

}  // namespace
}  // namespace reports
