#include "reports/markdown.hpp"

#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <algorithm>
#include <memory>

#include <gtest/gtest.h>

namespace reports {
namespace {

TEST(Markdown, EscapesWhatMarkdownAndHtmlWouldTakeForTheirOwn) {
    EXPECT_EQ(markdown_escaped("a|b`c`\n<b>*x*</b> _y_ [l](u) #1 \\ &amp;"),
              "a\\|b\\`c\\` &lt;b&gt;\\*x\\*&lt;/b&gt; \\_y\\_ \\[l\\](u) \\#1 \\\\ &amp;amp;");
}

TEST(Markdown, SaysTheVerdictFirst) {
    auto record = samples::naive();
    record.verification.emplace().tables = {samples::table("orders", Proof::pass)};
    decide(record, default_gates());
    const auto text = to_markdown(record);
    EXPECT_NE(text.substr(0, text.find('\n')).find("fail: naive"), std::string::npos);
    std::size_t at = 0;
    for (const char* part :
         {"The application waited up to 8.43 s", "## What happened", "ALTER TABLE orders",
          "31 sessions at once", "## Gates", "| fail | lock\\_wait.max |", "## Operations",
          "| read | before | 20,000 |", "| write | during |", "## Lock episodes", "## Steps",
          "AccessExclusiveLock on orders (1.00 ms, 8.40 s)", "## Data", "| pass | orders |",
          "## Can it be believed", "rehearse run shop.yaml --seed 42"}) {
        const auto found = text.find(part, at);
        ASSERT_NE(found, std::string::npos) << part << "\n" << text;
        at = found;
    }
}

Record endless(const std::string& evil) {
    auto record = samples::naive();
    auto operation = record.operations[0];
    auto step = record.steps[0];
    auto episode = record.locks.episodes[0];
    operation.name = step.name = step.outcome = episode.relation = episode.mode = evil;
    episode.blocker.step = episode.blocker.state = evil;
    step.locks.assign(20, {.relation = evil, .mode = evil, .waited_s = 1, .held_s = 2});
    step.rewrote.assign(20, evil);
    for (auto& phase : operation.by_app[0]) {
        phase.response.clear();
        phase.errors[evil] = 3;
    }
    record.operations.assign(100, operation);
    auto comparison = samples::comparison(evil, "p99", 2);
    comparison.lacking = evil;
    record.comparisons.assign(100, comparison);
    record.steps.resize(10'000, record.steps[0]);
    std::fill_n(record.steps.begin(), 20, step);
    record.locks.episodes.resize(10'000, record.locks.episodes[0]);
    std::fill_n(record.locks.episodes.begin(), 20, episode);
    record.warnings.assign(10'000, "small");
    std::fill_n(record.warnings.begin(), 20, evil);
    record.harness_faults = record.warnings;
    record.run.scenario = record.run.scenario_file = record.target.version = evil;
    record.run.started_at = record.target.engine = evil;
    TableProof proof;
    proof.name = evil;
    proof.verdict = Proof::fail;
    proof.notes = {evil};
    proof.changed = 10'000;
    proof.mismatches.assign(100, {.kind = "changed", .key = evil, .rows = RowValues{evil, evil}});
    record.verification.emplace().tables.assign(100, proof);
    decide(record, std::vector<Gate>(100, samples::gate("errors", "0")));
    for (auto& gate : record.gates) {
        gate.name = gate.detail = gate.observed = evil;
    }
    return record;
}

TEST(Markdown, StaysBelowItsBoundWhateverTheRun) {
    std::string marks;
    for (int i = 0; i < 200; ++i) {
        marks += "\U00020000\u20DD\u20DD\u20DD\u20DD";
    }
    for (const auto& evil : {std::string(5'000, '<'), marks, std::string{"short"}}) {
        auto record = endless(evil);
        record.rollback = std::make_shared<Record>(record);
        EXPECT_LT(to_markdown(record).size(), markdown_bytes_max);
        const auto text = to_markdown(endless(evil));
        EXPECT_LT(text.size(), markdown_bytes_max);
        EXPECT_NE(text.find("more operations, those that suffered less; `result.json` has all"),
                  std::string::npos);
        EXPECT_NE(text.find("more episodes; `result.json` has all"), std::string::npos);
        EXPECT_NE(text.find("more steps; `result.json` has all"), std::string::npos);
        EXPECT_NE(text.find("## Can it be believed"), std::string::npos);
        EXPECT_NE(text.find("seed 42"), std::string::npos);
    }
}

TEST(Markdown, KeepsFailedGatesWhenItMustCut) {
    auto record = samples::healthy();
    std::vector<Gate> gates(2'000, samples::gate("errors", "0"));
    gates.push_back(samples::gate("lock_wait.max", "1ms"));
    decide(record, gates);
    EXPECT_NE(to_markdown(record).find("| fail | lock\\_wait.max |"), std::string::npos);
}

TEST(Markdown, StaysBelowItWithFiveThousandOperations) {
    auto record = samples::naive();
    decide(record, default_gates());
    OperationRecord small;  // without histograms: the names alone are too many
    record.operations.resize(5'000, small);
    for (std::size_t i = 2; i < record.operations.size(); ++i) {
        record.operations[i].name = "operation " + std::to_string(i);
    }
    const auto text = to_markdown(record);
    EXPECT_LT(text.size(), markdown_bytes_max);
    EXPECT_NE(text.find("more operations, those that suffered less; `result.json` has all"),
              std::string::npos);
    EXPECT_NE(text.find("| write | during |"), std::string::npos) << "they suffered";
}

TEST(Markdown, TakesStatementsOfAMegabyteWithoutSwelling) {
    auto record = samples::naive();
    const std::string statement(1'000'000, '|');
    record.steps[0].statement = record.steps[0].error = statement;
    record.locks.episodes[0].blocker.query = statement;
    record.steps.assign(50, record.steps[0]);
    record.locks.episodes.assign(50, record.locks.episodes[0]);
    decide(record, default_gates());
    EXPECT_LT(to_markdown(record).size(), markdown_bytes_max);
}

TEST(Markdown, CutsTheOperationsThatSufferedLeastAndNoStepThatFailed) {
    auto record = samples::healthy();
    record.operations.resize(150, record.operations[0]);
    for (std::size_t i = 0; i < record.operations.size(); ++i) {
        record.operations[i].name = "operation" + std::to_string(i);
    }
    samples::calls(record, 149, PhaseName::during).merge(samples::calls_of(20'000, 900));
    samples::calls(record, 148, PhaseName::during).errors = {{"57014", 9'000}};
    record.steps.resize(500, record.steps[0]);
    record.steps[400].name = "the culprit";
    record.steps[400].outcome = "failed";
    decide(record, default_gates());
    const auto text = to_markdown(record);
    const auto failing = text.find("| operation148 | before |");
    EXPECT_LT(failing, text.find("| operation149 | before |")) << "failed calls are the slowest";
    EXPECT_NE(text.find("| operation149 | during |"), std::string::npos);
    EXPECT_NE(text.find("| the culprit | failed |"), std::string::npos);
    EXPECT_NE(text.find("Left out here: 470 more steps"), std::string::npos);
}

TEST(Markdown, ShowsHowEachOperationChangedBetweenItsBounds) {
    auto record = samples::healthy();
    decide(record, default_gates());
    record.comparisons = {samples::comparison("read", "p99", 1.25, 1.1, 1.42),
                          samples::comparison("read", "p50"),
                          samples::comparison("read", "p90", 7)};
    record.comparisons[1].lacking = "too few | calls";
    const auto text = to_markdown(record);
    EXPECT_NE(text.find("| read | ratio |  |  | ? (too few \\| calls) | 1.25 (1.10 to 1.42) |"),
              std::string::npos)
        << text;
    EXPECT_EQ(text.find("| write | ratio"), std::string::npos);
}

}  // namespace
}  // namespace reports
