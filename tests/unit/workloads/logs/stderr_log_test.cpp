#include "workloads/logs/stderr_log.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

struct Kept {
    std::string message, detail, hint, context, query, severity, sqlstate, user, remote;
    std::int64_t pid = 0;
    std::uint64_t line = 0, session_line = 0, session_line_count = 0, offset = 0, length = 0;
};

struct Read {
    std::vector<Kept> entries;
    Problems problems;
    [[nodiscard]] std::vector<std::string> messages() const {
        std::vector<std::string> all;
        for (const auto& entry : entries) {
            all.push_back(entry.message);
        }
        return all;
    }
};

LinePrefix parsed(std::string_view format, LinePrefix::Needs needs) {
    return std::get<LinePrefix>(LinePrefix::parse(format, needs));
}

Read read(const std::string& file, std::string_view format = "%m [%p] ",
          Envelope envelope = Envelope::none) {
    const auto needs = envelope == Envelope::none ? LinePrefix::Needs::time_and_session
                                                  : LinePrefix::Needs::nothing;
    StderrReader reader{file, parsed(format, needs), envelope};
    Read all;
    LogEntry e;
    while (reader.next(e)) {
        EXPECT_LE(e.offset + e.length, file.size());
        all.entries.push_back({std::string{e.message}, std::string{e.detail}, std::string{e.hint},
                               std::string{e.context}, std::string{e.query},
                               std::string{e.severity}, std::string{e.sqlstate},
                               std::string{e.user}, std::string{e.remote}, e.pid, e.line,
                               e.session_line, e.session_line_count, e.offset, e.length});
    }
    all.problems = reader.problems();
    for (std::size_t i = all.entries.size(); i-- > 0;) {  // moved to and fro it finds each again
        reader.move_to(all.entries[i].offset);
        EXPECT_TRUE(reader.next(e)) << i;
        EXPECT_EQ(e.offset, all.entries[i].offset);
        EXPECT_EQ(e.message, all.entries[i].message);
        EXPECT_EQ(e.query, all.entries[i].query);
    }
    return all;
}

using Messages = std::vector<std::string>;

std::string head(int pid) {
    return "2024-03-01 10:00:00.000 UTC [" + std::to_string(pid) + "] ";
}

TEST(StderrLog, JoinsARecordsLines) {
    const std::string file = head(1) + "ERROR:  duplicate key at character 8\n" + head(1) +
                             "DETAIL:  Key (id)=(5)\n\talready exists.\n" + head(1) +
                             "HINT:  a hint\n" + head(1) + "CONTEXT:  a\n\tcontext\n" + head(1) +
                             "STATEMENT:  INSERT\n\t\n\t\tINTO t\n" + head(1) + "LOG:  next\n";
    const Read all = read(file);
    ASSERT_EQ(all.entries.size(), 2U);
    const Kept& entry = all.entries[0];
    EXPECT_EQ(entry.severity, "ERROR");
    EXPECT_EQ(entry.message, "duplicate key");
    EXPECT_EQ(entry.detail, "Key (id)=(5)\nalready exists.");
    EXPECT_EQ(entry.hint, "a hint");
    EXPECT_EQ(entry.context, "a\ncontext");
    EXPECT_EQ(entry.query, "INSERT\n\n\tINTO t");
    EXPECT_EQ(entry.session_line_count, 5U);
    EXPECT_EQ(entry.line, 1U);
    EXPECT_EQ(entry.offset, 0U);
    EXPECT_EQ(entry.length, file.find(head(1) + "LOG"));
    EXPECT_EQ(all.entries[1].message, "next");
    EXPECT_EQ(all.entries[1].line, 10U);
    EXPECT_EQ(all.problems.count(), 0U);
}

TEST(StderrLog, KeepsAStatementsOwnLinesAndTabs) {
    for (const std::string text : {"a\nb", "a\n\nb", "a\n\tb", "\na", "a\n", "\n\n\n", "a\tb\t",
                                   "LOG:  x\nDETAIL:  y", ""}) {
        std::string written = "statement: " + text;
        for (std::size_t at = 0; (at = written.find('\n', at)) != std::string::npos; at += 2) {
            written.insert(at + 1, "\t");
        }
        const Read all = read(head(1) + "LOG:  " + written + "\n" + head(2) + "LOG:  after\n");
        EXPECT_EQ(all.messages(), (Messages{"statement: " + text, "after"}));
        EXPECT_EQ(all.problems.count(), 0U);
    }
}

