// What the catalog tells of triggers and rules, and what is read from it.
#include "harness/postgres/write_rules.hpp"

#include "tests/integration/throwaway.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

namespace tests {
namespace {

using harness::database::WriteHook;

class WriteHooks : public FreshDatabase {
protected:
    void SetUp() override {
        FreshDatabase::SetUp();
        sql("CREATE TABLE orders (id int PRIMARY KEY, total int, \"Re gion\" text)");
        sql("CREATE TABLE audit (id int)");
    }

    std::vector<WriteHook> hooks(const std::string& table = "orders") {
        const auto rules = harness::postgres::read_write_rules(*control());
        const auto found =
            std::ranges::find(rules.relations, table, &harness::database::WrittenRelation::name);
        return found == rules.relations.end() ? std::vector<WriteHook>{} : found->hooks;
    }
    void function(const std::string& body, const std::string& options = "") {
        sql("CREATE OR REPLACE FUNCTION \"Fill it\"() RETURNS trigger LANGUAGE plpgsql " + options +
            " AS $body$ " + body + " $body$");
    }
    void trigger(const std::string& when) {
        sql("CREATE TRIGGER \"My fill\" " + when + " EXECUTE PROCEDURE \"Fill it\"()");
    }
};

using Names = std::set<std::string>;

TEST_F(WriteHooks, ATriggerIsReadWithItsFunction) {
    function(
        "DECLARE x int := 1; BEGIN NEW.\"Re gion\" := coalesce(NEW.\"Re gion\", 'eu'); "
        "INSERT INTO audit VALUES (NEW.id); RETURN NEW; END",
        "SECURITY DEFINER SET search_path FROM CURRENT COST 7");
    trigger(
        "BEFORE INSERT OR UPDATE OF total ON orders FOR EACH ROW "
        "WHEN (NEW.total IS NOT NULL AND upper('a') = 'A')");
    const auto found = hooks();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].name, "trigger My fill");
    const auto effects = harness::postgres::hook_effects(found[0]);
    EXPECT_EQ(effects.row, "");
    EXPECT_EQ(effects.columns, (Names{"Re gion"}));
    EXPECT_EQ(effects.beside.anything, "");
    ASSERT_EQ(effects.beside.writes.size(), 1U);
    EXPECT_EQ(effects.beside.writes[0].relation, "audit");
    EXPECT_NE(std::ranges::find(effects.beside.functions, "upper"), effects.beside.functions.end());
}

TEST_F(WriteHooks, WhenItFiresIsRead) {
    const std::pair<const char*, bool> ways[] = {
        {"BEFORE INSERT ON orders FOR EACH ROW", true},
        {"BEFORE INSERT ON orders FOR EACH STATEMENT", false},
        {"AFTER UPDATE ON orders FOR EACH ROW", false},
        {"AFTER TRUNCATE ON orders FOR EACH STATEMENT", false},
        {"AFTER UPDATE ON orders REFERENCING NEW TABLE AS n FOR EACH STATEMENT", false}};
    function("BEGIN NEW.total := 1; RETURN NULL; END");
    for (const auto& [when, alters] : ways) {
        trigger(when);
        const auto effects = harness::postgres::hook_effects(hooks().at(0));
        EXPECT_EQ(!effects.row.empty(), alters) << when;
        EXPECT_EQ(effects.columns, alters ? Names{"total"} : Names{}) << when;
        sql("DROP TRIGGER \"My fill\" ON orders");
    }
}

TEST_F(WriteHooks, AConstraintTriggerAltersNothing) {
    function("BEGIN NEW.total := 1; RETURN NULL; END");
    sql("CREATE CONSTRAINT TRIGGER later AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE PROCEDURE \"Fill it\"()");
    const auto effects = harness::postgres::hook_effects(hooks().at(0));
    EXPECT_EQ(effects.row + effects.beside.anything, "");
    EXPECT_TRUE(effects.columns.empty());
}

