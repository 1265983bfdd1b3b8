#include "workloads/logs/line_prefix.hpp"

#include <string>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

LinePrefix prefix_of(std::string_view format) {
    auto parsed = LinePrefix::parse(format);
    if (const auto* error = std::get_if<TextError>(&parsed)) {
        ADD_FAILURE() << format << ": " << error->message;
        return std::get<LinePrefix>(LinePrefix::parse("%m [%p] "));
    }
    return std::get<LinePrefix>(std::move(parsed));
}

TextError error_of(std::string_view format) {
    auto parsed = LinePrefix::parse(format);
    if (auto* error = std::get_if<TextError>(&parsed)) {
        return *error;
    }
    ADD_FAILURE() << format << " is taken";
    return {};
}

// What a line's prefix says; the rest of the line is what is left in `line`.
struct Said {
    bool found = false;
    LogEntry entry;
    std::string rest, scratch;
};

void read(std::string_view format, std::string_view line, Said& said) {
    LinePrefix prefix = prefix_of(format);
    const auto end = prefix.read(line, said.entry, said.scratch);
    said.found = end.has_value();
    said.rest = end ? line.substr(*end) : "";
}

constexpr std::int64_t ten_o_clock = 1'709'287'200'000'000;  // 2024-03-01 10:00:00

