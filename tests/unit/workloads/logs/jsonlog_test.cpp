#include "workloads/logs/jsonlog.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

using namespace std::string_literals;

// `message` as JSON, between its quotes.
std::string record(const std::string& message) {
    return R"({"timestamp":"2024-03-01 10:00:01.250 UTC","user":"app","pid":4711,)"
           R"("session_id":"65e1a2b1.1267","line_num":12,"txid":0,"error_severity":"LOG","message":")" +
           message + R"(","backend_type":"client backend","query_id":0})" + "\n";
}

struct Read {
    std::vector<std::string> messages;
    Problems problems;
};

Read read(const std::string& file) {
    Read all;
    JsonReader reader{file};
    LogEntry entry;
    std::uint64_t end = 0;
    std::vector<std::uint64_t> offsets;
    while (reader.next(entry)) {
        EXPECT_GE(entry.offset, end);
        offsets.push_back(entry.offset);
        end = entry.offset + entry.length;
        all.messages.emplace_back(entry.message);
    }
    EXPECT_LE(end, file.size());
    all.problems = reader.problems();
    for (std::size_t i = offsets.size(); i-- > 0;) {  // moved to and fro it finds each again
        reader.move_to(offsets[i]);
        EXPECT_TRUE(reader.next(entry)) << i;
        EXPECT_EQ(entry.offset, offsets[i]);
        EXPECT_EQ(entry.message, all.messages[i]);
    }
    return all;
}

using Messages = std::vector<std::string>;

TEST(JsonLog, GivesEveryMember) {
    const std::string file =
        R"({"timestamp":"2024-03-01 10:00:01.250 CET","user":"app","dbname":"shop","pid":4711,)"
        R"("remote_host":"10.0.0.7","remote_port":51234,"session_id":"65e1a2b1.1267","line_num":12,)"
        R"("ps":"INSERT","session_start":"2024-03-01 09:59:00 CET","vxid":"3/17","txid":901,)"
        R"("error_severity":"ERROR","state_code":"23505","message":"duplicate key",)"
        R"("detail":"Key (id)=(5) already exists.","hint":"a hint","internal_query":"inner",)"
        R"("internal_position":3,"context":"a context","statement":"INSERT INTO t",)"
        R"("cursor_position":7,"func_name":"f","file_name":"file.c","file_line_num":12,)"
        R"("application_name":"billing","backend_type":"client backend","leader_pid":77,)"
        R"("query_id":-5})"
        "\n";
    JsonReader reader{file};
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
    EXPECT_EQ(entry.length, file.size());
    EXPECT_FALSE(reader.next(entry));
    EXPECT_EQ(reader.problems().count(), 0U);
}

TEST(JsonLog, ResolvesEveryEscape) {
    for (const auto& [json, text] : std::vector<std::pair<std::string, std::string>>{
             {"", ""},
             {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
             {R"(a\nb)", "a\nb"},
             {R"(\\n)", "\\n"},
             {R"(\u0041\u00e9\u20AC)", "A\xC3\xA9\xE2\x82\xAC"},
             {R"(\uD83D\uDE00!)", "\xF0\x9F\x98\x80!"},
             {R"(\ud83d)", "\xEF\xBF\xBD"},
             {R"(\ude00x)", "\xEF\xBF\xBDx"},
             {R"(\ud83d\u0041)", "\xEF\xBF\xBD\x41"},
             {R"(\ud83d\ud83d\ude00)", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
             {R"(\u0000)", std::string(1, '\0')},
             {"\xFF\xC3 \t", "\xFF\xC3 \t"}}) {
        const Read all = read(record(json));
        EXPECT_EQ(all.messages, Messages{text}) << json;
        EXPECT_EQ(all.problems.count(), 0U) << json;
    }
}

TEST(JsonLog, WhatIsNoEscapeIsDamage) {
    for (const auto& json : {R"(\x)", R"(\u12)", R"(\u12g4)", R"(\ud83d\u12)", R"(\)", R"(")"}) {
        const Read all = read(record("before") + record(json) + record("after"));
        EXPECT_EQ(all.messages, (Messages{"before", "after"})) << json;
        EXPECT_EQ(all.problems.bytes(), record(json).size()) << json;
        ASSERT_EQ(all.problems.count(), 1U);
        EXPECT_EQ(all.problems.kept()[0].line, 2U);
    }
}

TEST(JsonLog, TakesMembersInAnyOrderAndPassesOverOthers) {
    const std::string file =
        R"( { "new" : {"a":[1,{"b":"}]\""}],"c":{}} , "pid" : 5,"error_severity":"LOG", "x":[],)"
        R"("user":null,"message":"m" ,"y":true,"timestamp":"2024-03-01 10:00:01.250 UTC"} )"
        "\r\n";
    JsonReader reader{file};
    LogEntry entry;
    ASSERT_TRUE(reader.next(entry));
    EXPECT_EQ(entry.pid, 5);
    EXPECT_EQ(entry.message, "m");
    EXPECT_EQ(entry.user, "");
}

