// The load engine against a real server: what it sends, when, and how it counts.
#include "harness/load/engine.hpp"
#include "harness/load/summary.hpp"
#include "tests/integration/load_support.hpp"
#include "tests/integration/silent_server.hpp"
#include "tests/integration/throwaway.hpp"
#include "workloads/arrival.hpp"

#include <array>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace {

using harness::database::ErrorKind;
using harness::database::Outage;
using tests::eventually;
using tests::Load;
using tests::LoadSetup;
using tests::statement;
using workloads::OperationSource;
using namespace std::chrono_literals;

class LoadEngine : public tests::FreshDatabase {
protected:
    // Each operation leaves its number and a value.
    [[nodiscard]] LoadSetup inserts() {
        sql("CREATE TABLE arrived (n bigint, v bigint)");
        LoadSetup setup;
        setup.operations = {statement("INSERT INTO arrived VALUES (:n, :v)",
                                      {{"n", "sequence(0)"}, {"v", "uniform(1, 1000000)"}})};
        return setup;
    }
    [[nodiscard]] std::string fingerprint() {
        return value("SELECT md5(string_agg(n || ':' || v, ',' ORDER BY n, v)) FROM arrived");
    }
};

TEST_F(LoadEngine, SendsWhatIsDueAtAConstantRate) {
    auto setup = inserts();
    setup.rate = 400;
    Load load{setup, conninfo("load")};
    load.run(1s);
    EXPECT_EQ(load.due(), 400U);
    EXPECT_EQ(load.figures().successes, 400U);
    EXPECT_EQ(load.figures().failures(), 0U);
    EXPECT_EQ(value("SELECT count(DISTINCT n) || ' ' || min(n) || ' ' || max(n) FROM arrived"),
              "400 0 399");
}

TEST_F(LoadEngine, SendsExactlyThePoissonSchedule) {
    auto setup = inserts();
    setup.rate = 300;
    setup.arrival = workloads::ArrivalKind::poisson;
    setup.seed = 99;
    setup.workers = 2;
    Load load{setup, conninfo("load")};
    load.run(1s);
    workloads::Arrivals arrivals{workloads::ArrivalKind::poisson, 300, 99};
    std::uint64_t expected = 0;
    while (arrivals.next().at < 1s) {
        ++expected;
    }
    EXPECT_EQ(load.due(), expected);
    EXPECT_EQ(load.figures().successes, expected);
}

TEST_F(LoadEngine, TheSameSeedGivesTheSameOperationsWithAnyNumberOfWorkers) {
    auto setup = inserts();
    setup.operations.push_back(statement("INSERT INTO arrived VALUES (:n, -:v::bigint)",
                                         {{"n", "sequence(0)"}, {"v", "zipfian(1, 500, 1.1)"}},
                                         "other"));
    setup.rate = 500;
    setup.arrival = workloads::ArrivalKind::poisson;
    setup.connections = 6;
    std::vector<std::string> fingerprints;
    for (const auto& [workers, seed] : {std::pair{1U, 5U}, {3U, 5U}, {3U, 6U}}) {
        sql("TRUNCATE arrived");
        setup.workers = workers;
        setup.seed = seed;
        Load load{setup, conninfo("load")};
        load.run(600ms);
        EXPECT_EQ(load.figures().failures(), 0U);
        fingerprints.push_back(fingerprint());
    }
    EXPECT_EQ(fingerprints[0], fingerprints[1]);
    EXPECT_NE(fingerprints[1], fingerprints[2]) << "another seed gives other operations";
}

TEST_F(LoadEngine, ClosedLoopUsersThinkBetweenOperations) {
    auto setup = inserts();
    setup.think_time = 50ms;
    setup.workers = 2;
    Load load{setup, conninfo("load")};
    load.run(1s);
    // At 0, then at least 50 ms apart: 20 a user at most.
    EXPECT_LE(load.due(), 80U);
    EXPECT_GE(load.due(), 16U);
    EXPECT_EQ(value("SELECT count(DISTINCT n) FROM arrived"), std::to_string(load.due()))
        << "each has a number of its own";
    EXPECT_EQ(load.figures().successes, load.due());
}

TEST_F(LoadEngine, AClosedLoopWithoutThinkTimeGoesOnAtOnce) {
    auto setup = inserts();
    Load load{setup, conninfo("load")};
    load.run(500ms);
    EXPECT_GT(load.due(), 100U);
    EXPECT_EQ(load.figures().successes, load.due());
    EXPECT_EQ(value("SELECT count(*) FROM arrived"), std::to_string(load.due()));
}

