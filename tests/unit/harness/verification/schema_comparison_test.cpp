#include "harness/verification/schema_comparison.hpp"

#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace harness::verification {
namespace {

using database::ColumnSequence;
using database::SchemaObject;
using database::TableSchema;
using scenarios::ElementsAre;
using scenarios::Expectation;
using scenarios::IsEmpty;
using Kind = SchemaObject::Kind;

TableSchema orders() {
    TableSchema schema;
    schema.name = "public.orders";
    schema.properties = {{"owner", "shop"}};
    schema.columns = {{"id", {{"type", "bigint"}, {"NOT NULL", ""}}},
                      {"total", {{"type", "integer"}, {"default", "0"}}}};
    schema.objects = {{.kind = Kind::constraint, .name = "pk", .definition = "PRIMARY KEY (id)"},
                      {.kind = Kind::index, .name = "pk", .definition = "UNIQUE (id)"},
                      {.kind = Kind::index, .name = "by_total", .definition = "(total)"}};
    schema.privileges = {"SELECT to reader"};
    schema.sequences = {{.column = "id",
                         .column_type = "bigint",
                         .name = "public.orders_id_seq",
                         .type = "bigint",
                         .identity = 7,
                         .owner = "public.orders.id",
                         .owned_here = true,
                         .next = 101,
                         .behind = false}};
    return schema;
}

template <typename Change>
TableSchema changed(Change change) {
    auto schema = orders();
    change(schema);
    return schema;
}

// Problems begin with "!".
std::vector<std::string> told(const TableSchema& before, const TableSchema& after,
                              const std::vector<Expectation>& expectations = {}) {
    std::vector<std::string> texts;
    for (const auto& change : schema_changes(before, after, expectations)) {
        texts.push_back((change.problem ? "!" : "") + change.text);
    }
    return texts;
}

template <typename Change>
std::vector<std::string> told_of(Change change) {
    return told(orders(), changed(change));
}

SchemaObject object(Kind kind, std::string name, std::string definition, bool complete = true) {
    return {.kind = kind,
            .name = std::move(name),
            .definition = std::move(definition),
            .complete = complete};
}

TEST(SchemaComparison, EqualSchemasHaveNoChange) {
    EXPECT_THAT(told(orders(), orders()), IsEmpty());
}

TEST(SchemaComparison, APropertyIsNewGoneOrAnother) {
    EXPECT_THAT(told_of([](TableSchema& s) { s.columns[1].properties["default"] = "1"; }),
                ElementsAre("column total: default 1, before: 0"));
    EXPECT_THAT(told_of([](TableSchema& s) { s.columns[1].properties.erase("default"); }),
                ElementsAre("column total: no default any longer, before: 0"));
    EXPECT_THAT(told_of([](TableSchema& s) { s.columns[1].properties["comment"] = "in cents"; }),
                ElementsAre("column total: comment in cents, before: none"));
    EXPECT_THAT(told_of([](TableSchema& s) { s.properties["owner"] = "migrator"; }),
                ElementsAre("the table: owner migrator, before: shop"));
}

TEST(SchemaComparison, AFlagIsToldWithoutAValue) {
    EXPECT_THAT(told_of([](TableSchema& s) { s.columns[1].properties["NOT NULL"]; }),
                ElementsAre("column total is NOT NULL now"));
    EXPECT_THAT(told_of([](TableSchema& s) { s.columns[0].properties.erase("NOT NULL"); }),
                ElementsAre("column id is no longer NOT NULL"));
    EXPECT_THAT(told_of([](TableSchema& s) { s.properties["UNLOGGED"]; }),
                ElementsAre("the table is UNLOGGED now"));
}

TEST(SchemaComparison, BothSidesStandBesideTheSentence) {
    const auto changes = schema_changes(
        orders(), changed([](TableSchema& s) { s.columns[1].properties["default"] = "1"; }), {});
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].kind, "column");
    EXPECT_EQ(changes[0].name, "total");
    EXPECT_EQ(changes[0].before, "0");
    EXPECT_EQ(changes[0].after, "1");
}

TEST(SchemaComparison, ColumnsThatComeOrGoAreNotItsToTell) {
    EXPECT_THAT(told_of([](TableSchema& s) { s.columns[1].name = "sum"; }), IsEmpty());
    EXPECT_THAT(told_of([](TableSchema& s) { s.columns.pop_back(); }), IsEmpty());
}

