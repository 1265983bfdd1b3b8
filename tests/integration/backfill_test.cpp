#include "tests/integration/migration_fixture.hpp"

#include <atomic>
#include <thread>

namespace {

using harness::database::Key;
using harness::database::Outage;
using namespace std::chrono_literals;

class Backfill : public tests::MigrationFixture {
protected:
    [[nodiscard]] static scenarios::BackfillStep backfill(std::string table, std::string set,
                                                          std::string where, int batch) {
        scenarios::BackfillStep step;
        step.table = std::move(table);
        step.set = std::move(set);
        step.where = std::move(where);
        step.batch = batch;
        step.retries = {.times = 5, .backoff = 1ms};
        return step;
    }

    [[nodiscard]] reports::Step run(const scenarios::BackfillStep& action) {
        return migrate({step("backfill", action)})[0];
    }

    [[nodiscard]] std::string refusal(const scenarios::BackfillStep& action) {
        const auto own = control();
        try {
            static_cast<void>(harness::postgres::open_backfill(*own, action));
        } catch (const Outage& outage) {
            return outage.what();
        }
        return "accepted";
    }

    // Every row once, by counting: n goes from 0 to 1 exactly.
    void expect_each_row_once(const std::string& table) {
        EXPECT_EQ(value("SELECT count(*) FROM " + table + " WHERE n <> 1"), "0");
    }
};

TEST_F(Backfill, VisitsEveryRowOfAnIntegerKeyInBatches) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0); "
        "INSERT INTO t SELECT g * 3 - 5000 FROM generate_series(1, 10001) g");
    int commits = 0;
    hooks.on_progress = [&](const harness::migration::BackfillProgress&) { ++commits; };
    const auto step = run(backfill("t", "n = n + 1", "", 1000));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(step.rows, 10001);
    EXPECT_EQ(step.kind, "backfill");
    EXPECT_GT(commits, 0);
    expect_each_row_once("t");
}

TEST_F(Backfill, ChangesOnlyTheRowsThatWhereSelects) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int); "
        "INSERT INTO t SELECT g, CASE WHEN g % 2 = 0 THEN 1 END FROM generate_series(1, 1000) g");
    // OR must stay inside, and a comment must not swallow what follows.
    const auto step = run(backfill("t", "n = 1 -- set it", "n IS NULL OR n = 7 -- the rest", 100));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(step.rows, 500);
    expect_each_row_once("t");
}

TEST_F(Backfill, AnEmptyTableIsDoneAtOnce) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int)");
    const auto step = run(backfill("t", "n = 1", "", 10));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(step.rows, 0);
}

TEST_F(Backfill, FollowsKeysOfEveryType) {
    const std::pair<const char*, const char*> keys[] = {
        {"smallint", "g - 2000"},
        {"bigint", "g::bigint * 1000000007 * 1000"},
        {"numeric(20, 4)", "g / 7.0"},
        {"uuid", "md5(g::text)::uuid"},
        {"text", "'Ärger ''' || (g * 7919 % 5000) || '\\'"},
        {"varchar(20) COLLATE \"C\"", "chr(65 + g % 50) || g"},
        {"char(8)", "to_hex(g)"},
        {"date", "date '1999-12-31' + g"},
        {"timestamptz", "timestamptz '2023-03-26 00:00+00' + g * interval '7 min 0.123457 s'"},
        {"timestamp", "timestamp '2023-03-26 00:00' + g * interval '7 min'"},
        {"interval", "g * interval '1 h 1 s'"},
        {"float8", "g / 3.0::float8"},
        {"real", "g / 3.0::real"},
        {"bytea", "decode(md5(g::text), 'hex')"},
        {"inet", "inet '10.0.0.0' + g"},
        {"boolean", "g % 2 = 0"},
    };
    for (const auto& [type, expression] : keys) {
        const std::string upto = std::string{type} == "boolean" ? "2" : "3000";
        sql("DROP TABLE IF EXISTS t");
        sql(std::string{"CREATE TABLE t (k "} + type + " PRIMARY KEY, n int DEFAULT 0)");
        sql(std::string{"INSERT INTO t SELECT "} + expression + " FROM generate_series(1, " + upto +
            ") g ORDER BY random()");
        // The user's settings may be unlike any default.
        const auto steps = migrate(
            {step("settings",
                  sql_step({"SET datestyle = 'SQL, DMY'", "SET timezone = 'Europe/Berlin'",
                            "SET intervalstyle = 'sql_standard'", "SET bytea_output = 'escape'"})),
             step("backfill", backfill("t", "n = n + 1", "", 70))});
        ASSERT_EQ(steps[1].outcome, "ok") << type << ": " << steps[1].error;
        EXPECT_EQ(std::to_string(steps[1].rows), upto) << type;
        expect_each_row_once("t");
    }
}

