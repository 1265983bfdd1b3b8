// The replay where the migration adds or drops columns.

#include "checksum/replay.hpp"
#include "rehearsed_table.hpp"

#include <gtest/gtest.h>

namespace checksum {
namespace {

using testing::columns;
using testing::int_cell;
using testing::migration;
using testing::null_cell;
using testing::order;
using testing::record_options;
using testing::RehearsedTable;
using testing::Row;
using testing::text_cell;
using testing::Told;
using testing::workload;

RecordOptions with_region() {
    auto options = columns();
    options.columns.push_back({.name = "region", .role = ColumnRole::added});
    return options;
}

Row sold(std::int64_t id, std::int64_t total, const std::optional<std::string>& region) {
    return {int_cell(id), int_cell(total), text_cell("n"),
            region ? text_cell(*region) : null_cell()};
}

class ReplayAdded : public ::testing::Test {
protected:
    ReplayAdded() {
        table.options.initial = {table.content(null_cell())};
        table.options.sources[workload].always_inserts = {true, true, true, true};
        table.holds = [](const Row& row) { return std::vector<bool>{row[3] == text_cell("eu")}; };
    }
    void backfill(std::int64_t id) {
        table.update(migration, id, sold(id, (*table.find(id))[1].bytes[0], "eu"));
    }
    Told told() { return RehearsedTable::told(table.replayed()); }

