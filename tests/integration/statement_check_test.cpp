// What is asked about the sessions' own SQL before the load, on every server version.
#include "harness/postgres/statement_check.hpp"

#include "tests/integration/throwaway.hpp"

namespace {

using harness::database::StatementToCheck;
using workloads::App;

class StatementCheck : public tests::FreshDatabase {
protected:
    // The places of what is refused.
    [[nodiscard]] std::vector<std::string> refused(
        const std::array<std::string, 2>& session_sql,
        const std::vector<StatementToCheck>& statements = {}) const {
        std::vector<std::string> places;
        for (const auto& problem :
             harness::postgres::check_statements(conninfo("check"), session_sql, statements)) {
            places.push_back(problem.place);
        }
        return places;
    }
    using Places = std::vector<std::string>;
};

TEST_F(StatementCheck, ASettingThatNoServerHasIsWrongInBothVersions) {
    for (const char* wrong : {"SET serch_path = x", "SELECT set_config('serch_path', 'x', false)",
                              "SET statement_timeout = 'soon'", "SET lock_timeout = 1; BEGIN"}) {
        EXPECT_EQ(refused({wrong, ""}), Places{"workload.session.old"}) << wrong;
        EXPECT_EQ(refused({"", wrong}), Places{"workload.session.new"}) << wrong;
    }
}

TEST_F(StatementCheck, WhatTheMigrationMayMakeIsNoProblemOfTheNewVersion) {
    for (const char* later : {"SELECT not_yet()", "SELECT 1 FROM not_yet", "SET ROLE not_yet",
                              "SELECT 'a'::not_yet", "SET search_path = not_yet"}) {
        EXPECT_EQ(refused({"", later}), Places{}) << later;
    }
    EXPECT_EQ(refused({"SELECT not_yet()", ""}), Places{"workload.session.old"});
}

// Their tables and columns may be made by the steps before; 42601 is not the grammar's alone.
TEST_F(StatementCheck, OfAStepOnlyTheGrammarIsAsked) {
    sql("CREATE TABLE t (a int)");
    const auto step = [](const char* text) {
        return StatementToCheck{.place = text, .sql = text, .syntax_only = true};
    };
    EXPECT_EQ(
        refused({}, {step("INSERT INTO t VALUES (1, 2)"), step("INSERT INTO u VALUES (1)"),
                     step("SELECT * FROM t UNION SELECT 1, 2"), step("ALTER TABLE u ADD b int"),
                     step("UPDATE t SET b = 1"), step("VACUUM u")}),
        Places{});
    const std::vector wrong{step("ALTER TABLE t ADD COLUMN"), step("SELECT 'a"), step("ALTR t"),
                            step("CREATE INDEX CONCURRENTLY ON")};
    EXPECT_EQ(refused({}, wrong).size(), wrong.size());
}

TEST_F(StatementCheck, EachVersionsStatementsAreLookedAtInItsOwnSession) {
    sql("CREATE SCHEMA s; CREATE TABLE s.t (a int)");
    const std::vector<StatementToCheck> statements{
        {.place = "old", .sql = "SELECT a FROM t", .app = App::old_version},
        {.place = "new", .sql = "SELECT a FROM t", .app = App::new_version}};
    EXPECT_EQ(refused({"SET search_path = s", ""}, statements), Places{"new"});
    EXPECT_EQ(refused({"", "SET search_path = s"}, statements), Places{"old"});
}

}  // namespace
