// Deploys under load: no operation fails, and in the end only the new version is there.
#include "tests/integration/load_support.hpp"
#include "tests/integration/throwaway.hpp"

#include <string>

#include <gtest/gtest.h>

namespace {

using tests::eventually;
using tests::Load;
using tests::LoadSetup;
using tests::statement;
using workloads::App;
using workloads::AppFilter;
using namespace std::chrono_literals;

const auto never = [] { return false; };

class LoadDeploy : public tests::FreshDatabase {
protected:
    // Each operation leaves the version that sent it and when.
    [[nodiscard]] LoadSetup versions(std::optional<double> rate = 300) {
        sql("CREATE TABLE seen (version text, at timestamptz DEFAULT clock_timestamp())");
        LoadSetup setup;
        setup.operations = {statement("INSERT INTO seen VALUES (current_setting('app.version'))")};
        setup.session_old = "SET app.version = 'old'";
        setup.session_new = "SET app.version = 'new'";
        setup.connections = 8;
        setup.workers = 2;
        setup.rate = rate;
        return setup;
    }
    [[nodiscard]] std::string now() { return value("SELECT clock_timestamp()"); }
    [[nodiscard]] std::string count(const std::string& where) {
        return value("SELECT count(*) FROM seen WHERE " + where);
    }
    [[nodiscard]] bool seen(const std::string& version, int times = 20) {
        return becomes_true("SELECT count(*) >= " + std::to_string(times) +
                            " FROM seen WHERE version = '" + version + "'");
    }
    void expect_versions_counted(const Load& load) {
        EXPECT_EQ(std::to_string(load.figures(0, App::old_version).successes),
                  count("version = 'old'"));
        EXPECT_EQ(std::to_string(load.figures(0, App::new_version).successes),
                  count("version = 'new'"));
        EXPECT_EQ(load.figures().failures(), 0U);
        EXPECT_EQ(load.unsent(), 0U);
    }
};

TEST_F(LoadDeploy, AtOnceUnderLoadNothingFails) {
    Load load{versions(), conninfo("load")};
    load.start();
    ASSERT_TRUE(seen("old"));
    EXPECT_EQ(load.engine().deploy(App::new_version, 0ms, never), std::nullopt);
    const auto done = now();
    sql("TRUNCATE seen");  // the counts start again below
    ASSERT_TRUE(seen("new"));
    EXPECT_EQ(count("version = 'old' AND at > '" + done + "'"), "0");
    load.finish();
    EXPECT_EQ(load.figures().failures(), 0U);
}

TEST_F(LoadDeploy, RollingTheShareOfTheNewVersionGrows) {
    Load load{versions(500), conninfo("load")};
    load.start();
    ASSERT_TRUE(seen("old"));
    const auto begun = now();
    EXPECT_EQ(load.engine().deploy(App::new_version, 1200ms, never), std::nullopt);
    const auto done = now();
    ASSERT_TRUE(becomes_true("SELECT count(*) > 20 FROM seen WHERE at > '" + done + "'"));
    load.finish();
    expect_versions_counted(load);
    EXPECT_EQ(count("version = 'new' AND at < '" + begun + "'"), "0");
    EXPECT_EQ(count("version = 'old' AND at > '" + done + "'"), "0");
    const auto share = [&](int third) {
        return value(
            "SELECT (100 * count(*) FILTER (WHERE version = 'new') / count(*)) FROM seen "
            "WHERE width_bucket(extract(epoch FROM at), extract(epoch FROM '" +
            begun + "'::timestamptz), extract(epoch FROM '" + done +
            "'::timestamptz), 3) = " + std::to_string(third));
    };
    const int first = std::stoi(share(1)), second = std::stoi(share(2)),
              third = std::stoi(share(3));
    EXPECT_LT(first, second);
    EXPECT_LT(second, third);
    EXPECT_LT(first, 40);
    EXPECT_GT(third, 60);
}

TEST_F(LoadDeploy, AClosedLoopGoesOnThroughADeploy) {
    auto setup = versions(std::nullopt);
    setup.think_time = 5ms;
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(seen("old"));
    EXPECT_EQ(load.engine().deploy(App::new_version, 300ms, never), std::nullopt);
    ASSERT_TRUE(seen("new"));
    load.finish();
    expect_versions_counted(load);
}

TEST_F(LoadDeploy, WhereTheServerIsFullEachConnectionIsChangedInPlace) {
    for (const bool open : {true, false}) {
        auto setup = versions(open ? std::optional{300.0} : std::nullopt);
        setup.think_time = 2ms;
        sql("CREATE ROLE limited_deploy LOGIN CONNECTION LIMIT 8");
        sql("GRANT INSERT ON seen TO limited_deploy");
        Load load{setup, conninfo("load", "limited_deploy")};
        load.start();
        ASSERT_TRUE(seen("old"));
        EXPECT_EQ(load.engine().deploy(App::new_version, 200ms, never), std::nullopt);
        EXPECT_EQ(value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'limited_deploy'"),
                  "8")
            << "a deploy is over when all connections are open";
        ASSERT_TRUE(seen("new"));
        load.finish();
        expect_versions_counted(load);
        sql("DROP TABLE seen");
        ASSERT_TRUE(becomes_true(
            "SELECT count(*) = 0 FROM pg_stat_activity WHERE usename = 'limited_deploy'"));
        sql("DROP ROLE limited_deploy");
    }
}

TEST_F(LoadDeploy, AnOperationIsSentByItsVersionOnly) {
    auto setup = versions();
    setup.operations[0].app = AppFilter::old_version;
    auto newer = statement("INSERT INTO seen VALUES ('only new')", {}, "only_new");
    newer.app = AppFilter::new_version;
    setup.operations.push_back(newer);
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(seen("old"));
    EXPECT_EQ(count("version = 'only new'"), "0");
    EXPECT_EQ(load.engine().deploy(App::new_version, 0ms, never), std::nullopt);
    const auto done = now();
    ASSERT_TRUE(seen("only new"));
    load.finish();
    EXPECT_EQ(load.figures().failures(), 0U);
    EXPECT_EQ(count("version = 'old' AND at > '" + done + "'"), "0");
    EXPECT_EQ(load.figures(0, App::new_version).successes, 0U);
    EXPECT_EQ(load.figures(1, App::old_version).successes, 0U);
}

TEST_F(LoadDeploy, AVersionWithoutOperationsSendsNothing) {
    for (const bool open : {true, false}) {
        auto setup = versions(open ? std::optional{300.0} : std::nullopt);
        setup.think_time = 2ms;
        setup.operations[0].app = AppFilter::new_version;
        Load load{setup, conninfo("load")};
        load.start();
        EXPECT_EQ(load.engine().deploy(App::new_version, 100ms, never), std::nullopt);
        ASSERT_TRUE(seen("new"));
        load.finish();
        expect_versions_counted(load);
        EXPECT_LT(load.figures().response.max_us(), 500'000)
            << "nobody waited for an operation that was not there";
        sql("DROP TABLE seen");
    }
}

TEST_F(LoadDeploy, AVersionThatCannotConnectLeavesTheOldOneRunning) {
    auto setup = versions();
    setup.session_new = "SET no_such_setting = 1";
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(seen("old"));
    EXPECT_EQ(load.engine().deploy(App::new_version, 0ms,
                                   [&] { return load.engine().connect_failures().first > 30; }),
              std::nullopt);
    sql("TRUNCATE seen");
    ASSERT_TRUE(seen("old"));
    load.finish();
    EXPECT_EQ(load.figures().failures(), 0U);
    EXPECT_EQ(load.figures(0, App::new_version).successes, 0U);
    EXPECT_NE(load.engine().connect_failures().second.find("no_such_setting"), std::string::npos);
}

TEST_F(LoadDeploy, BackToTheOldVersion) {
    Load load{versions(), conninfo("load")};
    load.start();
    EXPECT_EQ(load.engine().deploy(App::new_version, 0ms, never), std::nullopt);
    ASSERT_TRUE(seen("new"));
    EXPECT_EQ(load.engine().deploy(App::old_version, 100ms, never), std::nullopt);
    const auto done = now();
    ASSERT_TRUE(becomes_true("SELECT count(*) > 20 FROM seen WHERE at > '" + done + "'"));
    load.finish();
    expect_versions_counted(load);
    EXPECT_EQ(count("version = 'new' AND at > '" + done + "'"), "0");
}

// The old version hangs in a lock that the new one does not take.
TEST_F(LoadDeploy, WhatWaitsForAVersionThatIsGoneIsSentByTheOther) {
    auto setup = versions(100);
    sql("CREATE FUNCTION wait_if_old() RETURNS text LANGUAGE plpgsql AS $$ BEGIN "
        "IF current_setting('app.version') = 'old' THEN "
        "PERFORM pg_advisory_xact_lock_shared(1); END IF; "
        "RETURN current_setting('app.version'); END $$");
    setup.operations = {statement("INSERT INTO seen SELECT wait_if_old()")};
    setup.connections = 2;
    setup.workers = 1;
    Load load{setup, conninfo("load")};
    load.start();
    ASSERT_TRUE(seen("old"));
    auto other = control();
    harness::postgres::ask(*other, "SELECT pg_advisory_lock(1)");
    ASSERT_TRUE(eventually([&] { return load.engine().live().backlog > 10; }));
    // Both are hanging; the lock is let go when the deploy waits for them.
    bool released = false;
    EXPECT_EQ(load.engine().deploy(App::new_version, 0ms,
                                   [&] {
                                       if (!released) {
                                           harness::postgres::ask(*other,
                                                                  "SELECT pg_advisory_unlock(1)");
                                           released = true;
                                       }
                                       return false;
                                   }),
              std::nullopt);
    ASSERT_TRUE(eventually([&] { return load.engine().live().backlog == 0; }));
    load.finish();
    expect_versions_counted(load);
    EXPECT_EQ(load.figures().successes, load.due());
}

}  // namespace
