#include "workloads/logs/session_builder.hpp"

#include "log_of_records.hpp"

#include <string>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

TEST(SessionBuilder, KnowsThatARecordMayTakeSeveralLineNumbers) {
    Log log;
    log.add("statement: SELECT 1").session_line_count = 3;
    log.lose_lines(2);
    log.add("statement: SELECT 2");
    EXPECT_EQ(log.build().records.missing, 0U);
}

TEST(SessionBuilder, KeepsSessionsApartAndEachInOrder) {
    Log log;
    const auto say = [&](const char* id, std::int64_t pid, std::uint64_t line, const char* text) {
        auto& entry = log.add(text);
        entry.session_id = id;
        entry.pid = pid;
        entry.session_line = line;
    };
    say("a.1", 1, 1, "statement: SELECT 1");
    say("b.2", 2, 1, "statement: SELECT 2");
    say("a.1", 1, 2, "duration: 3.000 ms");
    say("b.2", 2, 2, "duration: 4.000 ms");
    say("a.1", 1, 3, "statement: SELECT 3");
    const auto recording = log.build();

    ASSERT_EQ(recording.sessions.size(), 2U);
    const auto first = recording.events_of(recording.sessions[0]);
    const auto second = recording.events_of(recording.sessions[1]);
    ASSERT_EQ(first.size(), 2U);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(first[0].duration_us(), 3'000);
    EXPECT_EQ(first[1].start_us, written(5));
    EXPECT_EQ(second[0].duration_us(), 4'000);
    EXPECT_EQ(second[0].session, 1U);
}

TEST(SessionBuilder, CountsLinesThatAreMissing) {
    Log log;
    log.add("statement: SELECT 1");
    log.lose_lines(3);
    log.add("statement: SELECT 2");
    const auto recording = log.build();

    EXPECT_EQ(recording.records.missing, 3U);
    EXPECT_EQ(recording.sessions.at(0).missing_lines, 3U);
    EXPECT_EQ(recording.events.at(1).reason(), Reason::lines_missing);
}

TEST(SessionBuilder, LeavesOutRecordsThatComeAgainAndCountsThem) {
    Log log;
    log.add("statement: SELECT 1");
    log.add("statement: SELECT 2");
    log.session("64f0a1b2.7");
    log.add("statement: SELECT 1");
    log.add("statement: SELECT 2");
    const auto recording = log.build();

    EXPECT_EQ(recording.events.size(), 2U);
    EXPECT_EQ(recording.records.repeated, 2U);
}

TEST(SessionBuilder, KnowsWhereSessionsBeginAndEnd) {
    Log log;
    auto& received = log.add("connection received: host=[local]", "");
    received.user = received.database = "";
    received.backend_type = "not initialized";
    log.add("connection authorized: user=app database=shop");
    log.add("statement: SELECT 1");
    log.add("disconnection: session time: 0:00:00.003 user=app database=shop host=[local]");
    log.session("later.8");
    log.lose_lines(50);
    log.add("statement: SELECT 2").pid = 8;
    const auto recording = log.build();

    ASSERT_EQ(recording.sessions.size(), 2U);
    const auto& first = recording.sessions[0];
    EXPECT_EQ(first.start_known, SessionStart::connection_record);
    EXPECT_EQ(first.end_known, SessionEnd::disconnection_record);
    EXPECT_EQ(first.start_us, written(1));
    EXPECT_EQ(first.end_us, written(4));
    EXPECT_EQ(recording.names[first.user], "app");
    EXPECT_EQ(recording.names[first.database], "shop");
    EXPECT_EQ(recording.sessions[1].start_known, SessionStart::before_log);
    EXPECT_EQ(recording.events_of(recording.sessions[1])[0].reason(), Reason::session_began_before);
    EXPECT_EQ(recording.records.connections, 1U);
    EXPECT_EQ(recording.records.disconnections, 1U);
}

TEST(SessionBuilder, TellsAProcessNumberThatCameAgain) {
    Log log;
    const auto without_id = [&](const char* message) -> LogEntry& {
        auto& entry = log.add(message);
        entry.session_id = "";
        entry.session_line = 0;
        return entry;
    };
    without_id("statement: SELECT 1");
    without_id("connection received: host=[local]").user = "";
    without_id("statement: SELECT 2");
    without_id("disconnection: session time: 0:00:00.003 user=app database=shop host=[local]");
    without_id("statement: SELECT 3");
    without_id("statement: SELECT 4").database = "other";
    const auto recording = log.build();

    ASSERT_EQ(recording.sessions.size(), 4U);
    for (const auto& session : recording.sessions) {
        EXPECT_EQ(session.events, 1U);
    }
}

TEST(SessionBuilder, CountsWhatNoSessionCanBeGiven) {
    Log log;
    auto& entry = log.add("statement: SELECT 1");
    entry.session_id = "";
    entry.pid = 0;
    const auto recording = log.build();

    EXPECT_TRUE(recording.events.empty());
    EXPECT_EQ(recording.records.unattributed, 1U);
}

TEST(SessionBuilder, LeavesBackgroundAndReplicationAside) {
    Log log;
    log.add("statement: SELECT 1").backend_type = "autovacuum worker";
    log.fail("SELECT 1", "57014").backend_type = "parallel worker";
    log.fail("SELECT 1", "57014").command_tag = "parallel worker for PID 7";
    auto& old = log.add("checkpoint starting: time");
    old.backend_type = old.user = old.database = "";
    old.session_id = "0.1";
    log.session("r.9");
    log.add("received replication command: IDENTIFY_SYSTEM").backend_type = "walsender";
    log.add("statement: SELECT 1").backend_type = "walsender";
    const auto recording = log.build();

    EXPECT_TRUE(recording.events.empty());
    EXPECT_EQ(recording.records.background, 4U);
    EXPECT_EQ(recording.records.replication, 2U);
}

TEST(SessionBuilder, CountsConnectionsThatWereRefused) {
    Log log;
    log.add("connection received: host=[local]");
    auto& entry = log.fail("", "28P01");
    entry.severity = "FATAL";
    const auto recording = log.build();

    EXPECT_EQ(recording.records.refused_connections, 1U);
    EXPECT_TRUE(recording.sessions.empty());
    EXPECT_TRUE(recording.events.empty());
}

TEST(SessionBuilder, CountsSignsOfASample) {
    Log log;
    log.add("duration: 0.100 ms  bind p: SELECT 1", "BIND").virtual_transaction = "3/10";
    log.add("duration: 0.100 ms  bind p: SELECT 2", "BIND").virtual_transaction = "3/20";
    log.add("duration: 0.100 ms  execute p: SELECT 2").virtual_transaction = "3/20";
    const auto recording = log.build();

    EXPECT_EQ(recording.records.unused_binds, 1U);
    EXPECT_EQ(recording.records.skipped_transactions, 9U);
}

TEST(SessionBuilder, CountsPlansButTakesThemForNoStatements) {
    Log log;
    log.add("duration: 3.000 ms  plan:\nQuery Text: SELECT 1");
    const auto recording = log.build();

    EXPECT_TRUE(recording.events.empty());
    EXPECT_EQ(recording.records.plans, 1U);
}

TEST(SessionBuilder, GoesOnAcrossFiles) {
    SessionBuilder builder;
    LogEntry entry;
    entry.session_id = "a.1";
    entry.pid = 1;
    entry.severity = "LOG";
    entry.message = "statement: SELECT 1";
    entry.session_line = 1;
    entry.offset = 7'000'000'000;
    builder.add(entry, 0, 1'000);
    entry.message = "duration: 2.000 ms";
    entry.session_line = 2;
    entry.offset = 0;
    builder.add(entry, 1, 3'000);
    const auto recording = builder.finish();

    ASSERT_EQ(recording.events.size(), 1U);
    EXPECT_EQ(recording.events[0].duration_us(), 2'000);
    EXPECT_EQ(recording.events[0].place().file, 0);
    EXPECT_EQ(recording.events[0].place().offset, 7'000'000'000U);
    EXPECT_EQ(recording.events[0].reason(), Reason::who_unknown);
}

TEST(SessionBuilder, OfNothingGivesNothing) {
    SessionBuilder builder;
    const auto recording = builder.finish();
    EXPECT_TRUE(recording.events.empty());
    EXPECT_TRUE(recording.sessions.empty());
}

TEST(SessionBuilder, StaysBoundedWhereSessionsNeverEnd) {
    SessionBuilder builder;
    for (int i = 0; i < 100'000; ++i) {
        const auto id = "a." + std::to_string(i);
        LogEntry entry;
        entry.session_id = id;
        entry.pid = i % 10;
        entry.pid += 1;
        entry.session_line = 1;
        entry.severity = "LOG";
        entry.message = "statement: SELECT 1";
        builder.add(entry, 0, i);
    }
    EXPECT_EQ(builder.finish().sessions.size(), 100'000U);
}

TEST(SessionBuilder, CountsAFailedStatementThoughNothingElseOfItsSessionIsLogged) {
    Log log{false};  // log_line_prefix = '%m [%p] ', no statements logged
    auto& entry = log.fail("SELECT 1/0", "22012");
    entry.session_id = entry.user = entry.database = entry.backend_type = "";
    entry.session_line = 0;
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 1U);
    EXPECT_EQ(outcome(recording, recording.events[0]), "22012");
    EXPECT_EQ(recording.records.background, 0U);
}

TEST(SessionBuilder, LeavesOutTheRecordsOfASessionThatEndedAndComesAgainFromAnotherFile) {
    for (const bool with_lines : {true, false}) {
        Log log;
        for (int file = 0; file < 2; ++file) {
            log.session("64f0a1b2.7");
            log.add("connection received: host=[local]");
            log.add("statement: SELECT 1");
            log.add("disconnection: session time: 0:00:01.000 user=app database=shop host=[local]");
        }
        if (!with_lines) {
            log.number_no_lines();
        }
        const auto recording = log.build();

        EXPECT_EQ(recording.sessions.size(), 1U);
        EXPECT_EQ(recording.events.size(), 1U);
        EXPECT_EQ(recording.records.repeated, 3U);
        EXPECT_EQ(recording.records.connections, 1U);
    }
}

TEST(SessionBuilder, KeepsSessionsOfTwoServersWholeWhoseProcessesHaveOneNumber) {
    Log log;
    const auto say = [&](const char* id, std::uint64_t line, const char* text) {
        auto& entry = log.add(text);
        entry.session_id = id;
        entry.session_line = line;
    };
    say("a.7", 1, "statement: SELECT 1");
    say("b.7", 1, "statement: SELECT 2");
    say("a.7", 2, "statement: SELECT 3");
    say("b.7", 2, "statement: SELECT 4");
    say("b.7", 3, "duration: 4.000 ms");
    say("a.7", 3, "duration: 3.000 ms");
    const auto recording = log.build();

    ASSERT_EQ(recording.sessions.size(), 2U);
    ASSERT_EQ(recording.events.size(), 4U);
    EXPECT_EQ(recording.events_of(recording.sessions[0])[1].duration_us(), 3'000);
    EXPECT_EQ(recording.events_of(recording.sessions[1])[1].duration_us(), 4'000);
    EXPECT_EQ(recording.records.repeated, 0U);
    EXPECT_EQ(recording.records.missing, 0U);
}

TEST(SessionBuilder, StartsNoSessionAfterItsFirstStatement) {
    Log log;
    log.add("duration: 5.000 ms  statement: SELECT 1");
    const auto recording = log.build();
    EXPECT_EQ(recording.sessions.at(0).start_us, recording.events.at(0).start_us);
}

TEST(SessionBuilder, IsExactOnlyWhereItKnowsThatTheSessionBeganWithinTheLog) {
    // The second session of a log that has no line numbers.
    const auto reason_of = [](const char* message, std::int64_t began_us, std::string_view zone) {
        Log log;
        log.add("statement: SELECT 0");
        log.session("b.8");
        auto& entry = log.add(message);
        log.number_no_lines();
        entry.pid = 8;
        entry.time = {written(2), "UTC", true};
        entry.session_start = {began_us, zone, began_us != 0};
        log.add("statement: SELECT currval('s')").pid = 8;
        log.number_no_lines();
        return log.build().events.back().reason();
    };
    constexpr std::int64_t long_before = 990'000'000;
    EXPECT_EQ(reason_of("statement: SELECT 1", 0, ""), Reason::session_start_unknown);
    EXPECT_EQ(reason_of("connection received: host=[local]", 0, ""), Reason::none);
    EXPECT_EQ(reason_of("statement: SELECT 1", long_before, "UTC"), Reason::session_began_before);
    EXPECT_EQ(reason_of("statement: SELECT 1", long_before, ""), Reason::session_began_before);
    EXPECT_EQ(reason_of("statement: SELECT 1", written(2) - 500, "UTC"), Reason::none);
    // Logged in whole seconds: that may be before the first record or behind it.
    EXPECT_EQ(reason_of("statement: SELECT 1", 1'000'000'000, "UTC"),
              Reason::session_start_unknown);
}

TEST(SessionBuilder, CountsARefusedConnectionThoughItWasAuthorized) {
    struct Case {
        const char* sqlstate;
        const char* tag;
    };
    for (const auto& each : {Case{"42501", "startup"}, Case{"42501", ""}, Case{"3D000", "startup"},
                             Case{"53300", ""}, Case{"28P01", "authentication"}}) {
        Log log;
        log.add("connection received: host=[local]", "");
        log.add("connection authorized: user=app database=shop", "authentication");
        log.fail("", each.sqlstate, each.tag).severity = "FATAL";
        const auto recording = log.build();
        EXPECT_EQ(recording.records.refused_connections, 1U) << each.sqlstate;
        EXPECT_TRUE(recording.sessions.empty()) << each.sqlstate;
    }
}

TEST(SessionBuilder, KeepsASessionThatWasToldToEndBeforeItsFirstStatement) {
    for (const char* tag : {"idle", ""}) {
        Log log;
        log.add("connection authorized: user=app database=shop", "authentication");
        log.fail("", "57P01", tag).severity = "FATAL";
        const auto recording = log.build();
        EXPECT_EQ(recording.records.refused_connections, 0U);
        EXPECT_EQ(recording.sessions.size(), 1U);
    }
}

}  // namespace
}  // namespace workloads::logs