TEST(StderrLog, FindsTheRecordOfALineAmongThoseOfOthers) {
    const Read all =
        read(head(1) + "LOG:  one\n" + head(2) + "LOG:  two\n\tmore of two\n" + head(1) +
             "DETAIL:  of one\n\tmore\n" + head(3) + "LOG:  three\n" + head(2) +
             "DETAIL:  of two\n" + head(1) + "LOG:  one again\n" + head(1) + "DETAIL:  of it\n");
    EXPECT_EQ(all.messages(), (Messages{"one", "two\nmore of two", "three", "one again"}));
    EXPECT_EQ(all.entries[0].detail, "of one\nmore");
    EXPECT_EQ(all.entries[1].detail, "of two");
    EXPECT_EQ(all.entries[2].detail, "");
    EXPECT_EQ(all.entries[3].detail, "of it");
    EXPECT_EQ(all.problems.count(), 0U);
}

TEST(StderrLog, WaitsForAsManyRecordsAsItSays) {
    std::string others;
    for (std::size_t i = 0; i + 2 < StderrReader::patience; ++i) {
        others += head(2) + "LOG:  other\n";
    }
    const std::string late = head(1) + "DETAIL:  late\n\tand more\n";
    const Read patient = read(head(1) + "LOG:  one\n" + others + late + others + others);
    EXPECT_EQ(patient.entries[0].detail, "late\nand more");
    EXPECT_EQ(patient.problems.count(), 0U);
    const Read lost = read(head(1) + "LOG:  one\n" + others + others + late + others);
    EXPECT_EQ(lost.entries[0].detail, "");
    EXPECT_EQ(lost.problems.count(), 2U);
    EXPECT_EQ(lost.problems.bytes(), late.size());
}

TEST(StderrLog, ALineLongAfterItsRecordIsReadWholeWhenTheRecordIsTheNextToGo) {
    std::string others;
    for (std::size_t i = 0; i + 1 < StderrReader::patience; ++i) {
        others += head(2) + "LOG:  other\n";
    }
    // The ring is full when the DETAIL's second line comes.
    const Read all = read(head(1) + "LOG:  one\n" + others.substr(head(2).size() + 12) + head(1) +
                          "DETAIL:  late\n\tand more\n" + others + others);
    EXPECT_EQ(all.entries[0].detail, "late\nand more");
    EXPECT_EQ(all.problems.count(), 0U);
}

TEST(StderrLog, LinesOfNobodyAreCounted) {
    const std::string orphan = head(9) + "DETAIL:  of nothing\n\tmore\n";
    const std::string foreign = "sh: 1: archive: not found\n";
    const Read all = read("\ttab\n" + orphan + head(1) + "LOG:  one\n" + foreign + "\tof it\n" +
                          head(1) + "LOG:  two\n");
    EXPECT_EQ(all.messages(), (Messages{"one", "two"}));
    EXPECT_EQ(all.problems.count(), 5U);
    EXPECT_EQ(all.problems.bytes(), 5 + orphan.size() + foreign.size() + 7);
    EXPECT_EQ(all.problems.kept()[3].line, 5U);
}

TEST(StderrLog, CutOffAnywhereKeepsWhatIsBefore) {
    const std::string first = head(1) + "LOG:  one\n";
    const std::string second = head(2) + "LOG:  two\n\tmore\n" + head(2) + "DETAIL:  x\n\ty\n";
    for (std::size_t size = 1; size < second.size(); ++size) {
        const bool at_line_end = second[size - 1] == '\n';
        const Read all = read(first + second.substr(0, size));
        if (at_line_end) {
            EXPECT_EQ(all.entries.size(), 2U);
            EXPECT_EQ(all.problems.count(), 0U);
            continue;
        }
        ASSERT_EQ(all.problems.count(), 1U) << size;
        const std::size_t left = size - second.rfind('\n', size - 1) - 1;
        if (size > second.find('\n', second.find('\t')) && left < head(2).size() + 9 &&
            second[size - left] != '\t') {
            // Whose line it was going to be cannot be told.
            EXPECT_EQ(all.messages(), (Messages{"one", "two\nmore"})) << size;
            EXPECT_EQ(all.problems.bytes(), left);
        } else {
            EXPECT_EQ(all.messages(), Messages{"one"}) << size;
            EXPECT_EQ(all.problems.bytes(), size);
        }
        EXPECT_STREQ(all.problems.kept()[0].what, "a record is cut off at the end of the file");
    }
}