TEST_F(Backfill, FollowsDomainsAndEnums) {
    sql("CREATE DOMAIN \"Code\" AS text CHECK (length(VALUE) > 1); "
        "CREATE TYPE \"Mood\" AS ENUM ('zebra', 'apple', 'mango'); "
        "CREATE TABLE t (c \"Code\", m \"Mood\", n int DEFAULT 0, PRIMARY KEY (m, c)); "
        "INSERT INTO t SELECT 'x' || g, m FROM generate_series(1, 300) g, "
        "unnest(enum_range(NULL::\"Mood\")) m");
    const auto step = run(backfill("t", "n = n + 1", "", 70));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(step.rows, 900);
    expect_each_row_once("t");
}

TEST_F(Backfill, TakesQuotedNamesEverywhere) {
    sql("CREATE SCHEMA \"Größen & Co\"; "
        "CREATE TABLE \"Größen & Co\".\"Order\" (\"Id\" int, \"select\" text, n int DEFAULT 0, "
        "PRIMARY KEY (\"select\", \"Id\")); "
        "INSERT INTO \"Größen & Co\".\"Order\" SELECT g, '日' || g % 7 FROM generate_series(1, "
        "1000) g");
    const auto step = run(backfill("\"Größen & Co\".\"Order\"", "n = n + 1", "\"Id\" > 0", 33));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(step.rows, 1000);
    expect_each_row_once("\"Größen & Co\".\"Order\"");
}

TEST_F(Backfill, VisitsEveryPartition) {
    if (tests::server_major() < 11) {
        GTEST_SKIP() << "before PostgreSQL 11 a partitioned table has no key";
    }
    sql("CREATE TABLE t (id int, region text, n int DEFAULT 0, PRIMARY KEY (id, region)) "
        "PARTITION BY LIST (region); "
        "CREATE TABLE t_eu PARTITION OF t FOR VALUES IN ('eu'); "
        "CREATE TABLE t_us PARTITION OF t FOR VALUES IN ('us'); "
        "INSERT INTO t SELECT g, CASE WHEN g % 3 = 0 THEN 'eu' ELSE 'us' END "
        "FROM generate_series(1, 5000) g; ANALYZE t_eu; ANALYZE t_us");
    const auto own = control();
    const auto action = backfill("t", "n = n + 1", "", 500);
    EXPECT_NEAR(
        static_cast<double>(harness::postgres::open_backfill(*own, action)->estimated_rows()), 5000,
        50);
    const auto step = run(action);
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(step.rows, 5000);
    expect_each_row_once("t");
}

TEST_F(Backfill, OfAPartitionedTableWithoutKeyIsRefusedAndItsPartitionsAreOffered) {
    sql("CREATE TABLE t (id int, n int DEFAULT 0) PARTITION BY RANGE (id); "
        "CREATE TABLE t_low PARTITION OF t (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (1000); "
        "INSERT INTO t SELECT g FROM generate_series(1, 900) g");
    const auto text = refusal(backfill("t", "n = n + 1", "", 100));
    EXPECT_TRUE(contains(text, "has no primary key")) << text;
    EXPECT_TRUE(contains(text, "backfill its partitions one by one")) << text;

    const auto step = run(backfill("t_low", "n = n + 1", "", 100));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    expect_each_row_once("t");
}

