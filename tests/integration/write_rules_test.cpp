// What the catalog tells of triggers and rules, and what is read from it.
#include "harness/postgres/write_rules.hpp"

#include "tests/integration/throwaway.hpp"

#include <algorithm>

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
