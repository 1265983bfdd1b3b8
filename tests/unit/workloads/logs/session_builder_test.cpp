#include "workloads/logs/session_builder.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

using Kind = StatementKind;

// Records as a csvlog gives them, of one session unless said otherwise, a millisecond apart.
class Log {
public:
    explicit Log(bool with_tags = true) : with_tags_{with_tags} {}

    LogEntry& add(std::string_view message, std::string_view tag = "SELECT") {
        auto& entry = entries_.emplace_back();
        entry.offset = 100 * entries_.size();
        entry.line = entries_.size();
        entry.session_id = session_;
        entry.pid = 7;
        entry.session_line = ++line_;
        entry.user = "app";
        entry.database = "shop";
        entry.severity = "LOG";
        entry.sqlstate = "00000";
        entry.message = message;
        entry.backend_type = "client backend";
        entry.command_tag = with_tags_ ? tag : "";
        return entry;
    }
    LogEntry& fail(std::string_view query, std::string_view sqlstate,
                   std::string_view tag = "SELECT") {
        auto& entry = add("it failed", tag);
        entry.severity = "ERROR";
        entry.sqlstate = sqlstate;
        entry.query = query;
        return entry;
    }
    void session(const char* id) {
        session_ = id;
        line_ = 0;
    }
    void lose_lines(std::uint64_t count) { line_ += count; }

    // The k-th record (from 1) was written k milliseconds after 1,000 s.
    [[nodiscard]] Recording build() const {
        SessionBuilder builder;
        std::int64_t time_us = 1'000'000'000;
        for (const auto& entry : entries_) {
            builder.add(entry, 0, time_us += 1'000);
        }
        return builder.finish();
    }

private:
    std::deque<LogEntry> entries_;
    const char* session_ = "64f0a1b2.7";
    std::uint64_t line_ = 0;
    bool with_tags_;
};

std::int64_t written(int record) {
    return 1'000'000'000 + record * 1'000;
}

std::string outcome(const Recording& recording, const Event& event) {
    return event.outcome == Event::went_through ? "ok" : recording.sqlstates[event.outcome - 1U];
}

std::uint64_t count_of(const Recording& recording, Reason reason) {
    return recording.reasons[static_cast<std::size_t>(reason)].count;
}

TEST(SessionBuilder, TakesTheStartFromTheDurationWhereTheEndIsLogged) {
    Log log;
    log.add("duration: 0.400 ms  statement: SELECT 1");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 1U);
    EXPECT_EQ(recording.events[0].start_us, written(1) - 400);
    EXPECT_EQ(recording.events[0].duration_us(), 400);
    EXPECT_EQ(recording.events[0].protocol(), Protocol::simple);
    EXPECT_EQ(recording.events[0].place().offset, 100U);
    EXPECT_EQ(recording.start_us, written(1) - 400);
    EXPECT_EQ(recording.end_us, written(1));
}

TEST(SessionBuilder, TakesTheStartFromTheRecordWhereItIsLoggedBefore) {
    Log log;
    log.add("statement: SELECT 1");
    log.add("statement: SELECT 2");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 2U);
    EXPECT_EQ(recording.events[0].start_us, written(1));
    EXPECT_EQ(recording.events[0].duration_us(), std::nullopt);
    EXPECT_EQ(recording.events[1].start_us, written(2));
    EXPECT_EQ(recording.records.announced, 2U);
}

