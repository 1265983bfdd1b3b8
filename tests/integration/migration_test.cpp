#include "tests/integration/migration_fixture.hpp"

#include <algorithm>
#include <thread>

namespace {

using harness::database::ErrorKind;
using namespace std::chrono_literals;

class Migration : public tests::MigrationFixture {
protected:
    // Another session that holds ACCESS EXCLUSIVE on the table until it is dropped.
    [[nodiscard]] std::unique_ptr<harness::database::Control> blocker(
        const std::string& table) const {
        auto session = control();
        EXPECT_TRUE(session->execute("BEGIN").ok());
        EXPECT_TRUE(session->execute("LOCK TABLE " + table).ok());
        return session;
    }
};

TEST_F(Migration, RunsItsStepsInOrderAndRecordsThem) {
    std::vector<std::string> told;
    hooks.on_step_start = [&](std::size_t i, const scenarios::Step& s, std::int64_t session) {
        EXPECT_GT(session, 0);
        told.push_back("start " + std::to_string(i) + " " + s.name);
    };
    hooks.on_step_end = [&](std::size_t i, const reports::Step& s) {
        told.push_back("end " + std::to_string(i) + " " + s.outcome);
    };
    hooks.deploy = [&](workloads::App app, std::chrono::milliseconds over, const auto&) {
        told.push_back("deploy " + std::string{name_of(app)} + " " + std::to_string(over.count()));
        return true;
    };
    const auto steps = migrate(
        {step("make",
              sql_step({"CREATE TABLE t (a int)", "INSERT INTO t SELECT generate_series(1, 5)"})),
         step("deploy", scenarios::DeployStep{.over = 20ms}),
         step("pause", scenarios::PauseStep{1ms})});
    ASSERT_EQ(steps.size(), 3U);
    for (const auto& s : steps) {
        EXPECT_EQ(s.outcome, "ok") << s.error;
        EXPECT_LE(s.start_s, s.end_s);
    }
    EXPECT_EQ(steps[0].kind, "sql");
    EXPECT_EQ(steps[0].rows, 5);
    ASSERT_EQ(steps[0].attempts.size(), 1U);
    EXPECT_EQ(steps[0].attempts[0].outcome, "ok");
    EXPECT_GT(steps[0].wal_total_bytes.value_or(0), 0);
    EXPECT_TRUE(steps[0].rewrote.empty());
    EXPECT_EQ(told,
              (std::vector<std::string>{"start 0 make", "end 0 ok", "start 1 deploy",
                                        "deploy new 20", "end 1 ok", "start 2 pause", "end 2 ok"}));
    EXPECT_EQ(value("SELECT count(*) FROM t"), "5");
    EXPECT_EQ(harness::migration::migration_error(steps), "");
}

TEST_F(Migration, EachStatementOfItsOwnHasItsAttempts) {
    sql("CREATE TABLE a (); CREATE TABLE b ()");
    auto other = control();
    ASSERT_TRUE(other->execute("BEGIN").ok());
    ASSERT_TRUE(other->execute("LOCK TABLE b IN ACCESS SHARE MODE").ok());
    auto add = sql_step({"ALTER TABLE a ADD COLUMN x int", "ALTER TABLE b ADD COLUMN x int",
                         "ALTER TABLE a ADD COLUMN y int"});
    add.transaction = false;
    add.lock_timeout = 20ms;
    add.retries = {.times = 1000, .backoff = 1ms};
    hooks.on_event = [&](const harness::migration::Event& event) {
        if (event.kind == "retry" && other) {
            EXPECT_TRUE(contains(event.detail, "attempt 1 failed: statement 2 of 3")) << event.detail;
            other.reset();
        }
    };
    const auto steps = migrate({step("add", add)});
    EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
    std::map<std::size_t, std::vector<std::string>> outcomes;
    for (const auto& attempt : steps[0].attempts) {
        outcomes[attempt.statement].push_back(attempt.outcome);
    }
    EXPECT_EQ(outcomes[1], std::vector<std::string>{"ok"});
    EXPECT_GE(outcomes[2].size(), 2U);
    EXPECT_EQ(outcomes[2].front(), "55P03");
    EXPECT_EQ(outcomes[2].back(), "ok");
    EXPECT_EQ(outcomes[3], std::vector<std::string>{"ok"});
    EXPECT_EQ(steps[0].tries(), outcomes[2].size());
}

TEST_F(Migration, TellsEachStatementBeforeItIsSentAndWhereATransactionBegins) {
    std::vector<std::string> told;
    hooks.statement_sent = [&](std::int64_t session, std::string_view text, bool begins) {
        EXPECT_GT(session, 0);
        told.push_back((begins ? "* " : "  ") + std::string{text});
    };
    auto alone = sql_step({"CREATE TABLE u ()", "BEGIN", "CREATE TABLE v ()", "COMMIT"});
    alone.transaction = false;
    const auto steps =
        migrate({step("together", sql_step({"CREATE TABLE s ()", "CREATE TABLE t ()"})),
                 step("alone", alone)});
    EXPECT_EQ(harness::migration::migration_error(steps), "");
    EXPECT_EQ(told, (std::vector<std::string>{"* BEGIN", "  CREATE TABLE s ()", "  CREATE TABLE t ()",
                                              "  COMMIT", "* CREATE TABLE u ()", "* BEGIN",
                                              "  CREATE TABLE v ()", "  COMMIT"}));
}

TEST_F(Migration, ALockTimeoutIsRetriedUntilTheBlockerIsGone) {
    sql("CREATE TABLE t (a int)");
    auto other = blocker("t");
    auto alter = sql_step({"ALTER TABLE t ADD COLUMN b int"});
    alter.lock_timeout = 20ms;
    alter.retries = {.times = 1000, .backoff = 1ms};
    int failures = 0;
    hooks.on_event = [&](const harness::migration::Event& event) {
        if (event.kind == "retry" && ++failures == 3) {
            other.reset();
        }
    };
    const auto steps = migrate({step("alter", alter)});
    EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
    ASSERT_GE(steps[0].attempts.size(), 4U);
    for (std::size_t i = 0; i + 1 < steps[0].attempts.size(); ++i) {
        EXPECT_EQ(steps[0].attempts[i].outcome, "55P03");
        EXPECT_GE(steps[0].attempts[i].end_s - steps[0].attempts[i].start_s, 0.015);
        EXPECT_LE(steps[0].attempts[i].end_s, steps[0].attempts[i + 1].start_s);
    }
    EXPECT_EQ(steps[0].attempts.back().outcome, "ok");
    EXPECT_TRUE(contains(log(), "55P03"));
}

TEST_F(Migration, WithoutRetriesLeftItFailsAndEveryLaterStepIsSkipped) {
    sql("CREATE TABLE t (a int)");
    const auto other = blocker("t");
    auto alter = sql_step({"CREATE TABLE before_it (a int)", "ALTER TABLE t ADD COLUMN b int"});
    alter.lock_timeout = 20ms;
    alter.retries = {.times = 2, .backoff = 1ms};
    const auto steps =
        migrate({step("alter", alter), step("later", sql_step({"CREATE TABLE u ()"})),
                 step("pause", scenarios::PauseStep{1h})});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_EQ(steps[0].attempts.size(), 3U);
    EXPECT_TRUE(contains(steps[0].error, "55P03")) << steps[0].error;
    EXPECT_TRUE(contains(steps[0].error, "statement 2 of 2: ALTER TABLE t")) << steps[0].error;
    EXPECT_EQ(steps[1].outcome, "skipped");
    EXPECT_EQ(steps[2].outcome, "skipped");
    EXPECT_EQ(value("SELECT to_regclass('before_it') IS NULL AND to_regclass('u') IS NULL"), "t")
        << "the failed transaction is undone whole, the later step never ran";
    EXPECT_TRUE(contains(harness::migration::migration_error(steps), "step 1 'alter': "));
}

TEST_F(Migration, TheHarnessNeverWaitsForALockWithoutALimit) {
    const auto steps =
        migrate({step("ask", sql_step({"CREATE TABLE seen AS SELECT "
                                       "current_setting('lock_timeout') AS l, "
                                       "current_setting('statement_timeout') AS s"}))});
    ASSERT_EQ(steps[0].outcome, "ok") << steps[0].error;
    EXPECT_EQ(value("SELECT l FROM seen"), "10s");
    EXPECT_EQ(value("SELECT s FROM seen"), "0");
}

TEST_F(Migration, WithoutATransactionOnlyTheFailedStatementIsRunAgain) {
    sql("CREATE TABLE t (a int); CREATE TABLE log (n int)");
    auto other = blocker("t");
    auto both = sql_step({"INSERT INTO log VALUES (1)", "ALTER TABLE t ADD COLUMN b int"});
    both.transaction = false;
    both.lock_timeout = 20ms;
    both.retries = {.times = 1000, .backoff = 1ms};
    hooks.on_event = [&](const harness::migration::Event& event) {
        if (event.kind == "retry") {
            other.reset();
        }
    };
    const auto steps = migrate({step("both", both)});
    EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
    EXPECT_EQ(value("SELECT count(*) FROM log"), "1");
    EXPECT_EQ(steps[0].rows, 1);
}

TEST_F(Migration, AnOwnTransactionInsideOfAStepIsRunAgainAsAWhole) {
    sql("CREATE TABLE t (a int); CREATE TABLE log (n int)");
    auto other = blocker("t");
    auto block = sql_step({"INSERT INTO log VALUES (0)", "BEGIN", "INSERT INTO log VALUES (1)",
                           "ALTER TABLE t ADD COLUMN b int", "COMMIT"});
    block.transaction = false;
    block.lock_timeout = 20ms;
    block.retries = {.times = 1000, .backoff = 1ms};
    hooks.on_event = [&](const harness::migration::Event& event) {
        if (event.kind == "retry") {
            other.reset();
        }
    };
    const auto steps = migrate({step("block", block)});
    EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
    EXPECT_EQ(value("SELECT string_agg(n::text, ',' ORDER BY n) FROM log"), "0,1");
}

// The server looks for a deadlock once for each wait, after deadlock_timeout: it is found by the
// one who waits last. That is the step here, because it asks for `b` only when the other session,
// which has `b`, waits for `a`.
TEST_F(Migration, ADeadlockIsRetried) {
    sql("CREATE TABLE a (n int); CREATE TABLE b (n int)");
    auto other = control();
    other->set_lock_timeout(60s);
    ASSERT_TRUE(other->execute("SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE b").ok());
    const std::string until_the_other_waits_or_is_gone =
        "DO $$ BEGIN "
        "WHILE EXISTS (SELECT FROM pg_locks WHERE relation = 'b'::regclass AND granted) "
        "AND NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'a'::regclass AND NOT granted) "
        "LOOP PERFORM pg_sleep(0.005); END LOOP; END $$";
    auto both = sql_step({"SET deadlock_timeout = '50ms'", "LOCK TABLE a",
                          until_the_other_waits_or_is_gone, "LOCK TABLE b"});
    both.retries = {.times = 5, .backoff = 1ms};
    both.lock_timeout = 60s;
    std::jthread second{[&] {
        EXPECT_TRUE(
            becomes_true("SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'a'::regclass)"));
        EXPECT_TRUE(other->execute("LOCK TABLE a; COMMIT").ok());
    }};
    const auto steps = migrate({step("both", both)});
    second.join();
    EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
    ASSERT_EQ(steps[0].attempts.size(), 2U);
    EXPECT_EQ(steps[0].attempts[0].outcome, "40P01");
    EXPECT_EQ(steps[0].deadlocks, 1U);
}

TEST_F(Migration, ARewriteIsFoundWithTheIndexesItTookAlong) {
    sql("CREATE TABLE t (id int PRIMARY KEY, \"Größe\" int); CREATE INDEX by_size ON t (\"Größe\");"
        "CREATE TABLE other (a int); INSERT INTO t SELECT n, n FROM generate_series(1, 100) n");
    const auto steps =
        migrate({step("widen", sql_step({"ALTER TABLE t ALTER \"Größe\" TYPE bigint"})),
                 step("add", sql_step({"ALTER TABLE t ADD COLUMN c int DEFAULT 5"}))});
    ASSERT_EQ(steps[0].outcome, "ok") << steps[0].error;
    const auto& rewrote = steps[0].rewrote;
    EXPECT_NE(std::find(rewrote.begin(), rewrote.end(), "t"), rewrote.end());
    // by_size is not rewritten but made anew, under another oid, because its column's type changed.
    EXPECT_NE(std::find(rewrote.begin(), rewrote.end(), "t_pkey"), rewrote.end());
    EXPECT_EQ(std::find(rewrote.begin(), rewrote.end(), "other"), rewrote.end());
    EXPECT_EQ(steps[1].rewrote.empty(), tests::server_major() >= 11)
        << "a constant default rewrites nothing since 11";
}

TEST_F(Migration, BeforeACommitTheLocksAreStillThereToBeRead) {
    sql("CREATE TABLE t (a int)");
    std::string seen;
    hooks.before_commit = [&](std::int64_t session) {
        seen += value(
            "SELECT string_agg(mode, ',') FROM pg_locks WHERE relation = 't'::regclass AND "
            "granted AND pid = " +
            std::to_string(session));
    };
    const auto steps = migrate({step("alter", sql_step({"ALTER TABLE t ADD COLUMN b int"}))});
    EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
    EXPECT_TRUE(contains(seen, "AccessExclusiveLock")) << seen;
}

TEST_F(Migration, AWrongStatementFailsAtOnce) {
    auto wrong = sql_step({"ALTER TABLE nowhere ADD COLUMN b int"});
    wrong.retries = {.times = 10, .backoff = 1ms};
    const auto steps = migrate({step("wrong", wrong)});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_EQ(steps[0].attempts.size(), 1U);
    EXPECT_TRUE(contains(steps[0].error, "42P01")) << steps[0].error;
}

TEST_F(Migration, AStepTellsWhereItIsWrittenAndAFailedOneWhichLine) {
    settings.scenario_file = "shop.yaml";
    auto fine = step("fine", sql_step({"SELECT 1"}));
    fine.place = {7, 5};
    auto from_file = sql_step({"SELECT 1", "SELECT 2"});
    from_file.file = "change.sql";
    from_file.statement_places = {{3, 1}, {9, 1}};
    auto failing = from_file;
    failing.statements[1] = "SELECT nothing";
    const auto steps = migrate(
        {fine, step("file", from_file), step("failing", failing), step("skipped", from_file)});
    const auto place = [&](std::size_t i) {
        return steps.at(i).file + ":" + std::to_string(steps.at(i).line);
    };
    EXPECT_EQ(place(0), "shop.yaml:7");
    EXPECT_EQ(place(1), "change.sql:1");
    EXPECT_EQ(place(2), "change.sql:9");
    EXPECT_EQ(place(3), "change.sql:1");
}

TEST_F(Migration, ACommitInsideOfTheStepsTransactionIsRefusedBeforeAnythingRuns) {
    const auto steps = migrate({step("split", sql_step({"CREATE TABLE t ()", "COMMIT"}))});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_TRUE(contains(steps[0].error, "transaction: false")) << steps[0].error;
    EXPECT_EQ(value("SELECT to_regclass('t') IS NULL"), "t");
}

TEST_F(Migration, AConnectionThatIsLostInAStatementIsNotRetriedInSilence) {
    sql("CREATE TABLE t (a int)");
    auto suicide =
        sql_step({"INSERT INTO t VALUES (1)", "SELECT pg_terminate_backend(pg_backend_pid())"});
    suicide.retries = {.times = 10, .backoff = 1ms};
    const auto steps = migrate({step("lost", suicide)});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_EQ(steps[0].attempts.size(), 1U);
    EXPECT_TRUE(contains(steps[0].error, "the server rolled the transaction back"))
        << steps[0].error;
    EXPECT_EQ(value("SELECT count(*) FROM t"), "0");
}

TEST_F(Migration, AConnectionThatIsLostInACommitIsSaidToBeUnknown) {
    sql("CREATE TABLE t (a int); "
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$; "
        "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE PROCEDURE die()");
    const auto steps = migrate({step("lost", sql_step({"INSERT INTO t VALUES (1)"}))});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_TRUE(contains(steps[0].error, "unknown whether it committed")) << steps[0].error;
}

TEST_F(Migration, AConnectionThatIsLostBetweenTwoStepsIsOpenedAgain) {
    std::vector<std::int64_t> sessions;
    hooks.on_session = [&](std::int64_t session) { sessions.push_back(session); };
    hooks.deploy = [&](auto, auto, const auto&) {
        sql("SELECT pg_terminate_backend(" + std::to_string(sessions.back()) + ")");
        return becomes_true("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = " +
                            std::to_string(sessions.back()) + ")");
    };
    const auto steps = migrate(
        {step("deploy", scenarios::DeployStep{}), step("later", sql_step({"CREATE TABLE t ()"}))});
    EXPECT_EQ(steps[1].outcome, "ok") << steps[1].error;
    EXPECT_EQ(sessions.size(), 2U);
}

TEST_F(Migration, AServerThatCannotBeReachedIsAFailedStep) {
    auto wrong = engine();
    wrong.connect = [](const std::string&) -> std::unique_ptr<harness::database::Control> {
        return harness::postgres::open_control("host=/no/such/folder");
    };
    harness::migration::MigrationRunner runner{wrong, hooks, interruption, settings};
    const auto steps =
        runner.run({step("a", sql_step({"SELECT 1"})), step("b", sql_step({"SELECT 2"}))});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_TRUE(contains(steps[0].error, "no connection for the step")) << steps[0].error;
    EXPECT_EQ(steps[1].outcome, "skipped");
}

TEST_F(Migration, WaitForEndsWhenTheAnswerIsTrue) {
    sql("CREATE TABLE ready (yes boolean); INSERT INTO ready VALUES (false)");
    scenarios::WaitForStep wait{.sql = "SELECT yes FROM ready", .timeout = 10s, .every = 1ms};
    std::jthread other{[&] {
        const auto own = control();
        EXPECT_TRUE(
            becomes_true("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE "
                         "application_name = 'rehearse/step' AND query ~ 'yes FROM ready')"));
        EXPECT_TRUE(own->execute("UPDATE ready SET yes = true").ok());
    }};
    const auto steps = migrate({step("wait", wait)});
    EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
    EXPECT_EQ(steps[0].kind, "wait_for");
}

TEST_F(Migration, WaitForFailsWhenNothingBecomesTrueInTime) {
    const auto steps = migrate({step(
        "wait", scenarios::WaitForStep{.sql = "SELECT false", .timeout = 30ms, .every = 5ms})});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_TRUE(contains(steps[0].error, "did not become true within 30 ms (last answer: false)"))
        << steps[0].error;
}

TEST_F(Migration, WaitForTakesNothingButTrueForTrue) {
    for (const char* query : {"SELECT 1", "SELECT NULL", "SELECT 1 WHERE false", "SELECT 'yes'"}) {
        const auto steps = migrate(
            {step("wait", scenarios::WaitForStep{.sql = query, .timeout = 20ms, .every = 5ms})});
        EXPECT_EQ(steps[0].outcome, "failed") << query;
    }
    const auto text =
        migrate({step("wait", scenarios::WaitForStep{
                                  .sql = "SELECT 'true'::text", .timeout = 5s, .every = 5ms})});
    EXPECT_EQ(text[0].outcome, "ok");
}

TEST_F(Migration, AQuestionThatHangsDoesNotOutlastItsWaitFor) {
    const auto steps =
        migrate({step("wait", scenarios::WaitForStep{
                                  .sql = "SELECT pg_sleep(3600)", .timeout = 50ms, .every = 5ms})});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_TRUE(contains(steps[0].error, "did not become true within 50 ms")) << steps[0].error;
}

TEST_F(Migration, AWrongQuestionFailsAtOnce) {
    const auto steps = migrate({step(
        "wait", scenarios::WaitForStep{.sql = "SELECT nothing", .timeout = 1h, .every = 1h})});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_TRUE(contains(steps[0].error, "42703")) << steps[0].error;
}

TEST_F(Migration, TheFirstInterruptionLetsTheRunningStepEnd) {
    hooks.on_step_start = [&](auto, const auto&, auto) { interruption.request(); };
    const auto steps = migrate({step("a", sql_step({"CREATE TABLE t ()", "SELECT pg_sleep(0.1)"})),
                                step("b", sql_step({"CREATE TABLE u ()"}))});
    EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
    EXPECT_EQ(steps[1].outcome, "skipped");
    EXPECT_EQ(steps[1].error, "interrupted before it began");
    EXPECT_EQ(harness::migration::migration_error(steps), "");
}

TEST_F(Migration, TheSecondInterruptionCancelsTheRunningStatement) {
    std::jthread other;
    hooks.on_step_start = [&](auto, const auto&, auto) {
        other = std::jthread{[&] {
            EXPECT_TRUE(
                becomes_true("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE "
                             "application_name = 'rehearse/step' AND query ~ 'pg_sleep')"));
            interruption.request();
            interruption.request();
        }};
    };
    const auto steps = migrate({step("a", sql_step({"CREATE TABLE t ()", "SELECT pg_sleep(3600)"})),
                                step("b", sql_step({"CREATE TABLE u ()"}))});
    other.join();
    EXPECT_EQ(steps[0].outcome, "interrupted") << steps[0].error;
    EXPECT_EQ(steps[1].outcome, "skipped");
    EXPECT_EQ(value("SELECT to_regclass('t') IS NULL"), "t");
}

TEST_F(Migration, AnInterruptionEndsAPauseAndTheWaitBetweenTwoAttempts) {
    hooks.on_step_start = [&](auto, const auto&, auto) { interruption.request(); };
    EXPECT_EQ(migrate({step("pause", scenarios::PauseStep{1h})})[0].outcome, "interrupted");

    harness::migration::Interruption fresh;
    sql("CREATE TABLE t (a int)");
    const auto other = blocker("t");
    auto alter = sql_step({"ALTER TABLE t ADD COLUMN b int"});
    alter.lock_timeout = 10ms;
    alter.retries = {.times = 1000, .backoff = 30s};
    hooks.on_step_start = {};
    hooks.on_event = [&](const harness::migration::Event& event) {
        if (event.kind == "retry") {
            fresh.request();
        }
    };
    harness::migration::MigrationRunner runner{engine(), hooks, fresh, settings};
    const auto steps = runner.run({step("alter", alter)});
    EXPECT_EQ(steps[0].outcome, "interrupted");
    EXPECT_TRUE(contains(steps[0].error, "between two attempts")) << steps[0].error;
}

}  // namespace
