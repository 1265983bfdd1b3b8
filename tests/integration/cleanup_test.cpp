#include "harness/postgres/cleanup.hpp"

#include "harness/database/engine.hpp"
#include "harness/postgres/run_lock.hpp"
#include "tests/integration/throwaway.hpp"

#include <algorithm>
#include <future>
#include <vector>

namespace {

using harness::postgres::Cleanup;
using harness::postgres::open_control;

class CleanUp : public tests::FreshDatabase {
protected:
    Cleanup clean_up() {
        return harness::postgres::clean_up(
            *open_control(conninfo("cleanup")),
            [this](const std::string& line) { announced_.push_back(line); });
    }
    bool alive(const harness::database::Control& session) {
        return value("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = " +
                     std::to_string(session.session_id()) + ")") == "t";
    }
    std::vector<std::string> announced_;
};

TEST_F(CleanUp, OfACleanDatabaseDoesNothing) {
    sql("CREATE TABLE mine (a int)");
    const auto cleanup = clean_up();
    EXPECT_TRUE(cleanup.removed.empty());
    EXPECT_TRUE(cleanup.kept.empty());
    EXPECT_TRUE(cleanup.failed.empty());
}

TEST_F(CleanUp, EndsAKilledRunsSessionsAndNobodyElses) {
    const auto step = open_control(conninfo("migration"));
    step->execute("BEGIN; CREATE TABLE half (a int)");
    const auto doctor = open_control(conninfo("doctor"));
    const auto elsewhere =
        open_control(harness::postgres::Target::parse(tests::server().uri()).conninfo("migration"));

    const auto cleanup = clean_up();

    EXPECT_TRUE(cleanup.failed.empty());
    EXPECT_EQ(cleanup.removed.size(), 1U);
    EXPECT_EQ(announced_.size(), 1U);
    EXPECT_FALSE(alive(*step));
    EXPECT_TRUE(alive(*doctor));
    EXPECT_TRUE(alive(*elsewhere));
    EXPECT_EQ(value("SELECT to_regclass('half') IS NULL"), "t");
}

TEST_F(CleanUp, IsRefusedWhileARehearsalRuns) {
    const auto lock = harness::postgres::lock_for_run(conninfo("lock"));
    const auto step = open_control(conninfo("migration"));
    EXPECT_THROW(clean_up(), harness::database::Refused);
    EXPECT_TRUE(alive(*step));
    EXPECT_TRUE(announced_.empty());
}

TEST_F(CleanUp, EmptiesTheSchemaButKeepsTheGuard) {
    harness::postgres::mark_as_staging(*open_control(conninfo("guard")), [](const std::string&) {});
    sql("CREATE TABLE rehearse.\"Odd one\" (id serial PRIMARY KEY);"
        "CREATE VIEW rehearse.a_view AS SELECT * FROM rehearse.\"Odd one\";"
        "CREATE TYPE rehearse.mood AS ENUM ('good');"
        "CREATE TABLE rehearse.moods (m rehearse.mood);"
        "CREATE FUNCTION rehearse.f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
        "CREATE SEQUENCE rehearse.s");

    const auto cleanup = clean_up();

    EXPECT_TRUE(cleanup.failed.empty()) << cleanup.failed[0];
    EXPECT_EQ(
        value("SELECT string_agg(relname, ' ') FROM pg_class WHERE relkind IN ('r', 'v', 'S') "
              "AND relnamespace = 'rehearse'::regnamespace"),
        "guard");
    EXPECT_NO_THROW(harness::postgres::check_guard(*control()));
}

TEST_F(CleanUp, DropsAnEmptySchema) {
    sql("CREATE SCHEMA rehearse; CREATE TABLE rehearse.t (a int)");
    EXPECT_EQ(clean_up().removed.back(), "DROP SCHEMA rehearse");
    EXPECT_EQ(value("SELECT count(*) FROM pg_namespace WHERE nspname = 'rehearse'"), "0");
}

TEST_F(CleanUp, NeverDropsWhatOthersBuiltOnOurLeftovers) {
    sql("CREATE SCHEMA rehearse; CREATE TABLE rehearse.t (a int);"
        "CREATE VIEW mine AS SELECT * FROM rehearse.t");
    const auto cleanup = clean_up();
    ASSERT_EQ(cleanup.failed.size(), 1U);
    EXPECT_NE(cleanup.failed[0].find("view mine"), std::string::npos) << cleanup.failed[0];
    EXPECT_EQ(value("SELECT count(*) FROM mine"), "0");
}

TEST_F(CleanUp, DropsItsReplicationSlotsAndNobodyElses) {
    sql(""
        "SELECT pg_create_logical_replication_slot('rehearse_1', 'test_decoding')");
    sql("SELECT pg_create_logical_replication_slot('somebodys', 'test_decoding')");
    const auto cleanup = clean_up();
    EXPECT_TRUE(cleanup.failed.empty()) << cleanup.failed[0];
    EXPECT_EQ(value("SELECT string_agg(slot_name, ' ') FROM pg_replication_slots "
                    "WHERE database = current_database()"),
              "somebodys");
    sql("SELECT pg_drop_replication_slot('somebodys')");
}

TEST_F(CleanUp, ReportsAnInvalidIndexAndLeavesIt) {
    sql("CREATE TABLE t AS SELECT 1 AS a FROM generate_series(1, "
        "2)");
    const auto failed = control()->execute("CREATE UNIQUE INDEX CONCURRENTLY half ON t (a)");
    ASSERT_FALSE(failed.ok());
    const auto cleanup = clean_up();
    ASSERT_EQ(cleanup.kept.size(), 1U);
    EXPECT_NE(cleanup.kept[0].find("index half"), std::string::npos);
    EXPECT_EQ(value("SELECT to_regclass('half') IS NOT NULL"), "t");
}

TEST_F(CleanUp, AnIndexThatIsBeingBuiltIsNotInvalid) {
    if (std::stoi(value("SHOW server_version_num")) < 120000) {
        GTEST_SKIP() << "the server does not tell before 12";
    }
    sql("CREATE TABLE t (a int)");
    const auto writer = control();
    writer->execute("BEGIN; INSERT INTO t VALUES (1)");  // the build waits for its end
    const auto builder = control({.lock_timeout = std::chrono::milliseconds{0}, .on_notice = {}});
    auto built = std::async(std::launch::async, [&] {
        return builder->execute("CREATE INDEX CONCURRENTLY slow ON t (a)");
    });
    EXPECT_TRUE(
        becomes_true("SELECT EXISTS (SELECT FROM pg_stat_progress_create_index p "
                     "JOIN pg_index i ON i.indexrelid = p.index_relid "
                     "WHERE NOT i.indisvalid)"));
    EXPECT_TRUE(harness::postgres::invalid_indexes(*control()).empty());
    writer->execute("COMMIT");
    EXPECT_TRUE(built.get().ok());
}

}  // namespace
