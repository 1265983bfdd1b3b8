// The load path's session against a real server.
#include "harness/postgres/session.hpp"

#include "tests/integration/load_support.hpp"
#include "tests/integration/session_probe.hpp"
#include "tests/integration/silent_server.hpp"
#include "tests/integration/throwaway.hpp"

#include <csignal>
#include <string>

#include <gtest/gtest.h>

namespace {

using harness::database::ErrorKind;
using harness::postgres::LoadPlan;
using scenarios::Protocol;
using tests::compiled;
using tests::SessionProbe;
using tests::statement;
using workloads::App;
using workloads::OperationSource;
using namespace std::chrono_literals;

OperationSource transaction(std::vector<OperationSource::Sql> statements,
                            std::vector<std::pair<std::string, std::string>> params = {}) {
    OperationSource source;
    source.name = "transaction";
    source.transaction = true;
    source.params = std::move(params);
    source.statements = std::move(statements);
    return source;
}

class SessionTest : public tests::FreshDatabase {
protected:
    [[nodiscard]] LoadPlan plan(const std::vector<OperationSource>& operations,
                                Protocol protocol = Protocol::prepared) const {
        LoadPlan made;
        made.conninfo = conninfo("load");
        for (const auto& source : operations) {
            made.operations.push_back(compiled(source));
        }
        made.protocol = protocol;
        made.statement_timeout = 10s;
        return made;
    }

    void terminate(SessionProbe& probe) {
        sql("SELECT pg_terminate_backend(" + std::to_string(probe.session().session_id()) + ")");
    }
};

class EachProtocol : public SessionTest, public testing::WithParamInterface<Protocol> {};

INSTANTIATE_TEST_SUITE_P(Session, EachProtocol,
                         testing::Values(Protocol::prepared, Protocol::extended, Protocol::simple),
                         [](const auto& instance) {
                             return instance.param == Protocol::prepared   ? "prepared"
                                    : instance.param == Protocol::extended ? "extended"
                                                                           : "simple";
                         });

TEST_P(EachProtocol, BringsValuesUnchanged) {
    sql("CREATE TABLE kept (id int PRIMARY KEY, a text, b text, c text, n bigint, empty text)");
    OperationSource insert = statement("INSERT INTO kept VALUES (:id, :a, :b, :c, :n, :empty)",
                                       {{"id", "sequence(1)"},
                                        {"a", R"('it''s "quoted" \ and \\n')"},
                                        {"b", "'größer – 漢字 🐘'"},
                                        {"c", "'$1 :id %s -- ;'"},
                                        {"n", "-9223372036854775807"},
                                        {"empty", "''"}});
    SessionProbe probe{plan({insert}, GetParam())};
    ASSERT_FALSE(probe.connect());
    for (std::uint64_t index = 0; index < 3; ++index) {  // the prepared statement is used again
        const auto end = probe.run(0, index);
        ASSERT_TRUE(end.ok()) << end.code;
    }
    EXPECT_EQ(value("SELECT count(*) FROM kept"), "3");
    EXPECT_EQ(value("SELECT a FROM kept WHERE id = 2"), R"(it's "quoted" \ and \\n)");
    EXPECT_EQ(value("SELECT b FROM kept WHERE id = 3"), "größer – 漢字 🐘");
    EXPECT_EQ(value("SELECT c FROM kept WHERE id = 1"), "$1 :id %s -- ;");
    EXPECT_EQ(value("SELECT n FROM kept WHERE id = 1"), "-9223372036854775807");
    EXPECT_EQ(value("SELECT empty = '' FROM kept WHERE id = 1"), "t");
}

TEST_P(EachProtocol, CarriesValuesFromOneStatementToTheNext) {
    sql("CREATE TABLE source (id int, a text, b text)");
    sql(R"(INSERT INTO source VALUES (1, NULL, 'O''Brien \ 1'), (2, '', 'zwei'))");
    sql("CREATE TABLE copy (id int, a text, b text, missing text)");
    const auto carry = transaction({{"SELECT id, a, b FROM source WHERE id = :id", {"i", "x", "y"}},
                                    {"SELECT a FROM source WHERE id = 99", {"missing"}},
                                    {"INSERT INTO copy VALUES (:i::int, :x, :y, :missing)", {}}},
                                   {{"id", "sequence(1)"}});
    SessionProbe probe{plan({carry}, GetParam())};
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run(0, 0).code, "");
    EXPECT_EQ(probe.run(0, 1).code, "");
    EXPECT_EQ(value("SELECT a IS NULL AND missing IS NULL FROM copy WHERE id = 1"), "t");
    EXPECT_EQ(value("SELECT b FROM copy WHERE id = 1"), R"(O'Brien \ 1)");
    EXPECT_EQ(value("SELECT a = '' AND missing IS NULL FROM copy WHERE id = 2"), "t");
}