TEST_F(LoadEngine, TheScheduleStartsWhenItIsTold) {
    for (const bool open : {true, false}) {
        LoadSetup setup;
        setup.operations = {statement("SELECT 1")};
        if (open) {
            setup.rate = 100;
        } else {
            setup.think_time = 10ms;
        }
        Load load{setup, conninfo("load")};
        load.engine().connect(10s);
        load.engine().begin(load.started() + 1h);
        load.finish_at(0ms);
        EXPECT_EQ(load.due(), 0U) << (open ? "open" : "closed");
    }
}

TEST_F(LoadEngine, MoreWorkersThanConnectionsAreNotUsed) {
    auto setup = inserts();
    setup.rate = 200;
    setup.connections = 2;
    setup.workers = 5;
    Load load{setup, conninfo("load")};
    load.run(500ms);
    EXPECT_EQ(load.figures().successes, 100U);
    EXPECT_EQ(load.measured().size(), 2U);
}

TEST_F(LoadEngine, ALoadWithoutConnectionsIsRefused) {
    LoadSetup setup;
    setup.operations = {statement("SELECT 1")};
    setup.connections = 0;
    EXPECT_THROW((Load{setup, conninfo("load")}), std::invalid_argument);
}

TEST_F(LoadEngine, KnowsItsOwnSessions) {
    LoadSetup setup;
    setup.operations = {statement("SELECT 1")};
    setup.rate = 10;
    Load load{setup, conninfo("load")};
    load.start();
    const auto answer =
        sql("SELECT pid, application_name = 'rehearse/load' FROM pg_stat_activity "
            "WHERE datname = current_database()");
    int own = 0;
    for (const auto& row : answer.rows) {
        const bool is_load = row[1] == "t";
        EXPECT_EQ(load.owns_session(std::stoll(*row[0])), is_load);
        own += is_load ? 1 : 0;
    }
    EXPECT_EQ(own, 4);
    load.finish_at(100ms);
}

TEST_F(LoadEngine, TellsWhatGoesOnEachSecond) {
    auto setup = inserts();
    setup.rate = 200;
    setup.workers = 2;
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(eventually([&] { return load.engine().live().second >= 2; }));
    const auto live = load.engine().live();
    EXPECT_NEAR(live.due, 200, 60);
    EXPECT_NEAR(live.done, 200, 120) << "both workers' share";
    EXPECT_EQ(live.failed, 0U);
    EXPECT_TRUE(live.p99_ms);
    load.finish();
}

TEST_F(LoadEngine, SerializationFailuresAreTriedAgainAndCounted) {
    sql("CREATE TABLE counter AS SELECT 0 AS n");
    OperationSource increment = statement("UPDATE counter SET n = n + 1");
    increment.transaction = true;
    increment.statements.insert(increment.statements.begin(), {"SELECT n FROM counter", {}});
    increment.retry = {.times = 1000, .backoff = 0ms};
    LoadSetup setup;
    setup.operations = {increment};
    setup.session_old = "SET default_transaction_isolation = 'serializable'";
    Load load{setup, conninfo("load")};
    load.run(700ms);
    EXPECT_EQ(load.figures().failures(), 0U);
    EXPECT_GT(load.figures().retries, 0U);
    EXPECT_EQ(value("SELECT n FROM counter"), std::to_string(load.figures().successes))
        << "a success is a commit, and nothing else is";
}

TEST_F(LoadEngine, WithoutARetryPolicyTheyAreFailures) {
    sql("CREATE TABLE counter AS SELECT 0 AS n");
    LoadSetup setup;
    setup.operations = {statement("UPDATE counter SET n = n + 1")};
    setup.session_old = "SET default_transaction_isolation = 'serializable'";
    Load load{setup, conninfo("load")};
    load.run(500ms);
    EXPECT_GT(load.figures().failed_with("40001"), 0U);
    EXPECT_EQ(load.figures().failures(), load.figures().failed_with("40001"));
    EXPECT_EQ(load.figures().retries, 0U);
    EXPECT_EQ(value("SELECT n FROM counter"), std::to_string(load.figures().successes));
}

