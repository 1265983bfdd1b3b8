// The load engine when the database hangs, refuses or goes away: nothing that was due is lost, and
// everything is charged from when it was due.
#include "harness/postgres/server_binaries.hpp"
#include "harness/postgres/server_process.hpp"
#include "tests/integration/load_support.hpp"
#include "tests/integration/throwaway.hpp"

#include <csignal>
#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace {

using harness::load::Clock;
using harness::postgres::PostgresThrowaway;
using harness::postgres::ServerProcess;
using tests::eventually;
using tests::Load;
using tests::LoadSetup;
using tests::statement;
using namespace std::chrono_literals;

double seconds(Clock::duration duration) {
    return std::chrono::duration<double>(duration).count();
}

class LoadFailures : public tests::FreshDatabase {
protected:
    void SetUp() override {
        FreshDatabase::SetUp();
        sql("CREATE TABLE hot (id int PRIMARY KEY, n int)");
        sql("INSERT INTO hot SELECT i, 0 FROM generate_series(1, 100) i");
    }
    [[nodiscard]] static LoadSetup reads() {
        LoadSetup setup;
        setup.operations = {
            statement("SELECT * FROM hot WHERE id = :id", {{"id", "uniform(1, 100)"}})};
        return setup;
    }
    // Waits until the load's statements wait for locks.
    [[nodiscard]] bool blocked(int sessions) {
        return becomes_true("SELECT count(*) >= " + std::to_string(sessions) +
                            " FROM pg_stat_activity WHERE datname = current_database() "
                            "AND wait_event_type = 'Lock'");
    }
    [[nodiscard]] std::unique_ptr<harness::database::Control> locker() {
        auto other = control();
        harness::postgres::ask(*other, "BEGIN");
        harness::postgres::ask(*other, "LOCK TABLE hot");
        return other;
    }
    void terminate_load() {
        sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'rehearse/load'");
    }
};

TEST_F(LoadFailures, ALockIsChargedFromWhenEachOperationWasDue) {
    constexpr double rate = 200;
    auto setup = reads();
    setup.rate = rate;
    Load load{setup, conninfo("load")};
    auto other = control();
    load.start();
    const auto before = Clock::now();
    harness::postgres::ask(*other, "BEGIN");
    harness::postgres::ask(*other, "LOCK TABLE hot");
    const auto locked = Clock::now();
    harness::postgres::ask(*other, "SELECT pg_sleep(2)");
    const auto releasing = Clock::now();
    harness::postgres::ask(*other, "COMMIT");
    const auto released = Clock::now();
    ASSERT_TRUE(eventually([&] { return load.engine().live().backlog == 0; }));
    load.finish();

    const auto figures = load.figures();
    EXPECT_EQ(figures.failures(), 0U);
    const double held = seconds(releasing - locked);
    EXPECT_GE(static_cast<double>(figures.response.max_us()) / 1e6, held - 0.02);
    EXPECT_NEAR(
        static_cast<double>(figures.response.count_above(static_cast<std::int64_t>(held * 0.5e6))),
        rate * held / 2, rate * held / 10)
        << "all that were due in the first half waited longer than half of it";
    EXPECT_GE(static_cast<double>(load.backlog_max()), rate * held * 0.9 - 4);

    // The generator may itself be late on a busy machine; it says by how much.
    const double lag = static_cast<double>(load.schedule().lag.max_us()) / 1e6;
    const auto stall = load.longest_stall();
    const auto since = [&](Clock::time_point at) { return seconds(at - load.measured_from()); };
    EXPECT_GE(stall.start_s, since(before) - 0.02);
    EXPECT_LE(stall.start_s, since(locked) + 1 / rate + 0.02);
    EXPECT_GE(stall.end_s, since(releasing));
    EXPECT_LE(stall.end_s, since(released) + 0.02 + lag);
}

TEST_F(LoadFailures, BeyondTheBacklogsBoundOperationsFailAtOnce) {
    auto setup = reads();
    setup.rate = 500;
    setup.connections = 2;
    setup.backlog_bound = 50;
    Load load{setup, conninfo("load")};
    auto other = locker();
    load.start();
    ASSERT_TRUE(eventually([&] { return load.engine().live().failed > 0; }));
    harness::postgres::ask(*other, "ROLLBACK");
    ASSERT_TRUE(eventually([&] { return load.engine().live().backlog == 0; }));
    load.finish();
    const auto figures = load.figures();
    EXPECT_GT(figures.failed_with("backlog_full"), 0U);
    EXPECT_EQ(figures.failures(), figures.failed_with("backlog_full"));
    EXPECT_EQ(figures.successes + figures.failures(), load.due());
    EXPECT_EQ(load.backlog_max(), 50U);
}

