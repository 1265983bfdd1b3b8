#include "harness/migration/adversaries.hpp"

#include "tests/integration/migration_fixture.hpp"

namespace {

using harness::migration::Adversaries;
using namespace std::chrono_literals;

class AdversariesBeside : public tests::MigrationFixture {
protected:
    std::unique_ptr<Adversaries> adversaries;

    void TearDown() override {
        adversaries.reset();
        MigrationFixture::TearDown();
    }

    void begin(std::vector<scenarios::Adversary> list) {
        Adversaries::Options options;
        options.run_start = settings.run_start;
        options.locks = [this](std::int64_t session) {
            const auto granted = value(
                "SELECT coalesce(bool_or(granted)::text, '') FROM pg_locks WHERE locktype = "
                "'relation' AND relation >= 16384 AND pid = " +
                std::to_string(session));
            return granted.empty()     ? Adversaries::Locks::none
                   : granted == "true" ? Adversaries::Locks::holds_one
                                       : Adversaries::Locks::waits_for_one;
        };
        adversaries =
            std::make_unique<Adversaries>(std::move(list), engine().connect, std::move(options));
        adversaries->start();
    }

    template <class Action>
    [[nodiscard]] static scenarios::Adversary one(std::string name, Action action,
                                                  std::chrono::milliseconds from = 0ms) {
        return {.name = std::move(name), .action = std::move(action), .from = from, .place = {}};
    }

    [[nodiscard]] std::string locks_of(std::int64_t session) {
        return value(
            "SELECT coalesce(string_agg(relation::regclass || ' ' || mode, ', '), '') FROM "
            "pg_locks WHERE granted AND relation >= 16384 AND pid = " +
            std::to_string(session));
    }

    [[nodiscard]] reports::Adversary end(std::size_t index = 0) {
        adversaries->stop();
        return adversaries->outcomes().at(index);
    }