TEST_P(EachProtocol, ATransactionThatFailsLeavesNothing) {
    sql("CREATE TABLE kept (id int PRIMARY KEY)");
    sql("INSERT INTO kept VALUES (1)");
    const auto twice = transaction({{"INSERT INTO kept VALUES (2)", {}},
                                    {"INSERT INTO kept VALUES (1)", {}},
                                    {"INSERT INTO kept VALUES (3)", {}}});
    SessionProbe probe{plan({twice, statement("INSERT INTO kept VALUES (4)")}, GetParam())};
    ASSERT_FALSE(probe.connect());
    const auto end = probe.run(0);
    EXPECT_EQ(end.code, "23505");
    EXPECT_EQ(end.kind, ErrorKind::constraint);
    EXPECT_TRUE(end.session_usable);
    EXPECT_EQ(probe.run(1).code, "") << "the session is out of the failed transaction";
    EXPECT_EQ(value("SELECT string_agg(id::text, ',' ORDER BY id) FROM kept"), "1,4");
}

// BEGIN goes out together with the first statement where that is prepared.
TEST_P(EachProtocol, ATransactionMayFailInItsFirstStatement) {
    sql("CREATE TABLE kept (id int PRIMARY KEY)");
    sql("INSERT INTO kept VALUES (2)");
    const auto insert = transaction(
        {{"INSERT INTO kept VALUES (:id)", {}}, {"INSERT INTO kept VALUES (:id + 10)", {}}},
        {{"id", "sequence(1)"}});
    SessionProbe probe{plan({insert}, GetParam())};
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run(0, 0).code, "");
    const auto end = probe.run(0, 1);
    EXPECT_EQ(end.code, "23505");
    EXPECT_EQ(end.kind, ErrorKind::constraint);
    EXPECT_TRUE(end.session_usable);
    EXPECT_EQ(probe.run(0, 2).code, "");
    EXPECT_EQ(value("SELECT string_agg(id::text, ',' ORDER BY id) FROM kept"), "1,2,3,11,13");
    EXPECT_EQ(value("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'"), "0");
}

TEST_P(EachProtocol, CopyAsATransactionsFirstStatementCostsTheConnection) {
    sql("CREATE TABLE kept (id int)");
    SessionProbe probe{plan(
        {transaction({{"COPY kept TO STDOUT", {}}}), transaction({{"COPY kept FROM STDIN", {}}})},
        GetParam())};
    for (std::uint16_t operation = 0; operation < 2; ++operation) {
        ASSERT_FALSE(probe.connect());
        const auto end = probe.run(operation);
        EXPECT_FALSE(end.ok());
        EXPECT_FALSE(end.session_usable);
    }
    ASSERT_FALSE(probe.connect()) << "and can be opened again";
}

TEST_P(EachProtocol, ATimeoutIsACancellation) {
    auto made = plan({statement("SELECT pg_sleep(30)"), statement("SELECT 1")}, GetParam());
    made.statement_timeout = 50ms;
    SessionProbe probe{made};
    ASSERT_FALSE(probe.connect());
    const auto end = probe.run(0);
    EXPECT_EQ(end.code, "57014");
    EXPECT_EQ(end.kind, ErrorKind::cancelled);
    EXPECT_TRUE(end.session_usable);
    EXPECT_EQ(probe.run(1).code, "");
}

