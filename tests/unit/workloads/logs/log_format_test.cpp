#include "workloads/logs/log_format.hpp"

#include "workloads/logs/foreign_files.hpp"
#include "workloads/logs/log_reader.hpp"

#include <string>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

using namespace std::string_literals;

const std::string csv =
    "2024-03-01 10:00:01.250 UTC,,,4711,,65e1a2b1.1267,1,,2024-03-01 09:59:00 UTC,,0,LOG,00000,"
    "\"m\",,,,,,,,,\"a\"\n";
const std::string json =
    R"({"timestamp":"2024-03-01 10:00:01.250 UTC","pid":4711,"error_severity":"LOG","message":"m"})"
    "\n";

LogFormat format_of(const std::string& file, std::optional<std::string_view> prefix = {}) {
    auto found = detect_format(file, prefix);
    if (const auto* refusal = std::get_if<Refusal>(&found)) {
        ADD_FAILURE() << refusal->message << "\n" << file.substr(0, 300);
        return {};
    }
    return std::get<LogFormat>(found);
}

std::string refusal_of(const std::string& file, std::optional<std::string_view> prefix = {}) {
    auto found = detect_format(file, prefix);
    if (const auto* format = std::get_if<LogFormat>(&found)) {
        ADD_FAILURE() << "taken as " << static_cast<int>(format->format) << " " << format->prefix;
        return {};
    }
    return std::get<Refusal>(found).message;
}

TEST(LogFormat, OfCsvAndJsonIsSeenInTheFirstRecord) {
    EXPECT_EQ(format_of(csv).format, Format::csvlog);
    EXPECT_EQ(format_of("half a line\n" + csv).format, Format::csvlog);
    EXPECT_EQ(format_of(json).format, Format::jsonlog);
    EXPECT_EQ(format_of("{\"timestamp\":\"2024-03\n" + json).format, Format::jsonlog);
    EXPECT_EQ(format_of("\xEF\xBB\xBF" + json).format, Format::jsonlog);
}

TEST(LogFormat, OfAHugeFirstStatementIsSeenStill) {
    std::string huge = csv;
    huge.replace(huge.find("\"m\""), 3, '"' + std::string(3U << 20, 'x') + '"');
    EXPECT_EQ(format_of(huge).format, Format::csvlog);
    std::string huge_json = json;
    huge_json.replace(huge_json.find("\"m\""), 3, '"' + std::string(3U << 20, 'x') + '"');
    EXPECT_EQ(format_of(huge_json).format, Format::jsonlog);
}

TEST(LogFormat, APrefixIsGuessedAmongTheUsualOnes) {
    const std::string time = "2024-03-01 10:00:00.250 UTC ", short_time = "2024-03-01 10:00:00 UTC";
    for (const auto& [prefix, file] : std::vector<std::pair<std::string, std::string>>{
             {"%m [%p] ",
              time + "[1] user x LOG:  x\n" + time + "[1] LOG:  b\n" + time + "[1] LOG:  c\n"},
             {"%m [%p] %q%u@%d ", time + "[1] LOG:  x\n" + time + "[2] app@shop LOG:  b\n"},
             {"%m [%p] %q%u@%d/%a ", time + "[1] LOG:  x\n" + time + "[2] app@shop/psql LOG:  b\n"},
             {"%t:%r:%u@%d:[%p]:", short_time + ":10.0.0.7(5):app@shop:[1]:LOG:  x\n"},
             {"%t:%r:%u@%d:[%p]:%l:%e:%s:%v:%x:%c:%q%a:",
              short_time + ":10.0.0.7(5):app@shop:[1]:3:00000:" + short_time +
                  ":3/1:0:65e1a2b1.1:psql:LOG:  x\n"},
             {"%m [%p]: [%l-1] db=%d,user=%u ", time + "[1]: [3-1] db=shop,user=app LOG:  x\n"},
             {"%t-%c-", short_time + "-65e1a2b1.1267-LOG:  x\n"},
             {"%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
              short_time + " [1]: [1-1] user=,db=,app=,client= LOG:  x\n"},
         }) {
        const LogFormat format = format_of(file);
        EXPECT_EQ(format.format, Format::stderr_log);
        EXPECT_EQ(format.envelope, Envelope::none);
        // A prefix that reads background processes alike may tell more about sessions.
        if (prefix != "%m [%p] ") {
            EXPECT_EQ(format.prefix, prefix) << file;
        }
        EXPECT_TRUE(format.guessed);
        LogReader reader{file, format};
        LogEntry entry;
        ASSERT_TRUE(reader.next(entry)) << prefix;
        EXPECT_EQ(entry.severity, "LOG");
    }
}

TEST(LogFormat, SessionsInTheMiddleOfALongFileCount) {
    std::string file;
    const std::string time = "2024-03-01 10:00:00.250 UTC ";
    while (file.size() < (2U << 20)) {
        file += time + "[1] LOG:  checkpoint\n";
    }
    for (int i = 0; i < 100'000; ++i) {
        file += time + "[2] shop:app:psql LOG:  statement\n";
    }
    EXPECT_NE(refusal_of(file).find("none of the usual ones"), std::string::npos);
    EXPECT_EQ(format_of(file, "%m [%p] %q%d:%u:%a ").prefix, "%m [%p] %q%d:%u:%a ");
}

