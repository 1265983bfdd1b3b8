#include "reports/junit.hpp"

#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <cmath>
#include <memory>
#include <regex>

#include <gtest/gtest.h>

namespace reports {
namespace {

Record judged(Record record, const std::vector<Gate>& gates = default_gates()) {
    decide(record, gates);
    return record;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::size_t times(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

TEST(Junit, APassIsGreenAndNamesEveryPart) {
    auto record = samples::healthy();
    record.verification.emplace().tables = {samples::table("orders", Proof::pass)};
    record.verification->invariants = {samples::invariant("sum", Proof::pass)};
    const auto text = to_junit(judged(record));
    for (const char* suite : {"verdict", "gates", "data proof", "invariants", "steps"}) {
        EXPECT_TRUE(contains(text, std::string{"<testsuite name=\""} + suite + '"')) << text;
    }
    EXPECT_TRUE(contains(text,
                         "<testsuites name=\"rehearse add-region\" tests=\"7\" failures=\"0\" "
                         "errors=\"0\" skipped=\"0\" time=\"35.000\">"))
        << text;
    EXPECT_TRUE(contains(text, "timestamp=\"2026-01-01T00:00:00\""));
    EXPECT_FALSE(contains(text, "<failure") || contains(text, "<error"));
}

TEST(Junit, AFailedGateIsAFailureAtTheStepsLine) {
    const auto text = to_junit(judged(samples::naive()), {"/repo", "/repo/db"});
    EXPECT_TRUE(contains(text,
                         "<testcase classname=\"naive.gates\" name=\"lock_wait.max\" "
                         "file=\"db/shop.yaml\" line=\"31\">\n   <failure message=\"observed "
                         "8.43 s, limit &lt;= 1.00 s"))
        << text;
    EXPECT_TRUE(
        contains(text, "Longest wait: 8.43 s, read, behind step &quot;add the column&quot;"))
        << text;
    EXPECT_TRUE(contains(text, "<testcase classname=\"naive.gates\" name=\"errors\"/>"));
}

TEST(Junit, WhatIsInconclusiveIsAnErrorNeverGreen) {
    auto record = judged(samples::healthy(), {samples::gate("replica_lag", "1s")});
    ASSERT_EQ(record.verdict, Verdict::inconclusive);
    EXPECT_EQ(times(to_junit(record), "<error "), 2U) << "the verdict and the gate";

    record = samples::healthy();
    record.harness_faults = {"A log was lost."};
    const auto text = to_junit(judged(record));
    EXPECT_TRUE(contains(text, "errors=\"1\" skipped=\"0\" time=\"35.000\">"))
        << "every gate held and every step went well, and still it is no pass\n"
        << text;
    EXPECT_TRUE(contains(text, "<error message=\"A log was lost.\" type=\"inconclusive\">"));
}

TEST(Junit, StepsTellTheirTimeAndWhyTheyEnded) {
    auto record = samples::healthy();
    record.steps.resize(4, record.steps[0]);
    record.steps[1].outcome = "failed";
    record.steps[1].error = "42P01: no such <table>";
    record.steps[1].line = 40;
    record.steps[2].outcome = "interrupted";
    record.steps[3].outcome = "skipped";
    const auto text = to_junit(judged(record));
    EXPECT_TRUE(contains(text, "time=\"10.000\" file=\"shop.yaml\" line=\"31\"/>"));
    EXPECT_TRUE(contains(text,
                         "line=\"40\">\n   <failure message=\"42P01: no such &lt;table&gt;\" "
                         "type=\"fail\">42P01: no such &lt;table&gt;</failure>"))
        << text;
    EXPECT_TRUE(contains(text, "<error message=\"interrupted\""));
    EXPECT_TRUE(contains(text, "<skipped message=\"skipped\"/>"));
    EXPECT_TRUE(contains(text,
                         "<testsuite name=\"steps\" tests=\"4\" failures=\"1\" errors=\"1\" "
                         "skipped=\"1\""));
}

TEST(Junit, ATableThatIsPartlyProvedPassesOnlyWhereThatIsEnough) {
    auto record = samples::healthy();
    record.verification.emplace().tables = {samples::table("orders", Proof::partial)};
    record.verification->tables[0].unproved = {"rows that others wrote"};
    EXPECT_TRUE(contains(to_junit(judged(record)), "<error message=\"Of orders it is not proved"));
    record.verification->partial_passes = true;
    EXPECT_FALSE(contains(to_junit(judged(record)), "<error"));
    record.verification->fault = "the scan was cut off";
    EXPECT_TRUE(contains(to_junit(judged(record)), "<error message=\"the scan was cut off\""));
}

TEST(Junit, TheWayBackHasSuitesOfItsOwn) {
    auto record = samples::healthy();
    record.rollback_omitted = "the migration failed";
    EXPECT_TRUE(contains(to_junit(judged(record)),
                         "<error message=\"It was not rehearsed: the migration failed\""));
    record.rollback_omitted.clear();
    record.rollback = std::make_shared<Record>(samples::naive());
    const auto text = to_junit(judged(record));
    EXPECT_TRUE(contains(text, "<testsuite name=\"rollback: gates\" tests=\"3\" failures=\"2\""))
        << text;
    EXPECT_TRUE(contains(text, "<testsuite name=\"verdict\" tests=\"2\" failures=\"2\""));
    EXPECT_TRUE(contains(text, "<testsuite name=\"gates\" tests=\"3\" failures=\"0\""));
}

TEST(Junit, TheTotalsAreWhatIsInTheFile) {
    for (auto record : {samples::healthy(), samples::naive(), Record{}}) {
        record.steps.resize(3);
        record.rollback = std::make_shared<Record>(samples::naive());
        const auto text = to_junit(judged(record));
        std::smatch total;
        ASSERT_TRUE(
            std::regex_search(text, total,
                              std::regex{R"x(<testsuites [^>]*tests="(\d+)" failures="(\d+)" )x"
                                         R"x(errors="(\d+)" skipped="(\d+)")x"}));
        EXPECT_EQ(total[1], std::to_string(times(text, "<testcase ")));
        EXPECT_EQ(total[2], std::to_string(times(text, "<failure ")));
        EXPECT_EQ(total[3], std::to_string(times(text, "<error ")));
        EXPECT_EQ(total[4], std::to_string(times(text, "<skipped ")));
    }
}

TEST(Junit, HoldsNothingThatXmlForbidsAndEscapesTheRest) {
    const std::string evil =
        "]]></failure>&\"'<\x01\x1b\x7f\xff\xC0\x80 \xED\xA0\x80 \xEF\xBF\xBE \xEF\xBF\xBF "
        "\u202E\n\r\t";
    auto record = samples::naive();
    record.run.scenario = record.run.started_at = record.run.scenario_file = evil;
    record.run.duration_s = NAN;
    record.steps[0].name = record.steps[0].error = record.steps[0].file = evil;
    record.steps[0].outcome = "failed";
    record.steps[0].end_s = INFINITY;
    record.target.engine = evil;
    record.gates.assign(1, {.name = evil, .limit = evil, .observed = evil, .detail = evil});
    record.verdict = Verdict::fail;
    record.reasons = {evil};
    const auto text = to_junit(record);
    for (const char* bad : {"]]></failure>&", "\x01", "\x1b", "\x7f", "\xff", "\xC0", "\xED\xA0",
                            "\xEF\xBF\xBE", "\xEF\xBF\xBF", "nan", "inf\"", "\r", "\t"}) {
        EXPECT_FALSE(contains(text, bad)) << bad;
    }
    EXPECT_TRUE(contains(text, "]]&gt;&lt;/failure&gt;&amp;&quot;'&lt;"));
}

TEST(Junit, TextsAreBounded) {
    auto record = samples::naive();
    record.steps[0].outcome = "failed";
    record.steps[0].error = record.steps[0].name = std::string(1'000'000, 'x');
    EXPECT_LT(to_junit(judged(record)).size(), 30'000U);
}

}  // namespace
}  // namespace reports