TEST(SessionBuilder, GivesABareDurationToTheStatementBeforeIt) {
    for (const bool with_tags : {true, false}) {
        Log log{with_tags};
        log.add("statement: SELECT 1");
        log.add("duration: 5.000 ms");
        log.add("execute p: SELECT 2");
        log.add("duration: 7.000 ms");
        const auto recording = log.build();

        ASSERT_EQ(recording.events.size(), 2U);
        EXPECT_EQ(recording.events[0].duration_us(), 5'000);
        EXPECT_EQ(recording.events[0].start_us, written(1));
        EXPECT_EQ(recording.events[1].duration_us(), 7'000);
        EXPECT_EQ(recording.records.bare_durations, 2U);
    }
}

TEST(SessionBuilder, TellsTheDurationsOfParseAndBindFromStatements) {
    for (const bool with_tags : {true, false}) {
        Log log{with_tags};
        log.add("duration: 0.100 ms", "PARSE");
        log.add("duration: 0.200 ms", "BIND");
        log.add("execute <unnamed>: SELECT 1");
        log.add("duration: 0.300 ms");
        log.add("duration: 0.200 ms", "BIND");
        log.add("execute p: SELECT 1");
        log.add("duration: 0.400 ms");
        const auto recording = log.build();

        ASSERT_EQ(recording.events.size(), 2U) << with_tags;
        EXPECT_EQ(recording.events[0].duration_us(), 300);
        EXPECT_EQ(recording.events[1].duration_us(), 400);
        EXPECT_EQ(count_of(recording, Reason::none), 2U);
    }
}

TEST(SessionBuilder, CountsDurationsOfWhatIsNotLoggedAsStatementsThatCannotBeReplayed) {
    for (const bool with_tags : {true, false}) {
        Log log{with_tags};  // log_statement = mod, log_duration = on
        log.add("duration: 0.500 ms");
        log.add("statement: UPDATE t SET a = 1", "UPDATE");
        log.add("duration: 0.600 ms", "UPDATE");
        log.add("duration: 0.700 ms");
        const auto recording = log.build();

        EXPECT_EQ(recording.events.size(), 3U) << with_tags;
        EXPECT_EQ(count_of(recording, Reason::text_not_logged), 2U);
        EXPECT_EQ(recording.reasons[static_cast<std::size_t>(Reason::text_not_logged)].first_line,
                  1U);
    }
}

TEST(SessionBuilder, GivesAFailureToTheStatementThatItEnds) {
    Log log;
    log.add("statement: SELECT 1/0");
    log.fail("SELECT 1/0", "22012");
    log.add("statement: SELECT 2");
    log.add("duration: 1.000 ms");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 2U);
    EXPECT_EQ(outcome(recording, recording.events[0]), "22012");
    EXPECT_EQ(recording.events[0].reason(), Reason::failed_as_recorded);
    EXPECT_EQ(recording.events[0].duration_us(), std::nullopt);
    EXPECT_EQ(outcome(recording, recording.events[1]), "ok");
    EXPECT_EQ(recording.events[1].duration_us(), 1'000);
}

TEST(SessionBuilder, GivesAFailureOfAnotherTextToNoStatementBefore) {
    Log log;  // log_statement = mod: the SELECT is not announced
    log.add("statement: UPDATE t SET a = 1");
    log.fail("SELECT 1/0", "22012");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 2U);
    EXPECT_EQ(outcome(recording, recording.events[0]), "ok");
    EXPECT_EQ(outcome(recording, recording.events[1]), "22012");
    EXPECT_EQ(recording.events[1].start_us, written(2));
}

TEST(SessionBuilder, TakesTheParametersOfAFailureFromItsBind) {
    Log log;
    log.add("duration: 0.100 ms  parse <unnamed>: SELECT 1/$1", "PARSE");
    log.add("duration: 0.100 ms  bind <unnamed>: SELECT 1/$1", "BIND").detail =
        "parameters: $1 = '0'";
    log.fail("SELECT 1/$1", "22012");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 1U);
    EXPECT_EQ(recording.events[0].protocol(), Protocol::extended);
    EXPECT_EQ(recording.events[0].reason(), Reason::failed_as_recorded);
    EXPECT_EQ(recording.events[0].place().offset, 200U) << "the bind has the parameters";
    EXPECT_EQ(recording.records.unused_binds, 0U);
}

TEST(SessionBuilder, KnowsHowFarAFailureOfTheExtendedProtocolCame) {
    const auto reason_of_failure = [](std::string_view tag, std::string_view context) {
        Log log;
        log.fail("SELECT 1/$1", "22012", tag).context = context;
        const auto recording = log.build();
        EXPECT_EQ(recording.events.at(0).protocol(), Protocol::extended);
        return recording.events.at(0).reason();
    };
    EXPECT_EQ(reason_of_failure("PARSE", ""), Reason::failed_as_recorded);
    EXPECT_EQ(reason_of_failure("BIND", ""), Reason::parameters_missing);
    EXPECT_EQ(reason_of_failure("", ""), Reason::parameters_missing);
    EXPECT_EQ(reason_of_failure("BIND", "unnamed portal with parameters: $1 = '0'"),
              Reason::failed_as_recorded);
    EXPECT_EQ(reason_of_failure("", "portal \"p\" with parameters: $1 = '0'"),
              Reason::failed_as_recorded);
    EXPECT_EQ(reason_of_failure("BIND", "unnamed portal with parameters: $1 = 'a..."),
              Reason::parameters_broken);
}

TEST(SessionBuilder, CountsAFailureWithoutItsStatementAsOneThatCannotBeReplayed) {
    Log log;
    log.fail("", "22012");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 1U);
    EXPECT_EQ(recording.events[0].reason(), Reason::text_not_logged);
    EXPECT_EQ(outcome(recording, recording.events[0]), "22012");
    EXPECT_EQ(recording.records.failures_without_statement, 1U);
}

TEST(SessionBuilder, TakesNoStatementFromTheEndOfAnIdleSession) {
    Log log;
    log.add("duration: 0.100 ms  statement: BEGIN");
    auto& end = log.fail("", "25P03");
    end.severity = "FATAL";
    log.add("disconnection: session time: 0:00:01.000 user=app database=shop host=[local]");
    const auto recording = log.build();

    EXPECT_EQ(recording.events.size(), 1U);
    EXPECT_EQ(recording.sessions.at(0).end_known, SessionEnd::disconnection_record);
}

TEST(SessionBuilder, GivesTheEndOfASessionToTheStatementThatRan) {
    const auto outcome_with = [](std::string_view query, std::string_view tag) {
        Log log;
        log.add("statement: SELECT pg_sleep(9)");
        log.fail(query, "57P01", tag).severity = "FATAL";
        const auto recording = log.build();
        EXPECT_EQ(recording.events.size(), 1U);
        return outcome(recording, recording.events.at(0));
    };
    EXPECT_EQ(outcome_with("SELECT pg_sleep(9)", "SELECT"), "57P01");
    EXPECT_EQ(outcome_with("", "SELECT"), "57P01");
    EXPECT_EQ(outcome_with("", "idle"), "ok");
    EXPECT_EQ(outcome_with("", "idle in transaction"), "ok");
    EXPECT_EQ(outcome_with("", ""), "ok");
}

