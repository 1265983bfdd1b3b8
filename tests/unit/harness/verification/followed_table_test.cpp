#include "harness/verification/followed_table.hpp"

#include <gtest/gtest.h>

namespace harness::verification {
namespace {

using checksum::ColumnRole;
using checksum::Kind;
using database::TableColumn;
using database::TableShape;
using scenarios::Expectation;
using Flags = std::vector<bool>;

TableColumn column(const char* name, Kind kind, bool is_key = false) {
    TableColumn made;
    made.name = name;
    made.cast_to = std::string{"type of "} + name;
    made.kind = kind;
    made.is_key = is_key;
    return made;
}

// id | net (becomes net * 100) | note (long; renamed to remark) | twice (generated); region is
// added
class FollowedTableTest : public testing::Test {
protected:
    FollowedTableTest() {
        shape_.keyed = true;
        shape_.columns = {column("id", Kind::number, true), column("net", Kind::number),
                          column("note", Kind::text), column("twice", Kind::number)};
        shape_.columns[2].out_of_line = true;
        shape_.columns[3].generated = true;
        table_.name = "orders";
        using enum Expectation::Kind;
        table_.expectations = {{rewritten, "net", "net * 100", {}},
                               {renamed, "note", "remark", {}},
                               {added, "region", "", {}},
                               {added, "zone", "lower(region)", {}}};
        before_ = columns_before(plan_before(shape_, table_), shape_.columns, true);
        after_ = columns_after(before_, table_, Added::all);
        ledger_ = checksum::ledger_columns(before_, after_);
    }
    checksum::ChangeSource source(const MayChange& writes) {
        return change_source("o", writes, ledger_, table_);
    }