TEST_P(EachProtocol, AnErrorOfTheStatementIsFiledUnderItsCode) {
    SessionProbe probe{plan({statement("SELECT * FROM nothing_here")}, GetParam())};
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run().code, "42P01");
    EXPECT_EQ(probe.run().code, "42P01");
    sql("CREATE TABLE nothing_here ()");
    EXPECT_EQ(probe.run().code, "") << "a statement that could not be prepared is prepared later";
}

TEST_P(EachProtocol, CopyFailsAndCostsTheConnection) {
    sql("CREATE TABLE kept (id int)");
    SessionProbe probe{
        plan({statement("COPY kept TO STDOUT"), statement("COPY kept FROM STDIN")}, GetParam())};
    for (std::uint16_t operation = 0; operation < 2; ++operation) {
        ASSERT_FALSE(probe.connect());
        const auto end = probe.run(operation);
        EXPECT_EQ(end.code, "0A000");
        EXPECT_FALSE(end.session_usable);
    }
    ASSERT_FALSE(probe.connect()) << "and can be opened again";
}

TEST_P(EachProtocol, TakesBigParametersAndBigResults) {
    sql("CREATE TABLE kept (body text)");
    const auto big = statement("INSERT INTO kept SELECT :body FROM generate_series(1, 3)",
                               {{"body", "text(5000000)"}});
    const auto wide = statement("SELECT body FROM kept");
    const auto many = statement("SELECT i, repeat('x', 100) FROM generate_series(1, 200000) i");
    SessionProbe probe{plan({big, wide, many}, GetParam())};
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run(0).code, "");
    EXPECT_EQ(value("SELECT sum(length(body)) FROM kept"), "15000000");
    EXPECT_EQ(probe.run(1).code, "");
    EXPECT_EQ(probe.run(2).code, "");
}

TEST_P(EachProtocol, AStatementThatOpensATransactionIsAFailureAndRolledBack) {
    sql("CREATE TABLE kept (id int)");
    SessionProbe probe{
        plan({statement("BEGIN"), statement("INSERT INTO kept VALUES (1)")}, GetParam())};
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run(0).code, "25001");
    EXPECT_EQ(probe.run(1).code, "");
    EXPECT_EQ(value("SELECT count(*) FROM kept"), "1") << "committed, not left in a transaction";
}

TEST_F(SessionTest, AChangedPlanFailsOnceAndIsPreparedAgain) {
    sql("CREATE TABLE kept (id int)");
    SessionProbe probe{plan({statement("SELECT * FROM kept")})};
    ASSERT_FALSE(probe.connect());
    ASSERT_EQ(probe.run().code, "");
    sql("ALTER TABLE kept ADD COLUMN more int");
    const auto end = probe.run();
    EXPECT_EQ(end.code, "0A000");
    EXPECT_EQ(end.kind, ErrorKind::plan_changed);
    EXPECT_TRUE(end.session_usable);
    EXPECT_EQ(probe.run().code, "");
}

TEST_F(SessionTest, AChangedPlanInATransactionRollsItBack) {
    sql("CREATE TABLE kept (id int)");
    const auto both =
        transaction({{"INSERT INTO kept (id) VALUES (1)", {}}, {"SELECT * FROM kept", {}}});
    SessionProbe probe{plan({both})};
    ASSERT_FALSE(probe.connect());
    ASSERT_EQ(probe.run().code, "");
    sql("ALTER TABLE kept ADD COLUMN more int");
    EXPECT_EQ(probe.run().code, "0A000");
    EXPECT_EQ(value("SELECT count(*) FROM kept"), "1");
    EXPECT_EQ(probe.run().code, "");
    EXPECT_EQ(value("SELECT count(*) FROM kept"), "2");
}

