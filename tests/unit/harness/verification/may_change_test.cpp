#include "harness/verification/may_change.hpp"

#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace harness::verification {
namespace {

std::vector<std::string> list(const std::set<std::string>& names) {
    return {names.begin(), names.end()};
}

using database::Cascade;
using database::WriteRules;
using database::WrittenRelation;
using scenarios::ElementsAre;
using scenarios::HasSubstr;
using scenarios::IsEmpty;

constexpr std::uint64_t orders = 1, customers = 2, lines = 3, view = 4, half = 5, archive = 6;

WrittenRelation relation(std::uint64_t identity, const char* name) {
    return {.identity = identity,
            .schema = "shop",
            .name = name,
            .indirect = {},
            .triggers = {},
            .generated = {},
            .parents = {}};
}

WriteRules shop() {
    WriteRules rules;
    rules.relations = {relation(orders, "orders"),    relation(customers, "customers"),
                       relation(lines, "lines"),      relation(view, "open_orders"),
                       relation(half, "orders_half"), relation(archive, "archive")};
    rules.relations[view - 1].indirect = "is a view";
    rules.relations[half - 1].parents = {orders};
    return rules;
}

MayChange of(const std::vector<std::string>& statements, const WriteRules& rules = shop(),
             std::uint64_t table = orders) {
    std::vector<Writer> writers;
    for (const auto& sql : statements) {
        writers.push_back({"operation o", scenarios::write_effects_of(sql)});
    }
    const std::vector<std::string> key{"id"};
    return may_change(table, key, writers, rules);
}

TEST(MayChange, ReadersChangeNothing) {
    EXPECT_TRUE(of({"SELECT * FROM orders WHERE id = $1 FOR UPDATE", "SELECT count(*) FROM lines",
                    "WITH a AS (SELECT 1) SELECT * FROM a, orders", "SET search_path = shop",
                    "EXPLAIN SELECT * FROM orders", "LOCK TABLE orders"})
                    .nothing());
}

TEST(MayChange, WritersOfOtherTablesChangeNothingHere) {
    EXPECT_TRUE(of({"UPDATE customers SET name = $1", "DELETE FROM lines",
                    "INSERT INTO archive SELECT * FROM orders"})
                    .nothing());
}

TEST(MayChange, AnInsertAddsRowsAndNothingElse) {
    const auto may = of({"INSERT INTO shop.orders (total) VALUES ($1) RETURNING id"});
    EXPECT_TRUE(may.inserts);
    EXPECT_FALSE(may.deletes);
    EXPECT_THAT(list(may.columns), IsEmpty());
    EXPECT_THAT(list(may.inserted), ElementsAre("total"));
    EXPECT_FALSE(may.inserts_whole_rows);
    EXPECT_EQ(may.anything, "");
    EXPECT_TRUE(of({"INSERT INTO orders VALUES ($1, $2)"}).inserts_whole_rows);
    EXPECT_TRUE(of({"INSERT INTO orders DEFAULT VALUES"}).inserts_whole_rows);
}

TEST(MayChange, WhoKnowsTheRowsNeedsNoExcuseForAChangedKey) {
    const std::vector<Writer> writers{
        {"operation o", scenarios::write_effects_of("UPDATE orders SET id = $1")},
        {"operation p", scenarios::write_effects_of("DELETE FROM orders WHERE id = $1")},
        {"operation q", scenarios::write_effects_of("INSERT INTO orders (id) VALUES ($1)")}};
    const auto writes = writes_of(orders, writers, shop());
    EXPECT_EQ(writes.anything, "");
    EXPECT_TRUE(writes.inserts && writes.deletes);
    EXPECT_THAT(list(writes.columns), ElementsAre("id"));
}

TEST(MayChange, AnUpdateChangesTheColumnsThatItNames) {
    const auto may =
        of({"UPDATE orders SET total = total + 1, (state, note) = (SELECT 'a', 'b')",
            "WITH u AS (UPDATE orders o SET seen = true RETURNING 1) SELECT * FROM u"});
    EXPECT_THAT(list(may.columns), ElementsAre("note", "seen", "state", "total"));
    EXPECT_FALSE(may.inserts || may.deletes);
}

TEST(MayChange, AnUpsertDoesBoth) {
    const auto may =
        of({"INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET n = 2"});
    EXPECT_TRUE(may.inserts);
    EXPECT_THAT(list(may.columns), ElementsAre("n"));
    EXPECT_THAT(list(of({"INSERT INTO orders (id) VALUES (1) ON CONFLICT DO NOTHING"}).columns),
                IsEmpty());
}

TEST(MayChange, AMergeDoesWhatItsBranchesSay) {
    const auto may =
        of({"MERGE INTO orders o USING lines l ON o.id = l.id "
            "WHEN MATCHED THEN UPDATE SET n = 1 "
            "WHEN NOT MATCHED THEN INSERT (id) VALUES (l.id)"});
    EXPECT_TRUE(may.inserts);
    EXPECT_FALSE(may.deletes);
    EXPECT_THAT(list(may.columns), ElementsAre("n"));
    EXPECT_TRUE(
        of({"MERGE INTO orders o USING lines l ON o.id = l.id WHEN MATCHED THEN DELETE"}).deletes);
}

TEST(MayChange, DeletesAndTruncatesTakeRows) {
    EXPECT_TRUE(of({"DELETE FROM orders WHERE id = 1"}).deletes);
    EXPECT_TRUE(of({"TRUNCATE lines, orders"}).deletes);
}

TEST(MayChange, ARowThatIsDeletedAndInsertedAgainMayBeAnyRow) {
    EXPECT_THAT(
        of({"DELETE FROM orders WHERE id = 1", "INSERT INTO orders (id) VALUES (1)"}).anything,
        HasSubstr("delete a row and insert it again"));
}

TEST(MayChange, AChangedKeyMakesAnyRow) {
    EXPECT_THAT(of({"UPDATE orders SET id = id + 1"}).anything, HasSubstr("key"));
}

TEST(MayChange, WhatIsNotUnderstoodMayDoAnything) {
    for (const char* sql : {"CALL close_day()", "DO $$ BEGIN END $$", "EXECUTE prepared(1)",
                            "ALTER TABLE lines ADD COLUMN a int", "not SQL", "COPY lines FROM '/x'",
                            "TRUNCATE customers CASCADE"}) {
        EXPECT_NE(of({sql}).anything, "") << sql;
    }
    EXPECT_THAT(of({"UPDATE nowhere SET a = 1"}).anything,
                HasSubstr("nowhere, which is not in the catalog"));
}

TEST(MayChange, AFunctionThatMayWriteMayDoAnything) {
    auto rules = shop();
    rules.writing_functions = {"close_day"};
    EXPECT_THAT(of({"SELECT lower('a'), shop.close_day(1)"}, rules).anything,
                HasSubstr("operation o calls the function close_day"));
    EXPECT_EQ(of({"SELECT now(), lower('a')"}, rules).anything, "");
}

TEST(MayChange, WhatIsTooDeepToBeLookedAtMayDoAnything) {
    for (const std::size_t terms : {500U, 50'000U}) {
        std::string sql = "SELECT 1";
        for (std::size_t i = 0; i < terms; ++i) {
            sql += " + 1";
        }
        EXPECT_NE(of({sql}).anything, "") << terms;
    }
}

TEST(MayChange, AViewMayWriteAnywhere) {
    EXPECT_THAT(of({"UPDATE open_orders SET total = 1"}).anything, HasSubstr("is a view"));
}

TEST(MayChange, ATriggerOfAWrittenTableMayWriteAnywhere) {
    auto rules = shop();
    rules.relations[customers - 1].triggers = {"audit"};
    EXPECT_THAT(of({"UPDATE customers SET name = 'x'"}, rules).anything, HasSubstr("audit"));
    EXPECT_TRUE(of({"SELECT * FROM customers", "UPDATE lines SET n = 1"}, rules).nothing());
}

TEST(MayChange, ForeignKeysCarryDeletesAndKeysOn) {
    auto rules = shop();
    rules.cascades = {{.parent = customers,
                       .child = orders,
                       .parent_columns = {"id"},
                       .child_columns = {"customer_id"},
                       .deletes = true,
                       .changes_on_delete = false,
                       .changes_on_update = true},
                      {.parent = orders,
                       .child = lines,
                       .parent_columns = {"id"},
                       .child_columns = {"order_id"},
                       .deletes = false,
                       .changes_on_delete = true,
                       .changes_on_update = false}};
    const auto deleted = of({"DELETE FROM customers WHERE id = 1"}, rules);
    EXPECT_TRUE(deleted.deletes);
    EXPECT_THAT(list(deleted.columns), IsEmpty());
    EXPECT_THAT(list(of({"DELETE FROM customers WHERE id = 1"}, rules, lines).columns),
                ElementsAre("order_id"));
    EXPECT_THAT(list(of({"UPDATE customers SET id = 2"}, rules).columns),
                ElementsAre("customer_id"));
    EXPECT_TRUE(of({"UPDATE customers SET name = 'x'"}, rules).nothing());
}

TEST(MayChange, CyclesOfForeignKeysEnd) {
    auto rules = shop();
    rules.cascades = {{.parent = orders,
                       .child = lines,
                       .parent_columns = {"id"},
                       .child_columns = {"o"},
                       .deletes = true},
                      {.parent = lines,
                       .child = orders,
                       .parent_columns = {"id"},
                       .child_columns = {"l"},
                       .deletes = true}};
    EXPECT_TRUE(of({"DELETE FROM lines"}, rules).deletes);
}

TEST(MayChange, PartitionsAndTheirParentShareRows) {
    EXPECT_THAT(list(of({"UPDATE orders_half SET n = 1"}).columns), ElementsAre("n"));
    EXPECT_TRUE(of({"DELETE FROM orders"}, shop(), half).deletes);
    // A row may move from one partition to another.
    EXPECT_NE(of({"UPDATE orders SET n = 1"}, shop(), half).anything, "");
}

TEST(MayChange, GeneratedColumnsFollow) {
    auto rules = shop();
    rules.relations[orders - 1].generated = {"gross"};
    EXPECT_THAT(list(of({"UPDATE orders SET net = 1"}, rules).columns),
                ElementsAre("gross", "net"));
}

TEST(MayChange, AFunctionThatIsNotThereYetMayDoAnything) {
    auto rules = shop();
    EXPECT_TRUE(of({"SELECT place_order(1)"}, rules).nothing());  // which there are was not asked
    rules.functions = {"count", "now"};
    EXPECT_THAT(of({"SELECT place_order(1)"}, rules).anything, HasSubstr("place_order"));
    EXPECT_TRUE(
        of({"SELECT count(*), now(), extract(year FROM now()) FROM orders"}, rules).nothing());
}

TEST(MayChange, WhatEveryStatementNamesIsKnown) {
    const auto told = [](const std::vector<std::string>& statements) {
        std::vector<Writer> writers;
        for (const auto& sql : statements) {
            writers.push_back({"operation o", scenarios::write_effects_of(sql)});
        }
        return writes_of(orders, writers, shop());
    };
    EXPECT_FALSE(told({"DELETE FROM orders"}).always_updated);
    EXPECT_FALSE(told({"DELETE FROM orders"}).always_inserted);
    const auto updates =
        told({"UPDATE orders SET n = 1, region = 'eu'", "UPDATE orders SET region = ''"});
    EXPECT_THAT(list(*updates.always_updated), ElementsAre("region"));
    const auto inserts = told({"INSERT INTO orders (id, region) VALUES (1, 'eu')"});
    EXPECT_THAT(list(*inserts.always_inserted), ElementsAre("id", "region"));
    EXPECT_THAT(list(*told({"INSERT INTO orders (id, region) VALUES (1, 'eu')",
                            "INSERT INTO orders VALUES (1)"})
                          .always_inserted),
                IsEmpty());
}

TEST(UnitedRules, WhatTheMigrationBringsToATableThatWasThereExcusesNothing) {
    auto after = shop();
    after.relations[orders - 1].triggers = {"sync"};
    after.cascades = {{.parent = customers,
                       .child = orders,
                       .parent_columns = {"id"},
                       .child_columns = {"c"},
                       .deletes = true}};
    const auto rules = united(shop(), after);
    EXPECT_EQ(of({"UPDATE orders SET n = 1"}, rules).anything, "");
    EXPECT_TRUE(of({"DELETE FROM customers"}, rules).nothing());
}

TEST(UnitedRules, ATableThatTheMigrationMakesIsKnown) {
    auto after = shop();
    after.relations.push_back(relation(7, "regions"));
    EXPECT_TRUE(of({"INSERT INTO regions VALUES (1)"}, united(shop(), after)).nothing());
    after.relations.back().triggers = {"t"};
    EXPECT_NE(of({"INSERT INTO regions VALUES (1)"}, united(shop(), after)).anything, "");
}

}  // namespace
}  // namespace harness::verification
