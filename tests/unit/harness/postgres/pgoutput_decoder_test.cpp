#include "harness/postgres/pgoutput_decoder.hpp"

#include "tests/unit/harness/postgres/pgoutput_bytes.hpp"

#include <gtest/gtest.h>

namespace {

using namespace tests;
using checksum::Kind;
using checksum::Presence;
using harness::database::RowChange;
using harness::database::RowOperation;
using harness::postgres::ColumnKind;
using harness::postgres::FieldType;
using harness::postgres::MalformedMessage;
using harness::postgres::PgoutputDecoder;
using harness::postgres::Wire;
namespace pgoutput = harness::postgres::pgoutput;

constexpr std::uint32_t orders = 16'384;

ColumnKind kind_by_oid(std::uint32_t oid) {
    const auto simple = [](Wire wire, const char* name) {
        return ColumnKind{.field = {.wire = wire}, .cast_to = name};
    };
    switch (oid) {
        case 23:
            return simple(Wire::int4, "pg_catalog.int4");
        case 25:
            return simple(Wire::text, "pg_catalog.text");
        case 1700:
            return simple(Wire::numeric, "pg_catalog.numeric");
        case 2205:
            return {.field = {}, .as_text = true, .cast_to = "pg_catalog.regclass"};
        default:
            throw std::out_of_range{"no such type"};
    }
}

class Pgoutput : public testing::Test {
protected:
    template <typename Event>
    Event take(const std::string& message) {
        message_ = message;
        return std::get<Event>(decoder_.decode(message_));
    }
    void tell_orders() {
        take<pgoutput::Relation>(
            relation_message(orders, "orders", {{"id", 23, true}, {"note", 25}, {"total", 1700}}));
    }
    std::string refusal(const std::string& message) {
        message_ = message;
        try {
            static_cast<void>(decoder_.decode(message_));
        } catch (const MalformedMessage& refused) {
            return refused.what();
        }
        return "taken";
    }