TEST_F(SessionTest, AChangedPlanMayBeATransactionsFirstStatement) {
    sql("CREATE TABLE kept (id int)");
    const auto both =
        transaction({{"SELECT * FROM kept", {}}, {"INSERT INTO kept (id) VALUES (1)", {}}});
    SessionProbe probe{plan({both})};
    ASSERT_FALSE(probe.connect());
    ASSERT_EQ(probe.run().code, "");
    ASSERT_EQ(probe.run().code, "");
    sql("ALTER TABLE kept ADD COLUMN more int");
    const auto end = probe.run();
    EXPECT_EQ(end.code, "0A000");
    EXPECT_EQ(end.kind, ErrorKind::plan_changed);
    EXPECT_EQ(probe.run().code, "");
    EXPECT_EQ(value("SELECT count(*) FROM kept"), "3");
}

TEST_F(SessionTest, ATransactionIntoADeadSessionFails) {
    SessionProbe probe{plan({transaction({{"SELECT 1", {}}})})};
    ASSERT_FALSE(probe.connect());
    ASSERT_EQ(probe.run().code, "");
    const auto pid = std::to_string(probe.session().session_id());
    terminate(probe);
    ASSERT_TRUE(becomes_true("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = " + pid));
    const auto end = probe.run();
    EXPECT_TRUE(end.code == "57P01" || end.code == "connection_lost") << end.code;
    EXPECT_FALSE(end.session_usable);
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run().code, "");
}

TEST_F(SessionTest, ATransactionMayBeTerminatedInItsFirstStatement) {
    SessionProbe probe{plan({transaction({{"SELECT pg_sleep(:s)", {}}}, {{"s", "sequence(0)"}})})};
    ASSERT_FALSE(probe.connect());
    ASSERT_EQ(probe.run(0, 0).code, "");
    probe.start_run(0, 30);
    ASSERT_TRUE(becomes_true("SELECT count(*) > 0 FROM pg_stat_activity WHERE pid = " +
                             std::to_string(probe.session().session_id()) +
                             " AND state = 'active'"));
    terminate(probe);
    probe.wait();
    ASSERT_TRUE(probe.end());
    EXPECT_EQ(probe.end()->code, "57P01");
    EXPECT_FALSE(probe.end()->session_usable);
}

TEST_F(SessionTest, APreparedStatementThatVanishedIsPreparedAgain) {
    SessionProbe probe{plan({statement("SELECT 1"), statement("DEALLOCATE ALL")})};
    ASSERT_FALSE(probe.connect());
    ASSERT_EQ(probe.run(0).code, "");
    ASSERT_EQ(probe.run(1).code, "");
    EXPECT_EQ(probe.run(0).code, "26000");
    EXPECT_EQ(probe.run(0).code, "");
}

TEST_F(SessionTest, AConstraintThatIsCheckedAtCommitFailsTheTransaction) {
    sql("CREATE TABLE parent (id int PRIMARY KEY)");
    sql("CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)");
    SessionProbe probe{plan({transaction({{"INSERT INTO child VALUES (1)", {}}})})};
    ASSERT_FALSE(probe.connect());
    const auto end = probe.run();
    EXPECT_EQ(end.code, "23503");
    EXPECT_TRUE(end.session_usable);
    EXPECT_EQ(value("SELECT count(*) FROM child"), "0");
}

// As dblink and foreign tables do when the other server goes away.
TEST_F(SessionTest, AnErrorThatOnlySpeaksOfALostConnectionDoesNotCostIt) {
    SessionProbe probe{plan({statement("DO $$ BEGIN RAISE 'gone' USING ERRCODE = '08006'; END $$"),
                             statement("SELECT 1")})};
    ASSERT_FALSE(probe.connect());
    const auto end = probe.run(0);
    EXPECT_EQ(end.code, "08006");
    EXPECT_TRUE(end.session_usable);
    EXPECT_EQ(probe.run(1).code, "");
}

TEST_F(SessionTest, TheSlowestStatementIsTheOneThatWaited) {
    const auto three = transaction(
        {{"SELECT 1", {}}, {"SELECT pg_sleep(0.1)", {}}, {"SELECT pg_sleep(0.02)", {}}});
    SessionProbe probe{plan({three})};
    ASSERT_FALSE(probe.connect());
    const auto end = probe.run();
    ASSERT_EQ(end.code, "");
    EXPECT_GE(end.slowest_done - end.slowest_sent, 100ms);
    EXPECT_GE(end.done - end.slowest_done, 20ms);
}

