#include "harness/locks/query_text.hpp"

#include <gtest/gtest.h>

namespace harness::locks {
namespace {

TEST(QueryText, LiteralsOfAllKindsAreMasked) {
    EXPECT_EQ(mask_literals("SELECT 'a''b', E'c\\'d', 12.5e-3, $tag$ x $ y $tag$, $$z$$"),
              "SELECT ?, E?, ?, ?, ?");
}

TEST(QueryText, NamesParametersAndCommentsStay) {
    const std::string query =
        "SELECT t1.\"it's 5\", $1, a$b2 /* '7' /* nested */ */ FROM größe3 -- '8'\n";
    EXPECT_EQ(mask_literals(query), query);
}

TEST(QueryText, APasswordIsMasked) {
    EXPECT_EQ(mask_literals("ALTER ROLE app PASSWORD 'secret'"), "ALTER ROLE app PASSWORD ?");
}

TEST(QueryText, ALiteralThatTheServerCutIsMaskedToTheEnd) {
    EXPECT_EQ(mask_literals("INSERT INTO t VALUES ('sec"), "INSERT INTO t VALUES (?");
    EXPECT_EQ(mask_literals("INSERT INTO t VALUES ($q$sec"), "INSERT INTO t VALUES (?");
}

TEST(QueryText, ABackslashEndsNoOrdinaryLiteral) {
    EXPECT_EQ(mask_literals("SELECT 'a\\', 'b'"), "SELECT ?, ?");
}

TEST(QueryText, WhiteSpaceIsFolded) {
    EXPECT_EQ(shorten_query("\n SELECT\t 1\n  FROM t ;\n"), "SELECT 1 FROM t ;");
}

TEST(QueryText, ALongQueryIsCutBetweenCharacters) {
    std::string query(shown_query_bytes - 1, 'a');
    query += "ßßß";

    EXPECT_EQ(shorten_query(query), std::string(shown_query_bytes - 1, 'a') + "...");
}

}  // namespace
}  // namespace harness::locks
