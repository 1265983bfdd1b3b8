#include "reports/terminal.hpp"

#include "reports/text.hpp"
#include "reports/verdict.hpp"
#include "tests/unit/reports/sample_record.hpp"

#include <sstream>

#include <gtest/gtest.h>

namespace reports {
namespace {

using samples::healthy;
using samples::naive;

Record decided(Record record) {
    decide(record, default_gates());
    return record;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream{text};
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

// Everything that can hold text from elsewhere holds the worst of it.
Record hostile() {
    auto record = naive();
    std::string evil = "\x1b[31;1m\x1b]0;title\a|`<b>\u202E\u4E2D\u6587 \xff";
    while (evil.size() < 300) {
        evil += "x\u0301\n";
    }
    record.run.scenario = record.run.scenario_file = record.target.version = evil;
    record.target.database = evil;
    record.target.throwaway = false;
    for (int i = 0; i < 60; ++i) {
        auto step = record.steps[0];
        step.name = step.outcome = step.kind = evil;
        step.rewrote = {evil, evil};
        step.locks.assign(5, {.relation = evil, .mode = evil, .waited_s = 1e9, .held_s = 1e12});
        step.wal_bytes = INT64_MAX;
        record.steps.push_back(step);
        auto operation = record.operations[0];
        operation.name = evil + std::to_string(i);
        for (auto& app : operation.by_app) {
            for (auto& phase : app) {
                phase.count = UINT64_MAX / 4;
                phase.errors[evil] = UINT64_MAX / 100;
            }
        }
        operation.longest_stall[2] = {0, 1e15};
        record.operations.push_back(operation);
        auto episode = record.locks.episodes[0];
        episode.relation = episode.mode = episode.queued_mode = episode.blocker.state = evil;
        episode.blocker.step = episode.blocker.query = evil;
        episode.queued = episode.blocker;
        episode.victims[0].operation = evil;
        episode.victim_seconds = 1e15;
        record.locks.episodes.push_back(episode);
        record.warnings.push_back(evil);
        record.harness_faults.push_back(evil);
        record.adversaries.push_back({.name = evil, .outcome = evil, .error = evil});
    }
    record.migration_error = record.harness_error = evil;
    return decided(record);
}

class Width : public testing::TestWithParam<std::size_t> {};

TEST_P(Width, IsKeptByEveryLineWhateverTheNames) {
    const Style style{.colour = false, .columns = GetParam()};
    const auto width = std::clamp<std::size_t>(GetParam(), 60, 100);
    for (const auto& record : {decided(healthy()), decided(naive()), hostile(), Record{}}) {
        for (const auto& text :
             {terminal_summary(record, style), side_by_side(record, hostile(), style)}) {
            for (const auto& line : lines_of(text)) {
                EXPECT_LE(columns_of(line), width) << line;
                EXPECT_EQ(one_line(line + "."), one_line(one_line(line + "."))) << line;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Terminals, Width, testing::Values(10, 60, 80, 100, 500));

TEST(Terminal, LetsNothingMoveTheCursor) {
    for (const auto& text : {terminal_summary(hostile()), side_by_side(hostile(), hostile())}) {
        for (const char c : text) {
            EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
        }
        EXPECT_EQ(text.find("\u202E"), std::string::npos);
        EXPECT_EQ(text.find("\x7f"), std::string::npos);
    }
}

TEST(Terminal, IsBoundedInLength) {
    EXPECT_LT(lines_of(terminal_summary(hostile())).size(), 250U);
}

TEST(Terminal, SaysTheVerdictFirstThenWhyThenTheFigures) {
    auto record = naive();
    record.verification.emplace().tables = {samples::table("orders", Proof::pass)};
    const auto text = terminal_summary(decided(record));
    EXPECT_EQ(text.rfind("FAIL  naive", 0), 0U) << text;
    EXPECT_NE(lines_of(text)[0].find("exit code 1"), std::string::npos);
    const char* order[] = {"\nWhy\n",
                           "The application waited up to 8.43 s for a lock",
                           "\nWhat happened\n",
                           "behind step \"add the column\"",
                           "AccessExclusiveLock on orders",
                           "DEFAULT gen_random_uuid()",
                           "31 sessions at once",
                           "4,000/s before, 0/s in the worst second",
                           "4.00 s after the last step",
                           "\nGates\n",
                           "\nOperations",
                           "\nLock episodes",
                           "\nSteps\n",
                           "\nData\n",
                           "\nCan it be believed\n",
                           "Seed",
                           "rehearse run shop.yaml --seed 42"};
    std::size_t at = 0;
    for (const char* part : order) {
        const auto found = text.find(part, at);
        ASSERT_NE(found, std::string::npos) << part << "\n" << text;
        at = found;
    }
}

TEST(Terminal, KeepsALocksModeInEightyColumns) {
    auto record = healthy();
    record.steps[0].name = "validate";
    record.steps[0].rewrote.clear();
    record.steps[0].locks = {{R"("Shop"."Order Lines")", "ShareUpdateExclusiveLock", 0, 0.2}};
    const auto narrow = terminal_summary(decided(record), {false, 80});
    EXPECT_NE(narrow.find("ShareUpdateExcl"), std::string::npos) << narrow;
    EXPECT_EQ(narrow.find("rewrote  "), std::string::npos) << "a column for nothing\n" << narrow;

    record.steps[0].rewrote = {"orders"};
    EXPECT_NE(terminal_summary(decided(record), {false, 80}).find("rewrote  "), std::string::npos);
}

TEST(Terminal, ShowsEveryPhaseOfAnOperationAndSaysWhenItNeverRan) {
    auto record = healthy();
    samples::calls(record, 0, PhaseName::during) = {};
    const auto text = terminal_summary(decided(record));
    EXPECT_NE(text.find("never due"), std::string::npos);
    for (const char* phase : {"before", "during", "after"}) {
        EXPECT_NE(text.find(phase), std::string::npos);
    }
}

TEST(Terminal, ColoursOnlyWhenToldTo) {
    const auto record = decided(naive());
    EXPECT_EQ(terminal_summary(record).find('\x1b'), std::string::npos);
    const auto bright = terminal_summary(record, {.colour = true});
    EXPECT_EQ(bright.rfind("\x1b[1;31mFAIL\x1b[0m", 0), 0U);
}

TEST(Terminal, NeverCutsAFailedGateBeforeAHeldOne) {
    auto record = healthy();
    std::vector<Gate> gates(40, samples::gate("errors", "0"));
    gates.push_back(samples::gate("lock_wait.max", "1ms"));
    decide(record, gates);
    const auto text = terminal_summary(record);
    EXPECT_NE(text.find("fail     lock_wait.max"), std::string::npos) << text;
    EXPECT_NE(text.find("and 11 more in result.json"), std::string::npos);
}

TEST(SideBySide, ComparesFigureByFigure) {
    const auto text = side_by_side(decided(naive()), decided(healthy()));
    const std::pair<const char*, std::vector<const char*>> rows[] = {
        {"verdict", {"FAIL", "PASS"}},
        {"to blame", {"step \"add the column\"", "-"}},
        {"statement", {"ALTER TABLE orders", "-"}},
        {"lock", {"AccessExclusiveLock on orders", "-"}},
        {"longest lock wait", {"8.43 s", "12.0 ms"}},
        {"sessions behind it", {"31", "0"}},
        {"response p99", {"2.01 ms -> 8.40 s", "2.01 ms -> 2.01 ms"}},
        {"throughput, lowest", {"4,000/s -> 0/s", "4,000/s -> 3,900/s"}},
        {"longest stall", {"8.40 s", "20.0 ms"}},
        {"seconds at a standstill", {"8", "0"}},
        {"recovery", {"4.00 s after the last step", "at once"}},
        {"migration took", {"10.0 s", "10.0 s"}},
        {"failed calls", {"none", "none"}}};
    const auto lines = lines_of(text);
    for (const auto& [label, cells] : rows) {
        const auto line = std::find_if(lines.begin(), lines.end(),
                                       [&, wanted = std::string{label}](const std::string& each) {
                                           return each.rfind("  " + wanted + " ", 0) == 0;
                                       });
        ASSERT_NE(line, lines.end()) << label << "\n" << text;
        std::size_t at = 0;
        for (const char* cell : cells) {
            const auto found = line->find(cell, at);
            EXPECT_NE(found, std::string::npos) << cell << " in " << *line;
            at = found == std::string::npos ? at : found + 1;
        }
    }
}

}  // namespace
}  // namespace reports
