#include "harness/locks/step_statements.hpp"

#include "tests/unit/harness/locks/samples.hpp"

#include <gtest/gtest.h>

namespace harness::locks::tests {
namespace {

constexpr std::int64_t step = 9;

class Statements : public testing::Test {
protected:
    void sent(double ms, std::string text, bool begins = false) {
        statements.sent(step, {at(ms), std::move(text), begins});
    }
    // Whoever took the lock that the look at `seen_ms` shows and the one at `free_ms` did not.
    [[nodiscard]] std::string taker(const std::string& relation, double free_ms, double seen_ms) {
        const auto* statement =
            statements.that_locked(step, relation, at(free_ms), at(seen_ms), at(seen_ms + 1));
        return statement == nullptr ? "" : statement->text;
    }
    StepStatements statements;
};

TEST_F(Statements, NobodyLockedWhatASessionHoldsThatSentNothing) {
    EXPECT_EQ(taker("orders", 0, 20), "");
}

TEST_F(Statements, TheOnlyOneThatRanLocked) {
    sent(5, "SELECT pg_sleep(2)");
    EXPECT_EQ(taker("orders", 0, 20), "SELECT pg_sleep(2)");
}

TEST_F(Statements, OneThatWasSentAfterTheLookDidNot) {
    sent(5, "LOCK TABLE orders");
    sent(25, "LOCK TABLE customers");
    EXPECT_EQ(taker("customers", 0, 20), "LOCK TABLE orders");
}

TEST_F(Statements, OneThatHadEndedBeforeTheLastLookDidNot) {
    sent(2, "ALTER TABLE orders ADD COLUMN x int");
    sent(5, "UPDATE orders SET x = 1");
    EXPECT_EQ(taker("orders", 10, 30), "UPDATE orders SET x = 1");
}

TEST_F(Statements, OfSeveralBetweenTwoLooksTheFirstThatNamesTheRelation) {
    sent(1, "BEGIN", true);
    sent(2, "SET lock_timeout = '1s'");
    sent(3, "CREATE INDEX ON customers (id)");
    sent(5, "ALTER TABLE shop.orders ADD COLUMN x int");
    sent(9, "SELECT pg_sleep(2)");
    EXPECT_EQ(taker("orders", 0, 20), "ALTER TABLE shop.orders ADD COLUMN x int");
    EXPECT_EQ(taker("shop.orders", 0, 20), "ALTER TABLE shop.orders ADD COLUMN x int");
    EXPECT_EQ(taker("customers", 0, 20), "CREATE INDEX ON customers (id)");
}

TEST_F(Statements, AQuotedNameIsFound) {
    sent(1, "SELECT 1 FROM other");
    sent(2, "ALTER TABLE \"My.Orders\" ADD COLUMN x int");
    EXPECT_EQ(taker("public.\"My.Orders\"", 0, 20), "ALTER TABLE \"My.Orders\" ADD COLUMN x int");
}

TEST_F(Statements, WhereNoneNamesItTheFirstThatNamesAnything) {
    sent(1, "BEGIN", true);
    sent(2, "ALTER TABLE orders ADD COLUMN x int");
    sent(3, "SELECT pg_sleep(2)");
    EXPECT_EQ(taker("orders_pkey", 0, 20), "ALTER TABLE orders ADD COLUMN x int");
}

TEST_F(Statements, ANewTransactionHasLetGoWhatWasLockedBefore) {
    sent(1, "ALTER TABLE orders ADD COLUMN x int", true);
    sent(5, "UPDATE orders SET x = 1", true);
    EXPECT_EQ(taker("orders", 0, 20), "UPDATE orders SET x = 1");
    EXPECT_EQ(statements.transaction_began(step, at(4)), at(1));
    EXPECT_EQ(statements.transaction_began(step, at(5)), at(5));
}

TEST_F(Statements, ForgetsWhatHadEndedAndKeepsWhatRuns) {
    sent(1, "BEGIN", true);
    sent(2, "ALTER TABLE orders ADD COLUMN x int");
    sent(30, "SELECT pg_sleep(2)");
    statements.forget_before(step, at(20));
    EXPECT_EQ(taker("orders", 0, 40), "ALTER TABLE orders ADD COLUMN x int");
    EXPECT_EQ(statements.transaction_began(step, at(40)), at(1));
    statements.forget_before(step, at(40));
    EXPECT_EQ(taker("orders", 0, 60), "SELECT pg_sleep(2)");
}

TEST_F(Statements, KeepsTheLatestOfVeryMany) {
    for (std::size_t i = 0; i <= StepStatements::bound; ++i) {
        sent(static_cast<double>(i), "LOCK TABLE t" + std::to_string(i));
    }
    EXPECT_EQ(taker("t0", 0, 5'000), "LOCK TABLE t1");
    EXPECT_EQ(taker("t1000", 0, 5'000), "LOCK TABLE t1000");
}

}  // namespace
}  // namespace harness::locks::tests
