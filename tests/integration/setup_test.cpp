#include "harness/migration/setup.hpp"

#include "tests/integration/migration_fixture.hpp"

#include <filesystem>
#include <fstream>
#include <thread>

namespace {

using harness::migration::run_setup;
using harness::migration::SetupError;

class Setup : public tests::MigrationFixture {
protected:
    void SetUp() override {
        MigrationFixture::SetUp();
        folder_ = std::filesystem::path{testing::TempDir()} / ("setup_" + database());
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override {
        std::filesystem::remove_all(folder_);
        MigrationFixture::TearDown();
    }

    std::optional<SetupError> run(const std::string& text) {
        const auto file = folder_ / "setup.sql";
        std::ofstream{file, std::ios::binary} << text;
        const auto own = control();
        return run_setup(*own, {file});
    }

    std::filesystem::path folder_;
};

TEST_F(Setup, RunsEverythingThatPlainSqlHolds) {
    const auto failed =
        run("\xEF\xBB\xBF-- begins with a byte order mark\n"
            "CREATE TABLE \"Größe\" (id int PRIMARY KEY, t text);\n"
            "DO $x$ BEGIN FOR i IN 1..10 LOOP INSERT INTO \"Größe\" VALUES (i, ';'); "
            "END LOOP; END $x$;\n"
            "CREATE FUNCTION two() RETURNS int LANGUAGE sql AS 'SELECT 1; SELECT 2;';\n"
            "BEGIN; INSERT INTO \"Größe\" VALUES (11, E'it\\'s; \"'); COMMIT;\n"
            "VACUUM \"Größe\";\n"
            "CREATE INDEX CONCURRENTLY ON \"Größe\" (t)");
    ASSERT_FALSE(failed) << failed->text();
    EXPECT_EQ(value("SELECT count(*) || ' ' || two() FROM \"Größe\""), "11 2");
}

TEST_F(Setup, AnErrorNamesFileAndLineOfTheVeryWord) {
    const auto failed = run("CREATE TABLE t (a int);\n\nSELECT 'größe',\n  a,\n  wrong\nFROM t;\n");
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->line, 5);
    EXPECT_TRUE(contains(failed->text(), "setup.sql:5: ")) << failed->text();
    EXPECT_TRUE(contains(failed->text(), "42703")) << failed->text();
    EXPECT_EQ(value("SELECT to_regclass('t') IS NOT NULL"), "t");
}

TEST_F(Setup, AnErrorWithoutAPlaceNamesTheStatementsLine) {
    const auto failed =
        run("CREATE TABLE t (a int CHECK (a > 0));\n-- wrong\nINSERT INTO t\nVALUES (0);");
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->line, 3);
}

TEST_F(Setup, SaysWhatIsNotSupported) {
    const auto copy = run("CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n2\n\\.\n");
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->line, 2);
    EXPECT_TRUE(contains(copy->message, "COPY ... FROM STDIN is not supported")) << copy->message;

    const auto command = run("SELECT 1;\n\\connect other\n");
    ASSERT_TRUE(command);
    EXPECT_EQ(command->line, 2);
    EXPECT_TRUE(contains(command->message, "\\connect")) << command->message;
}

TEST_F(Setup, ATransactionLeftOpenIsAnError) {
    const auto failed = run("SELECT 1;\nBEGIN;\nCREATE TABLE t (a int);\n");
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->line, 2);
    EXPECT_TRUE(contains(failed->message, "never committed")) << failed->message;
    EXPECT_EQ(value("SELECT to_regclass('t') IS NULL"), "t");
}

TEST_F(Setup, WhatIsNeverClosedIsAnError) {
    const auto failed = run("SELECT 1;\nSELECT 'a;\n");
    ASSERT_TRUE(failed);
    EXPECT_TRUE(contains(failed->message, "a string that begins in line 2")) << failed->message;
}

TEST_F(Setup, AMissingFileIsNamed) {
    const auto own = control();
    const auto failed = run_setup(*own, {folder_ / "nothing.sql"});
    ASSERT_TRUE(failed);
    EXPECT_TRUE(contains(failed->text(), "nothing.sql: cannot be opened: No such file"))
        << failed->text();
}

TEST_F(Setup, AFileOfSeveralPiecesIsWhole) {
    std::string text = "CREATE TABLE t (a int, b text);\n";
    for (int i = 0; i < 3000; ++i) {
        text += "INSERT INTO t VALUES (" + std::to_string(i) + ", '" + std::string(1000, 'x') +
                ";');\n";
    }
    ASSERT_GT(text.size(), 3'000'000U);
    const auto failed = run(text);
    ASSERT_FALSE(failed) << failed->text();
    EXPECT_EQ(value("SELECT count(*) || ' ' || min(length(b)) || ' ' || max(a) FROM t"),
              "3000 1001 2999");
}

TEST_F(Setup, InsertsInARowMayBeFollowedByWhatCannotRunInATransaction) {
    const auto failed =
        run("CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n"
            "INSERT INTO t VALUES (2);\nVACUUM t;\nINSERT INTO t VALUES (3);\n"
            "BEGIN; INSERT INTO t VALUES (4); ROLLBACK;\nINSERT INTO t VALUES (5);");
    ASSERT_FALSE(failed) << failed->text();
    EXPECT_EQ(value("SELECT string_agg(a::text, ',' ORDER BY a) FROM t"), "1,2,3,5");
}

TEST_F(Setup, InsertsThatFailAtTheirCommitAreNamed) {
    const auto failed =
        run("CREATE TABLE p (a int PRIMARY KEY);\n"
            "CREATE TABLE c (a int REFERENCES p DEFERRABLE INITIALLY DEFERRED);\n"
            "INSERT INTO c VALUES (1);\n");
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->line, 3);
    EXPECT_TRUE(contains(failed->message, "23503")) << failed->message;
}

TEST_F(Setup, AnInterruptionEndsARunningStatement) {
    const auto file = folder_ / "setup.sql";
    std::ofstream{file} << "SELECT 1;\nSELECT pg_sleep(3600);\n";
    std::jthread other{[&] {
        EXPECT_TRUE(
            becomes_true("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query ~ "
                         "'^SELECT pg_sleep' AND state = 'active')"));
        interruption.request();
    }};
    const auto own = control();
    const auto failed = run_setup(*own, {file}, {.interruption = &interruption, .log = {}});
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->line, 2);
}

}  // namespace
