#include "harness/verification/hook_doubts.hpp"

#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace harness::verification {
namespace {

using database::WriteHook;
using database::WriteRules;
using database::WrittenRelation;
using scenarios::HasSubstr;

constexpr std::uint64_t orders = 1, customers = 2, audit = 3, half = 4, view = 5, lines = 6;

WriteRules shop() {
    WriteRules rules;
    for (const auto& [identity, name] :
         {std::pair{orders, "orders"}, std::pair{customers, "customers"}, std::pair{audit, "audit"},
          std::pair{half, "orders_half"}, std::pair{view, "open_orders"},
          std::pair{lines, "lines"}}) {
        rules.relations.push_back({.identity = identity,
                                   .schema = "shop",
                                   .name = name,
                                   .indirect = {},
                                   .triggers = {},
                                   .generated = {},
                                   .parents = {}});
    }
    rules.relations[half - 1].parents = {orders};
    rules.relations[view - 1].indirect = "is a view";
    return rules;
}

WriteHook trigger(const std::string& body, const char* when = "BEFORE INSERT OR UPDATE",
                  const char* name = "t") {
    return {std::string{"trigger "} + name,
            std::string{"CREATE TRIGGER "} + name + " " + when +
                " ON x FOR EACH ROW EXECUTE FUNCTION f()",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body + " END $$"};
}

using Told = std::vector<std::string>;

// Of a shop whose orders and customers are verified, and of whose orders the column region is one
// that a trigger may fill.
struct Shop {
    WriteRules before = shop(), now = shop();
    std::vector<GuardedTable> tables{{orders, {"region"}}, {customers, {}}};
    std::vector<Writer> operations{
        {"operation place", scenarios::write_effects_of("INSERT INTO orders (id) VALUES (1)")}};