TEST_F(WriteHooks, AFunctionThatIsReplacedMakesItAnother) {
    function("BEGIN RETURN NEW; END");
    trigger("BEFORE INSERT ON orders FOR EACH ROW");
    const auto was = hooks();
    EXPECT_EQ(hooks(), was);
    function("BEGIN NEW.total := 1; RETURN NEW; END");
    EXPECT_NE(hooks(), was);
    function("BEGIN RETURN NEW; END");
    EXPECT_EQ(hooks(), was);
    function("BEGIN RETURN NEW; END", "SET work_mem TO '1MB'");
    EXPECT_NE(hooks(), was);
}

TEST_F(WriteHooks, ThoseThatAreDisabledDoNotAct) {
    function("BEGIN RETURN NEW; END");
    trigger("BEFORE INSERT ON orders FOR EACH ROW");
    sql("ALTER TABLE orders DISABLE TRIGGER ALL");
    EXPECT_TRUE(hooks().empty());
}

TEST_F(WriteHooks, InWhichSessionsItActsIsPartOfIt) {
    function("BEGIN RETURN NEW; END");
    trigger("BEFORE INSERT ON orders FOR EACH ROW");
    sql("CREATE RULE also AS ON UPDATE TO orders DO ALSO INSERT INTO audit VALUES (old.id)");
    std::vector<std::vector<WriteHook>> ways{hooks()};
    for (const auto* enable :
         {"ENABLE REPLICA TRIGGER \"My fill\"", "ENABLE ALWAYS TRIGGER \"My fill\"",
          "ENABLE REPLICA RULE also", "ENABLE ALWAYS RULE also"}) {
        sql(std::string{"ALTER TABLE orders "} + enable);
        ways.push_back(hooks());
        ASSERT_EQ(ways.back().size(), 2U);
        EXPECT_NE(ways.back(), ways[ways.size() - 2]) << enable;
    }
    sql("ALTER TABLE orders ENABLE RULE also, ENABLE TRIGGER \"My fill\"");
    EXPECT_EQ(hooks(), ways[0]);
}

TEST_F(WriteHooks, APartitionHasThoseOfItsRoot) {
    if (server_major() < 13) {
        GTEST_SKIP() << "partitioned tables have triggers before each row from 13 on";
    }
    sql("CREATE TABLE parts (id int, total int) PARTITION BY RANGE (id)");
    sql("CREATE TABLE leaf PARTITION OF parts FOR VALUES FROM (0) TO (9)");
    function("BEGIN NEW.total := 1; RETURN NEW; END");
    sql("CREATE TRIGGER halve BEFORE INSERT ON parts FOR EACH ROW "
        "EXECUTE FUNCTION \"Fill it\"()");
    sql("CREATE CONSTRAINT TRIGGER later AFTER INSERT ON parts FOR EACH ROW "
        "EXECUTE FUNCTION \"Fill it\"()");
    const auto names = [&] {
        Names all;
        for (const auto& hook : hooks("leaf")) {
            EXPECT_TRUE(all.insert(hook.name).second) << hook.name;
        }
        return all;
    };
    EXPECT_EQ(names(), (Names{"trigger halve", "trigger later"}));
    // As the catalog of 14 has it.
    sql("SET allow_system_table_mods = on");
    sql("UPDATE pg_trigger SET tgisinternal = true WHERE tgrelid = 'leaf'::regclass");
    EXPECT_EQ(names(), (Names{"trigger halve", "trigger later"}));
}

TEST_F(WriteHooks, WhatTheServerMakesForConstraintsIsNone) {
    if (server_major() < 12) {
        GTEST_SKIP() << "foreign keys may point at partitioned tables from 12 on";
    }
    sql("CREATE TABLE parents (id int PRIMARY KEY, twin int) PARTITION BY RANGE (id)");
    sql("CREATE TABLE leaf PARTITION OF parents FOR VALUES FROM (0) TO (9)");
    sql("ALTER TABLE leaf ADD UNIQUE (twin) DEFERRABLE");
    sql("ALTER TABLE parents ADD FOREIGN KEY (twin) REFERENCES parents ON DELETE CASCADE");
    sql("ALTER TABLE orders ADD FOREIGN KEY (total) REFERENCES parents ON DELETE SET NULL");
    ASSERT_GT(std::stoi(value("SELECT count(*) FROM pg_trigger WHERE tgisinternal")), 5);
    for (const auto* table : {"parents", "leaf", "orders"}) {
        EXPECT_TRUE(hooks(table).empty()) << table << ": " << hooks(table).at(0).name;
    }
}

