#include "workloads/logs/csvlog.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

using namespace std::string_literals;

// A record of version 14 and later, but for its message.
std::string record(const std::string& message, const std::string& second = "01") {
    return "2024-03-01 10:00:" + second +
           ".250 UTC,\"app\",\"shop\",4711,\"10.0.0.7:51234\",65e1a2b1.1267,12,\"SELECT\","
           "2024-03-01 09:59:00 UTC,3/17,901,LOG,00000," +
           message + ",,,,,,,,,\"billing\",\"client backend\",,-6220463443458432587\n";
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        out += c == '"' ? "\"\""s : std::string(1, c);
    }
    return out + '"';
}

struct Read {
    std::vector<std::string> messages;
    std::vector<std::uint64_t> lines;
    Problems problems;
};

// A reader that is moved to and fro finds each record where it was.
void find_again(const std::string& file, const std::vector<std::uint64_t>& offsets,
                const std::vector<std::string>& messages) {
    CsvReader again{file};
    LogEntry entry;
    for (std::size_t i = offsets.size(); i-- > 0;) {
        again.move_to(offsets[i]);
        ASSERT_TRUE(again.next(entry)) << i;
        EXPECT_EQ(entry.offset, offsets[i]);
        EXPECT_EQ(entry.message, messages[i]);
    }
}

// All of a file, after checking that its bytes are either a record's or a problem's.
Read read(const std::string& file) {
    Read all;
    CsvReader reader{file};
    std::uint64_t bytes = 0, end = 0;
    std::vector<std::uint64_t> offsets;
    LogEntry entry;
    while (reader.next(entry)) {
        EXPECT_GE(entry.offset, end);
        offsets.push_back(entry.offset);
        end = entry.offset + entry.length;
        bytes += entry.length;
        all.messages.emplace_back(entry.message);
        all.lines.push_back(entry.line);
    }
    EXPECT_LE(end, file.size());
    all.problems = reader.problems();
    std::uint64_t empty_lines = file.size() - bytes - all.problems.bytes();
    EXPECT_LE(empty_lines, 3U);
    find_again(file, offsets, all.messages);
    return all;
}

using Messages = std::vector<std::string>;

