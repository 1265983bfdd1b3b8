#include "scenarios/ownership.hpp"

#include <gtest/gtest.h>

namespace {

using scenarios::ownership_needed_by;

TEST(Ownership, IsNeededByWhatAltersARelation) {
    const std::pair<const char*, const char*> altering[] = {
        {"ALTER TABLE orders ADD COLUMN region text", "orders"},
        {R"(ALTER TABLE ONLY "Shop"."Order Lines" ALTER a SET NOT NULL)",
         R"("Shop"."Order Lines")"},
        {"ALTER TABLE orders ADD FOREIGN KEY (a) REFERENCES customers NOT VALID", "orders"},
        {"CREATE INDEX CONCURRENTLY i ON shop.orders (region)", "shop.orders"},
        {"ALTER TABLE orders RENAME COLUMN a TO b", "orders"},
        {"ALTER TABLE orders RENAME TO old_orders", "orders"}};
    for (const auto& [sql, relation] : altering) {
        EXPECT_EQ(ownership_needed_by(sql).relation, relation) << sql;
        EXPECT_TRUE(ownership_needed_by(sql).foreseeable) << sql;
    }
}

TEST(Ownership, IsNotNeededByWhatWritesRowsOrMakesTables) {
    for (const char* sql :
         {"UPDATE orders SET a = 1", "CREATE TABLE more (a int)", "LOCK TABLE orders",
          "SET lock_timeout = '1s'", "SET LOCAL statement_timeout = 0", "RESET lock_timeout",
          "BEGIN", "COMMIT", "COMMENT ON TABLE orders IS 'x'"}) {
        EXPECT_EQ(ownership_needed_by(sql).relation, "") << sql;
        EXPECT_TRUE(ownership_needed_by(sql).foreseeable) << sql;
    }
}

// A false alarm would keep a good migration from being rehearsed.
TEST(Ownership, IsNotForetoldBehindWhatMayChangeRolesRightsOrThePath) {
    for (const char* sql :
         {"SET ROLE owner", "SET SESSION AUTHORIZATION owner", "SET search_path = shop",
          "RESET ALL", "RESET ROLE", "SELECT set_config('role', 'owner', false)",
          "DO $$ BEGIN END $$", "CALL become_owner()", "GRANT owner TO me",
          "REASSIGN OWNED BY a TO b", "ALTER TABLE orders OWNER TO me", "not SQL at all", ""}) {
        EXPECT_FALSE(ownership_needed_by(sql).foreseeable) << sql;
    }
}

}  // namespace