TEST_F(Backfill, AUniqueIndexOverNotNullColumnsServesAsKey) {
    sql("CREATE TABLE t (a int NOT NULL, b text NOT NULL, n int DEFAULT 0); "
        "CREATE UNIQUE INDEX ON t (b DESC, a DESC)" +
        std::string{tests::server_major() < 11 ? "" : " INCLUDE (n)"} +  // no part of the key
        "; "
        "INSERT INTO t SELECT g % 10, g FROM generate_series(1, 500) g");
    const auto step = run(backfill("t", "n = n + 1", "", 7));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    expect_each_row_once("t");
}

TEST_F(Backfill, RefusesWhatHasNoUsableKey) {
    sql("CREATE TABLE bare (a int); CREATE TABLE nullable (a int UNIQUE); "
        "CREATE TABLE part (a int NOT NULL); CREATE UNIQUE INDEX ON part (a) WHERE a > 0; "
        "CREATE TABLE pattern (a text NOT NULL); "
        "CREATE UNIQUE INDEX ON pattern (a text_pattern_ops); "
        "CREATE TABLE late (a int NOT NULL UNIQUE DEFERRABLE); "
        "CREATE TABLE mixed (a int NOT NULL, b int NOT NULL); CREATE UNIQUE INDEX ON mixed (a, b "
        "DESC)");
    for (const char* table : {"bare", "nullable", "part", "pattern", "late", "mixed"}) {
        const auto text = refusal(backfill(table, "a = a", "", 10));
        EXPECT_TRUE(contains(text, "has no primary key")) << table << ": " << text;
        EXPECT_TRUE(contains(text, "add a primary key")) << table << ": " << text;
    }
}

TEST_F(Backfill, RefusesWhatCannotWorkBeforeTheFirstRow) {
    sql("CREATE TABLE t (\"Id\" int PRIMARY KEY, a int); CREATE VIEW v AS SELECT * FROM t");
    EXPECT_TRUE(
        contains(refusal(backfill("nowhere", "a = 1", "", 10)), "there is no table nowhere"));
    EXPECT_TRUE(contains(refusal(backfill("v", "a = 1", "", 10)), "not a table"));
    EXPECT_TRUE(contains(refusal(backfill("t", "b = 1", "", 10)), "42703"));
    EXPECT_TRUE(contains(refusal(backfill("t", "a = 1", "b > 1", 10)), "42703"));
    EXPECT_TRUE(
        contains(refusal(backfill("t", "\"Id\" = \"Id\" + 1", "", 10)), "column of the key"));
    EXPECT_TRUE(
        contains(refusal(backfill("t", "(a, \"Id\") = (1, 2)", "", 10)), "column of the key"));
    EXPECT_TRUE(contains(refusal(backfill("t", "a = 1; DROP VIEW v; --", "", 10)), "one UPDATE"));
    EXPECT_EQ(value("SELECT to_regclass('v') IS NOT NULL"), "t");

    const auto step = run(backfill("nowhere", "a = 1", "", 10));
    EXPECT_EQ(step.outcome, "failed");
    EXPECT_TRUE(contains(step.error, "there is no table nowhere")) << step.error;
}

TEST_F(Backfill, ACompositeKeyOverManyRowsIsCorrectBesideConcurrentInserts) {
    sql("CREATE TABLE t (a text, b int, n int DEFAULT 0, PRIMARY KEY (a, b)); "
        "INSERT INTO t SELECT 'k' || g % 97, g FROM generate_series(1, 50000) g");
    std::atomic<bool> done = false;
    std::jthread inserts{[&] {
        const auto own = control();
        for (int i = 0; !done; ++i) {
            // Above every key that was there, below it, and between: the new code's business.
            const auto number = std::to_string(i);
            EXPECT_TRUE(own->execute("INSERT INTO t VALUES ('z" + number + "', 1, 1), ('a" +
                                     number + "', 1, 1), ('k5x" + number +
                                     "', 1, 1) ON CONFLICT DO NOTHING")
                            .ok());
        }
    }};
    const auto step = run(backfill("t", "n = n + 1", "n = 0", 500));
    done = true;
    inserts.join();
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_GE(step.rows, 50000);
    EXPECT_EQ(value("SELECT count(*) FROM t WHERE n > 1"), "0");
    EXPECT_EQ(value("SELECT count(*) FROM t WHERE n <> 1 AND a LIKE 'k%'"), "0");
}

