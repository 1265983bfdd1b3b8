#include "reports/json.hpp"
#include "reports/markdown.hpp"
#include "reports/terminal.hpp"
#include "reports/text.hpp"
#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <csignal>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace reports {
namespace {

using samples::gate;
using samples::healthy;

TableProof table(Proof verdict) {
    TableProof proof;
    proof.name = "public.orders";
    proof.rows_before = proof.rows_after = 1'000;
    proof.verdict = verdict;
    proof.proved = {"id"};
    if (verdict == Proof::fail) {
        proof.changed = 2;
        proof.mismatches = {{"changed", "id=7", {"total"}}, {"changed", "id=9", {"total"}}};
    }
    if (verdict == Proof::partial || verdict == Proof::inconclusive) {
        proof.unproved = {"in 3 rows that differ, what is the workload's own to write"};
    }
    return proof;
}

Record decided(Verification proof, bool migration_failed = false, int signal = 0) {
    auto record = healthy();
    record.verification = std::move(proof);
    if (migration_failed) {
        record.steps[0].outcome = "failed";
        record.migration_error = "no";
    }
    decide(record, std::vector{gate("errors", "0")}, signal);
    return record;
}

Record with(Proof verdict, bool partial_passes = false) {
    Verification proof;
    proof.partial_passes = partial_passes;
    proof.tables = {table(verdict)};
    return decided(std::move(proof));
}

TEST(Verification, AMismatchDecidesBeforeAFailedMigrationAndAfterAnInterruption) {
    Verification proof;
    proof.tables = {table(Proof::fail)};
    EXPECT_EQ(decided(proof).exit_code, 4);
    EXPECT_EQ(decided(proof, true).exit_code, 4);
    EXPECT_EQ(decided(proof, false, SIGINT).exit_code, 130);
    const auto record = decided(proof, true);
    EXPECT_EQ(record.verdict, Verdict::fail);
    EXPECT_EQ(record.reasons[0],
              "Data mismatch in public.orders: rows 2 changed. The first: changed, id=7, column "
              "total.");
}

TEST(Verification, WhatIsProvedInPartPassesOnlyWhereThatWasChosen) {
    EXPECT_EQ(with(Proof::pass).exit_code, 0);
    EXPECT_EQ(with(Proof::partial).exit_code, 3);
    EXPECT_EQ(with(Proof::partial, true).exit_code, 0);
    EXPECT_EQ(with(Proof::inconclusive, true).exit_code, 3);
}

TEST(Verification, APassSaysWhatItProved) {
    EXPECT_NE(with(Proof::pass).reasons[0].find("All rows of public.orders are as they were"),
              std::string::npos);
    EXPECT_NE(with(Proof::partial, true).reasons[0].find("the rest is not proved"),
              std::string::npos);
}

TEST(Verification, OneThatWasNotCarriedThroughIsADoubt) {
    Verification proof;
    proof.fault = "the server was gone";
    const auto record = decided(proof);
    EXPECT_EQ(record.exit_code, 3);
    EXPECT_EQ(record.reasons[0], "The data was not verified: the server was gone.");
}

TEST(Verification, AnInvariantThatDoesNotHoldIsAMismatch) {
    Verification proof;
    proof.invariants = {{.name = "i",
                         .expected = "= 0",
                         .before = {},
                         .after = "1",
                         .first_violation_s = {},
                         .first_violation = {},
                         .verdict = Proof::fail,
                         .detail = "it is 1"}};
    EXPECT_EQ(decided(proof).exit_code, 4);
    proof.invariants[0].verdict = Proof::inconclusive;
    EXPECT_EQ(decided(proof).exit_code, 3);
    proof.invariants[0].verdict = Proof::pass;
    EXPECT_EQ(decided(proof).exit_code, 0);
}

Record with_schema(bool problem) {
    Verification proof;
    proof.tables = {table(problem ? Proof::fail : Proof::pass)};
    proof.tables[0].changed = 0;
    proof.tables[0].mismatches.clear();
    proof.tables[0].schema_changes = {{.kind = "index",
                                       .name = "by_total",
                                       .text = "the index by_total is INVALID",
                                       .before = {},
                                       .after = "INVALID",
                                       .problem = problem}};
    return decided(std::move(proof));
}

TEST(Verification, AProblemOfTheSchemaIsAMismatchAndAChangeIsNot) {
    EXPECT_EQ(with_schema(true).exit_code, 4);
    EXPECT_EQ(with_schema(true).reasons[0],
              "Schema of public.orders: the index by_total is INVALID.");
    EXPECT_EQ(with_schema(false).exit_code, 0);
}

TEST(Verification, ChangesOfTheSchemaAreInEveryReport) {
    for (const bool problem : {false, true}) {
        const auto record = with_schema(problem);
        const auto json = nlohmann::json::parse(to_json(record))["verification"]["tables"][0];
        EXPECT_EQ(json["schema_changes"][0]["kind"], "index");
        EXPECT_EQ(json["schema_changes"][0]["name"], "by_total");
        EXPECT_EQ(json["schema_changes"][0]["text"], "the index by_total is INVALID");
        EXPECT_TRUE(json["schema_changes"][0]["before"].is_null());
        EXPECT_EQ(json["schema_changes"][0]["after"], "INVALID");
        EXPECT_EQ(json["schema_changes"][0]["problem"], problem);
        for (const auto& text : {terminal_summary(record, {}), to_markdown(record)}) {
            EXPECT_NE(text.find("schema of public.orders"), std::string::npos) << text;
            EXPECT_NE(text.find("total is INVALID"), std::string::npos) << text;
        }
    }
}

Record with_rows(std::vector<DataMismatch> mismatches) {
    Verification proof;
    proof.tables = {table(Proof::fail)};
    proof.tables[0].changed = mismatches.size();
    proof.tables[0].mismatches = std::move(mismatches);
    return decided(std::move(proof));
}

TEST(Verification, RowsThatDifferAreShownAsBothScansFoundThemWhereThatWasAskedFor) {
    const auto record = with_rows({{.kind = "changed",
                                    .key = "id=7",
                                    .columns = {"total"},
                                    .rows = RowValues{"id=7, total=5", "id=7, total=6"}},
                                   {.kind = "lost",
                                    .key = "id=9",
                                    .rows = RowValues{.before = "id=9, total=1", .after = ""}}});
    const auto json = nlohmann::json::parse(to_json(record))["verification"]["tables"][0];
    EXPECT_EQ(json["mismatches"][0]["before"], "id=7, total=5");
    EXPECT_EQ(json["mismatches"][0]["after"], "id=7, total=6");
    EXPECT_EQ(json["mismatches"][1]["before"], "id=9, total=1");
    EXPECT_TRUE(json["mismatches"][1].at("after").is_null());
    EXPECT_NE(terminal_summary(record, {})
                  .find("  public.orders: changed id=7 (total)\n"
                        "    first scan   id=7, total=5\n"
                        "    second scan  id=7, total=6\n"
                        "  public.orders: lost id=9\n"
                        "    first scan   id=9, total=1\n"
                        "    second scan  not there\n"),
              std::string::npos)
        << terminal_summary(record, {});
    EXPECT_NE(to_markdown(record).find("## Rows that differ\n\n"
                                       "| table | row | first scan | second scan |\n"
                                       "|---|---|---|---|\n"
                                       "| public.orders | changed id=7 (total) | id=7, total=5 "
                                       "| id=7, total=6 |\n"
                                       "| public.orders | lost id=9 | id=9, total=1 | not there "
                                       "|\n"),
              std::string::npos)
        << to_markdown(record);
}

TEST(Verification, WithoutBeingAskedForNoReportHasAPlaceForRows) {
    const auto record = with(Proof::fail);
    const auto json = nlohmann::json::parse(to_json(record))["verification"]["tables"][0];
    EXPECT_FALSE(json["mismatches"][0].contains("before"));
    EXPECT_FALSE(json["mismatches"][0].contains("after"));
    EXPECT_EQ(terminal_summary(record, {}).find("first scan"), std::string::npos);
    EXPECT_EQ(to_markdown(record).find("first scan"), std::string::npos);
}

TEST(Verification, NoValueOfARowBreaksAReport) {
    const std::string evil =
        "id=7, note='\x1b[2J\x07| </td><script>`*x*` [l](u)\r\n# head \xe2\x80\xae'";
    const std::string endless = "id=7, note='" + std::string(5'000, 'x') + "'";
    for (const auto& value : {evil, endless}) {
        const auto record = with_rows(std::vector<DataMismatch>(
            100, {.kind = "changed", .key = "id=7", .rows = RowValues{value, value}}));
        const auto terminal = terminal_summary(record, {.colour = false, .columns = 80});
        std::size_t lines = 0;
        for (std::size_t at = 0; at < terminal.size(); ++lines) {
            const auto end = terminal.find('\n', at);
            EXPECT_LE(columns_of(terminal.substr(at, end - at)), 80U);
            at = end + 1;
        }
        EXPECT_LT(lines, 150U) << "five rows of a table, six lines each";
        EXPECT_EQ(terminal.find_first_of("\x1b\x07\r"), std::string::npos);
        EXPECT_EQ(terminal.find("\xe2\x80\xae"), std::string::npos) << "turns the text around";
        const auto markdown = to_markdown(record);
        EXPECT_EQ(markdown.find("<script>"), std::string::npos);
        EXPECT_EQ(markdown.find("\n# head"), std::string::npos);
        EXPECT_EQ(markdown.find_first_of("\x1b\x07\r"), std::string::npos);
        EXPECT_LT(markdown.size(), markdown_bytes_max);
        const auto json = nlohmann::json::parse(to_json(record))["verification"]["tables"][0];
        EXPECT_EQ(json["mismatches"][99]["before"], value) << "as it is, and all of it";
    }
}

TEST(Verification, IsInEveryReport) {
    const auto record = with(Proof::fail);
    const auto json = nlohmann::json::parse(to_json(record))["verification"];
    EXPECT_EQ(json["tables"][0]["verdict"], "fail");
    EXPECT_EQ(json["tables"][0]["mode"], "quiesced");
    EXPECT_EQ(json["tables"][0]["mismatches"][0]["key"], "id=7");
    EXPECT_EQ(json["tables"][0]["mismatches"][0]["columns"][0], "total");
    EXPECT_TRUE(json["ledger"].is_null());
    for (const auto& text : {terminal_summary(record, {}), to_markdown(record)}) {
        EXPECT_NE(text.find("public.orders"), std::string::npos) << text;
        EXPECT_NE(text.find("id=7"), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace reports