TEST(StderrLog, ACutRecordAmongOthersLeavesTheOthers) {
    const Read all = read(head(1) + "LOG:  one\n" + head(2) + "LOG:  two\n" + head(3) +
                          "LOG:  three\n" + head(1) + "DETAIL:  cut");
    EXPECT_EQ(all.messages(), (Messages{"two", "three"}));
    EXPECT_EQ(all.problems.count(), 1U);
}

TEST(StderrLog, VerboseLogsCarryTheirSqlstateInTheMessage) {
    const Read all = read(head(1) + "ERROR:  42P01: no table at character 15\n" + head(1) +
                          "LOCATION:  f, file.c:12\n" + head(1) + "STATEMENT:  SELECT\n" + head(1) +
                          "LOG:  ABCDE: is no code here\n");
    EXPECT_EQ(all.messages(), (Messages{"no table", "ABCDE: is no code here"}));
    EXPECT_EQ(all.entries[0].sqlstate, "42P01");
    EXPECT_EQ(all.entries[1].sqlstate, "");
}

TEST(StderrLog, OnlyAPositionBehindAnErrorIsTakenOff) {
    const Read all =
        read(head(1) + "LOG:  statement: SELECT 1 at character 15\n" + head(1) +
             "ERROR:  it fell at character 15\n" + head(1) + "ERROR:  it fell at character 15\n" +
             head(1) + "QUERY:  inner\n" + head(1) + "ERROR:  15\n" + head(1) + "STATEMENT:  x\n");
    EXPECT_EQ(all.messages(), (Messages{"statement: SELECT 1 at character 15",
                                        "it fell at character 15", "it fell", "15"}));
}

TEST(StderrLog, SeveritiesInAnotherLanguageAreToldOnce) {
    const Read all = read(head(1) + "FEHLER:  doppelter Wert\n" + head(1) + "ANWEISUNG:  x\n" +
                          head(1) + "LOG:  ok\n");
    EXPECT_EQ(all.entries.size(), 3U);
    ASSERT_EQ(all.problems.count(), 1U);
    EXPECT_EQ(all.problems.kept()[0].line, 1U);
    EXPECT_NE(std::string{all.problems.kept()[0].what}.find("lc_messages"), std::string::npos);
}

TEST(StderrLog, NumbersItsDetailLinesToo) {
    const std::string prefix = "2024-03-01 10:00:00.000 UTC [1]: [";
    const Read all = read(
        prefix + "3-1] LOG:  one\n" + prefix + "4-1] DETAIL:  d\n" + prefix + "5-1] LOG:  two\n",
        "%m [%p]: [%l-1] ");
    EXPECT_EQ(all.entries[0].session_line, 3U);
    EXPECT_EQ(all.entries[0].session_line_count, 2U);
    EXPECT_EQ(all.entries[1].session_line, 5U);
    EXPECT_EQ(all.entries[1].session_line_count, 1U);
}

TEST(StderrLog, EachRecordHasItsOwnAddress) {
    const Read all = read(
        "2024-03-01 10:00:00 UTC:10.0.0.7(51234):app@shop:[1]:LOG:  one\n"
        "2024-03-01 10:00:00 UTC:10.0.0.8(1):app@shop:[2]:LOG:  two\n"
        "2024-03-01 10:00:00 UTC:10.0.0.7(51234):app@shop:[1]:DETAIL:  d\n"
        "2024-03-01 10:00:00 UTC::@:[3]:LOG:  three\n",
        "%t:%r:%u@%d:[%p]:");
    ASSERT_EQ(all.entries.size(), 3U);
    EXPECT_EQ(all.entries[0].remote, "10.0.0.7:51234");
    EXPECT_EQ(all.entries[0].detail, "d");
    EXPECT_EQ(all.entries[1].remote, "10.0.0.8:1");
    EXPECT_EQ(all.entries[2].remote, "");
}

TEST(StderrLog, OfWindowsEndsItsLinesInItsOwnWay) {
    const Read all = read(head(1) + "LOG:  one\r\n\tmore\r\n" + head(2) + "LOG:  two\r\n");
    EXPECT_EQ(all.messages(), (Messages{"one\nmore", "two"}));
}

