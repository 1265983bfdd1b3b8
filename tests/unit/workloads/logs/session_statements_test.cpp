#include "log_of_records.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

TEST(SessionStatements, TakesTheStartFromTheDurationWhereTheEndIsLogged) {
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

TEST(SessionStatements, TakesTheStartFromTheRecordWhereItIsLoggedBefore) {
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

TEST(SessionStatements, GivesABareDurationToTheStatementBeforeIt) {
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

TEST(SessionStatements, TellsTheDurationsOfParseAndBindFromStatements) {
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

TEST(SessionStatements, CountsDurationsOfWhatIsNotLoggedAsStatementsThatCannotBeReplayed) {
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

TEST(SessionStatements, GivesAFailureToTheStatementThatItEnds) {
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

TEST(SessionStatements, GivesAFailureOfAnotherTextToNoStatementBefore) {
    Log log;  // log_statement = mod: the SELECT is not announced
    log.add("statement: UPDATE t SET a = 1");
    log.fail("SELECT 1/0", "22012");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 2U);
    EXPECT_EQ(outcome(recording, recording.events[0]), "ok");
    EXPECT_EQ(outcome(recording, recording.events[1]), "22012");
    EXPECT_EQ(recording.events[1].start_us, written(2));
}

TEST(SessionStatements, TakesTheParametersOfAFailureFromItsBind) {
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

TEST(SessionStatements, KnowsHowFarAFailureOfTheExtendedProtocolCame) {
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

TEST(SessionStatements, CountsAFailureWithoutItsStatementAsOneThatCannotBeReplayed) {
    Log log;
    log.fail("", "22012");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 1U);
    EXPECT_EQ(recording.events[0].reason(), Reason::text_not_logged);
    EXPECT_EQ(outcome(recording, recording.events[0]), "22012");
    EXPECT_EQ(recording.records.failures_without_statement, 1U);
}

TEST(SessionStatements, TakesNoStatementFromTheEndOfAnIdleSession) {
    Log log;
    log.add("duration: 0.100 ms  statement: BEGIN");
    auto& end = log.fail("", "25P03");
    end.severity = "FATAL";
    log.add("disconnection: session time: 0:00:01.000 user=app database=shop host=[local]");
    const auto recording = log.build();

    EXPECT_EQ(recording.events.size(), 1U);
    EXPECT_EQ(recording.sessions.at(0).end_known, SessionEnd::disconnection_record);
}

TEST(SessionStatements, GivesTheEndOfASessionToTheStatementThatRan) {
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

TEST(SessionStatements, NeedsParametersForWhatHasThem) {
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

TEST(SessionStatements, TakesAFetchForAFetch) {
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

TEST(SessionStatements, FollowsCursorsAndPreparedStatementsOfSql) {
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

TEST(SessionStatements, FollowsCursorsThroughTextsOfSeveralStatements) {
    Log log;
    log.add("statement: BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH 1 FROM c");
    log.add("statement: FETCH 1 FROM c");
    log.add("statement: CLOSE c; COMMIT");
    log.add("statement: BEGIN; FETCH 1 FROM c; COMMIT");
    log.add("statement: SELECT 1; EXECUTE p");
    const auto recording = log.build();

    std::vector<Reason> reasons;
    for (const auto& event : recording.events) {
        reasons.push_back(event.reason());
    }
    EXPECT_EQ(reasons, (std::vector<Reason>{Reason::multiple_statements, Reason::none,
                                            Reason::multiple_statements, Reason::cursor_not_seen,
                                            Reason::prepared_text_unknown}));
}

TEST(SessionStatements, DoesNotDependOnWhatFailed) {
    Log log;
    log.add("statement: DECLARE c CURSOR FOR SELECT 1");
    log.fail("DECLARE c CURSOR FOR SELECT 1", "25P01");
    log.add("statement: FETCH 1 FROM c");
    log.add("statement: COMMIT");
    const auto recording = log.build();

    EXPECT_EQ(recording.events.at(1).reason(), Reason::cursor_not_seen);
    EXPECT_EQ(recording.events.at(2).reason(), Reason::transaction_not_seen);
}

TEST(SessionStatements, TakesFunctionCallsForWorkThatCannotBeReplayed) {
    Log log;
    log.add("fastpath function call: \"lo_open\" (OID 952)");
    log.add("duration: 1.000 ms");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 1U);
    EXPECT_EQ(recording.events[0].reason(), Reason::function_call);
    EXPECT_EQ(recording.events[0].duration_us(), 1'000);
}

TEST(SessionStatements, KeepsPlaceStartAndDurationOfEachStatementThatIsNotLogged) {
    for (const bool with_tags : {true, false}) {
        Log log{with_tags};
        log.add("duration: 0.100 ms");
        log.add("duration: 0.200 ms");
        log.add("duration: 0.300 ms");
        log.add("duration: 0.400 ms");
        const auto recording = log.build();

        ASSERT_EQ(recording.events.size(), 4U);
        for (int i = 0; i < 4; ++i) {
            const auto& event = recording.events[static_cast<std::size_t>(i)];
            EXPECT_EQ(event.place().offset, 100U * (static_cast<unsigned>(i) + 1));
            EXPECT_EQ(event.duration_us(), 100 * (i + 1));
            EXPECT_EQ(event.start_us, written(i + 1) - 100 * (i + 1));
        }
    }
}

TEST(SessionStatements, LosesNoStatementBeforeAPreparedOneThatRunsAgain) {
    Log log{false};
    log.add("duration: 0.100 ms");  // parse
    log.add("duration: 0.100 ms");  // bind
    log.add("execute p: UPDATE t SET a = 1");
    log.add("duration: 0.300 ms");
    log.add("duration: 0.500 ms");  // a SELECT that is not logged
    log.add("duration: 0.100 ms");  // bind
    log.add("execute p: UPDATE t SET a = 1");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 3U);
    EXPECT_EQ(recording.events[1].duration_us(), 500);
    EXPECT_EQ(count_of(recording, Reason::text_not_logged), 1U);
}

TEST(SessionStatements, GivesAFailureAtParseOrBindToTheNextRunOfTheSameText) {
    for (const char* tag : {"BIND", "PARSE"}) {
        Log log;
        log.add("execute <unnamed>: select 1::int");
        log.fail("select 1::int", "22P02", tag);
        const auto recording = log.build();

        ASSERT_EQ(recording.events.size(), 2U) << tag;
        EXPECT_EQ(outcome(recording, recording.events[0]), "ok");
        EXPECT_EQ(recording.events[0].reason(), Reason::none);
        EXPECT_EQ(outcome(recording, recording.events[1]), "22P02");
    }
}

TEST(SessionStatements, DoubtsWhichRunFailedWhereTagsAreNotLogged) {
    Log log{false};
    log.add("execute <unnamed>: select 1/0");
    log.fail("select 1/0", "22012");
    log.add("statement: select 1/0");
    log.fail("select 1/0", "22012");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 2U);
    EXPECT_EQ(recording.events[0].reason(), Reason::failure_of_which_run);
    EXPECT_EQ(recording.events[1].reason(), Reason::failed_as_recorded);
}

TEST(SessionStatements, DoubtsWhatFollowsInATransactionThatChanceAborted) {
    Log log;
    log.add("statement: BEGIN", "BEGIN");
    log.add("statement: UPDATE t SET a = 1", "UPDATE");
    log.fail("UPDATE t SET a = 1", "40P01", "UPDATE");
    log.fail("SELECT 1", "25P02");
    log.add("statement: COMMIT", "COMMIT");
    log.add("statement: BEGIN", "BEGIN");
    log.fail("SELECT 1/0", "22012");
    log.fail("SELECT 1", "25P02");
    log.add("statement: COMMIT", "COMMIT");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 8U);
    for (const std::size_t i : {1U, 2U, 3U}) {
        EXPECT_EQ(recording.events[i].reason(), Reason::outcome_depends_on_others) << i;
    }
    EXPECT_EQ(recording.events[4].reason(), Reason::none);
    EXPECT_EQ(recording.events[6].reason(), Reason::failed_as_recorded);
    EXPECT_EQ(recording.events[7].reason(), Reason::none);
}

TEST(SessionStatements, FollowsTransactionsThroughTextsOfSeveralStatements) {
    const auto reasons_of = [](std::initializer_list<const char*> texts) {
        Log log;
        for (const char* text : texts) {
            log.add(text);
        }
        std::vector<Reason> all;
        const auto recording = log.build();
        for (const auto& event : recording.events) {
            all.push_back(event.reason());
        }
        return all;
    };
    constexpr auto whole = Reason::multiple_statements;
    EXPECT_EQ(reasons_of({"statement: BEGIN; SELECT 1; COMMIT", "statement: COMMIT"}),
              (std::vector{whole, Reason::transaction_not_seen}));
    EXPECT_EQ(reasons_of({"statement: COMMIT; BEGIN", "statement: COMMIT"}),
              (std::vector{Reason::transaction_not_seen, Reason::none}));
    EXPECT_EQ(reasons_of({"statement: BEGIN", "statement: COMMIT; BEGIN"}),
              (std::vector{Reason::none, whole}));
    EXPECT_EQ(reasons_of({"statement: SELECT 1; SAVEPOINT a"}),
              (std::vector{Reason::transaction_not_seen}));
}

TEST(SessionStatements, KnowsTheCursorOfAnUpdateWhereCurrentOf) {
    Log log;
    log.add("statement: UPDATE t SET a = 1 WHERE CURRENT OF c", "UPDATE");
    log.add("statement: DECLARE C CURSOR FOR SELECT 1", "DECLARE CURSOR");
    log.add("statement: DELETE FROM t where current of \"c\"", "DELETE");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 3U);
    EXPECT_EQ(recording.events[0].reason(), Reason::cursor_not_seen);
    EXPECT_EQ(recording.events[2].reason(), Reason::none);
}

TEST(SessionStatements, DoesNotTakeAFailureForTheLackOfWhatTheLogDoesNotShow) {
    Log log;
    log.fail("FETCH 1 FROM c", "22012", "FETCH");
    log.fail("FETCH 1 FROM c", "34000", "FETCH");
    log.fail("EXECUTE p", "22012", "EXECUTE");
    log.fail("EXECUTE p", "26000", "EXECUTE");
    const auto recording = log.build();

    ASSERT_EQ(recording.events.size(), 4U);
    EXPECT_EQ(recording.events[0].reason(), Reason::cursor_not_seen);
    EXPECT_EQ(recording.events[1].reason(), Reason::failed_as_recorded);
    EXPECT_EQ(recording.events[2].reason(), Reason::prepared_text_unknown);
    EXPECT_EQ(recording.events[3].reason(), Reason::failed_as_recorded);
}

TEST(SessionStatements, CannotReplayWhatNeedsTheRecordedServersSnapshot) {
    Log log;
    log.add("statement: SET TRANSACTION SNAPSHOT '00000003-0000001B-1'", "SET");
    EXPECT_EQ(log.build().events.at(0).reason(), Reason::snapshot_not_there);
}

TEST(SessionStatements, ALostConnectionIsAFailureByCircumstance) {
    Log log;
    log.fail("SELECT big FROM t", "08006").severity = "FATAL";
    EXPECT_EQ(log.build().events.at(0).reason(), Reason::outcome_depends_on_others);
}

}  // namespace
}  // namespace workloads::logs
