#include "harness/verification/invariants.hpp"

#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace harness::verification {
namespace {

using reports::Proof;
using scenarios::HasSubstr;
using scenarios::Invariant;
using Check = Invariant::Test;

Invariant invariant(Check test, std::string limit = {}) {
    return {.name = "i", .sql = "SELECT 1", .test = test, .limit = std::move(limit), .every = {}};
}

Answer value(std::string text) {
    return {std::move(text), {}};
}
const Answer null{std::nullopt, {}};
const Answer failed{std::nullopt, "column region does not exist"};

bool fulfils(Check test, const std::string& limit, const Answer& answer,
             const Answer& before = failed) {
    return holds(invariant(test, limit), answer, before);
}

TEST(Invariants, NumbersAreComparedAsNumbersAndTextsAsTexts) {
    EXPECT_TRUE(fulfils(Check::equals, "0", value("0")));
    EXPECT_TRUE(fulfils(Check::equals, "1", value("1.00")));
    EXPECT_FALSE(fulfils(Check::equals, "0", value("1")));
    EXPECT_TRUE(fulfils(Check::equals, "t", value("t")));
    EXPECT_FALSE(fulfils(Check::equals, "0", value("")));
    EXPECT_FALSE(fulfils(Check::equals, "9007199254740993", value("9007199254740992")))
        << "beyond a double's digits only the same text is equal";
    EXPECT_TRUE(fulfils(Check::at_most, "5", value("5")));
    EXPECT_FALSE(fulfils(Check::at_most, "5", value("5.1")));
    EXPECT_TRUE(fulfils(Check::at_least, "-1", value("0")));
    EXPECT_FALSE(fulfils(Check::at_least, "1", value("many")));
}

TEST(Invariants, NoAnswerAndNullFulfilNothing) {
    for (const auto test : {Check::equals, Check::at_most, Check::at_least}) {
        EXPECT_FALSE(fulfils(test, "0", null));
        EXPECT_FALSE(fulfils(test, "0", failed));
    }
    EXPECT_TRUE(fulfils(Check::same_as_before, "", null, null));
    EXPECT_FALSE(fulfils(Check::same_as_before, "", null, value("1")));
    EXPECT_FALSE(fulfils(Check::same_as_before, "", value("1"), failed));
    EXPECT_TRUE(fulfils(Check::same_as_before, "", value("7"), value("7")));
}

TEST(Invariants, OneThatTheMigrationMakesTrueIsJudgedAtTheEnd) {
    const auto zero = invariant(Check::equals, "0");
    InvariantLog log{zero};
    log.before(failed);
    EXPECT_FALSE(log.under_load(value("12"), 1));
    const auto proof = log.judge(value("0"));
    EXPECT_EQ(proof.verdict, Proof::pass);
    EXPECT_THAT(proof.detail, HasSubstr("did not hold before"));
    EXPECT_EQ(log.judge(value("1")).verdict, Proof::fail);
    EXPECT_EQ(log.judge(failed).verdict, Proof::inconclusive);
}

TEST(Invariants, OneThatHeldBeforeMayNotBeBrokenUnderLoad) {
    auto zero = invariant(Check::equals, "0");
    zero.every = std::chrono::milliseconds{100};
    InvariantLog log{zero};
    log.before(value("0"));
    EXPECT_FALSE(log.under_load(value("0"), 1));
    EXPECT_TRUE(log.under_load(value("3"), 2)) << "the first one is told";
    EXPECT_FALSE(log.under_load(value("4"), 3));
    const auto proof = log.judge(value("0"));
    EXPECT_EQ(proof.verdict, Proof::fail);
    EXPECT_EQ(proof.violations, 2U);
    EXPECT_EQ(proof.first_violation, "3");
    EXPECT_EQ(proof.first_violation_s, 2.0);
}

TEST(Invariants, OneThatNobodyCouldLookAtUnderLoadIsNotJudged) {
    auto zero = invariant(Check::equals, "0");
    zero.every = std::chrono::milliseconds{100};
    InvariantLog log{zero};
    log.before(value("0"));
    EXPECT_EQ(log.judge(value("0")).verdict, Proof::inconclusive);
    log.under_load(failed, 1);
    EXPECT_EQ(log.judge(value("0")).verdict, Proof::inconclusive);
    log.under_load(value("0"), 2);
    EXPECT_EQ(log.judge(value("0")).verdict, Proof::pass);
}

}  // namespace
}  // namespace harness::verification
