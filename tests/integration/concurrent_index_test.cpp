// What CREATE and DROP INDEX CONCURRENTLY leave behind when they fail, and when they are tried
// again.
#include "tests/integration/migration_fixture.hpp"

#include <thread>

namespace {

using namespace std::chrono_literals;

class ConcurrentIndex : public tests::MigrationFixture {};

TEST_F(ConcurrentIndex, AConcurrentIndexThatNeverSucceedsIsReportedWithWhatItLeft) {
    sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1)");
    auto other = control();
    ASSERT_TRUE(other->execute("BEGIN").ok());
    ASSERT_TRUE(other->execute("INSERT INTO t VALUES (2)").ok());  // the index has to wait for it
    auto create = sql_step({"CREATE INDEX CONCURRENTLY IF NOT EXISTS \"Über\" ON t (a)"});
    create.transaction = false;
    create.lock_timeout = 50ms;
    create.retries = {.times = 2, .backoff = 1ms};
    const auto steps = migrate({step("index", create)});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_EQ(steps[0].attempts.size(), 3U);
    EXPECT_TRUE(contains(steps[0].error, "left behind: the invalid index \"Über\""))
        << steps[0].error;
    EXPECT_EQ(value("SELECT indisvalid FROM pg_index WHERE indexrelid = '\"Über\"'::regclass"),
              "f");
}

TEST_F(ConcurrentIndex, WhatAConcurrentIndexLeavesIsDroppedBeforeItIsTriedAgain) {
    sql("CREATE SCHEMA shop; CREATE TABLE shop.t (a int); INSERT INTO shop.t VALUES (1)");
    for (const auto& statements : std::vector<std::vector<std::string>>{
             {"CREATE INDEX CONCURRENTLY IF NOT EXISTS \"Über\" ON shop.t (a)"},
             {"DROP INDEX IF EXISTS shop.\"Über\"",
              "CREATE INDEX CONCURRENTLY \"Über\" ON shop.t (a)"}}) {
        auto other = control();
        ASSERT_TRUE(other->execute("BEGIN").ok());
        ASSERT_TRUE(other->execute("INSERT INTO shop.t VALUES (2)").ok());
        auto create = sql_step(statements);
        create.transaction = false;
        create.lock_timeout = 50ms;
        create.retries = {.times = 1000, .backoff = 1ms};
        hooks.on_event = [&](const harness::migration::Event& event) {
            if (event.kind == "retry") {
                other.reset();
            }
        };
        const auto steps = migrate({step("index", create)});
        EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
        EXPECT_GE(steps[0].attempts.size(), 2U);
        EXPECT_EQ(
            value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'shop.\"Über\"'::regclass"),
            "t");
        EXPECT_TRUE(contains(log(), "DROP INDEX CONCURRENTLY IF EXISTS shop.\"Über\""))
            << "said, not done in silence";
    }
}

TEST_F(ConcurrentIndex, AConcurrentDropThatFailedHalfWayIsRunAgain) {
    sql("CREATE TABLE t (a int); CREATE INDEX i ON t (a); INSERT INTO t VALUES (1)");
    auto other = control();
    ASSERT_TRUE(other->execute("BEGIN").ok());
    ASSERT_TRUE(other->execute("INSERT INTO t VALUES (2)").ok());
    auto drop = sql_step({"DROP INDEX CONCURRENTLY public.i"});
    drop.transaction = false;
    drop.lock_timeout = 50ms;
    drop.retries = {.times = 1000, .backoff = 1ms};
    std::string valid;
    hooks.on_event = [&](const harness::migration::Event& event) {
        if (event.kind == "retry" && other) {
            valid = value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'i'::regclass");
            other.reset();
        }
    };
    const auto steps = migrate({step("drop", drop)});
    EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
    EXPECT_GE(steps[0].attempts.size(), 2U);
    EXPECT_EQ(valid, "f") << "it failed after its first commit";
    EXPECT_EQ(value("SELECT to_regclass('i') IS NULL"), "t");
}

TEST_F(ConcurrentIndex, AnIndexWithoutANameThatMayBeAnybodysIsLeftAlone) {
    sql("CREATE TABLE t (a int)");
    auto other = control();
    ASSERT_TRUE(other->execute("BEGIN").ok());
    ASSERT_TRUE(other->execute("INSERT INTO t VALUES (2)").ok());
    auto create = sql_step({"CREATE INDEX CONCURRENTLY ON t (a)"});
    create.transaction = false;
    create.lock_timeout = 50ms;
    create.retries = {.times = 50, .backoff = 1ms};
    const auto steps = migrate({step("index", create)});
    EXPECT_EQ(steps[0].outcome, "failed");
    EXPECT_EQ(steps[0].attempts.size(), 1U);
    EXPECT_TRUE(contains(steps[0].error, "left behind: the invalid index t_a_idx"))
        << steps[0].error;
}

TEST_F(ConcurrentIndex, AnIndexThatWasInvalidBeforeIsNoneThatWasMade) {
    sql("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1)");
    ASSERT_FALSE(control()->execute("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)").ok());
    auto create = sql_step({"CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a)"});
    create.transaction = false;
    const auto steps = migrate({step("index", create)});
    EXPECT_EQ(steps[0].outcome, "failed") << "the server was content with the invalid one";
    EXPECT_TRUE(contains(steps[0].error, "an index is invalid now: i")) << steps[0].error;
}

TEST_F(ConcurrentIndex, AnotherOnesInvalidIndexDoesNotKeepAStepFromItsRetries) {
    sql("CREATE TABLE t (a int); CREATE TABLE u (a int); INSERT INTO u VALUES (1), (1)");
    auto other = control();
    ASSERT_TRUE(other->execute("BEGIN").ok());
    ASSERT_TRUE(other->execute("LOCK TABLE t").ok());
    auto alter = sql_step({"ALTER TABLE t ADD COLUMN b int"});
    alter.transaction = false;
    alter.lock_timeout = 50ms;
    alter.retries = {.times = 1000, .backoff = 1ms};
    bool failed = false;
    std::jthread somebody{[&] {
        failed = becomes_true("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)") &&
                 !control()->execute("CREATE UNIQUE INDEX CONCURRENTLY j ON u (a)").ok();
        other.reset();
    }};
    const auto steps = migrate({step("alter", alter)});
    somebody.join();
    EXPECT_TRUE(failed);
    EXPECT_EQ(steps[0].outcome, "ok") << steps[0].error;
}

}  // namespace
