#include "tests/unit/scenarios/scenario_folder.hpp"
#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using Kind = Expectation::Kind;
using Check = Invariant::Test;

std::vector<std::string> errors_in(const std::string& section) {
    return errors_of(small_scenario("verify:\n" + section));
}

TEST(VerifySection, IsReadWhole) {
    const auto scenario = read_good(small_scenario(R"(verify:
  tables: [orders, shop.Customers]
  expect:
    orders.Region: added
    orders."Old": dropped
    orders.total: {rewritten: "total * 100"}
    shop.customers.name: {renamed: Full_Name}
  strict: true
  live: off
  invariants:
    - {name: a, sql: SELECT 1, equals: 1, during: every 5s}
    - {name: b, sql: SELECT 1, at_most: 2.5}
    - {name: c, sql: SELECT 1, same_as_before: true}
)"));
    ASSERT_TRUE(scenario.verify);
    const auto& verify = *scenario.verify;
    ASSERT_EQ(verify.tables.size(), 2U);
    const auto& orders = verify.tables[0].expectations;
    ASSERT_EQ(orders.size(), 3U);
    EXPECT_EQ(orders[0].kind, Kind::added);
    EXPECT_EQ(orders[0].column, "region") << "as the catalog spells it";
    EXPECT_EQ(orders[1].kind, Kind::dropped);
    EXPECT_EQ(orders[1].column, "Old");
    EXPECT_EQ(orders[2].kind, Kind::rewritten);
    EXPECT_EQ(orders[2].value, "total * 100");
    ASSERT_EQ(verify.tables[1].expectations.size(), 1U);
    EXPECT_EQ(verify.tables[1].expectations[0].value, "full_name");
    EXPECT_TRUE(verify.strict);
    EXPECT_EQ(verify.live, scenarios::Verify::Live::off);
    ASSERT_EQ(verify.invariants.size(), 3U);
    EXPECT_EQ(verify.invariants[0].every, milliseconds{5'000});
    EXPECT_EQ(verify.invariants[0].limit, "1");
    EXPECT_EQ(verify.invariants[1].test, Check::at_most);
    EXPECT_FALSE(verify.invariants[1].every);
    EXPECT_EQ(verify.invariants[2].test, Check::same_as_before);
}

TEST(VerifySection, IsAutoAndByValueUnlessItSaysMore) {
    const auto scenario = read_good(small_scenario("verify: {tables: [t]}\n"));
    EXPECT_FALSE(scenario.verify->strict);
    EXPECT_EQ(scenario.verify->live, scenarios::Verify::Live::automatic);
    EXPECT_FALSE(read_good(small_scenario()).verify);
}

TEST(VerifySection, WhatIsWrongIsToldAtItsPlace) {
    EXPECT_THAT(errors_in("  tables: [orders, ORDERS]\n"),
                ElementsAre(HasSubstr("the table `ORDERS` stands here twice")));
    EXPECT_THAT(errors_in("  tables: [orders]\n  expect: {order.a: added, orders.b: gone}\n"),
                ElementsAre(AllOf(HasSubstr("`order.a` is not among `verify.tables`"),
                                  HasSubstr("did you mean `orders`?")),
                            HasSubstr("must be `added` or `dropped`, not `gone`")));
    EXPECT_THAT(errors_in("  tables: [orders]\n  expect: {region: added}\n"),
                ElementsAre(StartsWith("8:12: `verify.expect`: `region` must be a table and its "
                                       "column")));
    EXPECT_THAT(errors_in("  tables: [orders]\n  expect: {orders.a: added, orders.A: dropped}\n"),
                ElementsAre(HasSubstr("is the same column as one above")));
    EXPECT_THAT(errors_in("  expect: {orders.a: added}\n"),
                Contains(HasSubstr("only beside `tables`")));
    EXPECT_THAT(errors_in("  strict: true\n"),
                ElementsAre(HasSubstr("needs `tables` or `invariants`")));
    EXPECT_THAT(errors_in("  tables: [orders]\n  live: yes\n"),
                ElementsAre(HasSubstr("must be `auto`, `on` or `off`, not `yes`")));
}

TEST(VerifySection, InvariantsAreOneQueryAndOneTest) {
    const auto error = [](const std::string& invariant) {
        return errors_in("  invariants: [{name: a, " + invariant + "}]\n");
    };
    EXPECT_THAT(error("sql: SELECT 1"), ElementsAre(HasSubstr("needs one of")));
    EXPECT_THAT(error("sql: SELECT 1, equals: 1, at_most: 1"),
                ElementsAre(HasSubstr("only one of them may stand here")));
    EXPECT_THAT(error("sql: SELECT 1, at_most: many"),
                ElementsAre(HasSubstr("`at_most` must be a number")));
    EXPECT_THAT(error("sql: SELECT 1, same_as_before: false"),
                ElementsAre(HasSubstr("same_as_before` must be `true`")));
    EXPECT_THAT(error("sql: SELECT 1; SELECT 2, equals: 1"),
                ElementsAre(HasSubstr("only one statement")));
    EXPECT_THAT(error("sql: SELECT 1, equals: 1, during: 5s"),
                ElementsAre(HasSubstr("such as `every 5s`")));
    EXPECT_THAT(error("sql: SELECT 1, equals: 1, during: every 5ms"),
                ElementsAre(HasSubstr("from 100ms")));
    EXPECT_THAT(errors_in("  invariants:\n    - {name: a, sql: SELECT 1, equals: 1}\n"
                          "    - {name: a, sql: SELECT 2, equals: 2}\n"),
                ElementsAre(HasSubstr("two invariants are called `a`")));
}

}  // namespace
}  // namespace scenarios