TEST(SchemaComparison, ARenamedColumnIsTheSameOneWhereThatIsDeclared) {
    const auto after = changed([](TableSchema& s) {
        s.columns[0].name = "number";
        s.columns[0].properties.erase("NOT NULL");
        s.sequences[0].column = "number";
        s.sequences[0].next = 50;
    });
    EXPECT_THAT(
        told(
            orders(), after,
            {{.kind = Expectation::Kind::renamed, .column = "id", .value = "number", .place = {}}}),
        ElementsAre("column number is no longer NOT NULL",
                    "the sequence public.orders_id_seq of column number went back: 101 was "
                    "next, and 50 is"));
}

TEST(SchemaComparison, AnObjectIsNewGoneAnotherOrRenamed) {
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.objects.push_back(object(Kind::trigger, "t", "CREATE TRIGGER t"));
                }),
                ElementsAre("the trigger t is new"));
    EXPECT_THAT(told_of([](TableSchema& s) { s.objects.pop_back(); }),
                ElementsAre("the index by_total is gone"));
    EXPECT_THAT(told_of([](TableSchema& s) { s.objects[2].definition = "(total, id)"; }),
                ElementsAre("the index by_total is defined otherwise"));
    EXPECT_THAT(told_of([](TableSchema& s) { s.objects[2].name = "by_sum"; }),
                ElementsAre("the index by_total is called by_sum"));
}

TEST(SchemaComparison, OneOfTheSameNameButAnotherKindIsAnother) {
    EXPECT_THAT(told_of([](TableSchema& s) { s.objects[2].kind = Kind::statistics; }),
                ElementsAre("the index by_total is gone", "the statistics object by_total is new"));
}

TEST(SchemaComparison, EachOfTwoEqualIndexesIsRenamedOnce) {
    const auto twice = changed(
        [](TableSchema& s) { s.objects.push_back(object(Kind::index, "by_total_2", "(total)")); });
    const auto once = changed([](TableSchema& s) { s.objects[2].name = "by_sum"; });
    EXPECT_THAT(told(twice, once),
                ElementsAre("the index by_total is called by_sum", "the index by_total_2 is gone"));
    // The other one is still there: this one is no new name of it.
    EXPECT_THAT(told(orders(), twice), ElementsAre("the index by_total_2 is new"));
}

TEST(SchemaComparison, AConstraintTellsOfItsIndex) {
    EXPECT_THAT(
        told_of([](TableSchema& s) { s.objects.erase(s.objects.begin(), s.objects.begin() + 2); }),
        ElementsAre("the constraint pk is gone"));
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.objects.push_back(object(Kind::constraint, "u", "UNIQUE (total)"));
                    s.objects.push_back(object(Kind::index, "u", "UNIQUE (total)"));
                }),
                ElementsAre("the constraint u is new"));
}

TEST(SchemaComparison, AnIndexThatIsInvalidNowIsAProblem) {
    EXPECT_THAT(told_of([](TableSchema& s) { s.objects[2].complete = false; }),
                ElementsAre("!the index by_total is INVALID: no query uses it, and writes may have "
                            "to maintain it"));
    // What a failed concurrent build leaves; problems stand first.
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.objects.push_back(object(Kind::index, "by_total_ccnew", "(total)", false));
                }),
                ElementsAre("!the index by_total_ccnew is INVALID: no query uses it, and writes "
                            "may have to maintain it",
                            "the index by_total_ccnew is new"));
}

TEST(SchemaComparison, AnIndexOfAPartitionIsToldOnlyWhileItIsInvalid) {
    const auto broken = changed([](TableSchema& s) {
        s.objects.push_back(object(Kind::index, "public.p1_idx", "(total)", false));
        s.objects.back().only_if_incomplete = true;
    });
    EXPECT_THAT(told(orders(), broken),
                ElementsAre("!the index public.p1_idx is INVALID: no query uses it, and writes may "
                            "have to maintain it"));
    EXPECT_THAT(told(broken, orders()), IsEmpty());
}

TEST(SchemaComparison, AnIndexThatWasInvalidBeforeIsNoProblem) {
    const auto invalid = changed([](TableSchema& s) { s.objects[2].complete = false; });
    EXPECT_THAT(told(invalid, invalid),
                ElementsAre("the index by_total is INVALID, as it was before"));
    EXPECT_THAT(told(invalid, orders()), ElementsAre("the index by_total is valid now"));
}