    TableShape shape_;
    scenarios::VerifiedTable table_;
    checksum::RecordOptions before_, after_, ledger_;
};

TEST_F(FollowedTableTest, WhatTellsRowsApartMustComeAsItIsCompared) {
    EXPECT_EQ(untold_key(shape_, table_), std::nullopt);

    TableShape keyless = shape_;
    keyless.keyed = keyless.columns[0].is_key = false;
    EXPECT_EQ(
        untold_key(keyless, table_)
            .value_or("")
            .find("the rows of  are told apart by net, as it has no key, which is declared as "
                  "rewritten"),
        0U);
    keyless.columns.erase(keyless.columns.begin() + 1);
    table_.expectations.erase(table_.expectations.begin());
    EXPECT_NE(untold_key(keyless, table_)
                  .value_or("")
                  .find("twice, as it has no key, which is "
                        "generated"),
              std::string::npos);
    keyless.columns.pop_back();
    EXPECT_EQ(untold_key(keyless, table_), std::nullopt);
}

TEST_F(FollowedTableTest, TheLedgerHasTheComparedColumnsAndTheAddedOnes) {
    ASSERT_EQ(ledger_.columns.size(), 6U);
    EXPECT_EQ(ledger_.columns[0].name, "id");
    EXPECT_TRUE(ledger_.columns[0].is_key);
    EXPECT_EQ(ledger_.columns[2].name, "note");
    EXPECT_TRUE(ledger_.columns[2].may_be_unchanged_external);
    EXPECT_FALSE(ledger_.columns[1].may_be_unchanged_external);
    EXPECT_EQ(ledger_.columns[4].name, "region");
    EXPECT_EQ(ledger_.columns[4].role, ColumnRole::added);
    EXPECT_EQ(ledger_.columns[5].name, "zone");
}

TEST_F(FollowedTableTest, WithoutTheStreamOnlyWhatHasAnExpressionIsReadBeside) {
    const auto quiet = columns_before(plan_before(shape_, table_), shape_.columns, false);
    const auto after = columns_after(quiet, table_, Added::with_an_expression);
    ASSERT_EQ(after.columns.size(), 5U);
    EXPECT_EQ(after.columns[4].name, "zone");
    EXPECT_FALSE(after.columns[2].may_be_unchanged_external) << "no room is spent on it";
}

TEST_F(FollowedTableTest, AColumnIsKnownInTheStreamUnderBothItsNames) {
    const auto in_stream = columns_in_stream(ledger_, shape_, shape_.columns, table_);
    EXPECT_EQ(in_stream[2].names, (std::vector<std::string>{"note", "remark"}));
    EXPECT_EQ(in_stream[0].type, "type of id");
    EXPECT_EQ(in_stream[4].type, "") << "it comes in the form that it comes in";
}

TEST_F(FollowedTableTest, WhatTheStreamCannotTellIsOpaque) {
    const auto in_stream = columns_in_stream(ledger_, shape_, shape_.columns, table_);
    EXPECT_FALSE(in_stream[0].opaque);
    EXPECT_TRUE(in_stream[1].opaque) << "the scans read what an expression makes of it";
    EXPECT_FALSE(in_stream[2].opaque);
    EXPECT_TRUE(in_stream[3].opaque) << "generated";
}

TEST_F(FollowedTableTest, AnOperationWritesWhatItsStatementsName) {
    MayChange writes;
    writes.columns = {"remark"};
    EXPECT_EQ(source(writes).writes, (Flags{false, false, true, false, false, false}));
    EXPECT_FALSE(source(writes).inserts);
    EXPECT_FALSE(source(writes).removes);
    EXPECT_TRUE(source(writes).workload);
    EXPECT_EQ(source(writes).name, "operation o");
    writes.columns = {"net", "twice"};
    EXPECT_EQ(source(writes).writes, (Flags{false, true, false, true, false, false}));
}

TEST_F(FollowedTableTest, AnInsertGivesAnAddedColumnAValueIfItNamesItOrNone) {
    MayChange writes;
    writes.inserts = true;
    writes.inserted = {"id", "net", "region"};
    EXPECT_EQ(source(writes).writes, (Flags{false, false, false, false, true, false}));
    EXPECT_TRUE(source(writes).inserts);
    writes.inserted.clear();
    writes.inserts_whole_rows = true;
    EXPECT_EQ(source(writes).writes, (Flags{false, false, false, false, true, true}));
}

TEST_F(FollowedTableTest, WhatEachStatementNamesIsItsOwnWord) {
    MayChange writes;
    writes.inserts = true;
    writes.inserted = {"id", "region"};
    writes.always_inserted = {"region"};
    EXPECT_EQ(source(writes).always_inserts, (Flags{false, false, false, false, true, false}));
    EXPECT_EQ(source(writes).always_updates, Flags(6, false));
    writes.columns = {"region"};
    writes.always_updated = writes.columns;
    EXPECT_EQ(source(writes).always_updates, (Flags{false, false, false, false, true, false}));
}

// The stream tells an update that moves a row into another partition as a delete and an insert.
TEST_F(FollowedTableTest, OnlyAnUpdateOfTheKeyMovesARowAmongPartitions) {
    MayChange writes;
    writes.moves_rows = true;
    writes.columns = {"remark"};
    EXPECT_FALSE(source(writes).inserts || source(writes).removes);
    writes.columns = {"id"};
    EXPECT_TRUE(source(writes).inserts && source(writes).removes);
    EXPECT_FALSE(source(writes).always_writes(0, true));
}

TEST_F(FollowedTableTest, OfWhatMayWriteAnythingNothingIsExpected) {
    MayChange writes;
    writes.anything = "fires the trigger t";
    EXPECT_FALSE(source(writes).writes);
    EXPECT_TRUE(source(writes).inserts && source(writes).removes);
}

TEST(Untaggable, IsWhatMayCommitByItself) {
    const auto of = [](const char* sql) {
        return untaggable("o", scenarios::write_effects_of(sql)).value_or("");
    };
    EXPECT_NE(of("CALL settle($1)"), "");
    EXPECT_NE(of("DO $$ BEGIN COMMIT; END $$"), "");
    EXPECT_EQ(of("SELECT settle($1)"), "");
    EXPECT_EQ(of("UPDATE orders SET total = 0"), "");
}

}  // namespace
}  // namespace harness::verification
