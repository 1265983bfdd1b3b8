#include "harness/verification/proof_plan.hpp"

#include "harness/verification/diff_plan.hpp"
#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace harness::verification {
namespace {

std::vector<std::string> list(const std::set<std::string>& names) {
    return {names.begin(), names.end()};
}

using checksum::Kind;
using database::TableColumn;
using database::TableShape;
using scenarios::ElementsAre;
using scenarios::Expectation;
using scenarios::HasSubstr;
using scenarios::IsEmpty;

TableColumn column(std::string name, Kind kind = Kind::number, bool is_key = false) {
    TableColumn made;
    made.name = std::move(name);
    made.kind = kind;
    made.type = kind == Kind::number ? "integer" : "text";
    made.is_key = is_key;
    return made;
}

TableShape table(std::vector<TableColumn> columns) {
    TableShape shape;
    shape.name = "public.orders";
    shape.columns = std::move(columns);
    shape.keyed = true;
    return shape;
}

scenarios::VerifiedTable expecting(std::vector<Expectation> expectations) {
    return {"orders", std::move(expectations)};
}

Expectation expectation(Expectation::Kind kind, std::string name, std::string value = {}) {
    return {.kind = kind, .column = std::move(name), .value = std::move(value), .place = {}};
}

const TableShape before = table({column("id", Kind::number, true), column("total")});

AfterPlan after(const std::vector<Expectation>& expectations, const TableShape& shape,
                bool failed = false) {
    const auto declared = expecting(expectations);
    return plan_after(plan_before(before, declared), before, shape, declared, failed);
}

TEST(ProofPlan, AnUndeclaredLossOfAColumnIsAProblem) {
    const auto plan = after({}, table({column("id", Kind::number, true)}));
    EXPECT_THAT(plan.problems, ElementsAre(HasSubstr("column total is gone")));
    EXPECT_THAT(list(plan.missing), ElementsAre("total"));
}

TEST(ProofPlan, ADeclaredLossIsNone) {
    const auto drop = expectation(Expectation::Kind::dropped, "total");
    EXPECT_THAT(after({drop}, table({column("id", Kind::number, true)})).problems, IsEmpty());
    EXPECT_THAT(after({drop}, before).problems, ElementsAre(HasSubstr("still there")));
}

TEST(ProofPlan, ARenamedColumnIsComparedUnderItsNewName) {
    const auto plan = after({expectation(Expectation::Kind::renamed, "total", "sum")},
                            table({column("id", Kind::number, true), column("sum")}));
    EXPECT_THAT(plan.problems, IsEmpty());
    EXPECT_THAT(plan.notes, IsEmpty());
    ASSERT_EQ(plan.columns.size(), 2U);
    EXPECT_EQ(plan.columns[1].name, "total");
    EXPECT_EQ(plan.columns[1].column, "sum");
    EXPECT_THAT(after({expectation(Expectation::Kind::renamed, "total", "sum")}, before).problems,
                ElementsAre(HasSubstr("there is no sum")));
}

TEST(ProofPlan, ARewrittenColumnIsReadAsWhatItIsToBecome) {
    const auto declared =
        expecting({expectation(Expectation::Kind::rewritten, "total", "total * 100")});
    EXPECT_EQ(plan_before(before, declared).columns[1].expression, "total * 100");
    EXPECT_EQ(after(declared.expectations, before).columns[1].expression, "");
}

TEST(ProofPlan, AnAddedColumnMustComeAndOneThatNobodyDeclaredIsNoted) {
    const auto wide = table({column("id", Kind::number, true), column("region"), column("total")});
    const auto added = expectation(Expectation::Kind::added, "region");
    EXPECT_THAT(after({added}, wide).problems, IsEmpty());
    EXPECT_THAT(after({added}, wide).notes, IsEmpty());
    EXPECT_THAT(after({added}, before).problems, ElementsAre(HasSubstr("is not there")));
    EXPECT_THAT(after({}, wide).notes, ElementsAre(HasSubstr("column region is new")));
    EXPECT_THAT(after({}, wide).problems, IsEmpty());
}

TEST(ProofPlan, AfterAFailedMigrationNothingNeedBeAsDeclared) {
    EXPECT_THAT(after({expectation(Expectation::Kind::added, "region"),
                       expectation(Expectation::Kind::renamed, "total", "sum")},
                      before, true)
                    .problems,
                IsEmpty());
    EXPECT_THAT(after({}, table({column("id", Kind::number, true)}), true).problems,
                ElementsAre(HasSubstr("total is gone")))
        << "what was not to be touched must still be there";
}

TEST(ProofPlan, ExpectationsThatDoNotFitTheTableAreRefusedFirst) {
    EXPECT_THROW(plan_before(before, expecting({expectation(Expectation::Kind::added, "total")})),
                 NotComparable);
    EXPECT_THROW(plan_before(before, expecting({expectation(Expectation::Kind::dropped, "tax")})),
                 NotComparable);
    EXPECT_THROW(plan_before(before, expecting({expectation(Expectation::Kind::dropped, "id"),
                                                expectation(Expectation::Kind::dropped, "total")})),
                 NotComparable);
}

TEST(ProofPlan, WithoutItsKeyARowIsToldByAllItsColumns) {
    const auto plan =
        plan_before(before, expecting({expectation(Expectation::Kind::dropped, "id")}));
    EXPECT_FALSE(plan.keyed);
    EXPECT_EQ(plan.is_key, std::vector<bool>{true});
}

TEST(ProofPlan, WhatTheWorkloadWritesUnderEitherNameIsLeftOpen) {
    const auto renamed = expecting({expectation(Expectation::Kind::renamed, "total", "sum")});
    EXPECT_THAT(list(left_open(renamed, {"sum"})), ElementsAre("sum", "total"));
    EXPECT_THAT(list(left_open(renamed, {"id"})), ElementsAre("id"));
}

TEST(ProofPlan, WhatIsMadeOfAnOpenColumnIsOpen) {
    const auto made = [](const std::string& expression, const std::set<std::string>& written) {
        return list(left_open(
            expecting({expectation(Expectation::Kind::rewritten, "gross", expression)}), written));
    };
    EXPECT_THAT(made("round(orders.net * 1.2)", {"net"}), ElementsAre("gross", "net"));
    EXPECT_THAT(made("round(net * 1.2)", {"note"}), ElementsAre("note"));
    EXPECT_THAT(made("(orders).net", {"note"}), ElementsAre("gross", "note")) << "a whole row";
    EXPECT_THAT(made("hashtext(orders::text)", {"note"}), ElementsAre("gross", "note"));
    EXPECT_THAT(made("row_to_json(orders.*)", {"note"}), ElementsAre("gross", "note"));
    EXPECT_THAT(made("net *", {"note"}), ElementsAre("gross", "note")) << "does not parse";
    EXPECT_THAT(made("net *", {}), IsEmpty());
}

TEST(ProofPlan, AnotherKindOfValueIsNotComparedInSilence) {
    const auto plan = plan_before(before, expecting({}));
    const std::vector wide{column("id", Kind::decimal, true), column("total")};
    EXPECT_TRUE(incomparable(plan.columns, before.columns, wide).empty()) << "by value";
    const std::vector other{column("id", Kind::number, true), column("total", Kind::text)};
    const auto found = incomparable(plan.columns, before.columns, other);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].column, "total");
    EXPECT_THAT(found[0].why, HasSubstr("rewritten: EXPRESSION"));
}

}  // namespace
}  // namespace harness::verification
