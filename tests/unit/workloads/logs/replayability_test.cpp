#include "workloads/logs/replayability.hpp"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

EventFacts facts_of(std::string_view text, Protocol protocol = Protocol::simple) {
    StatementScanner scanner;
    EventFacts facts;
    facts.protocol = protocol;
    facts.scan = scanner.scan(text);
    return facts;
}

Reason reason(std::string_view text) {
    return reason_of(facts_of(text));
}

TEST(Replayability, KnowsEachReasonByItsOwnRow) {
    std::set<std::string> keys;
    for (std::size_t i = 0; i < reasons; ++i) {
        const auto& row = row_of(static_cast<Reason>(i));
        EXPECT_EQ(static_cast<std::size_t>(row.reason), i) << row.key;
        EXPECT_TRUE(keys.insert(row.key).second) << row.key;
        EXPECT_FALSE(std::string_view{row.why}.empty()) << row.key;
    }
}

TEST(Replayability, OfOrdinaryWorkIsExact) {
    for (const auto* text : {"SELECT 1", "BEGIN", "COMMIT", "SAVEPOINT a", "VACUUM t",
                             "COPY t TO STDOUT", "CREATE TABLE t (a int)", "SET search_path = a",
                             "NOTIFY c", "PREPARE p AS SELECT $1", "DO $$BEGIN END$$", "TRUNCATE t",
                             "", "DISCARD ALL", "CREATE INDEX CONCURRENTLY i ON t (a)"}) {
        EXPECT_EQ(reason(text), Reason::none) << text;
    }
    EXPECT_EQ(reason("BEGIN; SELECT 1; COMMIT"), Reason::multiple_statements);
}

TEST(Replayability, IsImpossibleWhereTheLogLacksWhatWasSent) {
    EXPECT_EQ(reason("COPY t FROM STDIN"), Reason::copy_data);
    EXPECT_EQ(reason("BEGIN; COPY t FROM STDIN; COMMIT"), Reason::copy_data);
    EXPECT_EQ(reason("COPY t FROM '/tmp/x'"), Reason::server_files);
    EXPECT_EQ(reason("SELECT lo_create(0)"), Reason::large_objects);
    EXPECT_EQ(reason("SELECT pg_cancel_backend(1)"), Reason::other_sessions);
    EXPECT_EQ(reason("ALTER SYSTEM SET work_mem = '1GB'"), Reason::server_command);
    EXPECT_EQ(reason("SELECT 'cut"), Reason::text_cut_off);
    EXPECT_EQ(reason_of(facts_of("lo_open", Protocol::function_call)), Reason::function_call);
    EventFacts unknown;
    unknown.text_logged = false;
    EXPECT_EQ(reason_of(unknown), Reason::text_not_logged);
}

TEST(Replayability, IsInexactWhereTheLogLeavesSomethingOpen) {
    EXPECT_EQ(reason("LISTEN c"), Reason::notifications);
    EXPECT_EQ(reason("SET ROLE x"), Reason::role_needed);
    EXPECT_EQ(reason("PREPARE TRANSACTION 'x'"), Reason::two_phase);
    EXPECT_EQ(reason("COMMIT PREPARED 'x'"), Reason::two_phase);
    auto facts = facts_of("COMMIT");
    facts.in_transaction = false;
    EXPECT_EQ(reason_of(facts), Reason::transaction_not_seen);
    facts = facts_of("SELECT 1");
    facts.session_began_before = true;
    EXPECT_EQ(reason_of(facts), Reason::session_began_before);
    facts = facts_of("SELECT 1");
    facts.lines_missing = true;
    EXPECT_EQ(reason_of(facts), Reason::lines_missing);
    facts = facts_of("SELECT 1");
    facts.who_known = false;
    EXPECT_EQ(reason_of(facts), Reason::who_unknown);
}

TEST(Replayability, OfFailuresComparesTheOutcomeUnlessItWasTheMoments) {
    auto facts = facts_of("SELECT 1/0");
    facts.sqlstate = "22012";
    EXPECT_EQ(reason_of(facts), Reason::failed_as_recorded);
    for (const auto* moment : {"40001", "40P01", "55P03", "57014", "57P01", "25P03", "53300"}) {
        facts.sqlstate = moment;
        EXPECT_EQ(reason_of(facts), Reason::outcome_depends_on_others) << moment;
    }
    facts = facts_of("SELECT 'never closed");
    facts.sqlstate = "42601";
    EXPECT_EQ(reason_of(facts), Reason::failed_as_recorded);
    facts = facts_of("EXECUTE p");
    facts.sqlstate = "26000";
    facts.prepare_seen = facts.prepared_text_known = false;
    EXPECT_EQ(reason_of(facts), Reason::failed_as_recorded);
}

TEST(Replayability, GivesWhatMakesItImpossibleBeforeWhatMakesItInexact) {
    auto facts = facts_of("COPY t FROM STDIN");
    facts.session_began_before = facts.lines_missing = true;
    facts.sqlstate = "57014";
    EXPECT_EQ(reason_of(facts), Reason::copy_data);
    facts = facts_of("SELECT $1", Protocol::extended);
    facts.parameters = ParameterState::missing;
    facts.session_began_before = true;
    EXPECT_EQ(reason_of(facts), Reason::parameters_missing);
}

}  // namespace
}  // namespace workloads::logs