TEST(StderrLog, ACarriageReturnOfAStatementStays) {
    const Read all = read(head(1) + "LOG:  first\n" + head(1) + "LOG:  one\r\n\tmore\r\n");
    EXPECT_EQ(all.messages(), (Messages{"first", "one\r\nmore\r"}));
}

TEST(SyslogLog, JoinsThePiecesOfAMessage) {
    const std::string one = "Nov 21 10:00:00 db1 postgres[1]: [5-",
                      two = "Nov 21 10:00:00 db1 postgres[2]: [5-";
    const std::string time = "2024-03-01 10:00:00.000 UTC [";
    const Read all =
        read(one + "1] " + time + "1] LOG:  statement: SELECT a,\n" + two + "1] " + time +
                 "2] LOG:  statement: SELECT\n" + one + "2]  b\n" +
                 "Nov 21 10:00:00 db1 CRON[77]: something else\n" + one + "3] #011FROM#011t\n" +
                 two + "2] #011\n" + two + "3] #01121\n" + one + "4] " + time +
                 "1] DETAIL:  parameters: $1 = '\n" + one + "5] #011'\n" +
                 "Nov 21 10:00:00 db1 postgres[1]: [6-1] " + time + "1] LOG:  next\n",
             "%m [%p] ", Envelope::syslog);
    EXPECT_EQ(all.messages(),
              (Messages{"statement: SELECT a, b\nFROM\tt", "statement: SELECT\n\n21", "next"}));
    EXPECT_EQ(all.entries[0].detail, "parameters: $1 = '\n'");
    EXPECT_EQ(all.problems.count(), 1U);
    EXPECT_STREQ(all.problems.kept()[0].what, "a line of another program: passed over");
}

TEST(SyslogLog, MayKnowTimeAndProcessItself) {
    const std::string start = "2024-03-01T10:00:00.5+00:00 db1 postgres[4711]: ";
    const Read all = read(start + "[1-1] LOG:  one\n" + start + "[2-1] app@shop ERROR:  two\n" +
                              start + "[2-2] app@shop STATEMENT:  SELECT\n",
                          "%q%u@%d ", Envelope::syslog);
    EXPECT_EQ(all.messages(), (Messages{"one", "two"}));
    EXPECT_EQ(all.entries[1].pid, 4711);
    EXPECT_EQ(all.entries[1].user, "app");
    EXPECT_EQ(all.entries[1].query, "SELECT");
    EXPECT_EQ(all.problems.count(), 0U);
}

TEST(SyslogLog, ARecordWithoutATimeIsNone) {
    const Read all =
        read("Nov 21 10:00:00 db1 postgres[1]: [1-1] LOG:  one\n", "", Envelope::syslog);
    EXPECT_EQ(all.entries.size(), 0U);
    EXPECT_EQ(all.problems.count(), 1U);
}

TEST(SyslogLog, LeavesOutARecordOfWhichAPieceIsMissing) {
    const std::string start = "Nov 21 10:00:00 db1 postgres[1]: [";
    const std::string prefix = "2024-03-01 10:00:00.000 UTC [1] ";
    const std::string next = start + "6-1] " + prefix + "LOG:  next\n";
    for (const std::string& lines : {start + "5-1] " + prefix + "LOG:  statement: DELETE FROM t\n" +
                                         start + "5-3] #011OR true\n",
                                     start + "5-1] " + prefix + "ERROR:  no\n" + start + "5-3] " +
                                         prefix + "STATEMENT:  SELECT\n"}) {
        const Read all = read(lines + next, "%m [%p] ", Envelope::syslog);
        EXPECT_EQ(all.messages(), Messages{"next"});
        ASSERT_EQ(all.problems.count(), 1U);
        EXPECT_STREQ(all.problems.kept()[0].what,
                     "a piece of a syslog message is missing: the record is left out");
    }
}

TEST(SyslogLog, GivesNoRecordThePartsOfAnother) {
    const std::string start = "Nov 21 10:00:00 db1 postgres[1]: [";
    const std::string prefix = "2024-03-01 10:00:00.000 UTC [1] ";
    const Read all = read(start + "5-1] " + prefix + "ERROR:  one\n" + start + "6-2] " + prefix +
                              "STATEMENT:  SELECT\n",
                          "%m [%p] ", Envelope::syslog);
    EXPECT_EQ(all.messages(), Messages{"one"});
    EXPECT_EQ(all.entries[0].query, "");
    EXPECT_EQ(all.problems.count(), 1U);
}

}  // namespace
}  // namespace workloads::logs