    RehearsedTable table{
        columns(), with_region(), {sold(1, 1, std::nullopt), sold(2, 2, std::nullopt)}};
};

TEST_F(ReplayAdded, ABackfillIsNoDamage) {
    backfill(1);
    backfill(2);
    const auto result = table.replayed();
    EXPECT_EQ(RehearsedTable::told(result), Told{});
    EXPECT_EQ(result.verdict(), LedgerVerdict::pass);
    EXPECT_EQ(result.others.updates, 2U);
}

TEST_F(ReplayAdded, ARowThatTheBackfillForgotIsFound) {
    backfill(1);
    table.update(workload, 2, sold(2, 7, std::nullopt));  // carries the column, did not set it
    EXPECT_EQ(told(), Told{"changed id=2 (region): not in the change stream"});
}

TEST_F(ReplayAdded, WhatTheWorkloadSetNeedNotEqualTheExpression) {
    backfill(1);
    table.update(workload, 1, sold(1, 1, "us"));
    table.update(workload, 2, sold(2, 2, "us"));
    table.insert(workload, sold(3, 3, "asia"));
    EXPECT_EQ(told(), Told{});
}

TEST_F(ReplayAdded, ABackfillOverWhatTheWorkloadSetIsFound) {
    backfill(1);
    table.update(workload, 2, sold(2, 2, "us"));
    backfill(2);
    EXPECT_EQ(told(), Told{"changed id=2 (region): by migration"});
}

TEST_F(ReplayAdded, ARewriteOverWhatTheWorkloadSetIsFound) {
    backfill(1);
    table.update(workload, 2, sold(2, 2, "us"));
    table.behind_the_stream(2, sold(2, 2, "eu"));
    EXPECT_EQ(told(), Told{"changed id=2 (region): not in the change stream"});
}

TEST_F(ReplayAdded, ABackfillThatAlsoChangesAnotherColumnIsFound) {
    backfill(1);
    table.update(migration, 2, sold(2, 3, "eu"));
    EXPECT_EQ(told(), Told{"changed id=2 (total): by migration"});
}

TEST_F(ReplayAdded, WithoutAKnownInitialValueAWrongOneIsUnverifiedIfTheWorkloadCarriedIt) {
    table.options.initial = {};
    backfill(1);
    table.update(workload, 2, sold(2, 7, "us"));
    const auto result = table.replayed();
    EXPECT_EQ(RehearsedTable::told(result), Told{});
    EXPECT_EQ(result.verdict(), LedgerVerdict::inconclusive);
}

TEST_F(ReplayAdded, WhatEachUpdateNamesIsTheWorkloadsOwnWord) {
    table.options.initial = {};
    table.options.sources[workload].always_updates = {false, false, false, true};
    table.update(workload, 1, sold(1, 1, "asia"));
    table.update(workload, 2, sold(2, 2, "us"));
    backfill(2);
    EXPECT_EQ(told(), Told{"changed id=2 (region): by migration"});
}

// An insert by a function, or one that names no columns: is it the row's own value or a default?
TEST_F(ReplayAdded, ABackfillOverAnEmptyValueThatNobodyMayHaveGivenIsNoDamage) {
    table.options.sources[workload].always_inserts = {};
    backfill(1);
    backfill(2);
    table.insert(workload, sold(3, 3, std::nullopt));
    backfill(3);
    const auto result = table.replayed();
    EXPECT_EQ(RehearsedTable::told(result), Told{});
    EXPECT_EQ(result.verdict(), LedgerVerdict::pass);
}

TEST_F(ReplayAdded, ABackfillOverAValueThatTheWorkloadMayHaveGivenIsUnverified) {
    table.options.sources[workload].always_inserts = {};
    backfill(1);
    backfill(2);
    table.insert(workload, sold(3, 3, "us"));
    backfill(3);
    const auto result = table.replayed();
    EXPECT_EQ(RehearsedTable::told(result), Told{});
    EXPECT_EQ(result.verdict(), LedgerVerdict::inconclusive);
    EXPECT_EQ(result.first_unverified, Told{"id=3"});
}

TEST_F(ReplayAdded, ARewriteOverAValueThatTheWorkloadMayHaveGivenIsUnverified) {
    table.options.sources[workload].always_inserts = {};
    backfill(1);
    backfill(2);
    table.insert(workload, sold(3, 3, "us"));
    table.behind_the_stream(3, sold(3, 3, "eu"));
    EXPECT_EQ(table.replayed().verdict(), LedgerVerdict::inconclusive);
}

// Its value is the default's or a trigger's: nobody of the workload meant it.
TEST_F(ReplayAdded, ARowInsertedWithoutTheColumnMustEqualTheExpression) {
    backfill(1);
    backfill(2);
    table.options.sources[workload].writes = std::vector<bool>{true, true, true, false};
    for (const auto& [id, region] : {std::pair{3, "eu"}, std::pair{4, "us"}}) {
        auto carried = sold(id, 1, std::nullopt);
        carried[3] = {.presence = Presence::unchanged};
        table.insert(workload, sold(id, 1, region), carried);
    }
    EXPECT_EQ(told(), Told{"changed id=4 (region): not in the change stream"});
}

// A trigger's work in an update that says nothing of the column, where old images tell of it: it
// must equal the expression in the end, and what it was between is nobody's word.
TEST_F(ReplayAdded, WhatATriggerMadeOfItMeanwhileIsNoDamage) {
    table.options.sources[workload].writes = std::vector<bool>{true, true, true, false};
    const auto by_trigger = [&](std::int64_t id, std::int64_t total, const char* region) {
        auto carried = sold(id, total, std::nullopt);
        carried[3] = {.presence = Presence::unchanged};
        auto row = sold(id, total, region);
        table.update(workload, id, row, true, carried);
        table.update(migration, id, row, true);  // touches it
    };
    table.update(migration, 1, sold(1, 1, "not yet"));
    table.update(migration, 2, sold(2, 2, "eu"));
    by_trigger(1, 7, "eu");
    by_trigger(2, 7, "us");
    EXPECT_EQ(told(), Told{"changed id=2 (region): not in the change stream"});
}

TEST_F(ReplayAdded, AnOldImageThatLacksWhatTheWorkloadSetIsFound) {
    backfill(1);
    backfill(2);
    table.update(workload, 1, sold(1, 1, "us"));
    table.behind_the_stream(1, sold(1, 1, "eu"));
    table.update(migration, 1, sold(1, 1, "us"), true);
    EXPECT_EQ(told(), (Told{"changed id=1 (region): by migration",
                            "changed id=1 (region): not in the change stream"}));
}

TEST(ReplayDropped, ADroppedColumnIsWatchedUntilItGoes) {
    auto before = columns();
    before.columns[2].role = ColumnRole::dropped;
    const auto after = record_options({"id", "total"});
    RehearsedTable table{before, after, {order(1, 1, "a"), order(2, 2, "b"), order(3, 3, "c")}};
    table.update(workload, 1, order(1, 5, "z"));
    table.update(migration, 2, order(2, 2, "damaged"));
    Row gone = order(3, 9, "");
    gone[2] = {.presence = Presence::unknown};
    table.update(workload, 3, order(3, 9, "c"), false, gone);
    const auto result = table.replayed();
    EXPECT_EQ(RehearsedTable::told(result), Told{"changed id=2 (note): by migration"});
    EXPECT_EQ(result.unverified, 0U);
}

// The declared region is 'eu'. Two rows are equal but for what was added.
class ReplayAddedWithoutKey : public ::testing::Test {
protected:
    ReplayAddedWithoutKey() {
        may_write(true, false);
        table.holds = [](const Row& row) { return std::vector<bool>{row[2] == text_cell("eu")}; };
    }
    static Row row(std::int64_t a, const std::string& region) {
        return {int_cell(a), text_cell("x"), text_cell(region)};
    }
    static RecordOptions columns(bool added) {
        auto options = record_options({"a", "b"}, false);
        if (added) {
            options.columns.push_back({.name = "region", .role = ColumnRole::added});
        }
        return options;
    }
    void may_write(bool a, bool region) {
        table.options.sources[workload].writes = std::vector<bool>{a, false, region};
    }
    void expect_unverified(std::uint64_t rows) {
        const auto result = table.replayed();
        EXPECT_EQ(RehearsedTable::told(result), Told{});
        EXPECT_EQ(result.unverified, rows);
        EXPECT_EQ(result.first_unverified, Told{"a row without a key"});
        EXPECT_EQ(result.verdict(), LedgerVerdict::inconclusive);
    }

