#include "harness/verification/ledger_writing.hpp"

#include <filesystem>
#include <functional>
#include <optional>

#include <gtest/gtest.h>

namespace {

using checksum::ColumnRole;
using checksum::Kind;
using checksum::Presence;
using checksum::Value;
using harness::database::RowChange;
using harness::database::RowOperation;
using harness::database::StreamColumn;
using harness::database::StreamEnded;
using harness::database::StreamRelation;
using harness::verification::FollowedTable;
using harness::verification::Ledger;
using harness::verification::LedgerSettings;
using harness::verification::LedgerWriting;

constexpr std::uint64_t orders = 16'384;

StreamColumn id{.name = "id", .type = "int4", .kind = Kind::number, .identifies = true};
StreamColumn total{.name = "total", .type = "numeric", .kind = Kind::decimal};
StreamColumn note{.name = "note", .type = "text"};
StreamColumn region{.name = "region", .type = "text"};

class LedgerWritingTest : public testing::Test {
protected:
    LedgerWritingTest() {
        settings_.seed = 7;
        settings_.spill.directory = std::filesystem::temp_directory_path();
        settings_.spill.budget = std::make_shared<checksum::SpillBudget>(std::uint64_t{64} << 20);
        table_.identity = orders;
        table_.name = "orders";
        const checksum::RecordOptions before{
            .columns = {{.name = "id", .is_key = true}, {.name = "note"}, {.name = "total"}}};
        auto after = before;
        after.columns.push_back({.name = "region", .role = ColumnRole::added});
        table_.columns = checksum::ledger_columns(before, after);
        table_.in_stream = {{{"id"}, "int4", Kind::number},
                            {{"note", "remark"}, "text", Kind::text},
                            {{"total"}, "numeric", Kind::decimal},
                            {{"region"}, "text", Kind::text}};
        table_.operations = {{.name = "pay",
                              .workload = true,
                              .writes = std::vector<bool>{false, false, true, false}},
                             {.name = "place", .workload = true}};
        relation_.identity = orders;
        relation_.name = "orders";
        relation_.columns = {id, total, note};
    }

    LedgerWriting& writing() {
        if (!writing_) {
            writing_.emplace(std::vector{table_}, settings_);
        }
        return *writing_;
    }
    Value number(std::int64_t value) { return checksum::number(value, arena_); }
    void change(RowOperation operation, std::vector<Value> row, std::vector<Value> old = {}) {
        writing().change({.operation = operation, .relation = &relation_, .row = row, .old = old});
    }
    void in_transaction(std::uint64_t number, const char* tag, const std::function<void()>& work) {
        writing().begin({.id = number});
        if (tag != nullptr) {
            writing().tag(tag);
        }
        work();
        writing().commit();
    }
    template <typename Work>
    static std::string ended(Work work) {
        try {
            work();
        } catch (const StreamEnded& end) {
            return end.what();
        }
        return "whole";
    }

    struct Entry {
        checksum::Operation operation;
        std::uint64_t transaction;
        std::string source, key;
        std::vector<Presence> row, old;
    };
    std::vector<Entry> entries() {
        ledger_ = std::move(writing().finish().at(0));
        std::vector<Entry> all;
        for (unsigned partition = 0; partition < checksum::partition_count; ++partition) {
            checksum::SpillReader reader{*ledger_->file, partition};
            while (const auto record = reader.next()) {
                const auto read = checksum::LedgerEntry::read(ledger_->layout, *record);
                Entry entry{read.operation,
                            read.transaction,
                            ledger_->sources.at(read.source).name,
                            read.row ? read.row->key_text() : read.old->key_text(),
                            {},
                            {}};
                for (std::size_t i = 0; i < ledger_->layout.columns(); ++i) {
                    if (read.row) {
                        entry.row.push_back(read.row->presence(i));
                    }
                    if (read.old) {
                        entry.old.push_back(read.old->presence(i));
                    }
                }
                all.push_back(std::move(entry));
            }
        }
        return all;
    }