TEST_F(Backfill, EndsWhereTheTableEndedWhenItBeganHoweverFastRowsAreInserted) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0); "
        "INSERT INTO t SELECT g * 10 FROM generate_series(1, 1000) g");
    int last = 10'000;
    hooks.live_p99 = [&]() -> std::optional<std::chrono::microseconds> {
        // Asked before each batch: after the first one, more than a batch is new at the end; and
        // one in the middle, still before it.
        if (value("SELECT count(*) FROM t WHERE n = 1") != "0") {
            sql("INSERT INTO t SELECT g FROM generate_series(" + std::to_string(last + 1) + ", " +
                std::to_string(last + 200) + ") g");
            sql("INSERT INTO t VALUES (9995) ON CONFLICT DO NOTHING");
            last += 200;
        }
        return 1ms;
    };
    auto action = backfill("t", "n = n + 1", "", 100);
    action.throttle.p99 = 1s;
    const auto step = run(action);
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(step.rows, 1001);
    EXPECT_GT(last, 10'000);
    EXPECT_EQ(value("SELECT count(*) FROM t WHERE id <= 10000 AND n <> 1"), "0");
    EXPECT_EQ(value("SELECT count(*) FROM t WHERE id > 10000 AND n <> 0"), "0");
}

TEST_F(Backfill, UsesTheIndexForBoundariesAndBatches) {
    sql("CREATE TABLE t (a int, b text, n int DEFAULT 0, pad text DEFAULT repeat('x', 200), "
        "PRIMARY KEY (a, b)); "
        "INSERT INTO t SELECT g, 'b' FROM generate_series(1, 100000) g; ANALYZE t");
    std::string explained;
    {
        const auto own =
            control({.on_notice = [&](const std::string& notice) { explained += notice; }});
        ASSERT_TRUE(own->execute("LOAD 'auto_explain'; SET auto_explain.log_min_duration = 0; "
                                 "SET client_min_messages = 'log'")
                        .ok());
        const auto table =
            harness::postgres::open_backfill(*own, backfill("t", "n = n + 1", "", 100));
        explained.clear();
        const auto boundary = table->next_boundary(Key{"50000", "b"}, 100);
        ASSERT_TRUE(boundary.key) << boundary.error->text();
        EXPECT_EQ(*boundary.key, (Key{"50100", "b"}));
        const auto updated = table->update(Key{"50000", "b"}, *boundary.key);
        ASSERT_TRUE(updated.ok()) << updated.error->text();
        EXPECT_EQ(updated.rows_affected, 100);
    }
    EXPECT_TRUE(contains(explained, "Update on t")) << explained;
    EXPECT_FALSE(contains(explained, "Seq Scan")) << explained;
    EXPECT_TRUE(contains(explained, "Index Cond: ((ROW(a, b) > ROW(50000")) << explained;
}

TEST_F(Backfill, ResumesAfterItsBackendIsTerminated) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0); "
        "INSERT INTO t SELECT g FROM generate_series(1, 5000) g");
    std::int64_t session = 0;
    int terminated = 0, asked = 0;
    hooks.on_session = [&](std::int64_t now) { session = now; };
    hooks.live_p99 = [&]() -> std::optional<std::chrono::microseconds> {
        if (++asked % 10 == 5) {
            sql("SELECT pg_terminate_backend(" + std::to_string(session) + ")");
            ++terminated;
        }
        return 1ms;
    };
    auto action = backfill("t", "n = n + 1", "", 100);
    action.throttle.p99 = 1s;
    const auto step = run(action);
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(terminated, 5);
    EXPECT_EQ(step.rows, 5000);
    EXPECT_GE(step.attempts.size(), 6U);
    expect_each_row_once("t");
}

