#include "harness/verification/diff_plan.hpp"

#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace harness::verification {
namespace {

using checksum::Kind;
using checksum::Scale;
using database::TableColumn;
using database::TableShape;
using scenarios::AllOf;
using scenarios::HasSubstr;

using Names = std::vector<std::string>;

TableColumn column(std::string name, Kind kind = Kind::number,
                   const std::string& type = "integer") {
    TableColumn made;
    made.name = std::move(name);
    made.kind = kind;
    made.type = made.cast_to = type;
    return made;
}

// The first column is the key.
TableShape table(const std::string& name, std::vector<TableColumn> columns) {
    TableShape shape;
    shape.name = name;
    columns[0].is_key = true;
    shape.columns = std::move(columns);
    shape.keyed = true;
    return shape;
}

TableShape orders() {
    return table("orders", {column("id"), column("note", Kind::text, "text"), column("total")});
}

// "total=total_cents", "total={total_cents/100}", "note".
Names read(const std::vector<database::Projection>& projections) {
    Names all;
    for (const auto& one : projections) {
        all.push_back(one.name + (one.column.empty() ? "" : "=" + one.column) +
                      (one.expression.empty() ? "" : "={" + one.expression + "}") +
                      (one.cast_to.empty() ? "" : "::" + one.cast_to));
    }
    return all;
}

std::string refusal(const TableShape& after, const std::vector<ColumnMap>& maps = {},
                    const Names& wanted = {}) {
    try {
        static_cast<void>(plan_diff(orders(), after, wanted, maps));
    } catch (const NotComparable& no) {
        return no.what();
    }
    return "it can be compared";
}

TEST(DiffPlan, ColumnsOfOneNameAreCompared) {
    const auto plan = plan_diff(orders(), orders(), {}, {});
    EXPECT_EQ(read(plan.before), (Names{"id", "note", "total"}));
    EXPECT_EQ(read(plan.after), (Names{"id", "note", "total"}));
    EXPECT_TRUE(plan.keyed);
    EXPECT_EQ(plan.is_key, (std::vector<bool>{true, false, false}));
    EXPECT_EQ(plan.only_after, Names{});
}

TEST(DiffPlan, AMapNamesAColumnOrAnExpression) {
    const auto after =
        table("new", {column("id"), column("remark", Kind::text, "text"), column("total_cents")});
    const auto plan =
        plan_diff(orders(), after, {},
                  std::vector<ColumnMap>{{"note", "remark"}, {"total", "total_cents/100"}});
    EXPECT_EQ(read(plan.before), (Names{"id", "note", "total"}));
    EXPECT_EQ(read(plan.after), (Names{"id", "note=remark", "total={total_cents/100}"}));
    EXPECT_EQ(plan.only_after, Names{"total_cents"}) << "nobody knows what an expression reads";
}

TEST(DiffPlan, AMapGoesBeforeTheColumnOfTheSameName) {
    auto after = orders();
    after.columns.push_back(column("total2"));
    const auto plan = plan_diff(orders(), after, {}, std::vector<ColumnMap>{{"total", "total2"}});
    EXPECT_EQ(read(plan.after), (Names{"id", "note", "total=total2"}));
    EXPECT_EQ(plan.only_after, Names{"total"});
}

TEST(DiffPlan, TheKeyIsComparedWhateverIsWanted) {
    const auto plan = plan_diff(orders(), orders(), {"total"}, {});
    EXPECT_EQ(read(plan.before), (Names{"id", "total"}));
    EXPECT_EQ(plan.is_key, (std::vector<bool>{true, false}));
    EXPECT_EQ(plan.only_after, Names{"note"});
}

TEST(DiffPlan, WithoutAKeyAllColumnsTellRowsApart) {
    auto keyless = orders();
    keyless.keyed = keyless.columns[0].is_key = false;
    const auto plan = plan_diff(keyless, orders(), {}, {});
    EXPECT_FALSE(plan.keyed) << "the first table's key decides";
    EXPECT_EQ(plan.is_key, (std::vector<bool>{true, true, true}));
}

TEST(DiffPlan, WhatHasNoCounterpartMustBeLeftOutInSoManyWords) {
    const auto after = table("new", {column("id"), column("note", Kind::text, "text")});
    EXPECT_THAT(refusal(after), AllOf(HasSubstr("column total has no counterpart in new"),
                                      HasSubstr("--map total=")));
    EXPECT_EQ(refusal(after, {}, {"note"}), "it can be compared");
}

TEST(DiffPlan, AMapThatMakesNoSenseIsRefused) {
    EXPECT_THAT(refusal(orders(), {{"totl", "total"}}),
                HasSubstr("there is no column totl in orders"));
    EXPECT_THAT(refusal(orders(), {{"total", "total"}, {"total", "id"}}),
                HasSubstr("column total is mapped twice"));
}

TEST(DiffPlan, AColumnThatIsNotThereIsNoColumnToCompare) {
    EXPECT_THROW(static_cast<void>(plan_diff(orders(), orders(), {"nix"}, {})),
                 database::UnknownName);
}

// ------------------------------------------------------------------ types

// As what the first side's column is read.
std::string cast_of(const TableColumn& from, TableColumn to, Scale scale = Scale::by_value) {
    const auto before = table("t", {from});
    auto plan = plan_diff(before, before, {}, {});
    to.name = from.name;
    adapt_types(plan, before, std::vector{to}, scale);
    return plan.before[0].cast_to;
}

TEST(DiffTypes, TheFirstSideIsReadAsTheSecondOnesType) {
    EXPECT_EQ(cast_of(column("c"), column("c", Kind::text, "text")), "text");
    EXPECT_EQ(cast_of(column("c", Kind::text, "text"), column("c", Kind::uuid, "uuid")), "uuid");
    EXPECT_EQ(cast_of(column("c", Kind::json, "json"), column("c", Kind::jsonb, "jsonb")), "jsonb");
}

TEST(DiffTypes, WhatHasOneFormIsReadAsItIs) {
    EXPECT_EQ(cast_of(column("c"), column("c", Kind::number, "bigint")), "");
    EXPECT_EQ(cast_of(column("c"), column("c", Kind::decimal, "numeric")), "");
    EXPECT_EQ(cast_of(column("c", Kind::text, "varchar(10)"), column("c", Kind::text, "text")), "");
}

TEST(DiffTypes, WithScaleCountedAnIntegerIsNoDecimalAsItStands) {
    const auto numeric = column("c", Kind::decimal, "numeric");
    const auto read = column("c", Kind::scaled_decimal, "numeric");
    EXPECT_EQ(cast_of(column("c"), read, Scale::strict), "numeric");
    EXPECT_EQ(cast_of(numeric, read, Scale::strict), "");
}

TEST(DiffTypes, VerbatimValuesAreOfOneTypeOnlyIfTheirTagsAre) {
    auto from = column("c", Kind::verbatim, "integer[]");
    from.tag = 1;
    auto to = from;
    EXPECT_EQ(cast_of(from, to), "");
    to.tag = 2;
    to.cast_to = "bigint[]";
    EXPECT_EQ(cast_of(from, to), "bigint[]");
}

TEST(DiffTypes, ATimeWithAndOneWithoutAZoneNeedsToBeToldWhichOne) {
    const auto refused = [](Kind from, Kind to) {
        try {
            static_cast<void>(cast_of(column("at", from, "this"), column("at", to, "that")));
        } catch (const NotComparable& no) {
            return std::string{no.what()};
        }
        return std::string{"it can be compared"};
    };
    EXPECT_THAT(refused(Kind::timestamp, Kind::timestamptz),
                AllOf(HasSubstr("column at is this and that"), HasSubstr("AT TIME ZONE")));
    EXPECT_THAT(refused(Kind::timestamptz, Kind::timestamp), HasSubstr("in which time zone?"));
    EXPECT_THAT(refused(Kind::time, Kind::timetz), HasSubstr("in which time zone?"));
}

}  // namespace
}  // namespace harness::verification
