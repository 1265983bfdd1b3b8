// The observer's thread on a real server: what a step locked, a tool's sessions, a lost connection.

#include "harness/locks/observer.hpp"
#include "harness/postgres/lock_source.hpp"
#include "tests/integration/throwaway.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <libpq-fe.h>

namespace harness::locks {
namespace {

using namespace std::chrono_literals;

class LockObserver : public tests::FreshDatabase {
protected:
    void SetUp() override {
        FreshDatabase::SetUp();
        sql("CREATE TABLE orders (id int PRIMARY KEY, n int)");
        source = postgres::open_lock_source(conninfo("observer"));
        ObserverOptions options;
        options.run_start = start = Clock::now();
        options.interval = 5ms;
        options.sink = [this](std::string line) {
            const std::lock_guard lock{mutex};
            lines.push_back(std::move(line));
        };
        observer = std::make_unique<Observer>(*source, directory, std::move(options));
        observer->start();
    }
    void TearDown() override {
        observer.reset();
        source.reset();
        FreshDatabase::TearDown();
    }

    Observation finish(OwnDeadlocks own = {}) {
        observer->stop();
        const std::vector<std::string> none;
        return observer->finish({.statements = {},
                                 .operations = none,
                                 .run_start = start,
                                 .window_from = start,
                                 .window_to = Clock::now()},
                                60, own);
    }
    // Two sessions lock each other out; returns when the server's statistics hold it.
    void deadlock() {
        sql("INSERT INTO orders VALUES (1, 0), (2, 0)");
        auto a = postgres::open_connection(conninfo("workload"));
        auto b = postgres::open_connection(conninfo("workload"));
        for (PGconn* connection : {a.get(), b.get()}) {
            PQclear(PQexec(connection, "SET deadlock_timeout = '50ms'"));
            PQclear(PQexec(connection, "BEGIN"));
        }
        PQclear(PQexec(a.get(), "UPDATE orders SET n = 1 WHERE id = 1"));
        PQclear(PQexec(b.get(), "UPDATE orders SET n = 1 WHERE id = 2"));
        ASSERT_EQ(PQsendQuery(a.get(), "UPDATE orders SET n = 1 WHERE id = 2"), 1);
        PQclear(PQexec(b.get(), "UPDATE orders SET n = 1 WHERE id = 1"));
        while (PGresult* result = PQgetResult(a.get())) {
            PQclear(result);
        }
        a.reset();  // a session's statistics reach the server at its end at the latest
        b.reset();
        ASSERT_TRUE(
            becomes_true("SELECT deadlocks = 1 FROM pg_stat_database WHERE datname = "
                         "current_database()"));
    }
    [[nodiscard]] bool said(std::string_view text) {
        const std::lock_guard lock{mutex};
        return std::any_of(lines.begin(), lines.end(),
                           [&](const auto& line) { return line.find(text) != std::string::npos; });
    }
    // The observer moves by itself: at most ten seconds.
    template <typename Condition>
    [[nodiscard]] static bool becomes(Condition condition) {
        const auto deadline = Clock::now() + 10s;
        while (!condition()) {
            if (Clock::now() > deadline) {
                return false;
            }
            std::this_thread::sleep_for(1ms);
        }
        return true;
    }
    static const reports::StepLock* find(const std::vector<reports::StepLock>& locks,
                                         const std::string& relation, const std::string& mode) {
        const auto found = std::find_if(locks.begin(), locks.end(), [&](const auto& lock) {
            return lock.relation == relation && lock.mode == mode;
        });
        return found == locks.end() ? nullptr : &*found;
    }

