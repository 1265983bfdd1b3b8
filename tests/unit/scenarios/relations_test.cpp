#include "scenarios/relations.hpp"

#include <gtest/gtest.h>

namespace {

using scenarios::relations_of;
using Names = std::vector<std::string>;

TEST(Relations, AreThoseThatTheStatementNames) {
    EXPECT_EQ(relations_of("ALTER TABLE orders ADD COLUMN region text"), Names{"orders"});
    EXPECT_EQ(
        relations_of("UPDATE shop.orders o SET x = c.x FROM customers c JOIN orders USING (id)"),
        (Names{"customers", "orders", "shop.orders"}));
    EXPECT_EQ(relations_of("SELECT 1"), Names{});
    EXPECT_EQ(relations_of("not SQL at all"), Names{});
}

// The server is asked by these names: folded or taken apart they would be another's, or nobody's.
TEST(Relations, KeepTheQuotesThatTheyNeed) {
    EXPECT_EQ(relations_of("ALTER TABLE Shop.Orders ADD x int"), Names{"shop.orders"});
    EXPECT_EQ(relations_of(R"(ALTER TABLE "Shop"."Order Lines" ADD x int)"),
              Names{R"("Shop"."Order Lines")"});
    EXPECT_EQ(relations_of(R"(LOCK TABLE "a.b", "say ""hi""", "plain", "1st", "Größe")"),
              (Names{R"("1st")", R"("Größe")", R"("a.b")", R"("say ""hi""")", "plain"}));
}

}  // namespace