TEST(SchemaComparison, AnInvalidIndexUnderItsOldNameBesideAnotherIsAProblem) {
    const auto after = changed([](TableSchema& s) {
        s.objects[2].name = "renamed";
        s.objects[2].complete = false;
    });
    EXPECT_THAT(told(orders(), after),
                ElementsAre("!the index renamed is INVALID: no query uses it, and writes may have "
                            "to maintain it",
                            "the index by_total is called renamed"));
}

TEST(SchemaComparison, AConstraintLeftNotValidIsToldAndDecidesNothing) {
    const auto pending = changed([](TableSchema& s) {
        s.objects.push_back(object(Kind::constraint, "positive", "CHECK (total > 0)", false));
    });
    EXPECT_THAT(told(orders(), pending),
                ElementsAre("the constraint positive is new",
                            "the constraint positive is NOT VALID: rows that were there before it "
                            "are not checked until it is validated"));
    EXPECT_THAT(told(pending, pending), IsEmpty());
    const auto validated = changed([](TableSchema& s) {
        s.objects.push_back(object(Kind::constraint, "positive", "CHECK (total > 0)"));
    });
    EXPECT_THAT(told(pending, validated), ElementsAre("the constraint positive is valid now"));
}

TEST(SchemaComparison, PrivilegesAreToldTogether) {
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.privileges = {"INSERT to app", "SELECT to app"};
                }),
                ElementsAre("no longer granted: SELECT to reader",
                            "granted now: INSERT to app, SELECT to app"));
}

TEST(SchemaComparison, ASequenceThatMovesOnIsNoChange) {
    EXPECT_THAT(told_of([](TableSchema& s) { s.sequences[0].next = 5'000; }), IsEmpty());
}

TEST(SchemaComparison, ASequenceThatIsNewlyBehindItsColumnIsAProblem) {
    const auto expected = [](const char* next) {
        return std::string{"!the sequence public.orders_id_seq of column id gives "} + next +
               " next, and the column goes beyond that: it is going to give out values that are "
               "there already";
    };
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.sequences[0].next = 1;
                    s.sequences[0].behind = true;
                }),
                ElementsAre(expected("1")));
    // Another sequence, however far it is.
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.sequences[0].identity = 8;
                    s.sequences[0].next = 500;
                    s.sequences[0].behind = true;
                }),
                ElementsAre(expected("500")));
    // One where there was none: a key that was filled from another column.
    EXPECT_THAT(told(changed([](TableSchema& s) { s.sequences.clear(); }),
                     changed([](TableSchema& s) { s.sequences[0].behind = true; })),
                ElementsAre(expected("101")));
}

TEST(SchemaComparison, ASequenceThatWasBehindOrOvertakenIsNoProblem) {
    const auto behind = changed([](TableSchema& s) { s.sequences[0].behind = true; });
    EXPECT_THAT(told(behind, behind),
                ElementsAre("the sequence public.orders_id_seq of column id gives 101 next, and "
                            "the column goes beyond that, as it did before"));
    EXPECT_THAT(told(orders(), behind),
                ElementsAre("the sequence public.orders_id_seq of column id gives 101 next, and "
                            "the column goes beyond that: values that were given have overtaken "
                            "it"));
}

TEST(SchemaComparison, ASequenceThatWentBackWithoutHarmIsTold) {
    const char* text =
        "the sequence public.orders_id_seq of column id went back: 101 was next, and 90 is";
    EXPECT_THAT(told_of([](TableSchema& s) { s.sequences[0].next = 90; }), ElementsAre(text));
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.sequences[0].next = 90;
                    s.sequences[0].behind.reset();  // nobody knows
                }),
                ElementsAre(text));
}

TEST(SchemaComparison, ADescendingSequenceGoesBackUpwards) {
    const auto descending = [](std::int64_t next, bool behind) {
        return changed([&](TableSchema& s) {
            s.sequences[0].ascending = false;
            s.sequences[0].next = next;
            s.sequences[0].behind = behind;
        });
    };
    EXPECT_THAT(told(descending(-100, false), descending(-200, false)), IsEmpty());
    EXPECT_THAT(told(descending(-100, false), descending(-50, false)),
                ElementsAre("the sequence public.orders_id_seq of column id went back: -100 was "
                            "next, and -50 is"));
    EXPECT_EQ(told(descending(-100, false), descending(-50, true))[0][0], '!');
}

TEST(SchemaComparison, ASequenceThatCannotBeReadIsNotJudged) {
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.sequences[0].next.reset();
                    s.sequences[0].behind.reset();
                }),
                IsEmpty());
}