    void make(std::uint64_t relation, WriteHook hook) {
        now.relations[relation - 1].triggers.push_back(hook.name);
        now.relations[relation - 1].hooks.push_back(std::move(hook));
    }
    [[nodiscard]] std::set<std::pair<std::uint64_t, Doubt>> doubts() const {
        return hook_doubts(before, now, tables, operations, [](const WriteHook& hook) {
            return scenarios::trigger_effects_of(hook.definition, hook.function);
        });
    }
    [[nodiscard]] Told told(std::uint64_t table) const {
        Told sentences;
        for (const auto& [identity, doubt] : doubts()) {
            if (identity == table) {
                sentences.push_back(doubt.sentence);
            }
        }
        return sentences;
    }
};

TEST(HooksMade, AreThoseThatTheMigrationMadeOrChanged) {
    auto before = shop();
    before.relations[orders - 1].hooks = {{"trigger audit", "1"}, {"rule r", "2"}};
    EXPECT_TRUE(hooks_made(before, before).empty());
    auto now = before;
    now.relations[orders - 1].hooks = {{"trigger audit", "1", "replaced"}, {"rule r", "3"}};
    // What is on a part of a table its rows go through as well.
    now.relations[half - 1].hooks = {{"trigger halve", "4"}};
    const auto made = hooks_made(before, now);
    ASSERT_EQ(made.size(), 3U);
    EXPECT_EQ(made[0].said, "the trigger audit, which the migration changed,");
    EXPECT_EQ(made[1].said, "the rule r, which the migration changed,");
    EXPECT_EQ(made[2].said, "the trigger halve, which the migration made,");
    EXPECT_EQ(made[0].relations, (std::set<std::uint64_t>{orders}));
    EXPECT_EQ(made[2].relations, (std::set<std::uint64_t>{half, orders}));
    now.relations[half - 1].identity = 7;  // a part that is new
    EXPECT_EQ(hooks_made(before, now).back().relations, (std::set<std::uint64_t>{7, orders}));
}

TEST(HookDoubts, OneThatFillsAnAddedColumnIsNone) {
    Shop shop;
    shop.make(orders, trigger("NEW.region := coalesce(NEW.region, 'eu'); RETURN NEW;"));
    EXPECT_EQ(shop.told(orders), Told{});
    EXPECT_EQ(shop.told(customers), Told{});
}

TEST(HookDoubts, OneThatWasThereIsNone) {
    Shop shop;
    shop.make(orders, trigger("NEW.total := 0; RETURN NEW;"));
    shop.before = shop.now;
    EXPECT_TRUE(shop.doubts().empty());
}

TEST(HookDoubts, OneThatActsInOtherSessionsNowIsOne) {
    Shop shop;
    shop.make(orders, trigger("NEW.total := 0; RETURN NEW;"));
    shop.before = shop.now;
    shop.before.relations[orders - 1].hooks[0].enabled = "R";
    shop.now.relations[orders - 1].hooks[0].enabled = "O";
    EXPECT_EQ(shop.told(orders),
              Told{"the values of total that the workload sent: the trigger t, which the migration "
                   "changed, may assign it"});
}

// A trigger that was there, under which the migration replaces a function.
Shop with_replaced(const std::string& body) {
    Shop shop;
    shop.make(orders, trigger(body));
    shop.before = shop.now;
    shop.before.user_functions = {{"normalise", "SELECT $1"}, {"other", "SELECT 1"}};
    shop.now.user_functions = {{"normalise", "SELECT $1 / 2"}, {"other", "SELECT 1"}};
    return shop;
}

TEST(HookDoubts, OneThatWasThereAndCallsWhatTheMigrationReplacedIsOne) {
    const auto shop = with_replaced("NEW.total := normalise(NEW.total); RETURN NEW;");
    EXPECT_EQ(shop.told(orders),
              Told{"the values of total that the workload sent: the trigger t, which may call the "
                   "function normalise that the migration changed, may assign it"});
    EXPECT_EQ(shop.told(customers), Told{});
}

TEST(HookDoubts, OneThatWasThereAndIsNotUnderstoodMayCallWhatTheMigrationReplaced) {
    const auto shop = with_replaced("EXECUTE 'x'; RETURN NEW;");
    EXPECT_THAT(shop.told(orders).at(0), HasSubstr("may call the function normalise"));
    EXPECT_EQ(shop.told(customers).size(), 1U);
}

TEST(HookDoubts, OneThatWasThereAndCallsOthersIsNone) {
    EXPECT_TRUE(with_replaced("NEW.total := other(NEW.total); RETURN NEW;").doubts().empty());
    EXPECT_TRUE(with_replaced("NEW.total := 0; RETURN NEW;").doubts().empty());
    auto made = with_replaced("EXECUTE 'x'; RETURN NEW;");
    made.now.user_functions[0] = made.before.user_functions[0];
    made.now.user_functions.push_back({"backfill", "SELECT 1"});
    EXPECT_TRUE(made.doubts().empty());
}

TEST(HookDoubts, WhatItMayAssignIsNamed) {
    Shop shop;
    shop.make(orders, trigger("NEW.region := 'eu'; NEW.total := NEW.total / 2; RETURN NEW;"));
    EXPECT_EQ(shop.told(orders),
              Told{"the values of total that the workload sent: the trigger t, which the migration "
                   "made, may assign it"});
    EXPECT_EQ(shop.doubts().begin()->second.columns, (std::set<std::string>{"total"}));
    EXPECT_EQ(shop.told(customers), Told{});
    shop.make(orders, trigger("NEW.b := 1; NEW.a := 1; RETURN NEW;", "BEFORE INSERT", "u"));
    EXPECT_THAT(shop.told(orders).front(), HasSubstr("a, b that the workload sent: the trigger u, "
                                                     "which the migration made, may assign them"));
}

TEST(HookDoubts, AnAddedColumnOfAnotherTableIsNotFree) {
    Shop shop;
    shop.make(customers, trigger("NEW.region := 'eu'; RETURN NEW;"));
    EXPECT_THAT(shop.told(customers).at(0), HasSubstr("the values of region"));
}

TEST(HookDoubts, OneThatMayKeepRowsFromBeingWrittenLeavesTheTableInDoubt) {
    Shop shop;
    shop.make(orders, trigger("RETURN NULL;"));
    EXPECT_EQ(shop.told(orders),
              Told{"what the trigger t, which the migration made, did to the values that the "
                   "workload sent: it may return NULL, which keeps the row from being written"});
    EXPECT_TRUE(shop.doubts().begin()->second.columns.empty());
    EXPECT_EQ(shop.told(customers), Told{});
}

TEST(HookDoubts, OneThatIsNotUnderstoodMayHaveWrittenToEveryTable) {
    Shop shop;
    shop.make(orders, trigger("EXECUTE 'x'; RETURN NEW;"));
    ASSERT_EQ(shop.told(orders).size(), 1U);
    EXPECT_THAT(shop.told(orders)[0],
                HasSubstr("workload sent: it runs SQL that it puts together"));
    ASSERT_EQ(shop.told(customers).size(), 1U);
    EXPECT_THAT(shop.told(customers)[0],
                HasSubstr("writes to it in the workload's transactions: it runs SQL that"));
}

TEST(HookDoubts, OneThatWritesToAVerifiedTableIsADoubtThere) {
    for (const auto* when : {"BEFORE INSERT", "AFTER INSERT"}) {
        Shop shop;
        shop.make(orders, trigger("UPDATE customers SET orders = 1; RETURN NEW;", when));
        EXPECT_EQ(shop.told(orders), Told{});
        EXPECT_EQ(shop.told(customers),
                  Told{"what the trigger t, which the migration made, writes to it in the "
                       "workload's transactions"});
    }
    Shop shop;
    shop.make(orders,
              trigger("DELETE FROM shop.orders WHERE id = 7; RETURN NULL;", "AFTER INSERT"));
    EXPECT_EQ(shop.told(orders).size(), 1U);
}

TEST(HookDoubts, OneThatWritesToAnotherTableIsNoneUnlessThatLeadsOn) {
    const auto told = [](auto&& change) {
        Shop shop;
        change(shop);
        shop.make(orders,
                  trigger("INSERT INTO audit VALUES (NEW.id); RETURN NEW;", "AFTER INSERT"));
        auto all = shop.told(orders);
        std::ranges::copy(shop.told(customers), std::back_inserter(all));
        return all;
    };
    EXPECT_EQ(told([](Shop&) {}), Told{});
    EXPECT_EQ(told([](Shop& s) { s.now.relations[audit - 1].triggers = {"old"}; }).size(), 2U);
    EXPECT_EQ(told([](Shop& s) { s.now.relations[audit - 1].indirect = "is a view"; }).size(), 2U);
    EXPECT_EQ(told([](Shop& s) { s.now.relations[audit - 1].name = "gone"; }).size(), 2U);
    EXPECT_EQ(told([](Shop& s) { s.now.relations[audit - 1].parents = {customers}; }).size(), 1U);
}

TEST(HookDoubts, OneThatCallsAFunctionThatMayWriteIsADoubt) {
    Shop shop;
    shop.now.writing_functions = {"region_of"};
    shop.make(orders, trigger("NEW.region := region_of(lower(NEW.name)); RETURN NEW;"));
    ASSERT_EQ(shop.told(orders).size(), 1U);
    EXPECT_THAT(shop.told(orders)[0], HasSubstr("it calls the function region_of"));
    shop.now.writing_functions = {};
    EXPECT_EQ(shop.told(orders), Told{});
    shop.now.functions = {"lower"};
    EXPECT_THAT(shop.told(orders).at(0), HasSubstr("region_of, which is not in the catalog"));
}

TEST(HookDoubts, OneOnAPartIsOneOfTheWhole) {
    Shop shop;
    shop.make(half, trigger("NEW.total := 0; RETURN NEW;"));
    EXPECT_THAT(shop.told(orders).at(0), HasSubstr("the values of total"));
}

TEST(HookDoubts, OneOnATableBesideCountsIfTheWorkloadWritesThere) {
    Shop shop;
    shop.make(lines, trigger("UPDATE orders SET total = 0; RETURN NEW;", "AFTER INSERT"));
    EXPECT_TRUE(shop.doubts().empty());
    shop.operations.push_back(
        {"operation add", scenarios::write_effects_of("INSERT INTO lines VALUES (1)")});
    EXPECT_EQ(shop.told(orders).size(), 1U);
    EXPECT_EQ(shop.told(customers), Told{});
}

TEST(HookDoubts, EachLookCountsForItself) {
    Shop first, second;
    first.make(orders, trigger("NEW.total := 0; RETURN NEW;"));
    second.make(orders, trigger("NEW.total := 0; NEW.note := ''; RETURN NEW;"));
    auto all = first.doubts();
    all.merge(second.doubts());
    all.merge(Shop{}.doubts());
    EXPECT_EQ(all.size(), 2U);
}

FollowedTable followed(bool keyed = true) {
    FollowedTable table{
        .identity = orders, .name = "orders", .columns = {}, .in_stream = {}, .operations = {}};
    table.columns.keyed = keyed;
    table.columns.columns = {{.name = "id", .is_key = true},
                             {.name = "total"},
                             {.name = "region", .role = checksum::ColumnRole::added},
                             {.name = "zone", .role = checksum::ColumnRole::added}};
    return table;
}

checksum::ChangeSource operation(std::optional<std::vector<bool>> writes) {
    return {.name = "operation o", .workload = true, .writes = std::move(writes)};
}

TEST(GuardedTable, AddedColumnsThatNoOperationGivesAreFree) {
    auto table = followed();
    EXPECT_EQ(guarded(table).identity, orders);
    EXPECT_EQ(guarded(table).free, (std::set<std::string>{"region", "zone"}));
    table.operations = {operation(std::vector<bool>{true, true, false, false}),
                        operation(std::vector<bool>{true, false, true, false})};
    EXPECT_EQ(guarded(table).free, (std::set<std::string>{"zone"}));
    table.operations.push_back(operation(std::nullopt));  // it may do anything
    EXPECT_TRUE(guarded(table).free.empty());
}

TEST(GuardedTable, WithoutAKeyNoColumnIsFree) {
    EXPECT_TRUE(guarded(followed(false)).free.empty());
}

}  // namespace
}  // namespace harness::verification