    PgoutputDecoder decoder_{kind_by_oid, checksum::Scale::by_value};
    std::string message_;
};

std::string shown(const checksum::Value& value) {
    switch (value.presence) {
        case Presence::null:
            return "NULL";
        case Presence::unchanged:
            return "unchanged";
        case Presence::unknown:
            return "unknown";
        case Presence::value:
            break;
    }
    return value.kind == Kind::number
               ? std::to_string(checksum::load<std::int64_t>(value.bytes.data()))
               : std::string{value.bytes};
}

std::vector<std::string> shown(std::span<const checksum::Value> row) {
    std::vector<std::string> all;
    for (const auto& value : row) {
        all.push_back(shown(value));
    }
    return all;
}

using Shown = std::vector<std::string>;

TEST_F(Pgoutput, ATransactionHasItsNumberAndPositions) {
    const auto begin = take<pgoutput::Begin>(begin_message(0x1'0000'0010, 4'000'000'000U));
    EXPECT_EQ(begin.final_position, 0x1'0000'0010U);
    EXPECT_EQ(begin.transaction, 4'000'000'000U);
    const auto commit = take<pgoutput::Commit>(commit_message(5, 9));
    EXPECT_EQ(commit.position, 5U);
    EXPECT_EQ(commit.end_position, 9U);
    EXPECT_EQ(take<pgoutput::Origin>("O" + be<std::uint64_t>(1) + zero_ended("north")).name,
              "north");
}

TEST_F(Pgoutput, ARelationHasItsColumnsInTheServersOrder) {
    const auto told = take<pgoutput::Relation>(
        relation_message(orders, "orders", {{"total", 1700}, {"id", 23, true}}));
    EXPECT_EQ(told.relation->identity, orders);
    EXPECT_EQ(told.relation->schema, "public");
    EXPECT_EQ(told.relation->name, "orders");
    ASSERT_EQ(told.relation->columns.size(), 2U);
    EXPECT_EQ(told.relation->columns[0].name, "total");
    EXPECT_EQ(told.relation->columns[0].kind, Kind::decimal);
    EXPECT_EQ(told.relation->columns[0].type, "pg_catalog.numeric");
    EXPECT_FALSE(told.relation->columns[0].identifies);
    EXPECT_TRUE(told.relation->columns[1].identifies);
}

TEST_F(Pgoutput, AnInsertHasItsRowInCanonicalForm) {
    tell_orders();
    const auto change = take<RowChange>(
        insert_message(orders, {int4(-7), textual("hello"), binary(numeric_bytes(0, 0, 2, {12}))}));
    EXPECT_EQ(change.operation, RowOperation::insert);
    EXPECT_EQ(shown(change.row), (Shown{"-7", "hello", "12"}));
    EXPECT_EQ(change.row[2].kind, Kind::number) << "12.00 by value";
    EXPECT_TRUE(change.old.empty());
}

TEST_F(Pgoutput, TextAndBinaryFormAreTheSameValue) {
    tell_orders();
    const auto keep = [&](const std::string& message) {
        return shown(take<RowChange>(message).row);
    };
    EXPECT_EQ(
        keep(insert_message(orders, {textual("5"), textual("x"), textual("12.00")})),
        keep(insert_message(orders, {int4(5), binary("x"), binary(numeric_bytes(0, 0, 2, {12}))})));
}

TEST_F(Pgoutput, NullUnchangedAndWhatIsNotSentAreToldApart) {
    tell_orders();
    const auto change =
        take<RowChange>(update_message(orders, {int4(1), unchanged_field, null_field}));
    EXPECT_EQ(change.operation, RowOperation::update);
    EXPECT_EQ(shown(change.row), (Shown{"1", "unchanged", "NULL"}));
    EXPECT_TRUE(change.old.empty());

    const auto keyed = take<RowChange>(update_message(
        orders, 'K', {int4(1), null_field, null_field}, {int4(2), null_field, null_field}));
    EXPECT_EQ(shown(keyed.old), (Shown{"1", "unknown", "unknown"})) << "NULLs that mean nothing";
    EXPECT_EQ(shown(keyed.row), (Shown{"2", "NULL", "NULL"}));

    const auto whole = take<RowChange>(update_message(
        orders, 'O', {int4(1), null_field, textual("3")}, {int4(2), textual("a"), textual("4")}));
    EXPECT_EQ(shown(whole.old), (Shown{"1", "NULL", "3"})) << "NULLs that mean NULL";
}

TEST_F(Pgoutput, ADeleteHasTheOldRow) {
    tell_orders();
    const auto change =
        take<RowChange>(delete_message(orders, 'K', {int4(9), null_field, null_field}));
    EXPECT_EQ(change.operation, RowOperation::remove);
    EXPECT_EQ(shown(change.old), (Shown{"9", "unknown", "unknown"}));
    EXPECT_TRUE(change.row.empty());
    EXPECT_EQ(
        shown(
            take<RowChange>(delete_message(orders, 'O', {int4(9), textual("n"), null_field})).old),
        (Shown{"9", "n", "NULL"}));
}

TEST_F(Pgoutput, AnAlteredRelationReplacesWhatWasKnown) {
    tell_orders();
    take<pgoutput::Relation>(relation_message(orders, "orders", {{"id", 25, true}}));
    const auto change = take<RowChange>(insert_message(orders, {textual("7")}));
    EXPECT_EQ(change.relation->columns.size(), 1U);
    EXPECT_EQ(change.row[0].kind, Kind::text) << "id is a text now";
}

TEST_F(Pgoutput, ATruncateNamesItsRelations) {
    tell_orders();
    take<pgoutput::Relation>(relation_message(orders + 1, "lines", {{"id", 23, true}}));
    const auto truncate = take<pgoutput::Truncate>(truncate_message({orders, orders + 1}));
    ASSERT_EQ(truncate.relations.size(), 2U);
    EXPECT_EQ(truncate.relations[1]->name, "lines");
}

TEST_F(Pgoutput, AMessageHasItsPrefixAndContent) {
    const auto message = take<pgoutput::Message>(logical_message(true, "rehearse", "12"));
    EXPECT_TRUE(message.transactional);
    EXPECT_EQ(message.prefix, "rehearse");
    EXPECT_EQ(message.content, "12");
    EXPECT_FALSE(take<pgoutput::Message>(logical_message(false, "other", "")).transactional);
    const auto type =
        take<pgoutput::Type>("Y" + be<std::uint32_t>(99) + zero_ended("s") + zero_ended("mood"));
    EXPECT_EQ(type.name, "mood");
}

// regclass: an oid of this database stands for a name.
TEST_F(Pgoutput, WhatIsComparedAsTextIsUnknownInBinaryForm) {
    take<pgoutput::Relation>(relation_message(orders, "orders", {{"id", 23, true}, {"r", 2205}}));
    EXPECT_EQ(
        shown(take<RowChange>(insert_message(orders, {int4(1), binary(be<std::uint32_t>(1259))}))
                  .row[1]),
        "unknown");
    EXPECT_EQ(shown(take<RowChange>(insert_message(orders, {int4(1), textual("pg_class")})).row[1]),
              "pg_class");
}

TEST_F(Pgoutput, SaysWhatIsWrongAndWhere) {
    tell_orders();
    EXPECT_EQ(refusal(""), "message, byte 0: it ends early");
    EXPECT_EQ(refusal("x"), "message, byte 1: its kind is not known");
    EXPECT_EQ(refusal("B1234"), "Begin, byte 1: it ends early");
    EXPECT_EQ(refusal(begin_message(1, 2) + "?"), "Begin, byte 21: 1 bytes are too many");
    EXPECT_EQ(refusal(insert_message(5, {})), "Insert, byte 5: relation 5 was not told");
    EXPECT_EQ(refusal(insert_message(orders, {int4(1)})),
              "Insert, byte 8: a row has 1 columns, not 3");
    EXPECT_EQ(refusal(insert_message(orders, {binary("abc"), null_field, null_field})),
              "Insert, byte 16: a value of 4 bytes has 3");
    EXPECT_EQ(refusal(insert_message(orders, {textual("abc"), null_field, null_field})),
              "Insert, byte 16: a text is no integer");
    EXPECT_EQ(refusal(insert_message(orders, {"z", null_field, null_field})),
              "Insert, byte 9: a value's form is not known");
    EXPECT_EQ(refusal("I" + be<std::uint32_t>(orders) + "N" + be<std::int16_t>(-1)),
              "Insert, byte 8: there are -1 columns");
    EXPECT_EQ(refusal("I" + be<std::uint32_t>(orders) + "K" + tuple({})),
              "Insert, byte 6: the new row is missing");
    EXPECT_EQ(refusal("D" + be<std::uint32_t>(orders) + "N" + tuple({})),
              "Delete, byte 6: the deleted row is missing");
    EXPECT_EQ(refusal("I" + be<std::uint32_t>(orders) + "N" + be<std::int16_t>(3) + "b" +
                      be<std::int32_t>(-2)),
              "Insert, byte 13: a length is -2");
    EXPECT_EQ(refusal("R" + be<std::uint32_t>(orders) + "endless"),
              "Relation, byte 5: a name has no end");
    EXPECT_EQ(refusal("M" + std::string(1, '\2')),
              "Message, byte 2: a flag is set that is not known");
}

// Cut anywhere, a message is refused and nothing is read past it (ASan watches in CI).
TEST_F(Pgoutput, EveryBeginningOfAMessageIsRefused) {
    tell_orders();
    const std::string messages[] = {
        begin_message(1, 2),
        commit_message(1, 2),
        relation_message(orders + 1, "t", {{"a", 23, true}, {"b", 25}}),
        insert_message(orders, {int4(1), textual("a"), null_field}),
        update_message(orders, 'O', {int4(1), textual("a"), null_field},
                       {int4(1), unchanged_field, null_field}),
        delete_message(orders, 'K', {int4(1), null_field, null_field}),
        truncate_message({orders}),
        logical_message(true, "rehearse", "1"),
    };
    for (const auto& message : messages) {
        for (std::size_t size = 0; size < message.size(); ++size) {
            const auto part = std::make_unique<char[]>(size);
            std::copy_n(message.data(), size, part.get());
            EXPECT_THROW(static_cast<void>(decoder_.decode({part.get(), size})), MalformedMessage)
                << message[0] << " cut after " << size;
        }
        EXPECT_NO_THROW(static_cast<void>(decoder_.decode(message)));
    }
}

// After a refusal the next message is read as if nothing had been.
TEST_F(Pgoutput, ARelationThatIsRefusedLeavesTheOneBefore) {
    tell_orders();
    EXPECT_NE(refusal(relation_message(orders, "orders", {{"id", 23}}).substr(0, 30)), "taken");
    EXPECT_THROW(
        static_cast<void>(decoder_.decode(relation_message(orders, "orders", {{"odd", 4711}}))),
        std::out_of_range)
        << "what the catalogue says goes through";
    EXPECT_EQ(take<RowChange>(insert_message(orders, {int4(1), null_field, null_field})).row.size(),
              3U);
}

}  // namespace
