#include "harness/migration/statement_units.hpp"

#include <gtest/gtest.h>

namespace {

using harness::migration::StatementUnit;
using harness::migration::units_of;
using Indices = std::vector<std::size_t>;

std::vector<StatementUnit> units(const std::vector<std::string>& statements, bool transaction) {
    auto result = units_of(statements, transaction);
    if (const auto* wrong = std::get_if<std::string>(&result)) {
        ADD_FAILURE() << *wrong;
        return {};
    }
    return std::get<std::vector<StatementUnit>>(result);
}

std::string fault(const std::vector<std::string>& statements, bool transaction) {
    const auto result = units_of(statements, transaction);
    return std::holds_alternative<std::string>(result) ? std::get<std::string>(result) : "";
}

TEST(StatementUnits, ATransactionIsTriedAgainAsAWhole) {
    const auto result = units({"CREATE TABLE t ()", "SAVEPOINT a", "DROP TABLE t"}, true);
    ASSERT_EQ(result.size(), 1U);
    EXPECT_EQ(result[0].statements, (Indices{0, 1, 2}));
    EXPECT_FALSE(result[0].own_transaction);
}

TEST(StatementUnits, WithoutATransactionEachStatementIsTriedAlone) {
    const auto result = units({"SELECT 1", "SELECT 2"}, false);
    ASSERT_EQ(result.size(), 2U);
    EXPECT_EQ(result[0].statements, Indices{0});
    EXPECT_EQ(result[1].statements, Indices{1});
}

TEST(StatementUnits, AStepsOwnTransactionsStayTogether) {
    const auto result = units({"SELECT 1", "BEGIN", "SELECT 2", "COMMIT", "SELECT 3"}, false);
    ASSERT_EQ(result.size(), 3U);
    EXPECT_EQ(result[1].statements, (Indices{1, 2, 3}));
    EXPECT_TRUE(result[1].own_transaction);
    EXPECT_FALSE(result[2].own_transaction);
}

TEST(StatementUnits, ACommitInsideOfTheStepsTransactionIsRefused) {
    EXPECT_NE(fault({"SELECT 1", "commit", "SELECT 2"}, true).find("statement 2 (COMMIT)"),
              std::string::npos);
    EXPECT_NE(fault({"BEGIN", "SELECT 2"}, true).find("transaction: false"), std::string::npos);
}

TEST(StatementUnits, UnbalancedTransactionsAreRefused) {
    EXPECT_NE(fault({"SELECT 1", "BEGIN", "SELECT 2"}, false).find("never committed"),
              std::string::npos);
    EXPECT_NE(fault({"COMMIT"}, false).find("never begun"), std::string::npos);
    EXPECT_NE(fault({"BEGIN", "BEGIN", "COMMIT"}, false).find("inside of another"),
              std::string::npos);
}

TEST(StatementUnits, WhatMayHaveCommittedInsideIsMarked) {
    const auto result = units({"CALL fill()", "do $$ begin commit; end $$", "SELECT 1"}, false);
    ASSERT_EQ(result.size(), 3U);
    EXPECT_TRUE(result[0].commits_inside);
    EXPECT_TRUE(result[1].commits_inside);
    EXPECT_FALSE(result[2].commits_inside);
}

TEST(StatementUnits, AChainedTransactionIsRefused) {
    EXPECT_NE(fault({"SELECT 1", "COMMIT AND CHAIN"}, true).find("AND CHAIN"), std::string::npos);
    EXPECT_NE(fault({"BEGIN", "COMMIT AND CHAIN", "COMMIT"}, false).find("AND CHAIN"),
              std::string::npos);
}

}  // namespace