TEST(LinePrefix, OfTheServersDefault) {
    Said said;
    read("%m [%p] ", "2024-03-01 10:00:00.250 UTC [4711] LOG:  a message", said);
    ASSERT_TRUE(said.found);
    EXPECT_EQ(said.rest, "LOG:  a message");
    EXPECT_EQ(said.entry.time.local_us, ten_o_clock + 250'000);
    EXPECT_EQ(said.entry.time.zone, "UTC");
    EXPECT_EQ(said.entry.pid, 4711);
}

TEST(LinePrefix, EveryEscapeIsRead) {
    Said said;
    read("%a|%u|%d|%r|%b|%p|%P|%t|%n|%i|%e|%c|%l|%s|%v|%x|%Q|%L|%%|",
         "billing|app|shop|10.0.0.7(51234)|client backend|4711|4700|2024-03-01 10:00:00 CET|"
         "1709287200.250|CREATE TABLE|42P01|65e1a2b1.1267|12|2024-03-01 09:59:00 CET|3/17|901|"
         "-622|127.0.0.1|%|ERROR:  x",
         said);
    ASSERT_TRUE(said.found);
    EXPECT_EQ(said.entry.application, "billing");
    EXPECT_EQ(said.entry.user, "app");
    EXPECT_EQ(said.entry.database, "shop");
    EXPECT_EQ(said.entry.remote, "10.0.0.7:51234");
    EXPECT_EQ(said.entry.backend_type, "client backend");
    EXPECT_EQ(said.entry.pid, 4711);
    EXPECT_EQ(said.entry.time.local_us, ten_o_clock);
    EXPECT_EQ(said.entry.time.zone, "CET");
    EXPECT_EQ(said.entry.command_tag, "CREATE TABLE");
    EXPECT_EQ(said.entry.sqlstate, "42P01");
    EXPECT_EQ(said.entry.session_id, "65e1a2b1.1267");
    EXPECT_EQ(said.entry.session_line, 12U);
    EXPECT_EQ(said.entry.session_start.local_us, ten_o_clock - 60'000'000);
    EXPECT_EQ(said.entry.virtual_transaction, "3/17");
    EXPECT_EQ(said.entry.transaction_id, 901U);
    EXPECT_EQ(said.entry.query_id, -622);
    EXPECT_EQ(said.rest, "ERROR:  x");
}

TEST(LinePrefix, TheEpochIsAnAbsoluteTime) {
    Said said;
    read("%n %p ", "1709287200.250 4711 LOG:  x", said);
    ASSERT_TRUE(said.found);
    EXPECT_EQ(said.entry.time.local_us, ten_o_clock + 250'000);
    EXPECT_EQ(said.entry.time.zone, "");
}

TEST(LinePrefix, TheSessionTellsItsProcessAndStart) {
    Said said;
    read("%t-%c-", "2024-03-01 10:00:00 UTC-65e1a2b1.1267-LOG:  x", said);
    ASSERT_TRUE(said.found);
    EXPECT_EQ(said.entry.pid, 0x1267);
    EXPECT_EQ(said.entry.session_start.local_us, 0x65e1a2b1LL * 1'000'000);
    EXPECT_EQ(said.entry.session_start.zone, "");
}

TEST(LinePrefix, OfManagedServices) {
    struct Case {
        const char *format, *line, *user, *database, *remote;
        std::int64_t pid;
    };
    for (const Case& c : {
             Case{"%t:%r:%u@%d:[%p]:",
                  "2024-03-01 10:00:00 UTC:10.0.0.7(51234):app@shop:[4711]:LOG:  x", "app", "shop",
                  "10.0.0.7:51234", 4711},
             Case{"%t:%r:%u@%d:[%p]:", "2024-03-01 10:00:00 UTC::@:[329]:LOG:  x", "", "", "", 329},
             Case{"%t:%r:%u@%d:[%p]:",
                  "2024-03-01 10:00:00 UTC:[local]:[unknown]@[unknown]:[329]:LOG:  x", "", "",
                  "[local]", 329},
             Case{"%m [%p]: [%l-1] db=%d,user=%u ",
                  "2024-03-01 10:00:00.000 UTC [4711]: [3-1] db=shop,user=app LOG:  x", "app",
                  "shop", "", 4711},
             Case{"%m [%p]: [%l-1] db=%d,user=%u ",
                  "2024-03-01 10:00:00.000 UTC [47]: [3-1] db=,user= LOG:  x", "", "", "", 47},
             Case{"%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
                  "2024-03-01 10:00:00 UTC [4711]: [3-1] "
                  "user=app,db=shop,app=psql,client=10.0.0.7 LOG:  x",
                  "app", "shop", "10.0.0.7", 4711},
         }) {
        Said said;
        read(c.format, c.line, said);
        ASSERT_TRUE(said.found) << c.line;
        EXPECT_EQ(said.entry.user, c.user) << c.line;
        EXPECT_EQ(said.entry.database, c.database) << c.line;
        EXPECT_EQ(said.entry.remote, c.remote) << c.line;
        EXPECT_EQ(said.entry.pid, c.pid) << c.line;
        EXPECT_EQ(said.entry.time.local_us, ten_o_clock) << c.line;
        EXPECT_EQ(said.rest, "LOG:  x");
    }
}

TEST(LinePrefix, BackgroundProcessesStopWhereSessionsGoOn) {
    Said client, background, at_once;
    read("%m [%p] %q%u@%d/%a ", "2024-03-01 10:00:00.000 UTC [1] app@shop/my app LOG:  x", client);
    ASSERT_TRUE(client.found);
    EXPECT_EQ(client.entry.user, "app");
    EXPECT_EQ(client.entry.database, "shop");
    EXPECT_EQ(client.entry.application, "my app");
    read("%m [%p] %q%u@%d/%a ", "2024-03-01 10:00:00.000 UTC [1] LOG:  a@b/c LOG:  x", background);
    ASSERT_TRUE(background.found);
    EXPECT_EQ(background.entry.user, "");
    EXPECT_EQ(background.rest, "LOG:  a@b/c LOG:  x");
    read("%m %p%q-%u-", "2024-03-01 10:00:00.000 UTC 1LOG:  x", at_once);
    ASSERT_TRUE(at_once.found);
    EXPECT_EQ(at_once.entry.pid, 1);
}

TEST(LinePrefix, NamesMayHoldWhatFollowsThem) {
    Said said;
    read("%m [%p] %u@%d %a ", "2024-03-01 10:00:00.000 UTC [1] a@b@shop one two: three LOG:  x",
         said);
    ASSERT_TRUE(said.found);
    EXPECT_EQ(said.entry.user, "a");  // where it ends cannot be told
    EXPECT_EQ(said.entry.database, "b@shop");
    EXPECT_EQ(said.entry.application, "one two: three");
    EXPECT_EQ(said.rest, "LOG:  x");
}

TEST(LinePrefix, PaddingIsNoPartOfTheValue) {
    Said said;
    read("%m %10p|%-10u|%10d|%-3l|",
         "2024-03-01 10:00:00.000 UTC       4711|app       |      "
         "shop|12 |LOG:  x",
         said);
    ASSERT_TRUE(said.found);
    EXPECT_EQ(said.entry.pid, 4711);
    EXPECT_EQ(said.entry.user, "app");
    EXPECT_EQ(said.entry.database, "shop");
    EXPECT_EQ(said.entry.session_line, 12U);
    Said longer;
    read("%m [%p] %-3u|", "2024-03-01 10:00:00.000 UTC [1] longer|LOG:  x", longer);
    EXPECT_EQ(longer.entry.user, "longer");
    Said blank;
    read("%m [%p] %-5u|", "2024-03-01 10:00:00.000 UTC [1]      |LOG:  x", blank);
    ASSERT_TRUE(blank.found);
    EXPECT_EQ(blank.entry.user, "");
}

TEST(LinePrefix, MayEndWithAName) {
    Said said;
    read("%m [%p] %u", "2024-03-01 10:00:00.000 UTC [1] appLOG:  x", said);
    ASSERT_TRUE(said.found);
    EXPECT_EQ(said.entry.user, "app");
    EXPECT_EQ(said.rest, "LOG:  x");
}

TEST(LinePrefix, ALineWithoutItIsLeftAlone) {
    LinePrefix prefix = prefix_of("%m [%p] %q%u@%d ");
    for (const auto* line :
         {"", "LOG:  x", "2024-03-01 10:00:00.000 UTC", "2024-03-01 10:00:00.000 UTC [1] ",
          "2024-03-01 10:00:00 UTC [1] LOG:  x", "2024-03-01 10:00:00.000 UTC [x] LOG:  x",
          "2024-03-01 10:00:00.000 UTC [1] LOG: x", "2024-03-01 10:00:00.000 UTC [1] LOG",
          "2024-02-30 10:00:00.000 UTC [1] LOG:  x", " 2024-03-01 10:00:00.000 UTC [1] LOG:  x"}) {
        LogEntry entry;
        std::string scratch;
        EXPECT_FALSE(prefix.read(line, entry, scratch)) << line;
        EXPECT_EQ(entry.pid, 0);
        EXPECT_FALSE(entry.time.known);
    }
}

TEST(LinePrefix, AHostileLineEndsInTime) {
    LinePrefix prefix = prefix_of("%m %u %d %a %i %b %h %p ");
    std::string line = "2024-03-01 10:00:00.000 UTC ";
    for (int i = 0; i < 100'000; ++i) {
        line += "a ";
    }
    LogEntry entry;
    std::string scratch;
    for (int i = 0; i < 1000; ++i) {
        ASSERT_FALSE(prefix.read(line, entry, scratch));
    }
}

TEST(LinePrefix, ThatCannotTellRecordsApartIsRefusedWithARemedy) {
    for (const auto* format : {"", "[%p] ", "%m ", "%u@%d ", "< %m >", "%q%m %u "}) {
        EXPECT_NE(error_of(format).message.find("recommended: log_line_prefix = '%m [%p] "),
                  std::string::npos)
            << format;
    }
    EXPECT_NE(error_of("%m [%p] %u%d ").message.find("side by side"), std::string::npos);
    EXPECT_EQ(error_of("%m [%p] %u%d ").offset, 10U);
    EXPECT_NE(error_of("%m %p %z ").message.find("'%z' is no escape"), std::string::npos);
    EXPECT_NE(error_of("%m %p %-5 ").message.find("is no escape"), std::string::npos);
    EXPECT_NE(error_of("%m %p %").message.find("%"), std::string::npos);
    EXPECT_NE(error_of("%m %p %-").message.find("%"), std::string::npos);
    EXPECT_NE(error_of("%m\n%p").message.find("line break"), std::string::npos);
}

TEST(LineTag, IsAWordAColonAndTwoSpaces) {
    EXPECT_EQ(read_tag("LOG:  x").word, "LOG");
    EXPECT_EQ(read_tag("LOG:  x").length, 6U);
    EXPECT_EQ(read_tag("\xD0\x9E\xD0\xA8:  x").word, "\xD0\x9E\xD0\xA8");
    for (const auto* text : {"", "LOG", "LOG:", "LOG: x", ":  x", "a b:  x", "a/b:  ", "12:  x"}) {
        EXPECT_EQ(read_tag(text).length, 0U) << text;
    }
}

TEST(LinePrefix, TakesNoTimeFromASessionIdThatCannotHaveOne) {
    auto prefix =
        std::get<LinePrefix>(LinePrefix::parse("%m [%c] ", LinePrefix::Needs::time_and_session));
    LogEntry entry;
    std::string scratch;
    ASSERT_TRUE(
        prefix.read("2024-03-01 10:00:00.000 UTC [7fffffffffffffff.1] LOG:  a", entry, scratch));
    EXPECT_EQ(entry.session_id, "7fffffffffffffff.1");
    EXPECT_FALSE(entry.session_start.known);
}

TEST(LinePrefix, WritesAnAddressOfManyColonsWhole) {
    auto prefix = std::get<LinePrefix>(LinePrefix::parse("%m [%p] %h "));
    LogEntry entry;
    std::string scratch;
    const std::string start = "2024-03-01 10:00:00.000 UTC [7] fe80::1:2 ";
    const std::string line = start + "LOG:  a";
    ASSERT_TRUE(prefix.read(line, entry, scratch));
    EXPECT_EQ(prefix.write(entry, 1), start);
}

TEST(LinePrefix, RecommendsOnePrefixThatItReads) {
    EXPECT_TRUE(std::holds_alternative<LinePrefix>(LinePrefix::parse(recommended_prefix)));
    const auto refused = LinePrefix::parse("%u ");
    EXPECT_NE(std::get<TextError>(refused).message.find(recommended_prefix), std::string::npos);
}

}  // namespace
}  // namespace workloads::logs
