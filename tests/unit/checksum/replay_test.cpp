#include "checksum/replay.hpp"

#include "rehearsed_table.hpp"

#include <algorithm>
#include <stdexcept>

#include <gtest/gtest.h>

namespace checksum {
namespace {

using testing::columns;
using testing::int_cell;
using testing::migration;
using testing::order;
using testing::record_options;
using testing::RehearsedTable;
using testing::Row;
using testing::text_cell;
using testing::Told;
using testing::workload;

std::vector<Row> ten_orders() {
    std::vector<Row> rows;
    for (int id = 0; id < 10; ++id) {
        rows.push_back(order(id, id * 100, "n"));
    }
    return rows;
}

class Replay : public ::testing::Test {
protected:
    void expect_pass() {
        const auto result = table.replayed();
        EXPECT_EQ(RehearsedTable::told(result), Told{});
        EXPECT_EQ(result.verdict(), LedgerVerdict::pass);
        EXPECT_TRUE(result.reasons().empty());
    }
    void expect_mismatches(const Told& expected) {
        const auto result = table.replayed();
        EXPECT_EQ(RehearsedTable::told(result), expected);
        EXPECT_EQ(result.mismatches.total(), expected.size());
        EXPECT_EQ(result.verdict(), LedgerVerdict::mismatch);
    }
    ReplayResult expect_inconclusive() {
        auto result = table.replayed();
        EXPECT_EQ(result.verdict(), LedgerVerdict::inconclusive);
        EXPECT_FALSE(result.reasons().empty());
        return result;
    }