TEST_F(WriteHooks, TheFunctionsThatOthersMayCallAreRead) {
    const auto functions = [&] {
        std::map<std::string, harness::database::UserFunction> all;
        for (auto& one : harness::postgres::read_write_rules(*control()).user_functions) {
            all[one.name] = one;
        }
        return all;
    };
    const auto normalise = [&](const std::string& rest) {
        sql("CREATE OR REPLACE FUNCTION normalise(x int, y int) RETURNS int " + rest);
        return functions().at("normalise").definition;
    };
    function("BEGIN RETURN NEW; END");  // a trigger's own is not one
    EXPECT_TRUE(functions().empty());
    const auto was = normalise("LANGUAGE sql AS 'SELECT x'");
    EXPECT_EQ(normalise("LANGUAGE sql AS 'SELECT x'"), was);
    EXPECT_NE(normalise("LANGUAGE sql AS 'SELECT x / 2'"), was);
    EXPECT_NE(normalise("LANGUAGE sql IMMUTABLE AS 'SELECT x'"), was);
    EXPECT_NE(normalise("LANGUAGE sql SET search_path = x AS 'SELECT x'"), was);
    EXPECT_NE(normalise("LANGUAGE plpgsql AS 'BEGIN RETURN x; END'"), was);
    sql("CREATE AGGREGATE all_of(int) (SFUNC = normalise, STYPE = int)");
    EXPECT_NE(functions().at("all_of").definition.find("normalise"), std::string::npos);
    EXPECT_FALSE(functions().at("normalise").called_unnamed);
    EXPECT_TRUE(functions().at("normalise").legible);
    sql("CREATE OPERATOR +/ (PROCEDURE = normalise, LEFTARG = int, RIGHTARG = int)");
    EXPECT_TRUE(functions().at("normalise").called_unnamed);
    sql("CREATE FUNCTION seen() RETURNS int LANGUAGE sql AS 'SELECT 1'");
    sql("CREATE VIEW sight AS SELECT seen()");
    EXPECT_TRUE(functions().at("seen").called_unnamed);
}

TEST_F(WriteHooks, ACompiledTriggerMayDoAnything) {
    sql("CREATE TRIGGER c BEFORE UPDATE ON orders FOR EACH ROW "
        "EXECUTE PROCEDURE suppress_redundant_updates_trigger()");
    const auto effects = harness::postgres::hook_effects(hooks().at(0));
    EXPECT_EQ(effects.row, "is written in internal");
    EXPECT_NE(effects.beside.anything, "");
}

TEST_F(WriteHooks, ARuleMayReplaceWhatWasSentAndItsStatementsAreKnown) {
    sql("CREATE RULE gone AS ON DELETE TO orders DO INSTEAD NOTHING");
    auto effects = harness::postgres::hook_effects(hooks().at(0));
    EXPECT_NE(effects.row, "");
    EXPECT_EQ(effects.beside.anything, "");
    EXPECT_TRUE(effects.beside.writes.empty());
    sql("CREATE OR REPLACE RULE gone AS ON DELETE TO orders WHERE old.total > 5 DO ALSO "
        "(INSERT INTO audit VALUES (old.id); DELETE FROM audit WHERE id = old.id)");
    effects = harness::postgres::hook_effects(hooks().at(0));
    EXPECT_EQ(effects.beside.anything, "");
    EXPECT_EQ(effects.beside.writes.size(), 2U);
}

}  // namespace
}  // namespace tests
