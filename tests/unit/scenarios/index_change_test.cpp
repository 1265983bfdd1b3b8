#include "scenarios/index_change.hpp"

#include <gtest/gtest.h>

namespace {

using scenarios::index_change_of;
using scenarios::is_index_of;

TEST(IndexChange, IsOnlyWhatGoesConcurrentlyAndHasAName) {
    for (const char* other :
         {"CREATE INDEX i ON t (a)", "DROP INDEX i", "CREATE INDEX CONCURRENTLY ON t (a)",
          "REINDEX INDEX CONCURRENTLY i", "SELECT 1", "DROP TABLE t", "not SQL at all", "",
          "CREATE TABLE concurrently (a int)"}) {
        EXPECT_FALSE(index_change_of(other)) << other;
    }
}

TEST(IndexChange, NamesTheIndexAsTheCatalogDoes) {
    const auto made = index_change_of(
        "create unique index concurrently if not exists By_Email on Shop.users (email)");
    ASSERT_TRUE(made);
    EXPECT_FALSE(made->drops);
    EXPECT_EQ(made->name, "by_email");
    EXPECT_EQ(made->schema, "shop");

    const auto dropped =
        index_change_of("DROP INDEX /* old */ CONCURRENTLY IF EXISTS \"S.x\".\"By \"\"e\"\"\"");
    ASSERT_TRUE(dropped);
    EXPECT_TRUE(dropped->drops);
    EXPECT_EQ(dropped->name, "By \"e\"");
    EXPECT_EQ(dropped->schema, "S.x");
}

TEST(IndexChange, IsComparedByWholeNames) {
    const auto plain = *index_change_of("DROP INDEX CONCURRENTLY by_email");
    EXPECT_TRUE(is_index_of(plain, "by_email"));
    EXPECT_TRUE(is_index_of(plain, "shop.by_email"));
    EXPECT_FALSE(is_index_of(plain, "\"By_Email\""));
    EXPECT_FALSE(is_index_of(plain, "by_email2"));
    EXPECT_FALSE(is_index_of(plain, "by_email.other"));

    const auto qualified = *index_change_of("DROP INDEX CONCURRENTLY \"S.x\".\"a.b\"");
    EXPECT_TRUE(is_index_of(qualified, "\"S.x\".\"a.b\""));
    EXPECT_TRUE(is_index_of(qualified, "\"a.b\""));
    EXPECT_FALSE(is_index_of(qualified, "other.\"a.b\""));
}

}  // namespace