TEST_F(Backfill, ABatchWhoseCommitGotNoAnswerIsNotDoneTwice) {
    // The deferred trigger ends the backend in the middle of the COMMIT, before it takes place.
    sql("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0); "
        "CREATE TABLE once (left_over int); INSERT INTO once VALUES (1); "
        "INSERT INTO t SELECT g FROM generate_series(1, 1000) g; "
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.id = 250 AND nextval('tries') = 1 THEN "
        "PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$; "
        "CREATE SEQUENCE tries; "
        "CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE PROCEDURE die()");
    const auto step = run(backfill("t", "n = n + 1", "", 100));
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(step.rows, 1000);
    EXPECT_EQ(step.attempts.size(), 2U);
    expect_each_row_once("t");
}

// Passes everything on, and loses the answer to one COMMIT that did take place: the case that
// cannot be told from the one above without asking the server.
class LosesAnAnswer : public harness::database::Control {
public:
    explicit LosesAnAnswer(std::unique_ptr<Control> real) : real_{std::move(real)} {}
    [[nodiscard]] std::int64_t session_id() const override { return real_->session_id(); }
    harness::database::Outcome execute(
        std::string_view statement, std::span<const harness::database::Value> parameters) override {
        auto outcome = real_->execute(statement, parameters);
        if (statement == "COMMIT" && ++commits == 3) {
            real_->execute("SELECT pg_terminate_backend(pg_backend_pid())");
            outcome = real_->execute("SELECT 1");
            EXPECT_FALSE(outcome.ok());
        }
        return outcome;
    }
    void set_lock_timeout(std::chrono::milliseconds t) override { real_->set_lock_timeout(t); }
    void set_statement_timeout(std::chrono::milliseconds t) override {
        real_->set_statement_timeout(t);
    }
    void cancel() noexcept override { real_->cancel(); }
    void reconnect() override { real_->reconnect(); }
    std::map<std::uint64_t, harness::database::Storage> storage() override {
        return real_->storage();
    }
    std::int64_t log_position_bytes() override { return real_->log_position_bytes(); }
    std::int64_t server_clock_us() override { return real_->server_clock_us(); }

    int commits = 0;

private:
    std::unique_ptr<Control> real_;
};

TEST_F(Backfill, ABatchThatWasCommittedThoughTheAnswerWasLostCountsAndIsNotDoneTwice) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0); "
        "INSERT INTO t SELECT g FROM generate_series(1, 1000) g");
    LosesAnAnswer lossy{control()};
    const auto table = harness::postgres::open_backfill(lossy, backfill("t", "n = n + 1", "", 100));
    std::optional<Key> after;
    std::int64_t rows = 0;
    int lost = 0;
    while (true) {
        const auto boundary = table->next_boundary(after, 100);
        ASSERT_FALSE(boundary.error);
        if (!boundary.key) {
            break;
        }
        auto outcome = table->update(after, *boundary.key);
        if (!outcome.ok()) {
            ++lost;
            lossy.reconnect();
            outcome = table->update(after, *boundary.key);
        }
        ASSERT_TRUE(outcome.ok()) << outcome.error->text();
        rows += outcome.rows_affected;
        after = boundary.key;
    }
    EXPECT_EQ(lost, 1);
    EXPECT_EQ(rows, 1000);
    expect_each_row_once("t");
}

TEST_F(Backfill, ALockedRowIsWaitedForAndTheBatchTriedAgain) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0); "
        "INSERT INTO t SELECT g FROM generate_series(1, 1000) g");
    auto other = control();
    ASSERT_TRUE(other->execute("BEGIN; SELECT FROM t WHERE id = 555 FOR UPDATE").ok());
    hooks.on_event = [&](const harness::migration::Event& event) {
        if (event.kind == "retry") {
            other.reset();
        }
    };
    auto action = backfill("t", "n = n + 1", "", 100);
    action.lock_timeout = 20ms;
    const auto step = run(action);
    EXPECT_EQ(step.outcome, "ok") << step.error;
    ASSERT_GE(step.attempts.size(), 2U);
    EXPECT_EQ(step.attempts[0].outcome, "55P03");
    expect_each_row_once("t");
}