TEST(CsvLog, GivesEveryColumn) {
    const std::string file =
        "2024-03-01 10:00:01.250 CET,\"app\",\"shop\",4711,\"10.0.0.7:51234\",65e1a2b1.1267,12,"
        "\"INSERT\",2024-03-01 09:59:00 CET,3/17,901,ERROR,23505,"
        "\"duplicate key\",\"Key (id)=(5) already exists.\",\"a hint\",\"inner\",3,"
        "\"a context\",\"INSERT INTO t\",7,\"file.c:12\",\"billing\",\"client backend\",77,-5\n";
    CsvReader reader{file};
    LogEntry entry;
    ASSERT_TRUE(reader.next(entry));
    EXPECT_EQ(entry.time.local_us, 1'709'287'201'250'000);
    EXPECT_EQ(entry.time.zone, "CET");
    EXPECT_EQ(entry.session_start.local_us, 1'709'287'140'000'000);
    EXPECT_EQ(entry.user, "app");
    EXPECT_EQ(entry.database, "shop");
    EXPECT_EQ(entry.pid, 4711);
    EXPECT_EQ(entry.remote, "10.0.0.7:51234");
    EXPECT_EQ(entry.session_id, "65e1a2b1.1267");
    EXPECT_EQ(entry.session_line, 12U);
    EXPECT_EQ(entry.command_tag, "INSERT");
    EXPECT_EQ(entry.virtual_transaction, "3/17");
    EXPECT_EQ(entry.transaction_id, 901U);
    EXPECT_EQ(entry.severity, "ERROR");
    EXPECT_EQ(entry.sqlstate, "23505");
    EXPECT_EQ(entry.message, "duplicate key");
    EXPECT_EQ(entry.detail, "Key (id)=(5) already exists.");
    EXPECT_EQ(entry.hint, "a hint");
    EXPECT_EQ(entry.context, "a context");
    EXPECT_EQ(entry.query, "INSERT INTO t");
    EXPECT_EQ(entry.application, "billing");
    EXPECT_EQ(entry.backend_type, "client backend");
    EXPECT_EQ(entry.query_id, -5);
    EXPECT_EQ(entry.offset, 0U);
    EXPECT_EQ(entry.length, file.size());
    EXPECT_EQ(entry.line, 1U);
    EXPECT_EQ(reader.columns().size(), 26U);
    EXPECT_EQ(reader.columns()[16], "inner");
    EXPECT_FALSE(reader.next(entry));
    EXPECT_EQ(reader.problems().count(), 0U);
}

TEST(CsvLog, OfVersion10And13HasFewerColumns) {
    const std::string start =
        "2024-03-01 10:00:01.250 UTC,,,4711,,65e1a2b1.1267,1,,2024-03-01 09:59:00 UTC,,0,LOG,00000,"
        "\"m\",,,,,,,,,\"a\"";
    for (const auto& [rest, backend] : {std::pair{"\n", ""},
                                        {",\"walwriter\"\n", "walwriter"},
                                        {",\"walwriter\",,0\n", "walwriter"},
                                        {",\"walwriter\",,0,\"new\",5\n", "walwriter"}}) {
        const std::string file = start + rest + start + rest;
        CsvReader reader{file};
        LogEntry entry;
        ASSERT_TRUE(reader.next(entry)) << rest;
        EXPECT_EQ(entry.application, "a");
        EXPECT_EQ(entry.backend_type, backend);
        EXPECT_TRUE(reader.next(entry));
        EXPECT_FALSE(reader.next(entry));
        EXPECT_EQ(reader.problems().count(), 0U) << rest;
    }
}

TEST(CsvLog, QuotesInAMessageAreWhole) {
    for (const auto& text : {""s, "\""s, "\"\""s, "a\"b"s, "\"a\""s, ",\",\n\""s, "x\ny\n\"z"s,
                             "\t'\\"s, "\xC3\xA9\xFF"s, std::string(100, '"'),
                             "2024-03-01 10:00:01.250 UTC,\"x\""s, std::string("a\0b", 3)}) {
        const Read all = read(record(quoted(text)) + record(quoted("after")));
        EXPECT_EQ(all.messages, (Messages{text, "after"}));
        EXPECT_EQ(all.problems.count(), 0U) << text;
    }
}

TEST(CsvLog, DoubledQuotesInManyColumnsStayApart) {
    const std::string file =
        "2024-03-01 10:00:01.250 UTC,\"a\"\"b\",\"\"\"\",4711,,65e1a2b1.1267,1,,"
        "2024-03-01 09:59:00 UTC,,0,LOG,00000,\"m\"\"\"\"m\",\"d\"\"\",,,,,\"\"\"q\",,,\"\"\n";
    CsvReader reader{file};
    LogEntry entry;
    ASSERT_TRUE(reader.next(entry));
    EXPECT_EQ(entry.user, "a\"b");
    EXPECT_EQ(entry.database, "\"");
    EXPECT_EQ(entry.message, "m\"\"m");
    EXPECT_EQ(entry.detail, "d\"");
    EXPECT_EQ(entry.query, "\"q");
    EXPECT_EQ(entry.application, "");
    EXPECT_TRUE(reader.quoted(22));
    EXPECT_FALSE(reader.quoted(7));
}

TEST(CsvLog, CountsTheLinesOfStatementsThatHaveMany) {
    const std::string file = record(quoted("a\nb\n" + std::string(40, 'x') + "\n\"\n")) + "\n" +
                             record("\"b\"") + record("\"c\"");
    const Read all = read(file);
    EXPECT_EQ(all.lines, (std::vector<std::uint64_t>{1, 7, 8}));
}

TEST(CsvLog, CutOffAnywhereKeepsWhatIsBefore) {
    const std::string whole = record(quoted("first")) + record(quoted("it's \"second\",\n"), "02");
    const std::size_t second = record(quoted("first")).size();
    for (std::size_t size = second + 1; size < whole.size() - 1; ++size) {
        const Read all = read(whole.substr(0, size));
        // The last column is a number: that of a cut one is not believed, but the rest is whole.
        if (size > whole.rfind(',')) {
            EXPECT_EQ(all.messages.size(), 2U) << size;
            continue;
        }
        EXPECT_EQ(all.messages, Messages{"first"}) << size;
        ASSERT_EQ(all.problems.count(), 1U) << size;
        EXPECT_EQ(all.problems.kept()[0].line, 2U);
        EXPECT_EQ(all.problems.kept()[0].bytes, size - second);
    }
    EXPECT_STREQ(read(whole.substr(0, second + 70)).problems.kept()[0].what,
                 "a record is cut off at the end of the file");
}

TEST(CsvLog, WithoutItsLastNewlineIsWholeButForTheQueryIdentifier) {
    std::string file = record("\"m\"") + record("\"n\"");
    file.pop_back();
    CsvReader reader{file};
    LogEntry entry;
    ASSERT_TRUE(reader.next(entry));
    EXPECT_EQ(entry.query_id, -6220463443458432587);
    ASSERT_TRUE(reader.next(entry));
    EXPECT_EQ(entry.query_id, 0);
    EXPECT_EQ(entry.message, "n");
    EXPECT_FALSE(reader.next(entry));
    EXPECT_EQ(reader.problems().count(), 0U);
}

// A crash leaves half a record, and the next server process writes on right behind it.
TEST(CsvLog, HalfARecordCostsNoMoreThanItself) {
    const std::string good = record(quoted("good")), torn = record(quoted("to\"r\nn"), "02");
    for (std::size_t size = 1; size < torn.size(); ++size) {
        for (const auto& between : {""s, "\n"s, "\r\n"s, std::string(8, '\0')}) {
            const std::string file =
                good + torn.substr(0, size) + between + good + record(quoted("last"));
            const Read all = read(file);
            if (all.messages.size() == 4) {  // torn behind everything that was said
                EXPECT_GE(size, torn.find("\"billing\"")) << size;
                EXPECT_EQ(all.messages[1], "to\"r\nn");
                continue;
            }
            EXPECT_EQ(all.messages, (Messages{"good", "good", "last"})) << size << between;
            ASSERT_EQ(all.problems.count(), 1U) << size;
            EXPECT_EQ(all.problems.kept()[0].line, 2U);
            EXPECT_GE(all.problems.bytes(), size);
            EXPECT_LE(all.problems.bytes(), size + between.size());
        }
    }
}

TEST(CsvLog, GarbageIsCountedWhereverItStands) {
    const std::string good = record(quoted("good"));
    const std::string garbage = "\"what, is\n this?\"\"\x01\n";
    const Read first = read(garbage + good);
    EXPECT_EQ(first.messages, Messages{"good"});
    EXPECT_EQ(first.problems.bytes(), garbage.size());
    EXPECT_EQ(first.lines, std::vector<std::uint64_t>{3});
    const Read last = read(good + garbage);
    EXPECT_EQ(last.messages, Messages{"good"});
    EXPECT_EQ(last.problems.bytes(), garbage.size());
    EXPECT_EQ(last.problems.kept()[0].line, 2U);
    const Read only = read(garbage);
    EXPECT_EQ(only.messages, Messages{});
    EXPECT_EQ(only.problems.bytes(), garbage.size());
}

TEST(CsvLog, ARecordWithImpossibleColumnsIsDamaged) {
    const std::string good = record(quoted("good"));
    const auto with = [&](const std::string& what, const std::string& other) {
        std::string changed = good;
        return changed.replace(changed.find(what), what.size(), other);
    };
    for (const auto& bad :
         {with(",4711,", ",47x,"), with(",4711,", ",,"), with("65e1a2b1.1267", "65e1a2b1"),
          with(",12,", ",x,"), with(",901,", ",9-1,"), with(",LOG,", ",,"),
          with(",00000,", ",0000,"), with("2024-03-01 10", "2024-13-01 10"),
          with("2024-03-01 09", "2024-03-99 09"), with(",-6220463443458432587", ",x"),
          with(",,,,,,,,,", ",,,,,,,,"),
          with(",,,,,,,,,",
               ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,"
               ",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,")}) {
        const Read all = read(good + bad + good);
        EXPECT_EQ(all.messages, (Messages{"good", "good"})) << bad;
        EXPECT_EQ(all.problems.bytes(), bad.size());
    }
}

TEST(CsvLog, OfAServerThatWasUpgradedGoesOn) {
    const std::string old =
        "2024-03-01 10:00:01.250 UTC,,,4711,,65e1a2b1.1267,1,,2024-03-01 09:59:00 UTC,,0,LOG,00000,"
        "\"old\",,,,,,,,,\"a\"\n";
    const Read all = read(old + old + record("\"new\"") + record("\"new\""));
    EXPECT_EQ(all.messages, (Messages{"old", "old", "new", "new"}));
    EXPECT_EQ(all.problems.count(), 0U);
}

TEST(CsvLog, ARecordThatLacksItsLastColumnsIsKeptAndTold) {
    std::string torn = record("\"torn\"");
    torn.resize(torn.find(",\"client"));
    const Read all = read(record("\"a\"") + torn + "\n" + record("\"b\""));
    EXPECT_EQ(all.messages, (Messages{"a", "torn", "b"}));
    ASSERT_EQ(all.problems.count(), 1U);
    EXPECT_EQ(all.problems.kept()[0].line, 2U);
    EXPECT_EQ(all.problems.kept()[0].bytes, 0U);
}

TEST(CsvLog, OfWindowsEndsItsLinesInItsOwnWay) {
    std::string file = record("\"a\"") + record("\"b\"");
    for (std::size_t at = 0; (at = file.find('\n', at)) != std::string::npos; at += 2) {
        file.insert(at, "\r");
    }
    CsvReader reader{file};
    LogEntry entry;
    ASSERT_TRUE(reader.next(entry));
    EXPECT_EQ(entry.query_id, -6220463443458432587);
    ASSERT_TRUE(reader.next(entry));
    EXPECT_EQ(entry.message, "b");
    EXPECT_EQ(reader.problems().count(), 0U);
    const std::string with_mark = "\xEF\xBB\xBF" + record("\"a\"");
    EXPECT_EQ(read(record("\"a\"")).messages, Messages{"a"});
    CsvReader marked{with_mark};
    EXPECT_TRUE(marked.next(entry));
    EXPECT_EQ(entry.offset, 3U);
}

TEST(CsvLog, FindsALastRecordAgainThatHasOtherColumnsThanTheOneReadBefore) {
    const std::string older =
        "2024-03-01 10:00:00.000 UTC,,,1,,65e1.1,1,,2024-03-01 10:00:00 UTC,,0,LOG,00000,"
        "\"a\",,,,,,,,,\"app\"";
    const std::string newer = older + ",\"client backend\",,0";
    auto unfinished = newer;
    unfinished.replace(unfinished.find("\"a\""), 3, "\"b\"");
    EXPECT_EQ(read(older + "\n" + newer + "\n" + unfinished).messages, (Messages{"a", "a", "b"}));
}

TEST(CsvLog, MayBeEmpty) {
    EXPECT_EQ(read("").problems.count(), 0U);
    EXPECT_EQ(read("\n\n").problems.count(), 0U);
}

TEST(CsvLog, ProblemsBeyondTheFirstHundredAreCounted) {
    std::string file;
    for (int i = 0; i < 1000; ++i) {
        file += record("\"m\"") + "garbage\n";
    }
    const Read all = read(file);
    EXPECT_EQ(all.messages.size(), 1000U);
    EXPECT_EQ(all.problems.count(), 1000U);
    EXPECT_EQ(all.problems.kept().size(), Problems::most_kept);
    EXPECT_EQ(all.problems.bytes(), 8000U);
}

// Whatever is done to a file, records that were not touched are given as they are.
TEST(CsvLog, DamageHereLeavesTheRecordsThere) {
    std::mt19937_64 random{7};
    const std::string head = record(quoted("head")), tail = record(quoted("t\"ai\nl"));
    const std::string alphabet = "\",\n\r'0az- :.";
    for (int round = 0; round < 20'000; ++round) {
        std::string middle = record(quoted("mid\"dle, \n"));
        for (std::uint64_t hits = 1 + random() % 4; hits > 0; --hits) {
            middle[random() % middle.size()] = alphabet[random() % alphabet.size()];
        }
        const Read all = read(head + middle + tail + tail + tail);
        ASSERT_GE(all.messages.size(), 3U) << middle;
        EXPECT_EQ(all.messages.front(), "head");
        EXPECT_EQ(all.messages.back(), "t\"ai\nl") << middle;
        EXPECT_EQ(all.messages[all.messages.size() - 2], "t\"ai\nl") << middle;
    }
}

}  // namespace
}  // namespace workloads::logs