TEST_F(LoadFailures, WhatStillHangsAtTheEndIsUnfinished) {
    auto setup = reads();
    setup.rate = 100;
    setup.drain = 100ms;
    setup.workers = 2;
    setup.statement_timeout = 0ms;
    auto other = locker();
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(blocked(4));
    load.finish();
    EXPECT_EQ(load.figures().successes, 0U);
    EXPECT_GT(load.due(), 0U);
    EXPECT_EQ(load.figures().failed_with("unfinished"), load.due());
    std::size_t slow = 0;
    for (const auto& worker : load.measured()) {
        slow += worker.slow_statements.size();
    }
    EXPECT_EQ(slow, 4U) << "the wait of those that hang is known to its end";
    EXPECT_GT(load.longest_stall().length_s(), 0.05);
}

TEST_F(LoadFailures, AClosedLoopThatHangsAtTheEndIsUnfinished) {
    auto setup = reads();
    setup.drain = 100ms;
    auto other = locker();
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(blocked(4));
    load.finish();
    EXPECT_EQ(load.due(), 4U);
    EXPECT_EQ(load.figures().failed_with("unfinished"), 4U);
}

TEST_F(LoadFailures, AbandoningEndsTheDrain) {
    auto setup = reads();
    setup.rate = 100;
    setup.drain = 60s;
    auto other = locker();
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(blocked(4));
    auto stopping = std::async(std::launch::async, [&] { load.finish(); });
    const auto before = Clock::now();
    load.engine().abandon();
    stopping.get();
    EXPECT_LT(Clock::now() - before, 30s);
    EXPECT_EQ(load.figures().failed_with("unfinished"), load.due());
}

TEST_F(LoadFailures, TerminatedSessionsComeBack) {
    LoadSetup setup;
    setup.operations = {statement("SELECT pg_sleep(0.02)")};
    setup.rate = 250;  // a little more than four can do: each of them has something to lose
    setup.workers = 2;
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(
        becomes_true("SELECT count(*) = 4 FROM pg_stat_activity WHERE datname = "
                     "current_database() AND wait_event = 'PgSleep'"));
    terminate_load();
    // By the load's own word: the server lists a session before its client is through with setting
    // it up, and a load that is told to end does not wait for that.
    ASSERT_TRUE(eventually([&] { return load.sessions() == 8; }));
    load.finish();
    const auto figures = load.figures();
    EXPECT_GT(figures.failed_with("57P01"), 0U);
    EXPECT_EQ(figures.failures(),
              figures.failed_with("57P01") + figures.failed_with("connection_lost"));
    EXPECT_LE(figures.failures(), 4U) << "only what ran";
    EXPECT_EQ(load.reconnects(), 4U);
    EXPECT_EQ(load.engine().connect_failures().first, 0U);
}

TEST_F(LoadFailures, AnOperationBetweenTwoTriesIsNotForgotten) {
    sql("CREATE FUNCTION again() RETURNS int LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE 'again' USING ERRCODE = '40001'; END $$");
    auto call = statement("SELECT again()");
    call.retry = {.times = 3, .backoff = 1h};
    LoadSetup setup;
    setup.operations = {call};
    setup.connections = 1;
    setup.rate = 0.001;                            // one, at once
    setup.protocol = scenarios::Protocol::simple;  // one round trip
    setup.drain = 60s;                             // a lost one would keep it waiting
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(
        becomes_true("SELECT query LIKE '%again%' AND state = 'idle' FROM "
                     "pg_stat_activity WHERE datname = current_database() AND "
                     "application_name = 'rehearse/load'"));
    terminate_load();
    const auto before = Clock::now();
    load.finish_at(1ms);
    EXPECT_LT(Clock::now() - before, 30s);
    EXPECT_EQ(load.due(), 1U);
    EXPECT_EQ(load.figures().failures(), 1U);
    EXPECT_EQ(load.figures().retries, 1U);
}

TEST_F(LoadFailures, AServerThatStopsAnsweringIsGivenUp) {
    LoadSetup setup;
    setup.operations = {statement("SELECT 1")};
    setup.connections = 1;
    setup.rate = 100;
    setup.statement_timeout = 100ms;
    setup.answer_grace = 200ms;
    Load load{setup, conninfo("load")};
    load.start();
    const auto pid = static_cast<pid_t>(
        std::stol(value("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
                        "application_name = 'rehearse/load'")));
    ASSERT_EQ(kill(pid, SIGSTOP), 0);
    EXPECT_TRUE(
        becomes_true("SELECT count(*) = 2 FROM pg_stat_activity WHERE datname = "
                     "current_database() AND application_name = 'rehearse/load'"))
        << "a second connection, beside the one that hangs";
    kill(pid, SIGCONT);
    load.finish();
    EXPECT_EQ(load.figures().failed_with("client_timeout"), 1U);
    EXPECT_GT(load.figures().successes, 0U);
    EXPECT_EQ(load.reconnects(), 1U);
}