TEST_F(LoadEngine, RetriesStopAtTheirLimit) {
    // Every third call gets through, whoever makes it.
    sql("CREATE SEQUENCE calls");
    sql("CREATE FUNCTION two_fail() RETURNS int LANGUAGE plpgsql AS $$ BEGIN "
        "IF nextval('calls') % 3 <> 0 THEN RAISE 'again' USING ERRCODE = '40P01'; END IF; "
        "RETURN 1; END $$");
    for (const auto& [times, errors] : {std::pair{2, 0U}, {1, 30U}}) {
        sql("ALTER SEQUENCE calls RESTART");
        OperationSource call = statement("SELECT two_fail()");
        call.retry = {.times = times, .backoff = 1ms};
        LoadSetup setup;
        setup.operations = {call};
        setup.connections = 1;
        setup.rate = 200;
        Load load{setup, conninfo("load")};
        load.run(300ms);  // 60 operations
        const auto figures = load.figures();
        EXPECT_EQ(figures.failed_with("40P01"), errors) << times;
        EXPECT_EQ(figures.successes, 60U - errors) << times;
        EXPECT_EQ(figures.retries, times == 2 ? 120U : 30U);
    }
}

TEST_F(LoadEngine, RealDeadlocksAreTriedAgain) {
    sql("CREATE TABLE pair AS SELECT i AS id, 0 AS n FROM generate_series(1, 2) i");
    LoadSetup setup;
    for (const auto& [first, second] : {std::pair{"1", "2"}, {"2", "1"}}) {
        OperationSource both;
        both.name = std::string{"from_"} + first;
        both.transaction = true;
        for (const auto* id : {first, second}) {
            both.statements.push_back(
                {std::string{"UPDATE pair SET n = n + 1 WHERE id = "} + id, {}});
        }
        both.retry = {.times = 100, .backoff = 1ms};
        setup.operations.push_back(both);
    }
    setup.session_old = "SET deadlock_timeout = '5ms'";
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(
        becomes_true("SELECT deadlocks > 3 FROM pg_stat_database "
                     "WHERE datname = current_database()"));
    load.finish();
    EXPECT_EQ(load.figures().failures(), 0U);
    EXPECT_GT(load.figures().retries, 0U);
    EXPECT_EQ(harness::load::deadlocks(load.measured(), std::array{reports::PhaseName::warmup}),
              load.figures().retries);
    EXPECT_EQ(
        value("SELECT string_agg(n::text, ' ') FROM pair"),
        std::to_string(load.figures().successes) + " " + std::to_string(load.figures().successes));
}

TEST_F(LoadEngine, AnOperationThatCostsItsConnectionDoesNotStopTheOthers) {
    auto setup = inserts();
    auto copy = statement("COPY arrived TO STDOUT", {}, "copy");
    copy.weight = 0.1;
    setup.operations.push_back(copy);
    setup.rate = 300;
    Load load{setup, conninfo("load")};
    load.run(700ms);
    EXPECT_EQ(load.figures(0).failures(), 0U);
    EXPECT_GT(load.figures(1).failed_with("0A000"), 0U);
    EXPECT_EQ(load.figures(1).successes, 0U);
    EXPECT_GT(load.reconnects(), 0U);
}

TEST_F(LoadEngine, TooManyConnectionsAtTheStartAreAnOutageThatSaysWhichOne) {
    sql("CREATE ROLE limited LOGIN CONNECTION LIMIT 3");
    LoadSetup setup;
    setup.operations = {statement("SELECT 1")};
    setup.connections = 5;
    {
        Load load{setup, conninfo("load", "limited")};
        try {
            load.start();
            ADD_FAILURE() << "five connections where three may be";
        } catch (const Outage& outage) {
            EXPECT_EQ(outage.error().kind, ErrorKind::too_many_connections);
            EXPECT_EQ(outage.error().code, "53300");
            EXPECT_NE(std::string{outage.what()}.find(" of 5: "), std::string::npos)
                << outage.what();
        }
    }
    ASSERT_TRUE(becomes_true("SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'limited'"))
        << "those that were open are closed";
    sql("DROP ROLE limited");
}

TEST_F(LoadEngine, AServerThatNeverAnswersIsAnOutage) {
    const tests::SilentServer silent;
    LoadSetup setup;
    setup.operations = {statement("SELECT 1")};
    Load load{setup, silent.conninfo()};
    try {
        load.engine().connect(1s);
        ADD_FAILURE() << "nobody answered";
    } catch (const Outage& outage) {
        EXPECT_NE(std::string{outage.what()}.find("did not answer"), std::string::npos)
            << outage.what();
    }
}

TEST_F(LoadEngine, ManyConnectionsShareTwoWorkers) {
    auto setup = inserts();
    setup.connections = 60;
    setup.workers = 2;
    setup.rate = 1000;
    Load load{setup, conninfo("load")};
    load.run(500ms);
    EXPECT_EQ(load.figures().successes, 500U);
    EXPECT_EQ(load.reconnects(), 0U);
}

}  // namespace