    RehearsedTable table{columns(), columns(), ten_orders()};
};

TEST_F(Replay, WhatTheWorkloadDidIsExpected) {
    table.update(workload, 1, order(1, 5, "n"));
    table.insert(workload, order(20, 1, "new"));
    table.remove(workload, 2);
    table.update(workload, 20, order(20, 2, "new"));
    table.insert(workload, order(2, 3, "again"));
    const auto result = table.replayed();
    EXPECT_EQ(result.verdict(), LedgerVerdict::pass) << RehearsedTable::told(result).size();
    EXPECT_EQ(result.workload.inserts, 2U);
    EXPECT_EQ(result.workload.updates, 2U);
    EXPECT_EQ(result.workload.removes, 1U);
    EXPECT_EQ(result.workload.columns, (std::vector<std::uint64_t>{0, 2, 0}));
    EXPECT_EQ(result.others.updates, 0U);
}

TEST_F(Replay, AChangeByTheMigrationIsNamedWithItsSource) {
    table.update(migration, 1, order(1, 5, "n"));
    table.remove(migration, 2);
    table.insert(migration, order(30, 0, "n"));
    expect_mismatches({"changed id=1 (total): by migration", "extra id=30: by migration",
                       "lost id=2: by migration"});
}

// "changed id=1: before | after", sorted.
Told shown(const ReplayResult& result) {
    Told all;
    for (const Mismatch& one : result.mismatches.kept) {
        all.push_back(std::string{name(one.kind)} + " " + one.key + ": " + one.before + " | " +
                      one.after);
    }
    std::ranges::sort(all);
    return all;
}

TEST(ReplayShown, RowsAreWhatTheTwoScansFoundWhateverWasWrittenBetweenThem) {
    auto options = columns();
    options.show_values = true;
    RehearsedTable table{options, options, ten_orders()};
    table.update(workload, 1, order(1, 5, "n"));
    table.behind_the_stream(1, order(1, 5, "m"));
    table.update(migration, 2, order(2, 0, "n"));
    table.behind_the_stream(3, order(3, 0, "n"));
    table.lose_behind_the_stream(4);
    table.duplicate_behind_the_stream(5);
    table.insert(migration, order(30, 0, "n"));
    table.insert(workload, order(20, 1, "new"));
    table.remove(migration, 20);
    EXPECT_EQ(shown(table.replayed()),
              (Told{"changed id=1: id=1, note='n', total=100 | id=1, note='m', total=5",
                    "changed id=2: id=2, total=200, note='n' | id=2, total=0, note='n'",
                    "changed id=3: id=3, total=300, note='n' | id=3, total=0, note='n'",
                    "duplicated id=5: id=5, total=500, note='n' | id=5, total=500, note='n'",
                    "extra id=30:  | id=30, total=0, note='n'", "lost id=20:  | ",
                    "lost id=4: id=4, total=400, note='n' | "}));
}

TEST(ReplayShown, AnAddedColumnThatIsNotAsDeclaredIsShown) {
    auto before = columns();
    before.show_values = true;
    auto after = before;
    after.columns.push_back({.name = "region", .role = ColumnRole::added});
    auto one = order(1, 1, "n");
    one.push_back(text_cell("us"));
    RehearsedTable table{before, after, {one}};
    table.holds = [](const Row&) { return std::vector<bool>{false}; };
    EXPECT_EQ(shown(table.replayed()),
              Told{"changed id=1: id=1, total=1, note='n' | id=1, region='us', total=1, note='n'"});
}

TEST_F(Replay, NothingOfARowButItsKeyIsToldUnlessAskedFor) {
    table.update(migration, 2, order(2, 0, "secret"));
    table.behind_the_stream(3, order(3, 0, "secret"));
    EXPECT_EQ(shown(table.replayed()), (Told{"changed id=2:  | ", "changed id=3:  | "}));
}

TEST_F(Replay, AnUpdateByTheMigrationThatChangesNothingIsNone) {
    for (int id = 0; id < 10; ++id) {
        table.update(migration, id, order(id, id * 100, "n"));
    }
    expect_pass();
}

TEST_F(Replay, DeletingAndInsertingTheSameRowInOneTransactionIsNoDamage) {
    table.same_transaction(true);
    table.remove(migration, 1);
    table.insert(migration, order(1, 100, "n"));
    table.same_transaction(false);
    expect_pass();
}

TEST_F(Replay, DamageThatAnotherTransactionUndoesIsToldTwice) {
    table.update(migration, 1, order(1, 7, "n"));
    table.update(migration, 1, order(1, 100, "n"));
    expect_mismatches({"changed id=1 (total): by migration", "changed id=1 (total): by migration"});
}

TEST_F(Replay, ARewriteThatTheStreamDoesNotShowIsFoundInTheEnd) {
    table.behind_the_stream(3, order(3, 300, "n "));
    table.lose_behind_the_stream(4);
    table.duplicate_behind_the_stream(5);
    table.update(workload, 6, order(6, 1, "n"));
    table.behind_the_stream(6, order(6, 600, "n"));  // an update lost during a rewrite
    expect_mismatches({"changed id=3 (note): not in the change stream",
                       "changed id=6 (total): not in the change stream",
                       "duplicated id=5: not in the change stream",
                       "lost id=4: not in the change stream"});
}

TEST_F(Replay, AnOldImageTellsDamageThatTheWorkloadThenOverwrote) {
    table.behind_the_stream(3, order(3, -1, "n"));
    table.update(workload, 3, order(3, 0, "n"), true);
    expect_mismatches({"changed id=3 (total): not in the change stream"});
}

TEST_F(Replay, AnOldImageThatFitsIsSilent) {
    table.update(workload, 3, order(3, 0, "n"), true);
    table.update(workload, 3, order(3, 1, "m"), true);
    expect_pass();
}

// The stream carries whole rows: without old images only the statements tell what was meant.
TEST_F(Replay, DamageCarriedOnByAnUpdateIsFoundByTheColumnsThatItsStatementsWrite) {
    table.behind_the_stream(3, order(3, 300, "dam"));
    table.options.sources[workload].writes = std::vector<bool>{false, true, false};
    table.update(workload, 3, order(3, 1, "dam"));
    table.update(workload, 4, order(4, 1, "n"));
    expect_mismatches({"changed id=3 (note): by workload, whose statements do not write it"});
}

// A trigger of the migration that writes to another table, in the transactions of the workload.
TEST_F(Replay, WhatTheWorkloadsStatementsCannotDoIsNotTheirs) {
    table.options.sources[workload] = {.name = "pay",
                                       .workload = true,
                                       .writes = std::vector<bool>{false, true, false},
                                       .inserts = false,
                                       .removes = false};
    table.update(workload, 1, order(1, 5, "n"));
    table.insert(workload, order(20, 1, "new"));
    table.remove(workload, 2);
    table.update(workload, 3, order(33, 300, "n"));
    expect_mismatches({"changed id=33 (id): by pay, whose statements do not write it",
                       "extra id=20: by pay, whose statements insert no row",
                       "lost id=2: by pay, whose statements delete no row"});
}

TEST_F(Replay, AChangedKeyMovesTheRow) {
    table.update(workload, 1, order(50, 100, "n"));
    table.update(workload, 50, order(50, 101, "n"));
    const auto result = table.replayed();
    EXPECT_EQ(result.verdict(), LedgerVerdict::pass);
    EXPECT_EQ(result.workload.updates, 2U);
    EXPECT_EQ(result.workload.inserts + result.workload.removes, 0U);
}

TEST_F(Replay, AKeyChangedByTheMigrationIsLostAndExtra) {
    table.update(migration, 1, order(50, 100, "n"));
    expect_mismatches({"extra id=50: by migration", "lost id=1: by migration"});
}

TEST_F(Replay, ATruncateByTheWorkloadLeavesNothing) {
    table.insert(workload, order(40, 1, "n"));
    table.truncate(workload);
    table.insert(workload, order(1, 1, "after"));
    const auto result = table.replayed();
    EXPECT_EQ(result.verdict(), LedgerVerdict::pass);
    EXPECT_EQ(result.workload.truncates, 1U);
}

TEST_F(Replay, ATruncateByTheMigrationLosesEveryRow) {
    table.update(workload, 1, order(1, 1, "n"));
    table.truncate(migration);
    const auto result = table.replayed();
    EXPECT_EQ(result.mismatches.count(MismatchKind::lost), 10U);
    EXPECT_EQ(result.others.truncates, 1U);
    EXPECT_EQ(result.mismatches.kept.at(0).source, "by migration");
}

TEST_F(Replay, RefillingATableInOneTransactionIsNoDamageButForWhatIsMissing) {
    table.same_transaction(true);
    table.truncate(migration);
    for (int id = 0; id < 9; ++id) {
        table.insert(migration, order(id, id == 4 ? 0 : id * 100, "n"));
    }
    table.same_transaction(false);
    expect_mismatches({"changed id=4 (total): by migration", "lost id=9: by migration"});
}

TEST_F(Replay, AStreamThatDoesNotFitTheRowsProvesNothing) {
    table.only_in_stream(Operation::insert, workload, order(1, 100, "n"));
    const auto result = expect_inconclusive();
    EXPECT_EQ(result.inconsistencies, 1U);
    EXPECT_NE(result.reasons()[0].find("a row is inserted whose key is there (id=1)"),
              std::string::npos)
        << result.reasons()[0];
}

TEST_F(Replay, AChangeOfARowThatIsNotThereProvesNothing) {
    table.only_in_stream(Operation::update, workload, order(77, 1, "n"));
    table.only_in_stream(Operation::remove, workload, order(78, 1, "n"));
    EXPECT_EQ(expect_inconclusive().inconsistencies, 2U);
}

TEST_F(Replay, ALostChangeOfTheStreamIsAMismatchNotAPass) {
    table.behind_the_stream(1, order(1, 42, "n"));  // as if its commit had not been followed
    expect_mismatches({"changed id=1 (total): not in the change stream"});
}

TEST_F(Replay, AnUnknownCellIsUnverifiedUnlessItIsAsBefore) {
    Row carried = order(1, 5, "n");
    carried[2] = {.presence = Presence::unknown};
    table.update(workload, 1, order(1, 5, "n"), false, carried);
    expect_pass();
}

TEST_F(Replay, AnUnknownCellThatDiffersProvesNothing) {
    Row carried = order(1, 5, "m");
    carried[2] = {.presence = Presence::unknown};
    table.update(workload, 1, order(1, 5, "m"), false, carried);
    const auto result = expect_inconclusive();
    EXPECT_EQ(result.unverified, 1U);
    EXPECT_EQ(result.first_unverified, Told{"id=1"});
}

TEST_F(Replay, AnUnknownCellDoesNotHideDamageBesideIt) {
    Row carried = order(1, 5, "n");
    carried[2] = {.presence = Presence::unknown};
    table.update(workload, 1, order(1, 5, "n"), false, carried);
    table.behind_the_stream(1, order(1, 6, "n"));
    expect_mismatches({"changed id=1 (total): not in the change stream"});
}

TEST_F(Replay, TheResultIsTheSameInVeryLittleMemory) {
    std::vector<Row> rows;
    for (int id = 0; id < 5000; ++id) {
        rows.push_back(order(id, id, "n"));
    }
    for (const std::size_t memory : {std::size_t{24} << 20, std::size_t{3000}}) {
        RehearsedTable large{columns(), columns(), rows};
        large.options.memory_bytes = memory;
        for (int id = 0; id < 5000; id += 3) {
            large.update(workload, id, order(id, -id, "m"));
        }
        large.update(migration, 17, order(17, 0, "n"));
        large.behind_the_stream(4999, order(4999, 0, "n"));
        const auto result = large.replayed();
        EXPECT_EQ(RehearsedTable::told(result),
                  (Told{"changed id=17 (total): by migration",
                        "changed id=4999 (total): not in the change stream"}));
        EXPECT_EQ(result.workload.updates, 1667U);
    }
}

TEST_F(Replay, RefusesASourceThatIsNotTold) {
    table.update(9, 1, order(1, 1, "n"));
    EXPECT_THROW((void)table.try_replay(), std::invalid_argument);
}

// ------------------------------------------------------------------ values stored out of line

RecordOptions with_external() {
    auto options = columns();
    options.columns[2].may_be_unchanged_external = true;
    return options;
}

class ReplayExternal : public ::testing::Test {
protected:
    static Row without_note(Row row) {
        row[2] = {.presence = Presence::unchanged};
        return row;
    }
    std::string large = std::string(5000, 'x');
    RehearsedTable table{
        with_external(), with_external(), {order(1, 1, large), order(2, 2, large)}};
};

TEST_F(ReplayExternal, AnUnchangedValueIsWhatItWas) {
    const Row next = order(1, 5, large);
    table.update(workload, 1, next, false, without_note(next));
    const std::string other(5000, 'y');
    table.update(workload, 2, order(2, 2, other));
    const Row last = order(2, 3, other);
    table.update(workload, 2, last, false, without_note(last));
    table.update(migration, 2, last, false, without_note(last));
    const auto result = table.replayed();
    EXPECT_EQ(RehearsedTable::told(result), Told{});
    EXPECT_EQ(result.verdict(), LedgerVerdict::pass);
}

TEST_F(ReplayExternal, DamageOfAnUnchangedValueIsFound) {
    const Row next = order(1, 5, large);
    table.update(workload, 1, next, false, without_note(next));
    table.behind_the_stream(1, order(1, 5, large + "z"));
    EXPECT_EQ(RehearsedTable::told(table.replayed()),
              Told{"changed id=1 (note): not in the change stream"});
}

TEST_F(ReplayExternal, AMovedKeyWithAnUnchangedValueIsUnverified) {
    const Row next = order(9, 1, large);
    table.update(workload, 1, next, false, without_note(next));
    const auto result = table.replayed();
    EXPECT_EQ(result.verdict(), LedgerVerdict::inconclusive);
    EXPECT_EQ(result.first_unverified, Told{"id=9"});
}

// ------------------------------------------------------------------ tables without a key

class ReplayWithoutKey : public ::testing::Test {
protected:
    Told told() { return RehearsedTable::told(table.replayed()); }
    static Row pair(std::int64_t a, const std::string& b) { return {int_cell(a), text_cell(b)}; }