    Clock::time_point start;
    std::mutex mutex;
    std::vector<std::string> lines;
    SessionDirectory directory;
    std::unique_ptr<database::LockSource> source;
    std::unique_ptr<Observer> observer;
};

// Who stands behind whom in a row's queue and in a table's.
TEST_F(LockObserver, AWaitIsListedBehindTheSessionDirectlyInItsWay) {
    sql("INSERT INTO orders VALUES (1, 0)");
    std::vector<postgres::Connection> sessions;
    const auto open = [&](const char* role) {
        sessions.push_back(postgres::open_connection(conninfo(role)));
        return static_cast<std::int64_t>(PQbackendPID(sessions.back().get()));
    };
    // Sends it, and returns when so many wait.
    const auto wait_for = [&](const char* statement, std::uint32_t waiting) {
        ASSERT_EQ(PQsendQuery(sessions.back().get(), statement), 1);
        ASSERT_TRUE(becomes([&] { return observer->blocked_now() == waiting; }));
    };
    const auto holder = open("adversary/holder");
    PQclear(PQexec(sessions.back().get(), "BEGIN; UPDATE orders SET n = 1 WHERE id = 1"));
    const auto first = open("workload");
    wait_for("UPDATE orders SET n = 2 WHERE id = 1", 1);
    const auto second = open("workload");
    wait_for("UPDATE orders SET n = 3 WHERE id = 1", 2);
    const auto alter = open("step/alter");
    wait_for("ALTER TABLE orders ADD COLUMN x int", 3);
    const auto reader = open("workload");
    wait_for("SELECT FROM orders", 4);
    PQclear(PQexec(sessions.front().get(), "COMMIT"));
    ASSERT_TRUE(becomes([&] { return observer->blocked_now() == 0; }));

    const auto locks = finish().joined.locks;

    const auto first_wait_of = [&](std::int64_t pid) {
        return *std::find_if(locks.waits.begin(), locks.waits.end(),
                             [&](const auto& wait) { return wait.pid == pid; });
    };
    EXPECT_EQ(first_wait_of(first).behind, holder);
    EXPECT_EQ(first_wait_of(first).relation, "orders");
    EXPECT_EQ(first_wait_of(second).behind, first);  // who holds the row's tuple lock meanwhile
    EXPECT_EQ(first_wait_of(second).mode, "ExclusiveLock");
    EXPECT_EQ(first_wait_of(alter).behind, holder);  // with whom the others' locks conflict, too
    EXPECT_EQ(first_wait_of(alter).mode, "AccessExclusiveLock");
    EXPECT_EQ(first_wait_of(alter).kind, "step");
    EXPECT_EQ(first_wait_of(alter).name, "alter");
    EXPECT_EQ(first_wait_of(reader).behind, alter);
    EXPECT_EQ(first_wait_of(reader).kind, "operation");
    const auto& episode = locks.episodes.at(first_wait_of(reader).episode);
    EXPECT_EQ(episode.blocker.pid, holder);
    EXPECT_EQ(locks.waits_dropped, 0U);
}

TEST_F(LockObserver, WhatAStepHoldsIsReadJustBeforeItsCommit) {
    const auto step = postgres::open_connection(conninfo("step"));
    const std::int64_t session = PQbackendPID(step.get());
    observer->begin_step("add a column", session);
    const auto began = Clock::now();
    PQclear(PQexec(step.get(), "BEGIN"));
    observer->statement_sent(session, {Clock::now(), "ALTER TABLE orders ADD COLUMN x int", false});
    PQclear(PQexec(step.get(), "ALTER TABLE orders ADD COLUMN x int"));

    const auto now = observer->locks_now(session);
    EXPECT_TRUE(observer->before_commit(session));
    PQclear(PQexec(step.get(), "COMMIT"));
    const double took_s = std::chrono::duration<double>(Clock::now() - began).count();
    const auto locks = observer->end_step();

    ASSERT_TRUE(now.has_value());
    EXPECT_FALSE(now->empty());
    const auto* lock = find(locks, "orders", "AccessExclusiveLock");
    ASSERT_NE(lock, nullptr);
    EXPECT_GT(lock->held_s, 0);
    EXPECT_LE(lock->held_s, took_s);
    EXPECT_EQ(lock->waited_s, 0);
    EXPECT_EQ(finish().unread_commits, 0U);
}

TEST_F(LockObserver, ATableLockThatAStepWaitsForIsWaitedForAndThenHeld) {
    const auto other = postgres::open_connection(conninfo("adversary/report"));
    PQclear(PQexec(other.get(), "BEGIN"));
    PQclear(PQexec(other.get(), "LOCK TABLE orders IN ACCESS SHARE MODE"));
    const auto step = postgres::open_connection(conninfo("step"));
    const std::int64_t session = PQbackendPID(step.get());
    observer->begin_step("alter", session);
    PQclear(PQexec(step.get(), "BEGIN"));
    ASSERT_EQ(PQsendQuery(step.get(), "ALTER TABLE orders ADD COLUMN x int"), 1);
    ASSERT_TRUE(becomes([&] { return observer->blocked_now() == 1; }));
    PQclear(PQexec(other.get(), "COMMIT"));
    while (PGresult* result = PQgetResult(step.get())) {
        PQclear(result);
    }
    EXPECT_TRUE(observer->before_commit(session));
    PQclear(PQexec(step.get(), "COMMIT"));

    const auto locks = observer->end_step();

    const auto* lock = find(locks, "orders", "AccessExclusiveLock");
    ASSERT_NE(lock, nullptr);
    EXPECT_GT(lock->waited_s, 0);
    EXPECT_GT(lock->held_s, 0);
    EXPECT_TRUE(said("\"type\":\"locks\""));
    const auto episodes = finish().joined.locks.episodes;
    ASSERT_EQ(episodes.size(), 1U);
    EXPECT_EQ(episodes[0].blocker.step, "report");
    EXPECT_EQ(episodes[0].mode, "AccessShareLock");
    ASSERT_EQ(episodes[0].victims.size(), 1U);
    EXPECT_EQ(episodes[0].victims[0].operation, "alter");
}

// The session is seen in the second statement alone: no sample had anybody wait for the first.
TEST_F(LockObserver, AnEpisodeNamesTheStatementThatTookTheLock) {
    const auto step = postgres::open_connection(conninfo("step"));
    const std::int64_t session = PQbackendPID(step.get());
    observer->begin_step("alter and go on", session);
    const auto send = [&](const char* sql, bool begins) {
        observer->statement_sent(session, {Clock::now(), sql, begins});
        PQclear(PQexec(step.get(), sql));
    };
    send("BEGIN", true);
    send("ALTER TABLE orders ADD COLUMN x int", false);
    send("SELECT 1", false);
    const auto victim = postgres::open_connection(conninfo("workload"));
    ASSERT_EQ(PQsendQuery(victim.get(), "SELECT count(*) FROM orders"), 1);
    ASSERT_TRUE(becomes([&] { return observer->blocked_now() == 1; }));
    ASSERT_TRUE(observer->locks_now(session).has_value());
    EXPECT_TRUE(observer->before_commit(session));
    send("COMMIT", false);
    while (PGresult* result = PQgetResult(victim.get())) {
        PQclear(result);
    }
    static_cast<void>(observer->end_step());

    const auto episodes = finish().joined.locks.episodes;
    ASSERT_EQ(episodes.size(), 1U);
    EXPECT_EQ(episodes[0].blocker.step, "alter and go on");
    EXPECT_EQ(episodes[0].mode, "AccessExclusiveLock");
    EXPECT_EQ(episodes[0].blocker.query, "ALTER TABLE orders ADD COLUMN x int");
}

TEST_F(LockObserver, AToolsEpisodeNamesTheStatementThatTookTheLock) {
    observer->begin_step("our tool", std::nullopt);
    observer->recognise_sessions(
        std::stoll(value("SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint")));
    const auto tool = postgres::open_connection(conninfo("step"));
    PQclear(PQexec(tool.get(), "SET application_name = 'alembic'"));
    PQclear(PQexec(tool.get(), "BEGIN"));
    PQclear(PQexec(tool.get(), "ALTER TABLE orders ADD COLUMN x int"));
    // Whoever came after the ALTER is seen by a look that sees the ALTER; the answer comes after
    // it.
    const auto marker = postgres::open_connection(conninfo("step"));
    PQclear(PQexec(marker.get(), "SET application_name = 'marker'"));
    database::LockSession session;
    session.session = PQbackendPID(marker.get());
    ASSERT_TRUE(becomes([&] { return directory.role_of(session).name == "our tool"; }));
    ASSERT_TRUE(observer->locks_now(session.session).has_value());
    PQclear(PQexec(tool.get(), "SELECT 1"));
    const auto victim = postgres::open_connection(conninfo("workload"));
    ASSERT_EQ(PQsendQuery(victim.get(), "SELECT count(*) FROM orders"), 1);
    ASSERT_TRUE(becomes([&] { return observer->blocked_now() == 1; }));
    PQclear(PQexec(tool.get(), "COMMIT"));
    while (PGresult* result = PQgetResult(victim.get())) {
        PQclear(result);
    }
    static_cast<void>(observer->end_step());

    const auto episodes = finish().joined.locks.episodes;
    ASSERT_EQ(episodes.size(), 1U);
    EXPECT_EQ(episodes[0].blocker.step, "our tool");
    EXPECT_EQ(episodes[0].blocker.query, "ALTER TABLE orders ADD COLUMN x int");
}

TEST_F(LockObserver, AToolsSessionsAreRecognisedAndItsLocksNamedAfterTheStep) {
    const auto bystander = postgres::open_connection(conninfo("workload"));
    observer->begin_step("our tool", std::nullopt);
    observer->recognise_sessions(
        std::stoll(value("SELECT (extract(epoch FROM clock_timestamp()) * 1e6)::bigint")));
    const auto workload = postgres::open_connection(conninfo("workload"));
    PQclear(PQexec(workload.get(), "BEGIN"));
    PQclear(PQexec(workload.get(), "LOCK TABLE orders IN ROW EXCLUSIVE MODE"));
    const auto tool = postgres::open_connection(conninfo("step"));
    PQclear(PQexec(tool.get(), "SET application_name = 'Flyway'"));
    PQclear(PQexec(tool.get(), "BEGIN"));
    PQclear(PQexec(tool.get(), "LOCK TABLE orders IN ROW SHARE MODE"));
    database::LockSession session;
    session.session = PQbackendPID(tool.get());
    ASSERT_TRUE(becomes([&] { return directory.role_of(session).name == "our tool"; }));
    ASSERT_TRUE(observer->before_commit(session.session));

    const auto locks = observer->end_step();

    EXPECT_NE(find(locks, "orders", "RowShareLock"), nullptr);
    EXPECT_EQ(find(locks, "orders", "RowExclusiveLock"), nullptr);
}

TEST_F(LockObserver, ALostConnectionIsCountedAndOpenedAgain) {
    ASSERT_TRUE(becomes([&] {
        return value(
                   "SELECT count(*) FROM pg_stat_activity WHERE "
                   "application_name = 'rehearse/observer'") == "1";
    }));
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = "
        "'rehearse/observer' AND datname = current_database()");
    ASSERT_TRUE(becomes([&] { return said("connected again"); }));