    RehearsedTable table{columns(false), columns(true), {row(1, "eu"), row(1, "eu"), row(2, "eu")}};
};

TEST_F(ReplayAddedWithoutKey, WhatIsAsDeclaredIsProved) {
    may_write(true, true);
    table.insert(workload, row(1, "eu"));
    table.update(workload, 2, row(3, "eu"), true);
    const auto result = table.replayed();
    EXPECT_EQ(RehearsedTable::told(result), Told{});
    EXPECT_EQ(result.verdict(), LedgerVerdict::pass);
}

TEST_F(ReplayAddedWithoutKey, AColumnThatNoOperationWritesIsExcusedNowhere) {
    table.update(workload, 1, row(3, "eu"), true);
    table.behind_the_stream(3, row(3, "us"));
    table.insert(workload, row(4, "eu"));
    table.behind_the_stream(4, row(4, "us"));
    EXPECT_EQ(RehearsedTable::told(table.replayed()),
              (Told{"changed a=3, b='x' (region): not in the change stream",
                    "changed a=4, b='x' (region): not in the change stream"}));
}

TEST_F(ReplayAddedWithoutKey, AnUpdateOfNothingElseIsTheWorkloadsOwn) {
    may_write(false, true);
    table.update(workload, 1, row(1, "us"), true);
    expect_unverified(1);
}

TEST_F(ReplayAddedWithoutKey, AnUpdateOfAnotherColumnExcusesNothing) {
    may_write(true, true);
    table.update(workload, 1, row(1, "eu"), true);
    table.behind_the_stream(1, row(1, "us"));
    EXPECT_EQ(RehearsedTable::told(table.replayed()),
              Told{"changed a=1, b='x' (region): not in the change stream"});
}

TEST_F(ReplayAddedWithoutKey, ARowTakesWhatItWasGivenAlong) {
    table.options.sources.push_back(
        {.name = "seller", .workload = true, .writes = std::vector<bool>{false, false, true}});
    table.insert(2, row(5, "us"));
    table.update(workload, 5, row(6, "us"), true);
    expect_unverified(1);
}

TEST_F(ReplayAddedWithoutKey, WhatWasGivenGoesWithTheLastRow) {
    may_write(true, true);
    table.insert(workload, row(5, "us"));
    table.remove(workload, 5);
    table.insert(migration, row(5, "us"));
    EXPECT_EQ(RehearsedTable::told(table.replayed()),
              (Told{"changed a=5, b='x' (region): not in the change stream",
                    "extra a=5, b='x': by migration"}));
}

TEST_F(ReplayAddedWithoutKey, RowsThatAMigrationPutsBackKeepWhatTheyWereGiven) {
    may_write(true, true);
    table.insert(workload, row(5, "us"));
    table.same_transaction(true);
    table.remove(migration, 5);
    table.insert(migration, row(5, "us"));
    expect_unverified(1);
}

TEST_F(ReplayAddedWithoutKey, MoreThanWasGivenIsDamage) {
    may_write(true, true);
    table.insert(workload, row(1, "us"));
    table.behind_the_stream(1, row(1, "us"));
    const auto result = table.replayed();
    EXPECT_EQ(RehearsedTable::told(result),
              Told{"changed a=1, b='x' (region): not in the change stream"});
    EXPECT_EQ(result.unverified, 1U);
    EXPECT_EQ(result.verdict(), LedgerVerdict::mismatch);
}

}  // namespace
}  // namespace checksum