TEST_F(SessionTest, EachVersionGetsItsOwnSettings) {
    sql("CREATE TABLE kept (version text, timeout text)");
    auto made =
        plan({statement("INSERT INTO kept VALUES (current_setting('app.version'), "
                        "current_setting('statement_timeout'))")});
    made.session_sql = {"SET app.version = 'old'", "SET app.version = 'new'; SELECT 1"};
    SessionProbe probe{made};
    ASSERT_FALSE(probe.connect(App::old_version));
    ASSERT_EQ(probe.run().code, "");
    EXPECT_EQ(value("SELECT version || ' ' || timeout FROM kept"), "old 10s");
    ASSERT_FALSE(probe.connect(App::new_version)) << "connecting again closes the old session";
    sql("TRUNCATE kept");
    ASSERT_EQ(probe.run().code, "");
    EXPECT_EQ(value("SELECT version FROM kept"), "new");
}

TEST_F(SessionTest, SettingsThatFailAreARefusal) {
    auto made = plan({statement("SELECT 1")});
    made.session_sql = {"SET no_such_setting = 1", "BEGIN"};
    SessionProbe probe{made};
    const auto unknown = probe.connect(App::old_version);
    ASSERT_TRUE(unknown);
    EXPECT_EQ(unknown->code, "42704");
    const auto open = probe.connect(App::new_version);
    ASSERT_TRUE(open);
    EXPECT_NE(open->message.find("transaction open"), std::string::npos) << open->message;
}

TEST_F(SessionTest, ARefusalSaysWhy) {
    auto made = plan({statement("SELECT 1")});
    made.conninfo = conninfo("load", "nobody_by_this_name");
    const auto error = SessionProbe{made}.connect();
    ASSERT_TRUE(error);
    EXPECT_EQ(error->kind, ErrorKind::authentication);
    EXPECT_EQ(error->code, "28000");

    made.conninfo = "host=/nonexistent port=1";
    const auto nowhere = SessionProbe{made}.connect();
    ASSERT_TRUE(nowhere);
    EXPECT_EQ(nowhere->kind, ErrorKind::connection_refused);
}

TEST_F(SessionTest, ASessionThatIsTerminatedWhileItRunsSaysSo) {
    SessionProbe probe{
        plan({statement("SELECT pg_sleep(30)"), statement("SELECT 1")}, Protocol::extended)};
    ASSERT_FALSE(probe.connect());
    probe.start_run(0);
    ASSERT_TRUE(becomes_true("SELECT count(*) > 0 FROM pg_stat_activity WHERE pid = " +
                             std::to_string(probe.session().session_id()) +
                             " AND state = 'active'"));
    terminate(probe);
    probe.wait();
    ASSERT_TRUE(probe.end());
    EXPECT_EQ(probe.end()->code, "57P01");
    EXPECT_FALSE(probe.end()->session_usable);
    EXPECT_EQ(probe.session().session_id(), 0);
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run(1).code, "");
}

TEST_F(SessionTest, ASessionThatIsTerminatedWhileIdleIsLost) {
    SessionProbe probe{plan({statement("SELECT 1")})};
    ASSERT_FALSE(probe.connect());
    ASSERT_EQ(probe.run().code, "");
    terminate(probe);
    probe.wait_for_more();
    EXPECT_TRUE(probe.lost());
    EXPECT_FALSE(probe.connect());
}

// The answer to a statement sent into a connection that died meanwhile.
TEST_F(SessionTest, AStatementSentToADeadSessionFails) {
    SessionProbe probe{plan({statement("SELECT 1")})};
    ASSERT_FALSE(probe.connect());
    const auto pid = std::to_string(probe.session().session_id());
    terminate(probe);
    ASSERT_TRUE(becomes_true("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = " + pid));
    const auto end = probe.run();
    EXPECT_TRUE(end.code == "57P01" || end.code == "connection_lost") << end.code;
    EXPECT_FALSE(end.session_usable);
}

