#include "reports/run_comparison.hpp"

#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <stdexcept>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace reports {
namespace {

using samples::calls;
using samples::calls_of;

// A run whose "read" took this long in during and after, with an own noise of a few percent.
Record run_of(double read_ms, double write_ms = 10) {
    Record record = samples::healthy();
    for (const auto phase : {PhaseName::during, PhaseName::after}) {
        calls(record, 0, phase) = calls_of(20'000, read_ms);
        calls(record, 1, phase) = calls_of(20'000, write_ms);
    }
    static int number = 0;
    record.run.id = "run " + std::to_string(++number);
    samples::spread_over_seconds(record);
    decide(record, default_gates());
    return record;
}

RunComparison compared(const std::vector<Record>& runs, const std::vector<Record>& baselines,
                       const std::vector<Gate>& gates = {}) {
    std::vector<NamedRun> now, before;
    for (const auto& run : runs) {
        now.push_back({"new-" + std::to_string(now.size()), &run});
    }
    for (const auto& run : baselines) {
        before.push_back({"base-" + std::to_string(before.size()), &run});
    }
    return compare_runs(now, before, gates);
}

std::string all(const std::vector<std::string>& sentences) {
    std::string text;
    for (const auto& sentence : sentences) {
        text += sentence + "\n";
    }
    return text;
}

void expect_in(const std::string& part, const std::string& text) {
    EXPECT_NE(text.find(part), std::string::npos) << "\"" << part << "\" in: " << text;
}

std::vector<Record> seven(double read_ms) {
    std::vector<Record> runs;
    for (int i = 0; i < 9; ++i) {
        runs.push_back(run_of(read_ms * (1 + 0.01 * i)));
    }
    return runs;
}

TEST(RunComparison, ARunAgainstItselfIsNoComparison) {
    const auto run = run_of(10);
    const auto comparison = compared({run}, {run});
    EXPECT_EQ(comparison.verdict, Verdict::inconclusive);
    expect_in("are the same run", all(comparison.reasons));
}

TEST(RunComparison, ARunLikeItsBaselinePasses) {
    const auto comparison = compared({run_of(10)}, {run_of(10)});
    EXPECT_EQ(comparison.verdict, Verdict::pass) << all(comparison.reasons);
    EXPECT_EQ(comparison.exit_code, 0);
    EXPECT_EQ(comparison.operations.size(), 4U);
}

TEST(RunComparison, AnOperationThatIsSlowerFailsAndIsNamed) {
    const auto comparison = compared({run_of(20)}, {run_of(10)});
    EXPECT_EQ(comparison.exit_code, 1);
    expect_in("The p50 of read rose to 2.0", comparison.reasons.at(0));
    EXPECT_EQ(all(comparison.reasons).find("write"), std::string::npos);
}

TEST(RunComparison, AFasterOnePasses) {
    EXPECT_EQ(compared({run_of(5)}, {run_of(10)}).verdict, Verdict::pass);
}

TEST(RunComparison, PairsAreTestedByTheirSignedRanks) {
    const auto slower = compared(seven(20), seven(10));
    EXPECT_EQ(slower.exit_code, 1) << all(slower.reasons);
    expect_in("9 pairs", slower.method);
    const auto alike = compared(seven(10), seven(10));
    EXPECT_EQ(alike.verdict, Verdict::pass) << all(alike.reasons);
}

TEST(RunComparison, TooFewPairsAreInconclusiveAndSayHowManyAreNeeded) {
    const auto comparison = compared({run_of(20), run_of(21)}, {run_of(10), run_of(10)});
    EXPECT_EQ(comparison.exit_code, 3);
    expect_in("7", all(comparison.reasons));
}

TEST(RunComparison, AnOperationOfOneSideOnlyIsNeverAPass) {
    auto lacks = run_of(10);
    lacks.operations.pop_back();
    expect_in("write is in base-0 only", all(compared({lacks}, {run_of(10)}).reasons));
    const auto added = compared({run_of(10)}, {lacks});
    EXPECT_EQ(added.verdict, Verdict::inconclusive);
    expect_in("write was never due during or after the migration in base-0", all(added.reasons));
}

TEST(RunComparison, ARunThatFailedWhereItsBaselineDidNotFails) {
    auto failed = run_of(10);
    failed.locks.max_wait_ms = 5'000;
    decide(failed, default_gates());
    const auto comparison = compared({failed}, {run_of(10)});
    EXPECT_EQ(comparison.exit_code, 1);
    expect_in("new-0 itself failed: The application waited up to", all(comparison.reasons));
    auto before = failed;
    before.run.id = "an earlier one";
    const auto both = compared({failed}, {before});
    EXPECT_EQ(both.verdict, Verdict::pass) << all(both.reasons);
    expect_in("failed, too", all(both.warnings));
}

TEST(RunComparison, LostDataIsNeverExcusedByABaselineThatFailed) {
    auto failed = run_of(10), lost = run_of(10);
    failed.locks.max_wait_ms = 5'000;
    decide(failed, default_gates());
    lost.verdict = Verdict::fail;
    lost.exit_code = exit_codes::data_mismatch;
    lost.reasons = {"Data mismatch in orders."};
    EXPECT_EQ(compared({lost}, {failed}).verdict, Verdict::fail);
}

TEST(RunComparison, ARunThatProvedLessThanItsBaselineIsNoPass) {
    auto unclear = run_of(10), passed = run_of(10);
    unclear.verdict = Verdict::inconclusive;
    passed.verdict = Verdict::pass;
    const auto comparison = compared({unclear}, {passed});
    EXPECT_EQ(comparison.verdict, Verdict::inconclusive);
    expect_in("new-0 is inconclusive where base-0 passed", all(comparison.reasons));
    expect_in("new-0 itself is inconclusive", all(comparison.warnings));
    passed.verdict = Verdict::inconclusive;
    EXPECT_EQ(compared({unclear}, {passed}).verdict, Verdict::pass);
}

TEST(RunComparison, ALoadOrAPhaseOfAnotherLengthIsNoComparison) {
    auto faster = run_of(10), longer = run_of(10);
    faster.asked_rate *= 2;
    longer.phases.back().end_s += 60;
    EXPECT_EQ(compared({faster}, {run_of(10)}).verdict, Verdict::inconclusive);
    EXPECT_EQ(compared({longer}, {run_of(10)}).verdict, Verdict::inconclusive);
}

TEST(RunComparison, ARunThatWasCutOffIsNeverAPass) {
    auto cut = run_of(10);
    cut.interrupted = true;
    EXPECT_EQ(compared({run_of(10)}, {cut}).verdict, Verdict::inconclusive);
    EXPECT_EQ(compared({cut}, {run_of(10)}).verdict, Verdict::inconclusive);
}

TEST(RunComparison, TellsWhatWasNotTheSame) {
    auto other = run_of(10);
    other.asked_rate = 100;  // which is a doubt, too
    other.target.settings["shared_buffers"] = "1GB";
    const auto warnings = all(compared({other}, {run_of(10)}).warnings);
    expect_in("The rate differs", warnings);
    expect_in("The setting shared_buffers differs: 128MB in base-0, 1GB in new-0.", warnings);
}

TEST(RunComparison, TakesTheRatiosThatItIsGiven) {
    const std::vector gates{samples::ratio_gate("read.response.p50", "3")};
    const auto comparison = compared({run_of(20)}, {run_of(10)}, gates);
    EXPECT_EQ(comparison.verdict, Verdict::pass) << all(comparison.reasons);
    ASSERT_EQ(comparison.operations.size(), 1U);
    EXPECT_EQ(comparison.operations[0].allowed_ratio, 3);
}

TEST(RunComparison, UnequalNumbersAreRefused) {
    EXPECT_THROW(compared({run_of(10)}, {}), std::invalid_argument);
    EXPECT_THROW(compared({}, {}), std::invalid_argument);
}

TEST(RunComparison, EachTextTellsTheVerdictAndTheFigures) {
    const auto comparison = compared({run_of(20)}, {run_of(10)});
    const auto json = nlohmann::json::parse(comparison_json(comparison));
    EXPECT_EQ(json["schema"], "rehearse.compare/1");
    EXPECT_EQ(json["operations"][0]["verdict"], "fail");
    for (const auto& text : {comparison_text(comparison, {}), comparison_markdown(comparison),
                             comparison_html(comparison, "1.0")}) {
        expect_in("read", text);
        expect_in("longest lock wait", text);
        expect_in("new-0", text);
        expect_in("fail", text);
    }
}

TEST(RunComparison, NamesAreShownAsTextOnThePage) {
    auto run = run_of(10);
    const std::string evil = "</script><script>alert(1)</script>";
    const NamedRun now{evil, &run};
    const auto base = run_of(10);
    const NamedRun before{"base", &base};
    const auto page = comparison_html(compare_runs({&now, 1}, {&before, 1}, {}), "1.0");
    EXPECT_EQ(page.find("<script"), std::string::npos);
    expect_in("&lt;script&gt;", page);
    expect_in("default-src 'none'", page);
}

}  // namespace
}  // namespace reports