    [[nodiscard]] bool has_ended() {
        return becomes_true(
            "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = "
            "'rehearse/adversary' AND (state <> 'idle' OR query = ''))");
    }
};

TEST_F(AdversariesBeside, AnIdleTransactionHoldsItsLockWhenStartReturns) {
    sql("CREATE TABLE \"Tä\" (a int)");
    begin({one("sits", scenarios::IdleInTransaction{"\"Tä\"", 1h})});
    ASSERT_EQ(adversaries->sessions().size(), 1U);
    const auto [session, name] = adversaries->sessions()[0];
    EXPECT_EQ(name, "sits");
    EXPECT_EQ(locks_of(session), "\"Tä\" AccessShareLock");
    EXPECT_EQ(value("SELECT state || ' ' || application_name FROM pg_stat_activity WHERE pid = " +
                    std::to_string(session)),
              "idle in transaction rehearse/adversary");
    const auto outcome = end();
    EXPECT_EQ(outcome.outcome, "ok") << outcome.error;
    EXPECT_GT(outcome.end_s, outcome.start_s);
}

TEST_F(AdversariesBeside, AnIdleTransactionEndsByItself) {
    sql("CREATE TABLE t (a int)");
    begin({one("sits", scenarios::IdleInTransaction{"t", 20ms})});
    EXPECT_TRUE(has_ended());
    const auto outcome = end();
    EXPECT_EQ(outcome.outcome, "ok");
    EXPECT_EQ(outcome.error, "");
    EXPECT_GE(outcome.end_s - outcome.start_s, 0.02);
}

TEST_F(AdversariesBeside, ALongReportHoldsItsLocksBeforeItsFirstRow) {
    sql("CREATE TABLE t (a int); CREATE TABLE u (a int)");
    begin({one("report", scenarios::LongReport{"SELECT pg_sleep(3600), (SELECT count(*) FROM t), "
                                               "(SELECT count(*) FROM u)"})});
    const auto locks = locks_of(adversaries->sessions()[0].first);
    EXPECT_TRUE(contains(locks, "t AccessShareLock")) << locks;
    EXPECT_TRUE(contains(locks, "u AccessShareLock")) << locks;
    const auto outcome = end();
    EXPECT_EQ(outcome.outcome, "ok");
    EXPECT_TRUE(contains(outcome.error, "ended early")) << outcome.error;
}

TEST_F(AdversariesBeside, AReportOfSeveralStatementsRunsEachOnce) {
    sql("CREATE TABLE t (a int)");
    begin({one("report", scenarios::LongReport{"SELECT 1; INSERT INTO t VALUES (1)"})});
    EXPECT_TRUE(has_ended());
    EXPECT_EQ(end().outcome, "ok");
    EXPECT_EQ(value("SELECT count(*) FROM t"), "1");
}

TEST_F(AdversariesBeside, ASecondMigrationHoldsItsLockAndReallyCommits) {
    sql("CREATE TABLE t (a int)");
    begin({one("other team", scenarios::SecondMigration{
                                 "ALTER TABLE t ADD COLUMN b int; SELECT pg_sleep(0.3)", 0ms})});
    const auto outcome_locks = locks_of(adversaries->sessions()[0].first);
    EXPECT_TRUE(contains(outcome_locks, "AccessExclusiveLock")) << outcome_locks;
    EXPECT_TRUE(
        becomes_true("SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = "
                     "'t'::regclass AND attname = 'b')"));
    EXPECT_EQ(end().outcome, "ok");
}

TEST_F(AdversariesBeside, ASecondMigrationGivesUpAtItsLockTimeout) {
    sql("CREATE TABLE t (a int)");
    const auto other = control();
    ASSERT_TRUE(other->execute("BEGIN; LOCK TABLE t").ok());
    begin({one("other team", scenarios::SecondMigration{"ALTER TABLE t ADD COLUMN b int", 30ms})});
    EXPECT_TRUE(has_ended());
    const auto outcome = end();
    EXPECT_EQ(outcome.outcome, "ok") << "it stood in the queue: that was its part";
    EXPECT_TRUE(contains(outcome.error, "55P03")) << outcome.error;
}

TEST_F(AdversariesBeside, ASecondMigrationIsInPlaceInTheQueue) {
    sql("CREATE TABLE t (a int)");
    const auto other = control();
    ASSERT_TRUE(other->execute("BEGIN; LOCK TABLE t").ok());
    begin({one("other team", scenarios::SecondMigration{"ALTER TABLE t ADD COLUMN b int", 1h})});
    EXPECT_EQ(adversaries->outcomes()[0].error, "");
    EXPECT_TRUE(other->execute("COMMIT").ok());
    EXPECT_TRUE(has_ended());
    const auto outcome = end();
    EXPECT_EQ(outcome.outcome, "ok") << outcome.error;
}

TEST_F(AdversariesBeside, AVacuumRunsOutsideOfATransaction) {
    sql("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000); DELETE FROM t");
    begin({one("vacuum", scenarios::Vacuum{"t", false}),
           one("freeze", scenarios::Vacuum{"t", true})});
    EXPECT_TRUE(has_ended());
    adversaries->stop();
    for (const auto& outcome : adversaries->outcomes()) {
        EXPECT_EQ(outcome.outcome, "ok") << outcome.name << ": " << outcome.error;
    }
    EXPECT_TRUE(becomes_true(
        "SELECT pg_stat_clear_snapshot() IS NOT NULL AND vacuum_count = 2 FROM pg_stat_user_tables "
        "WHERE relname = 't'"));
}

TEST_F(AdversariesBeside, OneWhoseTimeNeverCameNeverRan) {
    sql("CREATE TABLE t (a int)");
    begin({one("late", scenarios::IdleInTransaction{"t", 1ms}, 1h)});
    EXPECT_EQ(locks_of(adversaries->sessions()[0].first), "");
    const auto outcome = end();
    EXPECT_EQ(outcome.outcome, "never ran");
    EXPECT_TRUE(contains(outcome.error, "before its time")) << outcome.error;
}

TEST_F(AdversariesBeside, OneWhoseTimeComesLaterRunsThen) {
    sql("CREATE TABLE t (a int)");
    begin({one("later", scenarios::IdleInTransaction{"t", 1h}, 50ms)});
    EXPECT_TRUE(
        becomes_true("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE state = "
                     "'idle in transaction' AND application_name = 'rehearse/adversary')"));
    EXPECT_EQ(end().outcome, "ok");
}

TEST_F(AdversariesBeside, AMistakeIsTold) {
    begin({one("wrong table", scenarios::IdleInTransaction{"nowhere", 1h}),
           one("wrong report", scenarios::LongReport{"SELEC 1"}),
           one("wrong vacuum", scenarios::Vacuum{"nowhere", false})});
    adversaries->stop();
    for (const auto& outcome : adversaries->outcomes()) {
        EXPECT_EQ(outcome.outcome, "failed") << outcome.name;
        EXPECT_TRUE(contains(outcome.error, "42")) << outcome.error;
    }
}

TEST_F(AdversariesBeside, OneThatIsKilledIsTold) {
    sql("CREATE TABLE t (a int)");
    begin({one("sits", scenarios::IdleInTransaction{"t", 1s})});
    const auto session = std::to_string(adversaries->sessions()[0].first);
    sql("SELECT pg_terminate_backend(" + session + ")");
    ASSERT_TRUE(becomes_true(
        "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = " + session + ")"));
    const auto outcome = end();
    EXPECT_EQ(outcome.outcome, "failed") << outcome.error;
}

TEST_F(AdversariesBeside, OneThatCannotConnectHasFailedAndTheOthersRun) {
    sql("CREATE TABLE t (a int)");
    int asked = 0;
    const auto real = engine().connect;
    adversaries = std::make_unique<Adversaries>(
        std::vector{one("first", scenarios::IdleInTransaction{"t", 1h}),
                    one("second", scenarios::IdleInTransaction{"t", 1h})},
        [&](const std::string& application) {
            return ++asked == 1 ? harness::postgres::open_control("host=/no/such/folder")
                                : real(application);
        },
        Adversaries::Options{});
    adversaries->start();
    EXPECT_EQ(adversaries->sessions().size(), 1U);
    EXPECT_EQ(end(0).outcome, "failed");
    EXPECT_TRUE(contains(end(0).error, "could not connect")) << end(0).error;
    EXPECT_EQ(end(1).outcome, "ok");
}

TEST_F(AdversariesBeside, OneThatNeverGetsInPlaceIsToldAfterABoundedWait) {
    sql("CREATE TABLE t (a int)");
    const auto other = control();
    ASSERT_TRUE(other->execute("BEGIN; LOCK TABLE t").ok());
    Adversaries::Options options;
    options.locks = [](std::int64_t) { return Adversaries::Locks::waits_for_one; };
    options.in_place_limit = 50ms;
    adversaries = std::make_unique<Adversaries>(
        std::vector{one("stuck", scenarios::IdleInTransaction{"t", 1h})}, engine().connect,
        options);
    adversaries->start();
    EXPECT_TRUE(contains(adversaries->outcomes()[0].error, "not in place"));
    EXPECT_EQ(end().outcome, "failed") << "the migration never met it";
}

TEST_F(AdversariesBeside, OneWhoseTimeComesAfterTheMigrationNeverRan) {
    sql("CREATE TABLE t (a int)");
    adversaries = std::make_unique<Adversaries>(
        std::vector{one("late", scenarios::IdleInTransaction{"t", 1h}, 1h)}, engine().connect,
        Adversaries::Options{});
    adversaries->start();
    adversaries->migration_over();
    const auto outcome = end();
    EXPECT_EQ(outcome.outcome, "never ran");
    EXPECT_TRUE(contains(outcome.error, "over before its time")) << outcome.error;
}

}  // namespace