// A server of its own, to be stopped and started.
class Restarts : public testing::Test {
protected:
    void SetUp() override {
        auto options = tests::server_under_test();
        options.settings = {{"max_connections", "1040"}, {"fsync", "off"}};
        server_ = std::make_unique<PostgresThrowaway>(options);
        conninfo_ = harness::postgres::Target::parse(server_->uri()).conninfo("load");
    }
    // As `pg_ctl stop -m immediate`: nobody is told anything.
    void stop_at_once() {
        ASSERT_EQ(kill(server_->postmaster(), SIGQUIT), 0);
        ASSERT_TRUE(eventually([&] { return kill(server_->postmaster(), 0) != 0; }));
    }
    void start_again() {
        const auto options = tests::server_under_test();
        const auto binaries =
            harness::postgres::find_server(options.binaries, options.major_version);
        again_ = std::make_unique<ServerProcess>(
            harness::postgres::Program{.arguments = {(binaries.folder / "postgres").string(), "-D",
                                                     (server_->folder() / "data").string()},
                                       .folder = server_->folder(),
                                       .output = server_->folder() / "server.log",
                                       .user = harness::postgres::server_user()},
            SIGQUIT);
        ASSERT_TRUE(eventually([&] { return PQping(conninfo_.c_str()) == PQPING_OK; }, 30s));
    }

    std::unique_ptr<PostgresThrowaway> server_;
    std::string conninfo_;
    std::unique_ptr<ServerProcess> again_;
};

TEST_F(Restarts, AnOutageIsFeltFromItsFirstToItsLastMoment) {
    for (const bool open : {true, false}) {
        LoadSetup setup;
        setup.operations = {statement("SELECT pg_sleep(0.01)")};
        setup.statement_timeout = 0ms;  // nothing but the lost connection ends what runs
        setup.workers = 2;
        if (open) {
            setup.rate = 200;
        } else {
            setup.think_time = 1ms;
            setup.operations = {statement("SELECT pg_sleep(0.05)")};
        }
        Load load{setup, conninfo_};
        load.start();
        ASSERT_TRUE(eventually([&] { return load.engine().live().done > 10; }));
        const auto stopping = Clock::now();
        if (again_) {
            again_->signal(SIGQUIT);
            ASSERT_TRUE(again_->wait_for(10s));
        } else {
            stop_at_once();
        }
        const auto stopped = Clock::now();
        // Every connection has found out, and tried in vain to come back.
        ASSERT_TRUE(eventually([&] { return load.engine().connect_failures().first >= 8; }));
        const auto starting = Clock::now();
        start_again();
        const auto second = load.engine().live().second;
        ASSERT_TRUE(eventually(
            [&] {
                const auto live = load.engine().live();
                return live.second > second + 1 && live.done > 10;
            },
            20s));
        load.finish();
        const auto figures = load.figures();
        // Of an open loop it may be that nothing ran at that moment.
        EXPECT_TRUE(open || figures.failures() > 0) << "what ran is lost";
        EXPECT_LE(figures.failures(), 8U) << "and nothing else";
        EXPECT_EQ(figures.failed_with("unfinished") + figures.failed_with("client_timeout"), 0U);
        EXPECT_EQ(load.reconnects(), 4U);
        const auto stall = load.longest_stall();
        EXPECT_GE(stall.length_s(), seconds(starting - stopped) - 0.02);
        EXPECT_GE(stall.start_s, seconds(stopping - load.measured_from()) - 0.1);
    }
}

TEST_F(Restarts, AnEndWithoutConnectionsSaysSo) {
    for (const bool open : {true, false}) {
        LoadSetup setup;
        setup.operations = {statement("SELECT 1")};
        setup.drain = 200ms;
        if (open) {
            setup.rate = 200;
        } else {
            setup.think_time = 5ms;
        }
        Load load{setup, conninfo_};
        load.start();
        ASSERT_TRUE(eventually([&] { return load.engine().live().done > 10; }));
        if (again_) {
            again_->signal(SIGQUIT);
            ASSERT_TRUE(again_->wait_for(10s));
        } else {
            stop_at_once();
        }
        ASSERT_TRUE(eventually([&] { return load.engine().connect_failures().first >= 4; }));
        load.finish();
        if (open) {
            EXPECT_GT(load.figures().failed_with("no_connection"), 0U);
            start_again();
        } else {
            EXPECT_EQ(load.figures().failed_with("no_connection"), 4U) << "each user once";
        }
        EXPECT_FALSE(load.engine().connect_failures().second.empty());
    }
}

TEST_F(Restarts, AThousandConnectionsWork) {
    LoadSetup setup;
    setup.operations = {statement("SELECT 1")};
    setup.connections = 1000;
    setup.workers = 2;
    setup.rate = 2000;
    Load load{setup, conninfo_};
    load.run(1s);
    EXPECT_EQ(load.figures().successes, 2000U);
    EXPECT_EQ(load.reconnects(), 0U);
}

}  // namespace
