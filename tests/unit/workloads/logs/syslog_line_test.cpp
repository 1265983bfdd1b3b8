#include "workloads/logs/syslog_line.hpp"

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

TEST(SyslogLine, IsReadInItsCommonShapes) {
    for (const auto* line : {"Nov 21 10:00:00 db1 postgres[4711]: [5-2] text",
                             "Nov  1 10:00:00 db1 postgres[4711]: [5-2] text",
                             "<134>Nov 21 10:00:00 db1 postgres[4711]: [5-2] text",
                             "2024-03-01T10:00:00.123456+01:00 db1 postgres-main[4711]: [5-2] text",
                             "2024-03-01T10:00:00Z db1 postgres[4711]: [5-2] text"}) {
        const auto read = read_syslog_line(line);
        ASSERT_TRUE(read) << line;
        EXPECT_EQ(read->pid, 4711);
        EXPECT_EQ(read->message, 5U);
        EXPECT_EQ(read->piece, 2U);
        EXPECT_EQ(read->text, "text");
    }
    const auto timed = read_syslog_line("2024-03-01T10:00:00.5+01:00 db1 postgres[1]: x");
    ASSERT_TRUE(timed);
    EXPECT_EQ(timed->time.local_us, 1'709'287'200'500'000);
    EXPECT_EQ(timed->time.zone, "+01:00");
    EXPECT_EQ(timed->message, 0U);
    EXPECT_EQ(timed->text, "x");
}

TEST(SyslogLine, OfAnotherProgramIsNone) {
    for (const auto* line :
         {"", "text", "Nov 21 10:00:00 db1 CRON[4711]: text", "Nov 21 10:00:00 db1 postgres: text",
          "Nov 21 10:00:00 db1 postgres[x]: text", "Nov 21 10:00:00",
          "Xyz 21 10:00:00 db1 postgres[1]: x", "Nov 21 10:00:00 db1 kernel: postgres[1]: x",
          "<x>Nov 21 10:00:00 db1 postgres[1]: x", "2024-03-01T10:00:00 db1 postgres[1]: x",
          "Nov 21 10:00:00 db1 postgres[99999999999999999999]: x"}) {
        EXPECT_FALSE(read_syslog_line(line)) << line;
    }
}

TEST(SyslogLine, ControlCharactersComeBack) {
    const auto back = [](std::string_view text) {
        std::string out;
        append_control_characters(out, text);
        return out;
    };
    EXPECT_EQ(back("a#011b#012#177"), "a\tb\n\x7F");
    EXPECT_EQ(back("#"), "#");
    EXPECT_EQ(back("a #01"), "a #01");
    EXPECT_EQ(back("#100 #0x1 #041 ##011"), "#100 #0x1 #041 #\t");
    EXPECT_EQ(back("plain"), "plain");
}

}  // namespace
}  // namespace workloads::logs