    RecordOptions options = record_options({"a", "b"}, false);
    RehearsedTable table{options, options, {pair(1, "x"), pair(1, "x"), pair(2, "y")}};
};

TEST_F(ReplayWithoutKey, EqualRowsAreCounted) {
    table.remove(workload, 1);
    table.insert(workload, pair(2, "y"));
    table.update(workload, 2, pair(3, "z"), true);
    EXPECT_EQ(told(), Told{});
}

TEST_F(ReplayWithoutKey, OneOfTwoEqualRowsLostOrDoubledIsFound) {
    table.lose_behind_the_stream(1);
    table.duplicate_behind_the_stream(2);
    EXPECT_EQ(told(), (Told{"duplicated a=2, b='y': not in the change stream",
                            "lost a=1, b='x': not in the change stream"}));
}

TEST_F(ReplayWithoutKey, TheMigrationsOwnChangeIsFound) {
    table.update(migration, 2, pair(2, "Y"), true);
    table.insert(migration, pair(1, "x"));
    EXPECT_EQ(told(), (Told{"duplicated a=1, b='x': by migration", "extra a=2, b='Y': by migration",
                            "lost a=2, b='y': by migration"}));
}

TEST_F(ReplayWithoutKey, RemovingARowThatIsNotThereProvesNothing) {
    table.only_in_stream(Operation::remove, workload, pair(8, "x"));
    const auto result = table.replayed();
    EXPECT_EQ(result.verdict(), LedgerVerdict::inconclusive);
    EXPECT_EQ(result.first_inconsistencies, Told{"a row is removed that is not there"})
        << "the row is its values, and nobody asked for them";
}

TEST_F(ReplayWithoutKey, AColumnThatTheOperationDoesNotWriteIsNotItsOwn) {
    table.options.sources[workload].writes = std::vector<bool>{true, false};
    table.update(workload, 1, pair(3, "x"), true);
    table.update(workload, 2, {int_cell(2), testing::null_cell()}, true);  // a cascade
    const auto result = table.replayed();
    EXPECT_EQ(RehearsedTable::told(result),
              Told{"changed a=2, b=NULL (b): by workload, whose statements do not write it"});
    EXPECT_EQ(result.workload.columns, (std::vector<std::uint64_t>{1, 1}));
    EXPECT_EQ(result.verdict(), LedgerVerdict::mismatch);
}

TEST_F(ReplayWithoutKey, ADamagedRowThatTheWorkloadThenChangesIsFound) {
    table.behind_the_stream(1, pair(7, "x"));
    table.update(workload, 7, pair(8, "x"), true);
    table.behind_the_stream(2, pair(9, "y"));
    table.remove(workload, 9);
    const auto result = table.replayed();
    EXPECT_EQ(RehearsedTable::told(result), (Told{"extra a=7, b='x': not in the change stream",
                                                  "extra a=9, b='y': not in the change stream",
                                                  "lost a=1, b='x': not in the change stream",
                                                  "lost a=2, b='y': not in the change stream"}));
    EXPECT_EQ(result.verdict(), LedgerVerdict::mismatch);
}

TEST_F(ReplayWithoutKey, ADamagedRowThatABackfillThenWritesIsCountedOnce) {
    table.behind_the_stream(2, pair(7, "y"));
    table.update(migration, 7, pair(7, "y"), true);
    EXPECT_EQ(told(), (Told{"extra a=7, b='y': not in the change stream",
                            "lost a=2, b='y': not in the change stream"}));
}

TEST_F(ReplayWithoutKey, MoreRowsThatAppearThanARewriteCanHaveMadeProveNothing) {
    table.behind_the_stream(2, pair(7, "y"));
    table.remove(workload, 7);
    table.only_in_stream(Operation::remove, workload, pair(8, "x"));
    const auto result = table.replayed();
    EXPECT_EQ(result.inconsistencies, 1U);
    EXPECT_EQ(result.verdict(), LedgerVerdict::inconclusive);
}

TEST_F(ReplayWithoutKey, RowsAreShownWhereThatIsAskedFor) {
    options.show_values = true;
    RehearsedTable asked{options, options, {pair(1, "x"), pair(1, "x"), pair(2, "y")}};
    asked.remove(migration, 1);
    asked.update(migration, 2, pair(2, "Y"), true);
    asked.only_in_stream(Operation::remove, workload, pair(8, "x"));
    const auto result = asked.replayed();
    EXPECT_EQ(shown(result),
              (Told{"extra a=2, b='Y':  | a=2, b='Y'", "extra a=8, b='x':  | ",
                    "lost a=1, b='x': a=1, b='x' | ", "lost a=2, b='y': a=2, b='y' | "}));
    EXPECT_EQ(result.first_inconsistencies,
              Told{"a row is removed that is not there (a=8, b='x')"});
}

}  // namespace
}  // namespace checksum