    const auto observation = finish();

    EXPECT_EQ(observation.observer.connection_losses, 1U);
    EXPECT_GE(observation.joined.locks.lost_samples, 1U);
    EXPECT_GT(observation.joined.locks.samples, 0U);
    EXPECT_TRUE(said("connection lost"));
}

TEST_F(LockObserver, DeadlocksOfTheRunAreCounted) {
    deadlock();
    EXPECT_EQ(finish().joined.locks.deadlocks, 1U);
}

TEST_F(LockObserver, ADeadlockThatTheLoadMetIsCountedOnce) {
    deadlock();
    EXPECT_EQ(finish({.before = 0, .in_window = 1}).joined.locks.deadlocks, 1U);
}

// A server that crashed has forgotten what it counted.
TEST_F(LockObserver, ADeadlockThatTheLoadMetIsCountedWhateverTheServerCounts) {
    EXPECT_EQ(finish({.before = 0, .in_window = 2}).joined.locks.deadlocks, 2U);
}

TEST_F(LockObserver, ADeadlockBeforeTheMigrationIsNotItsOwn) {
    observer->stop();  // the samples may have seen it; they know their time
    deadlock();
    EXPECT_EQ(finish({.before = 1, .in_window = 0}).joined.locks.deadlocks, 0U);
}

TEST_F(LockObserver, ItsOwnCostIsMeasured) {
    ASSERT_TRUE(becomes([&] { return observer->locks_now(1).has_value(); }));

    const auto observation = finish();

    EXPECT_GT(observation.observer.cpu_s, 0);
    EXPECT_GT(observation.observer.queries, 0U);
    EXPECT_GT(observation.observer.mean_query_ms, 0);
    EXPECT_NEAR(observation.clock_offset_end_ms, observation.clock_offset_start_ms, 1'000);
    EXPECT_EQ(observation.joined.locks.sample_interval_ms, 5);
}

}  // namespace
}  // namespace harness::locks