TEST(LogFormat, TheUsersPrefixWins) {
    const std::string file = "2024-03-01 10:00:00.250 UTC [1] a@b LOG:  x\n";
    const LogFormat format = format_of(file, "%m [%p] %a ");
    EXPECT_EQ(format.prefix, "%m [%p] %a ");
    EXPECT_FALSE(format.guessed);
    EXPECT_NE(refusal_of(file, "%t [%p] ").find("no line begins with"), std::string::npos);
    EXPECT_NE(refusal_of(file, "%u@%d ").find("has no time"), std::string::npos);
    EXPECT_EQ(format_of(csv, "%m [%p] ").format, Format::csvlog);
}

TEST(LogFormat, SyslogIsSeenAroundTheLines) {
    const std::string start = "Nov 21 10:00:00 db1 postgres[4711]: [1-1] ";
    const LogFormat with_time =
        format_of(start + "2024-03-01 10:00:00.250 UTC [4711] app@shop LOG:  x\n");
    EXPECT_EQ(with_time.envelope, Envelope::syslog);
    EXPECT_EQ(with_time.prefix, "%m [%p] %q%u@%d ");
    const std::string iso = "2024-03-01T10:00:00.5+01:00 db1 postgres[4711]: [1-1] ";
    const LogFormat bare = format_of(iso + "app@shop LOG:  x\n" + iso + "LOG:  y\n");
    EXPECT_EQ(bare.envelope, Envelope::syslog);
    EXPECT_EQ(bare.prefix, "%q%u@%d ");
    EXPECT_NE(refusal_of(start + "LOG:  x\n").find("it needs a time"), std::string::npos);
}

TEST(LogFormat, WhatIsNoLogIsNamed) {
    const auto said = [](const std::string& file, const char* what) {
        const std::string refusal = refusal_of(file);
        EXPECT_NE(refusal.find(what), std::string::npos) << refusal;
    };
    said("", "empty");
    said("\n \r\n", "empty");
    said("\xFF\xFEL\0O\0G\0"s, "UTF-16");
    said("2\0\x30\0\x32\0\x34\0-\0\x30\0\x33\0-\0"s, "UTF-16");
    said(
        "\x7F"
        "ELF\1\2\3",
        "a program");
    said(std::string(300, '\1') + "text", "binary");
    said("PGDMP\1\2", "pg_dump");
    said("PK\x03\x04...", "ZIP");
    said("BZh91AY", "bzip2");
    said("# Time: 2024-03-01T10:00:00.1Z\n# User@Host: app[app] @ localhost []  Id: 8\n",
         "MySQL slow log");
    said("mysqld, Version: 8.0\nTime                 Id Command    Argument\n",
         "MySQL general log");
    said("2024-03-01T10:00:00.123456Z\t   12 Query\tSELECT 1\n", "MySQL general log");
    said("2024-03-01T10:00:00.1Z 0 [System] [MY-010116] [Server] starting\n", "MySQL error log");
    said("2024-03-01 10:00:00 0 [Note] InnoDB: started\n", "MariaDB");
    said("{\"t\":{\"$date\":\"2024-03-01T10:00:00.000+00:00\"},\"s\":\"I\"}\n", "MongoDB");
    said("2024-03-01 10:00:00.000 UTC [12] LOG C-0x55d: shop/app@10.0.0.7:5 login attempt\n",
         "pgbouncer");
    said("10.0.0.7 - - [01/Mar/2024:10:00:00 +0000] \"GET / HTTP/1.1\" 200 5\n", "web server");
    said("2024/03/01 10:00:00 [error] 12#12: *1 open() failed\n", "nginx");
    said("--\n-- PostgreSQL database dump\n--\n", "SQL dump");
    said("{\"insertId\":\"x\",\"textPayload\":\"2024-03-01 10:00:00.000 UTC [1] LOG:  x\"}\n",
         "Cloud Logging");
    said("{\"level\":\"info\",\"logger\":\"postgres\",\"record\":{}}\n", "CloudNativePG");
    said("< 2024-03-01 10:00:00.000 UTC >LOG:  x\n", "names no process");
    said("LOG:  statement: SELECT 1\n", "it needs a time");
    said("hello\nworld\n", "no log of PostgreSQL's");
    said("a,b,c\n1,2,3\n", "no log of PostgreSQL's");
}

TEST(LogFormat, AReaderRefusesAPrefixThatIsNone) {
    EXPECT_THROW((LogReader{"", LogFormat{Format::stderr_log, Envelope::none, "%z", false}}),
                 std::invalid_argument);
}

TEST(LogFormat, RecommendsOnePrefixEverywhereAndFindsItItself) {
    const std::string head = "2024-03-01 10:00:00.000 UTC [7] ";
    const std::string tail = "65e1a2b1.7 1 app@shop psql 00000 SELECT ";
    std::string text, unusual, nameless;
    for (int i = 0; i < 10; ++i) {
        text += head + tail + "LOG:  statement: SELECT 1\n";
        unusual += "at 2024-03-01 10:00:00.000 UTC, process 7; LOG:  statement: SELECT 1\n";
        nameless += "< 2024-03-01 10:00:00.000 UTC >LOG:  statement: SELECT 1\n";
    }
    const auto found = detect_format(text, std::nullopt);
    ASSERT_TRUE(std::holds_alternative<LogFormat>(found));
    EXPECT_EQ(std::get<LogFormat>(found).prefix, recommended_prefix);
    for (const auto& log : {unusual, nameless}) {
        const auto refused = detect_format(log, std::nullopt);
        ASSERT_TRUE(std::holds_alternative<Refusal>(refused));
        const auto& said = std::get<Refusal>(refused).message;
        EXPECT_NE(said.find(recommended_prefix), std::string::npos) << said;
    }
}

}  // namespace
}  // namespace workloads::logs