    LedgerSettings settings_;
    FollowedTable table_;
    StreamRelation relation_;
    checksum::Arena arena_;
    std::optional<LedgerWriting> writing_;
    std::unique_ptr<Ledger> ledger_;
};

using Presences = std::vector<Presence>;
constexpr auto there = Presence::value;

TEST_F(LedgerWritingTest, FilesAChangeUnderTheLedgersColumns) {
    writing().relation(relation_);
    in_transaction(77, "1", [this] {
        change(RowOperation::insert, {number(5), number(3), checksum::null_value});
    });
    const auto filed = entries();
    ASSERT_EQ(filed.size(), 1U);
    EXPECT_EQ(filed[0].transaction, 77U);
    EXPECT_EQ(filed[0].source, "place");
    EXPECT_EQ(filed[0].key, "id=5");
    EXPECT_EQ(filed[0].row, (Presences{there, Presence::null, there, Presence::unchanged}))
        << "a column that is not there yet is not changed";
    EXPECT_EQ(writing().tagged(), 1U);
    EXPECT_EQ(ledger_->changes, 1U);
}

TEST_F(LedgerWritingTest, NamesATransactionThatIsNobodys) {
    writing().relation(relation_);
    in_transaction(78, nullptr, [this] {
        change(RowOperation::update, {number(5), number(3), checksum::text("x")});
        change(RowOperation::remove, {},
               {number(6), checksum::unknown_value, checksum::unknown_value});
    });
    const auto filed = entries();
    ASSERT_EQ(filed.size(), 2U);
    for (const auto& entry : filed) {
        EXPECT_EQ(entry.source, "transaction 78, which is not the workload's");
    }
    EXPECT_EQ(writing().untagged(), 1U);
}

TEST_F(LedgerWritingTest, SharesOneNameAmongTooManyOthers) {
    writing().relation(relation_);
    for (std::uint64_t number_of = 1; number_of <= 1'200; ++number_of) {
        in_transaction(number_of, nullptr, [this] {
            change(RowOperation::update, {number(5), number(3), checksum::text("x")});
        });
    }
    const auto filed = entries();
    ASSERT_EQ(filed.size(), 1'200U);
    EXPECT_EQ(filed[999].source, "transaction 1000, which is not the workload's");
    EXPECT_EQ(filed[1'000].source, "one of many transactions that are not the workload's");
    EXPECT_EQ(filed[1'199].source, "one of many transactions that are not the workload's");
}

TEST_F(LedgerWritingTest, AnAddedColumnThatAnOperationDoesNotWriteIsNotItsWord) {
    relation_.columns.push_back(region);
    writing().relation(relation_);
    const auto row = [this] {
        change(RowOperation::update,
               {number(5), number(3), checksum::text("x"), checksum::text("eu")});
    };
    in_transaction(1, "0", row);      // writes total alone
    in_transaction(2, "1", row);      // of which that is not known
    in_transaction(3, nullptr, row);  // the backfill
    const auto filed = entries();
    ASSERT_EQ(filed.size(), 3U);
    EXPECT_EQ(filed[0].row[3], Presence::unchanged);
    EXPECT_EQ(filed[1].row[3], there);
    EXPECT_EQ(filed[2].row[3], there);
}

TEST_F(LedgerWritingTest, ARenamedColumnIsTheSame) {
    writing().relation(relation_);
    relation_.columns[2].name = "remark";
    writing().relation(relation_);
    in_transaction(1, "1", [this] {
        change(RowOperation::insert, {number(5), number(3), checksum::text("x")});
    });
    EXPECT_EQ(entries().at(0).row[1], there);
}

TEST_F(LedgerWritingTest, ACellInAnotherFormIsUnknownUnlessTheFormsAreOne) {
    relation_.columns[0].type = "int8";  // wider: one form
    relation_.columns[1].type = "float8";
    relation_.columns[1].kind = Kind::real;
    relation_.columns[2].type = "varchar";
    writing().relation(relation_);
    in_transaction(1, "1", [this] {
        change(RowOperation::insert, {number(5), checksum::real(3, arena_), checksum::text("x")});
    });
    EXPECT_EQ(entries().at(0).row,
              (Presences{there, there, Presence::unknown, Presence::unchanged}));
}

TEST_F(LedgerWritingTest, AWholeOldRowFillsWhatTheNewOneLeavesOut) {
    writing().relation(relation_);
    in_transaction(1, "1", [this] {
        change(RowOperation::update, {number(5), number(3), checksum::unchanged_value},
               {number(5), number(2), checksum::text("long")});
        change(RowOperation::update, {number(6), number(3), checksum::unchanged_value});
    });
    auto filed = entries();
    ASSERT_EQ(filed.size(), 2U);
    if (filed[0].key != "id=5") {
        std::swap(filed[0], filed[1]);
    }
    EXPECT_EQ(filed[0].row[1], there);
    EXPECT_EQ(filed[1].row[1], Presence::unchanged);
}

TEST_F(LedgerWritingTest, ChangesOfOtherTablesAreNotFiled) {
    relation_.identity = orders + 1;
    writing().relation(relation_);
    in_transaction(1, "1", [this] {
        change(RowOperation::insert, {number(5), number(3), checksum::null_value});
    });
    EXPECT_TRUE(entries().empty());
}

TEST_F(LedgerWritingTest, EndsWhereAComparedColumnLeaves) {
    writing().relation(relation_);
    relation_.columns[2].name = "comment";
    EXPECT_EQ(ended([this] { writing().relation(relation_); }),
              "column note of orders is no longer in the change stream (dropped or renamed)");
}

TEST_F(LedgerWritingTest, EndsWhereARowComesWithoutItsKey) {
    writing().relation(relation_);
    writing().begin({.id = 1});
    EXPECT_NE(ended([this] {
                  change(RowOperation::remove, {},
                         {checksum::unknown_value, number(1), checksum::text("x")});
              }).find("does not tell id of a row of orders"),
              std::string::npos);
}

TEST_F(LedgerWritingTest, EndsWhereATransactionSaysWhatItIsTooLateOrWrongly) {
    writing().relation(relation_);
    const auto row = [this] {
        change(RowOperation::update, {number(5), number(3), checksum::text("x")});
    };
    writing().begin({.id = 1});
    row();
    EXPECT_NE(ended([this] { writing().tag("1"); }).find("only after its changes"),
              std::string::npos);
    writing().begin({.id = 2});
    writing().tag("0");
    EXPECT_NE(ended([this] { writing().tag("1"); }), "whole");
    writing().begin({.id = 3});
    for (const char* wrong : {"2", "", "x", "1 ", "-1"}) {
        EXPECT_NE(ended([&] { writing().tag(wrong); }).find("not known"), std::string::npos)
            << wrong;
    }
}

TEST_F(LedgerWritingTest, AnOpaqueColumnIsUnknownUnlessTheOperationDoesNotWriteIt) {
    table_.in_stream[2].opaque = true;  // total, which `pay` writes
    table_.in_stream[1].opaque = true;  // note, which it does not
    writing().relation(relation_);
    const std::vector<Value> row{number(5), number(3), checksum::text("x")};
    in_transaction(1, "0", [&] { change(RowOperation::update, row); });
    in_transaction(2, "1", [&] { change(RowOperation::insert, row); });
    in_transaction(3, nullptr, [&] { change(RowOperation::update, row); });
    const auto all = entries();
    EXPECT_EQ(all[0].row,
              (Presences{there, Presence::unchanged, Presence::unknown, Presence::unchanged}));
    EXPECT_EQ(all[1].row,
              (Presences{there, Presence::unknown, Presence::unknown, Presence::unchanged}));
    EXPECT_EQ(all[2].row,
              (Presences{there, Presence::unknown, Presence::unknown, Presence::unchanged}));
}

TEST_F(LedgerWritingTest, AColumnThatIsThereUnderBothItsNamesIsUnknown) {
    writing().relation(relation_);
    in_transaction(1, "1", [&] {
        change(RowOperation::update, {number(5), number(3), checksum::text("x")});
    });
    relation_.columns.push_back({.name = "remark", .type = "text"});
    writing().relation(relation_);
    in_transaction(2, "1", [&] {
        change(RowOperation::update,
               {number(5), number(3), checksum::text("x"), checksum::text("y")});
    });
    const auto all = entries();
    EXPECT_EQ(all[0].row[1], there);
    EXPECT_EQ(all[1].row[1], Presence::unknown);
}

TEST_F(LedgerWritingTest, AnAddedColumnHasTheFormInWhichItComesFirst) {
    table_.in_stream[3].type.clear();
    relation_.columns.push_back({.name = "region", .type = "int4", .kind = Kind::number});
    writing().relation(relation_);
    const auto insert = [&](Value value) {
        change(RowOperation::insert, {number(5), number(3), checksum::text("x"), value});
    };
    in_transaction(1, "1", [&] { insert(number(1)); });
    relation_.columns[3] = region;
    writing().relation(relation_);
    in_transaction(2, "1", [&] { insert(checksum::text("eu")); });
    const auto all = entries();
    EXPECT_EQ(all[0].row[3], there);
    EXPECT_EQ(all[1].row[3], Presence::unknown);
    EXPECT_EQ(ledger_->in_stream[3].type, "int4");
}

TEST_F(LedgerWritingTest, EndsWhereTheDiskHasNoRoom) {
    settings_.spill.budget = std::make_shared<checksum::SpillBudget>(std::uint64_t{1} << 16);
    writing().relation(relation_);
    EXPECT_NE(ended([this] {
                  for (int i = 0; i < 100'000; ++i) {
                      in_transaction(1, "1", [&] {
                          change(RowOperation::insert, {number(i), number(3), checksum::text("x")});
                      });
                  }
                  static_cast<void>(writing().finish());
              }).find("the ledger could not be written"),
              std::string::npos);
}

}  // namespace