TEST(JsonLog, AnObjectWithoutWhatARecordNeedsIsNone) {
    for (const auto& line :
         {R"({})", R"([])", R"({"pid":5,"error_severity":"LOG","message":"no time"})",
          R"({"timestamp":"2024-03-01 10:00:01.250 UTC","error_severity":"LOG"})",
          R"({"timestamp":"2024-03-01 10:00:01.250 UTC","pid":5})",
          R"({"timestamp":"2024-03-01 10:00:01.250 UTC","pid":"x","error_severity":"LOG"})",
          R"({"timestamp":"2024-13-01 10:00:01.250 UTC","pid":5,"error_severity":"LOG"})",
          R"({"timestamp":"2024-03-01 10:00:01.250 UTC","pid":5,"error_severity":"LOG"}})",
          R"({"timestamp":"2024-03-01 10:00:01.250 UTC","pid":5,"error_severity":"LOG",})",
          R"({"timestamp":"2024-03-01 10:00:01.250 UTC","pid":5,"error_severity":"LOG")",
          R"({"a":]})", R"({"a":})", R"({"a"})", R"({"a)", "not JSON"}) {
        const Read all = read(record("before") + line + "\n" + record("after"));
        EXPECT_EQ(all.messages, (Messages{"before", "after"})) << line;
        EXPECT_EQ(all.problems.count(), 1U) << line;
    }
}

TEST(JsonLog, NestingIsBounded) {
    const std::string deep =
        R"({"a":)" + std::string(100'000, '[') + std::string(100'000, ']') + "}\n";
    const Read all = read(deep + record("after"));
    EXPECT_EQ(all.messages, Messages{"after"});
}

TEST(JsonLog, CutOffAnywhereKeepsWhatIsBefore) {
    const std::string good = record("good"), torn = record(R"(to\"rn\n\u20ac)");
    for (std::size_t size = 1; size + 1 < torn.size(); ++size) {
        const Read all = read(good + torn.substr(0, size));
        EXPECT_EQ(all.messages, Messages{"good"}) << size;
        ASSERT_EQ(all.problems.count(), 1U);
        EXPECT_EQ(all.problems.bytes(), size);
        // The next server process writes on in the same line.
        const Read more = read(good + torn.substr(0, size) + good + good);
        EXPECT_EQ(more.messages, (Messages{"good", "good", "good"})) << size;
        EXPECT_EQ(more.problems.bytes(), size);
    }
    EXPECT_EQ(read(good + torn.substr(0, torn.size() - 1)).messages.size(), 2U);
    EXPECT_STREQ(read(torn.substr(0, 50)).problems.kept()[0].what,
                 "a record is cut off at the end of the file");
}

TEST(JsonLog, DamageHereLeavesTheRecordsThere) {
    std::mt19937_64 random{7};
    const std::string good = record("good");
    for (int round = 0; round < 20'000; ++round) {
        std::string middle = record(R"(mid\"dle\u20ac)");
        for (std::uint64_t hits = 1 + random() % 4; hits > 0; --hits) {
            middle[random() % (middle.size() - 1)] = R"("\{}[],:0z )"[random() % 11];
        }
        const Read all = read(good + middle + good);
        ASSERT_GE(all.messages.size(), 2U) << middle;
        EXPECT_EQ(all.messages.back(), "good") << middle;
    }
}

TEST(JsonLog, MayBeEmpty) {
    EXPECT_EQ(read("").problems.count(), 0U);
    EXPECT_EQ(read("\n \r\n").problems.count(), 0U);
}

}  // namespace
}  // namespace workloads::logs