TEST(SessionBuilder, KnowsThatARecordMayTakeSeveralLineNumbers) {
    Log log;
    log.add("statement: SELECT 1").session_line_count = 3;
    log.lose_lines(2);
    log.add("statement: SELECT 2");
    EXPECT_EQ(log.build().records.missing, 0U);
}

TEST(SessionBuilder, NeedsParametersForWhatHasThem) {
    const auto reason_with = [](std::string_view detail) {
        Log log;
        log.add(
               "duration: 0.1"
               "00 ms  execute p: SELECT $1, $2")
            .detail = detail;
        return log.build().events.at(0).reason();
    };
    EXPECT_EQ(reason_with("parameters: $1 = '1', $2 = NULL"), Reason::none);
    EXPECT_EQ(reason_with("Parameters: $1 = '1', $2 = NULL"), Reason::none);
    EXPECT_EQ(reason_with(""), Reason::parameters_missing);
    EXPECT_EQ(reason_with("parameters: $1 = '1'"), Reason::parameters_broken);
    EXPECT_EQ(reason_with("parameters: $1 = '1', $2 = 'x"), Reason::parameters_broken);
    EXPECT_EQ(reason_with("parameters: $1 = '1', $2 = 'x...'"), Reason::parameters_perhaps_cut);

    Log simple;  // the simple protocol has none
    simple.add("statement: PREPARE p AS SELECT $1");
    EXPECT_EQ(simple.build().events.at(0).reason(), Reason::none);
}

TEST(SessionBuilder, TakesAFetchForAFetch) {
    Log log;
    log.add("execute <unnamed>/C_1: SELECT * FROM t");
    log.add("duration: 1.000 ms");
    log.add("execute fetch from <unnamed>/C_1: SELECT * FROM t");
    log.add("duration: 2.000 ms");
    log.add("execute fetch from <unnamed>/C_2: SELECT * FROM t");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 3U);
    EXPECT_EQ(recording.events[0].protocol(), Protocol::extended);
    EXPECT_EQ(recording.events[1].protocol(), Protocol::fetch);
    EXPECT_EQ(recording.events[1].reason(), Reason::fetch_size_unknown);
    EXPECT_EQ(recording.events[1].duration_us(), 2'000);
    EXPECT_EQ(recording.events[2].reason(), Reason::portal_not_seen);
}

TEST(SessionBuilder, FollowsCursorsAndPreparedStatementsOfSql) {
    Log log;
    const auto run = [&](const char* text) -> LogEntry& { return log.add(text); };
    run("statement: BEGIN");
    run("statement: DECLARE \"C\" CURSOR FOR SELECT 1");
    run("statement: FETCH 1 FROM \"C\"");
    run("statement: FETCH 1 FROM c");
    run("statement: CLOSE \"C\"");
    run("statement: FETCH 1 FROM \"C\"");
    run("statement: PREPARE p AS SELECT 1");
    run("statement: EXECUTE P");
    run("statement: EXECUTE q").detail = "prepare: PREPARE q AS SELECT 2";
    run("statement: EXECUTE r");
    run("statement: DEALLOCATE p");
    run("statement: EXECUTE p");
    run("statement: COMMIT");
    const auto recording = log.build();

    std::vector<Reason> reasons;
    for (const auto& event : recording.events) {
        reasons.push_back(event.reason());
    }
    EXPECT_EQ(reasons, (std::vector<Reason>{
                           Reason::none, Reason::none, Reason::none, Reason::cursor_not_seen,
                           Reason::none, Reason::cursor_not_seen, Reason::none, Reason::none,
                           Reason::prepare_not_seen, Reason::prepared_text_unknown, Reason::none,
                           Reason::prepared_text_unknown, Reason::none}));
}

TEST(SessionBuilder, DoesNotDependOnWhatFailed) {
    Log log;
    log.add("statement: DECLARE c CURSOR FOR SELECT 1");
    log.fail("DECLARE c CURSOR FOR SELECT 1", "25P01");
    log.add("statement: FETCH 1 FROM c");
    log.add("statement: COMMIT");
    const auto recording = log.build();

    EXPECT_EQ(recording.events.at(1).reason(), Reason::cursor_not_seen);
    EXPECT_EQ(recording.events.at(2).reason(), Reason::transaction_not_seen);
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

TEST(SessionBuilder, TakesFunctionCallsForWorkThatCannotBeReplayed) {
    Log log;
    log.add("fastpath function call: \"lo_open\" (OID 952)");
    log.add("duration: 1.000 ms");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 1U);
    EXPECT_EQ(recording.events[0].reason(), Reason::function_call);
    EXPECT_EQ(recording.events[0].duration_us(), 1'000);
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

}  // namespace
}  // namespace workloads::logs