TEST_F(Backfill, GivesUpAfterTooManyErrorsAndKeepsWhatWasCommitted) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0); "
        "INSERT INTO t SELECT g FROM generate_series(1, 1000) g");
    const auto other = control();
    ASSERT_TRUE(other->execute("BEGIN; SELECT FROM t WHERE id = 555 FOR UPDATE").ok());
    auto action = backfill("t", "n = n + 1", "", 100);
    action.lock_timeout = 10ms;
    action.retries = {.times = 2, .backoff = 1ms};
    const auto step = run(action);
    EXPECT_EQ(step.outcome, "failed");
    EXPECT_EQ(step.rows, 500);
    EXPECT_TRUE(contains(step.error, "3 errors in a row")) << step.error;
    EXPECT_TRUE(contains(step.error, "5 batches (500 rows) were committed")) << step.error;
    EXPECT_EQ(value("SELECT count(*) FROM t WHERE n = 1"), "500");
}

TEST_F(Backfill, AViolatedConstraintEndsIt) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int CHECK (id < 150 OR n IS NULL)); "
        "INSERT INTO t SELECT g FROM generate_series(1, 300) g");
    const auto step = run(backfill("t", "n = 1", "", 100));
    EXPECT_EQ(step.outcome, "failed");
    EXPECT_EQ(step.attempts.size(), 1U);
    EXPECT_TRUE(contains(step.error, "23514")) << step.error;
}

TEST_F(Backfill, TheThrottleHoldsItBackAndTheRecordSaysHowLongAndWhy) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0); "
        "INSERT INTO t SELECT g FROM generate_series(1, 500) g");
    int asked = 0;
    hooks.live_p99 = [&]() -> std::optional<std::chrono::microseconds> {
        return ++asked <= 3 ? 100ms : 1ms;
    };
    hooks.replica_lag = [&]() -> std::optional<std::chrono::microseconds> { return 0us; };
    auto action = backfill("t", "n = n + 1", "", 100);
    action.throttle = {.p99 = 50ms, .replica_lag = 1s, .pause = 2ms};
    const auto step = run(action);
    EXPECT_EQ(step.outcome, "ok") << step.error;
    EXPECT_GE(step.throttled_s.value_or(0), 0.3);
    EXPECT_TRUE(contains(step.throttle_reasons, "p99 0.3 s")) << step.throttle_reasons;
    EXPECT_TRUE(contains(step.throttle_reasons, "pause")) << step.throttle_reasons;
    expect_each_row_once("t");

    ASSERT_FALSE(step.progress.empty());
    EXPECT_EQ(step.progress.back().rows, 500);
    EXPECT_EQ(step.progress.front().rows, 0);  // nothing was let through yet
    EXPECT_EQ(step.progress.front().throttled_by, "p99");
    double throttled_s = 0;
    for (const auto& point : step.progress) {
        EXPECT_GE(point.at_s, step.start_s);
        throttled_s += point.throttled_s;
    }
    EXPECT_NEAR(throttled_s, *step.throttled_s, 1e-6);
}

TEST_F(Backfill, TheSecondInterruptionEndsItBetweenTwoBatches) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int DEFAULT 0); "
        "INSERT INTO t SELECT g FROM generate_series(1, 1000) g");
    int asked = 0;
    hooks.live_p99 = [&]() -> std::optional<std::chrono::microseconds> {
        if (++asked == 4) {
            interruption.request();
            interruption.request();
        }
        return 1ms;
    };
    auto action = backfill("t", "n = n + 1", "", 100);
    action.throttle.p99 = 1s;
    const auto step = run(action);
    EXPECT_EQ(step.outcome, "interrupted");
    EXPECT_EQ(step.rows, 300);
    EXPECT_EQ(value("SELECT count(*) FROM t WHERE n = 1"), "300");
}

}  // namespace
