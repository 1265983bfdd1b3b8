#include "harness/postgres/control.hpp"

#include "tests/integration/throwaway.hpp"

#include <chrono>
#include <csignal>
#include <future>

namespace {

using harness::database::ErrorKind;
using harness::database::Outage;
using harness::database::Value;
using namespace std::chrono_literals;

class Control : public tests::FreshDatabase {};

std::string kind_of_outage(const std::string& conninfo, ErrorKind& kind) {
    try {
        static_cast<void>(harness::postgres::open_control(conninfo));
    } catch (const Outage& outage) {
        kind = outage.error().kind;
        return outage.what();
    }
    return "connected";
}

TEST_F(Control, GivesRowsNullsAndTheNumberOfRowsTouched) {
    const auto c = control();
    ASSERT_TRUE(c->execute("CREATE TABLE t (a int, b text)").ok());
    const auto inserted = c->execute("INSERT INTO t VALUES (1, NULL), (2, '')");
    EXPECT_EQ(inserted.rows_affected, 2);

    const std::vector<Value> parameters{Value{"2"}, Value{}};
    const auto read =
        c->execute("SELECT a, b, $2::text FROM t WHERE a <= $1::int ORDER BY a", parameters);

    ASSERT_TRUE(read.ok());
    ASSERT_EQ(read.rows.size(), 2U);
    EXPECT_EQ(read.rows[0], (std::vector<Value>{Value{"1"}, Value{}, Value{}}));
    EXPECT_EQ(read.rows[1], (std::vector<Value>{Value{"2"}, Value{""}, Value{}}));
}

TEST_F(Control, CountsRowsBeyondTheLimitWithoutKeepingThem) {
    const auto c = control({.row_limit = 10, .on_notice = {}});
    const auto read = c->execute("SELECT generate_series(1, 1000)");
    EXPECT_EQ(read.rows.size(), 10U);
    EXPECT_EQ(read.rows_affected, 1000);
}

TEST_F(Control, OfSeveralStatementsTheLastOneCounts) {
    const auto read = control()->execute("SELECT 1 UNION SELECT 2; SELECT 3");
    ASSERT_EQ(read.rows.size(), 1U);
    EXPECT_EQ(read.rows[0][0], "3");
}

TEST_F(Control, TellsCodePositionDetailAndHintOfAnError) {
    const auto c = control();
    const auto failed = c->execute("SELECT 'ä', nowhere FROM pg_class");
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error->code, "42703");
    EXPECT_EQ(failed.error->kind, ErrorKind::syntax);
    EXPECT_EQ(failed.error->position, 13U);  // characters, not bytes

    c->execute("CREATE TABLE u (id int PRIMARY KEY)");
    const auto twice = c->execute("INSERT INTO u VALUES (7), (7)");
    EXPECT_EQ(twice.error->kind, ErrorKind::constraint);
    EXPECT_NE(twice.error->detail.find("(id)=(7)"), std::string::npos);
}

TEST_F(Control, ALockTimeoutIsAnOutcomeAndTheSessionGoesOn) {
    sql("CREATE TABLE t (a int)");
    sql("BEGIN; LOCK TABLE t");
    const auto c = control();
    c->set_lock_timeout(20ms);
    const auto failed = c->execute("ALTER TABLE t ADD b int");
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error->kind, ErrorKind::lock_timeout);
    sql("COMMIT");
    EXPECT_TRUE(c->execute("ALTER TABLE t ADD b int").ok());
}

TEST_F(Control, ATimeoutSetInATransactionSurvivesItsRollback) {
    const auto c = control();
    c->execute("BEGIN");
    c->set_lock_timeout(1234ms);
    c->execute("ROLLBACK");
    EXPECT_EQ(c->execute("SHOW lock_timeout").rows[0][0], "1234ms");

    c->execute("BEGIN");
    c->execute("SELECT 1/0");
    c->set_statement_timeout(4321ms);
    c->execute("ROLLBACK");
    EXPECT_EQ(c->execute("SHOW statement_timeout").rows[0][0], "4321ms");
}

TEST_F(Control, StartsWithTimeoutsAndALeavesTheSearchPathAlone) {
    sql("ALTER DATABASE " + database() + " SET search_path = elsewhere");
    const auto c = control();
    EXPECT_EQ(c->execute("SHOW lock_timeout").rows[0][0], "5s");
    EXPECT_EQ(c->execute("SHOW statement_timeout").rows[0][0], "1min");
    EXPECT_EQ(c->execute("SHOW search_path").rows[0][0], "elsewhere");
    EXPECT_EQ(c->execute("SHOW application_name").rows[0][0], "rehearse/test");
}

TEST_F(Control, IsCancelledFromAnotherThread) {
    const auto c = control();
    auto running =
        std::async(std::launch::async, [&] { return c->execute("SELECT pg_sleep(60)"); });
    ASSERT_TRUE(
        becomes_true("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = "
                     "'PgSleep' AND pid = " +
                     std::to_string(c->session_id()) + ")"));
    c->cancel();
    const auto ended = running.get();
    ASSERT_FALSE(ended.ok());
    EXPECT_EQ(ended.error->kind, ErrorKind::cancelled);
    EXPECT_TRUE(c->execute("SELECT 1").ok());
}

TEST_F(Control, ACancellationNeverHitsTheNextStatement) {
    const auto c = control();
    for (int i = 0; i < 50; ++i) {
        c->cancel();
        const auto next = c->execute("SELECT count(*) FROM generate_series(1, 2000)");
        // Delivered while idle: PostgreSQL forgets it.
        EXPECT_TRUE(next.ok()) << next.error->text();
    }
}