TEST(SchemaComparison, ASequenceThatLostItsOwnerIsTold) {
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.sequences[0].owner.clear();
                    s.sequences[0].owned_here = false;
                }),
                ElementsAre("the sequence public.orders_id_seq of column id belongs to no column "
                            "any longer: it stays when the table goes"));
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.sequences[0].owner = "public.orders_old.id";
                    s.sequences[0].owned_here = false;
                }),
                ElementsAre("the sequence public.orders_id_seq of column id belongs to "
                            "public.orders_old.id: when that is dropped, it goes, too"));
    EXPECT_THAT(told(changed([](TableSchema& s) { s.sequences[0].owned_here = false; }), orders()),
                ElementsAre("the sequence public.orders_id_seq of column id belongs to the column "
                            "now"));
}

TEST(SchemaComparison, ASequenceThatStaysNarrowIsTold) {
    const auto of_type = [](const char* type) {
        return changed([type](TableSchema& s) {
            s.sequences[0].type = "integer";
            s.sequences[0].column_type = type;
        });
    };
    EXPECT_THAT(told(of_type("integer"), of_type("bigint")),
                ElementsAre("the sequence public.orders_id_seq of column id still counts in "
                            "integer, and the column is bigint"));
    EXPECT_THAT(told(of_type("bigint"), of_type("bigint")), IsEmpty());
}

TEST(SchemaComparison, AnotherSequenceIsNamed) {
    EXPECT_THAT(told_of([](TableSchema& s) {
                    s.sequences[0].identity = 8;
                    s.sequences[0].name = "public.other";
                }),
                ElementsAre("column id draws from public.other and no longer from "
                            "public.orders_id_seq"));
}

// ------------------------------------------------------------------------------ after a way back

std::vector<std::string> differences(const TableSchema& before, const TableSchema& after) {
    std::vector<std::string> texts;
    for (const auto& change : schema_differences(before, after)) {
        texts.push_back((change.problem ? "!" : "") + change.text);
    }
    return texts;
}

TEST(SchemaDifferences, EqualSchemasHaveNone) {
    EXPECT_THAT(differences(orders(), orders()), IsEmpty());
}

TEST(SchemaDifferences, WhatAMigrationMayChangeAWayBackMayNot) {
    auto other = orders();
    other.properties["owner"] = "migrator";
    other.columns[1].properties["type"] = "bigint";
    other.objects.pop_back();
    other.objects.push_back(object(Kind::constraint, "positive", "CHECK (total > 0)", false));
    other.privileges.clear();
    EXPECT_THAT(differences(orders(), other),
                ElementsAre("!the table: owner migrator, before: shop",
                            "!column total: type bigint, before: integer",
                            "!the index by_total is gone", "!the constraint positive is new",
                            "!the constraint positive is NOT VALID: rows that were there before it "
                            "are not checked until it is validated",
                            "!no longer granted: SELECT to reader"));
}

TEST(SchemaDifferences, AColumnThatCameOrWentIsOne) {
    auto other = orders();
    other.columns[1].name = "amount";
    EXPECT_THAT(differences(orders(), other),
                ElementsAre("!the column total is gone", "!the column amount is new"));
}

TEST(SchemaDifferences, TheOrderOfColumnsIsToldAndIsNoProblem) {
    auto other = orders();
    std::swap(other.columns[0], other.columns[1]);
    EXPECT_THAT(differences(orders(), other), ElementsAre("the columns stand in another order"));
}

TEST(SchemaDifferences, WhatTheApplicationDrewFromASequenceIsNone) {
    auto other = orders();
    other.sequences[0].next = 500;
    EXPECT_THAT(differences(orders(), other), IsEmpty());
    other.sequences[0].behind = true;  // overtaken by values that were given
    const auto told = differences(orders(), other);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_NE(told[0].front(), '!') << told[0];
}

TEST(SchemaDifferences, ASequenceThatWasSetBackIsAProblem) {
    auto other = orders();
    other.sequences[0].next = 1;
    other.sequences[0].behind = true;
    const auto told = differences(orders(), other);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].front(), '!') << told[0];
}

TEST(SchemaDifferences, AnIndexThatWasInvalidBeforeIsAsItWas) {
    auto before = orders(), after = orders();
    before.objects[2].complete = after.objects[2].complete = false;
    EXPECT_THAT(differences(before, after), ElementsAre("the index by_total is INVALID, as it was "
                                                        "before"));
}

}  // namespace
}  // namespace harness::verification