// The answer to the one before, the server's goodbye and the connection's end all came before
// anybody looked.
TEST_F(SessionTest, AStatementThatFollowsAnAnswerIntoADeadSessionFails) {
    SessionProbe probe{plan({statement("SELECT 1"), statement("SELECT 2")})};
    ASSERT_FALSE(probe.connect());
    for (const auto operation : std::initializer_list<std::uint16_t>{1, 0}) {
        ASSERT_EQ(probe.run(operation).code, "");
    }
    const auto pid = static_cast<pid_t>(probe.session().session_id());
    probe.start_run(1);
    ASSERT_TRUE(
        becomes_true("SELECT query = 'SELECT 2' AND state = 'idle' FROM pg_stat_activity "
                     "WHERE pid = " +
                     std::to_string(pid)));
    terminate(probe);
    ASSERT_TRUE(tests::eventually([pid] { return kill(pid, 0) != 0; }));
    probe.follow_with(0);
    probe.wait_for_more();
    ASSERT_TRUE(probe.end());
    EXPECT_TRUE(probe.end()->code == "57P01" || probe.end()->code == "connection_lost")
        << probe.end()->code;
    EXPECT_FALSE(probe.end()->session_usable);
}

TEST_F(SessionTest, AServerThatNeverAnswersIsGivenUp) {
    const tests::SilentServer silent;
    auto made = plan({statement("SELECT 1")});
    made.conninfo = silent.conninfo();
    SessionProbe probe{made};
    probe.start_connect();
    probe.session().check_deadline(SessionProbe::Clock::now() + 10s);
    EXPECT_FALSE(probe.over()) << "connecting may take 10 s and the grace";
    probe.session().check_deadline(SessionProbe::Clock::now() + 16s);
    ASSERT_TRUE(probe.failed());
    EXPECT_EQ(probe.failed()->kind, ErrorKind::connection_refused);
}

TEST_F(SessionTest, AStatementThatIsNeverAnsweredIsGivenUp) {
    auto made = plan({statement("SELECT pg_sleep(30)"), statement("SELECT 1")});
    made.statement_timeout = 1s;
    made.session_sql[0] = "SET statement_timeout = 0";  // the server will not end it
    SessionProbe probe{made};
    ASSERT_FALSE(probe.connect());
    probe.start_run(0);
    probe.session().check_deadline(SessionProbe::Clock::now() + 5s);
    EXPECT_FALSE(probe.over()) << "the server's own timeout and the grace are not over";
    probe.session().check_deadline(SessionProbe::Clock::now() + 7s);
    ASSERT_TRUE(probe.end());
    EXPECT_EQ(probe.end()->code, "client_timeout");
    EXPECT_FALSE(probe.end()->session_usable);
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run(1).code, "");
}

TEST_F(SessionTest, WithoutATimeoutAStatementMayTakeForEver) {
    auto made = plan({statement("SELECT pg_sleep(0.05)")});
    made.statement_timeout = 0ms;
    SessionProbe probe{made};
    ASSERT_FALSE(probe.connect());
    probe.start_run();
    probe.session().check_deadline(SessionProbe::Clock::now() + 10h);
    EXPECT_FALSE(probe.over());
    probe.wait();
    EXPECT_TRUE(probe.end()->ok());
}

TEST_F(SessionTest, NotificationsAreDropped) {
    auto made = plan({statement("SELECT 1")});
    made.session_sql[0] = "LISTEN news";
    SessionProbe probe{made};
    ASSERT_FALSE(probe.connect());
    for (int i = 0; i < 100; ++i) {
        sql("NOTIFY news, '" + std::to_string(i) + "'");
    }
    EXPECT_EQ(probe.run().code, "");
    probe.session().check_deadline(SessionProbe::Clock::now());
    EXPECT_EQ(probe.run().code, "");
}

TEST_F(SessionTest, ClosingAbandonsWhatRunsWithoutACall) {
    SessionProbe probe{plan({statement("SELECT pg_sleep(30)"), statement("SELECT 1")})};
    ASSERT_FALSE(probe.connect());
    probe.start_run(0);
    probe.session().close();
    EXPECT_FALSE(probe.over());
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run(1).code, "");
}

}  // namespace