// It would be cancelled instead of what was meant, and its transaction with it.
TEST_F(Control, NoTimeoutIsSetWhileACancellationIsOnItsWay) {
    const auto c = control();
    const pid_t postmaster = tests::server().postmaster();
    ASSERT_EQ(kill(postmaster, SIGSTOP), 0);  // so that it takes none
    c->cancel();
    auto set = std::async(std::launch::async, [&] { c->set_lock_timeout(777ms); });
    EXPECT_EQ(set.wait_for(100ms), std::future_status::timeout);
    kill(postmaster, SIGCONT);
    EXPECT_NO_THROW(set.get());
    EXPECT_EQ(c->execute("SHOW lock_timeout").rows[0][0], "777ms");
}

TEST_F(Control, ALostConnectionStaysLostUntilReconnect) {
    const auto c = control();
    c->set_lock_timeout(777ms);
    sql("SELECT pg_terminate_backend(" + std::to_string(c->session_id()) + ")");
    const auto lost = c->execute("SELECT pg_sleep(60)");
    ASSERT_FALSE(lost.ok());
    EXPECT_EQ(lost.error->kind, ErrorKind::connection_lost);
    EXPECT_EQ(c->execute("SELECT 1").error->kind, ErrorKind::connection_lost);
    EXPECT_THROW(c->server_clock_us(), Outage);

    c->reconnect();
    EXPECT_EQ(c->execute("SHOW lock_timeout").rows[0][0], "777ms");
}

TEST_F(Control, CopyFromStdinIsRefusedInsteadOfHanging) {
    const auto c = control();
    c->execute("CREATE TABLE t (a int)");
    const auto failed = c->execute("COPY t FROM STDIN");
    ASSERT_FALSE(failed.ok());
    EXPECT_NE(failed.error->message.find("COPY"), std::string::npos);
    EXPECT_TRUE(c->execute("COPY (SELECT generate_series(1, 10000)) TO STDOUT").ok());
    EXPECT_TRUE(c->execute("SELECT 1").ok());
}

TEST_F(Control, AChangedPlanIsRecognisedWhateverTheLanguage) {
    const auto c = control();
    c->execute("CREATE TABLE t (a int)");
    c->execute("PREPARE p AS SELECT * FROM t");
    c->execute("EXECUTE p");
    c->execute("ALTER TABLE t ADD b int");
    const auto failed = c->execute("EXECUTE p");
    ASSERT_FALSE(failed.ok());
    EXPECT_EQ(failed.error->kind, ErrorKind::plan_changed);
    EXPECT_EQ(failed.error->code, "0A000");
}

TEST_F(Control, ARewriteShowsAsAChangedFile) {
    const auto c = control();
    c->execute("CREATE TABLE \"Odd name\" (a int); CREATE SCHEMA s; CREATE TABLE s.t (a int)");
    const auto before = c->storage();
    c->execute("ALTER TABLE \"Odd name\" ALTER a TYPE bigint; ALTER TABLE s.t ADD b int");
    const auto after = c->storage();

    ASSERT_EQ(before.size(), 2U);
    std::vector<std::string> rewritten, kept;
    for (const auto& [oid, storage] : after) {
        (before.at(oid).file == storage.file ? kept : rewritten).push_back(storage.relation);
    }
    EXPECT_EQ(rewritten, std::vector<std::string>{"\"Odd name\""});
    EXPECT_EQ(kept, std::vector<std::string>{"s.t"});
}

TEST_F(Control, TheLogPositionGrowsWithWhatIsWritten) {
    const auto c = control();
    const auto before = c->log_position_bytes();
    c->execute("CREATE TABLE t AS SELECT generate_series(1, 10000) a");
    EXPECT_GT(c->log_position_bytes() - before, 10000 * 4);
}

TEST_F(Control, TheServersClockIsOurs) {
    const auto ours = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::system_clock::now().time_since_epoch())
                          .count();
    EXPECT_NEAR(static_cast<double>(control()->server_clock_us()), static_cast<double>(ours), 1e7);
}

TEST_F(Control, NoticesAreHandedOver) {
    std::vector<std::string> notices;
    const auto c =
        control({.on_notice = [&](const std::string& text) { notices.push_back(text); }});
    c->execute("DROP TABLE IF EXISTS nowhere");
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_NE(notices[0].find("nowhere"), std::string::npos);
}

TEST_F(Control, SaysWhyAConnectionCannotBeMade) {
    ErrorKind kind{};
    EXPECT_NE(kind_of_outage(conninfo("test", "stranger"), kind).find("28000"), std::string::npos);
    EXPECT_EQ(kind, ErrorKind::authentication);

    kind_of_outage("host=/nowhere port=1 dbname=x", kind);
    EXPECT_EQ(kind, ErrorKind::connection_refused);

    kind_of_outage("host=127.0.0.1 port=1 dbname=x password=hunter2", kind);
    EXPECT_EQ(kind, ErrorKind::connection_refused);

    sql("ALTER DATABASE " + database() + " CONNECTION LIMIT 0; CREATE ROLE plain LOGIN");
    const auto full = kind_of_outage(conninfo("test", "plain"), kind);
    EXPECT_EQ(kind, ErrorKind::too_many_connections) << full;
    EXPECT_NE(full.find("too many connections for database"), std::string::npos);
    sql("DROP ROLE plain");
}

}  // namespace
