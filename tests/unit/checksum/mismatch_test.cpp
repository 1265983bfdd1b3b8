#include "checksum/mismatch.hpp"

#include "checksum/table_digest.hpp"
#include "sides.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <utility>

#include <gtest/gtest.h>

namespace checksum {
namespace {

using testing::int_cell;
using testing::null_cell;
using testing::random_cell;
using testing::record_options;
using testing::Row;
using testing::sidecar;
using testing::TemporaryDirectory;
using testing::text_cell;

Row order(std::int64_t id, std::int64_t total, const std::string& note) {
    return {int_cell(id), int_cell(total), text_cell(note)};
}

class MismatchTest : public ::testing::Test {
protected:
    Mismatches found(const std::vector<Row>& before, const std::vector<Row>& after) {
        const auto result = compare(sidecar(directory, options, before),
                                    sidecar(directory, options, after, {}, 3), compare_options);
        return std::get<Mismatches>(result);
    }
    // "changed id=1 (total)", sorted.
    std::vector<std::string> told(const std::vector<Row>& before, const std::vector<Row>& after) {
        std::vector<std::string> all;
        for (const Mismatch& one : found(before, after).kept) {
            std::string text = std::string{name(one.kind)} + " " + one.key;
            for (const std::string& column : one.columns) {
                text += " (" + column + ")";
            }
            all.push_back(text);
        }
        std::ranges::sort(all);
        return all;
    }
    using Told = std::vector<std::string>;

    TemporaryDirectory directory;
    RecordOptions options = record_options({"id", "total", "note"});
    MismatchOptions compare_options;
};

TEST_F(MismatchTest, EqualSidesInAnyOrderHaveNone) {
    EXPECT_EQ(told({order(1, 2, "x"), order(2, 3, "y")}, {order(2, 3, "y"), order(1, 2, "x")}),
              Told{});
    EXPECT_EQ(told({}, {}), Told{});
}

TEST_F(MismatchTest, ALostAnExtraAndAChangedRowAreNamed) {
    EXPECT_EQ(told({order(1, 2, "x"), order(2, 3, "y"), order(3, 4, "z")},
                   {order(1, 2, "x"), order(2, 7, "w"), order(9, 4, "z")}),
              (Told{"changed id=2 (total) (note)", "extra id=9", "lost id=3"}));
}

TEST_F(MismatchTest, WhatIsExcusedIsCountedApartAndTakesNobodysPlace) {
    compare_options.most_kept = 1;
    compare_options.excuses = [](const Mismatch& mismatch) {
        return mismatch.kind == MismatchKind::extra ||
               mismatch.columns == std::vector<std::string>{"note"};
    };
    std::vector<Row> before, after;
    for (std::int64_t id = 0; id < 50; ++id) {
        before.push_back(order(id, 1, "x"));
        after.push_back(order(id, id == 7 ? 2 : 1, id < 20 ? "y" : "x"));
        after.push_back(order(1'000 + id, 1, "x"));
    }
    const auto result = found(before, after);
    EXPECT_EQ(result.excused, 69U);
    EXPECT_EQ(result.total(), 1U);
    ASSERT_EQ(result.kept.size(), 1U);
    EXPECT_EQ(result.kept[0].key, "id=7");
}

TEST_F(MismatchTest, ARowThatAppearsTwiceIsDuplicated) {
    EXPECT_EQ(told({order(1, 2, "x")}, {order(1, 2, "x"), order(1, 2, "x"), order(1, 2, "x")}),
              (Told{"duplicated id=1"}));
    EXPECT_EQ(found({order(1, 2, "x")}, {order(1, 2, "x"), order(1, 2, "x"), order(1, 2, "x")})
                  .count(MismatchKind::duplicated),
              2U);
    EXPECT_EQ(told({order(1, 2, "x")}, {order(1, 2, "x"), order(1, 3, "x")}),
              (Told{"duplicated id=1"}));
    EXPECT_EQ(told({order(1, 2, "x"), order(1, 2, "x")}, {order(1, 2, "x")}), (Told{"lost id=1"}));
    EXPECT_EQ(told({order(1, 2, "x")}, {order(1, 4, "x"), order(1, 3, "x")}).size(), 2U);
}

TEST_F(MismatchTest, AChangedKeyIsALostAndAnExtraRow) {
    EXPECT_EQ(told({order(1, 2, "x")}, {order(2, 2, "x")}), (Told{"extra id=2", "lost id=1"}));
}

TEST_F(MismatchTest, WithoutAKeyRowsAreCounted) {
    options = record_options({"a", "b"}, false);
    const Row x{int_cell(1), text_cell("x")};
    const Row y{int_cell(1), text_cell("y")};
    EXPECT_EQ(told({x, x, y}, {y, x, x}), Told{});
    EXPECT_EQ(told({x, x, x, y}, {x, y}), (Told{"lost a=1, b='x'"}));
    EXPECT_EQ(found({x, x, x, y}, {x, y}).count(MismatchKind::lost), 2U);
    EXPECT_EQ(told({x, y}, {x, y, y}), (Told{"duplicated a=1, b='y'"}));
    EXPECT_EQ(told({x}, {y}), (Told{"extra a=1, b='y'", "lost a=1, b='x'"}));
    EXPECT_EQ(told({x, x}, {x, y}), (Told{"extra a=1, b='y'", "lost a=1, b='x'"}));
}

TEST_F(MismatchTest, TheFirstAreKeptAndAllAreCounted) {
    compare_options.most_kept = 10;
    std::vector<Row> before;
    for (int id = 0; id < 500; ++id) {
        before.push_back(order(id, id, "x"));
    }
    const auto all_lost = found(before, {});
    EXPECT_EQ(all_lost.kept.size(), 10U);
    EXPECT_EQ(all_lost.count(MismatchKind::lost), 500U);
    EXPECT_EQ(all_lost.total(), 500U);
    std::ranges::reverse(before);
    const auto again = found(before, {});
    for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(again.kept[i].key, all_lost.kept[i].key) << "not the same ones";
    }
}

TEST_F(MismatchTest, ValuesAreShownOnlyWhenAskedFor) {
    const auto hidden = found({order(1, 2, "old")}, {order(1, 2, "new")});
    EXPECT_EQ(hidden.kept.at(0).before, "");
    options.show_values = true;
    const auto shown = found({order(1, 2, "old")}, {order(1, 2, "new")});
    EXPECT_EQ(shown.kept.at(0).before, "id=1, note='old', total=2") << "what differs comes early";
    EXPECT_EQ(shown.kept.at(0).after, "id=1, note='new', total=2");
}

TEST_F(MismatchTest, ARowIsShownOnTheSidesOnWhichItIs) {
    options.show_values = true;
    const auto lost = found({order(1, 2, "x")}, {}).kept.at(0);
    EXPECT_EQ(lost.before, "id=1, total=2, note='x'");
    EXPECT_EQ(lost.after, "");
    const auto extra = found({}, {order(1, 2, "x")}).kept.at(0);
    EXPECT_EQ(extra.before, "");
    EXPECT_EQ(extra.after, "id=1, total=2, note='x'");
    const auto twice = found({order(1, 2, "x")}, {order(1, 2, "x"), order(1, 2, "y")}).kept.at(0);
    EXPECT_EQ(twice.before, "id=1, total=2, note='x'");
    EXPECT_EQ(twice.after, "id=1, total=2, note='y'");
}

TEST_F(MismatchTest, ARowWithoutAKeyIsShownToo) {
    options = record_options({"id", "total", "note"}, false);
    options.show_values = true;
    const auto lost = found({order(1, 2, "x"), order(1, 2, "x")}, {order(1, 2, "x")}).kept.at(0);
    EXPECT_EQ(lost.before, "id=1, total=2, note='x'");
    EXPECT_EQ(lost.after, "");
}

TEST_F(MismatchTest, ALongRowIsCutBehindItsKeyAndWhatDiffers) {
    std::vector<std::string> names{"id"};
    Row before{int_cell(1)};
    for (int i = 1; i < 200; ++i) {
        names.push_back("c" + std::to_string(i));
        before.push_back(text_cell(std::string(5'000, 'x')));
    }
    Row after = before;
    after.back() = null_cell();
    options = record_options(names);
    options.show_values = true;
    const auto one = found({before}, {after}).kept.at(0);
    EXPECT_TRUE(one.before.starts_with("id=1, c199='xxx")) << one.before;
    EXPECT_NE(one.before.find("'... (5000 bytes), c1='"), std::string::npos) << one.before;
    EXPECT_TRUE(one.after.starts_with("id=1, c199=NULL, c1='xxx")) << one.after;
    EXPECT_TRUE(one.after.ends_with("more columns)")) << one.after;
    EXPECT_LT(one.before.size(), 2'100U);
}

TEST_F(MismatchTest, AnAddedColumnIsShownBesideWhatTheRowWas) {
    options.show_values = true;
    const auto before = sidecar(directory, options, {order(1, 2, "x")});
    auto with_region = options;
    with_region.columns.push_back({.name = "region", .role = ColumnRole::added});
    auto row = order(1, 2, "x");
    row.push_back(text_cell("us"));
    const auto after = sidecar(directory, with_region, {row}, {{false}});
    const auto one = std::get<Mismatches>(compare(before, after)).kept.at(0);
    EXPECT_EQ(one.before, "id=1, total=2, note='x'");
    EXPECT_EQ(one.after, "id=1, region='us', total=2, note='x'");
}

TEST_F(MismatchTest, AnAddedColumnMustEqualItsExpression) {
    const auto before = sidecar(directory, options, {order(1, 2, "x"), order(2, 2, "x")});
    auto with_region = options;
    with_region.columns.push_back({.name = "region", .role = ColumnRole::added});
    auto one = order(1, 2, "x");
    one.push_back(text_cell("eu"));
    auto two = order(2, 2, "x");
    two.push_back(null_cell());
    const auto after = sidecar(directory, with_region, {one, two}, {{true}, {false}});
    const auto result = std::get<Mismatches>(compare(before, after));
    ASSERT_EQ(result.kept.size(), 1U);
    EXPECT_EQ(result.kept[0].key, "id=2");
    EXPECT_EQ(result.kept[0].columns, std::vector<std::string>{"region"});
    EXPECT_FALSE(result.kept[0].is_new);
}

TEST_F(MismatchTest, AWrongAddedColumnSaysWhetherItsRowIsNew) {
    const auto before = sidecar(directory, options, {order(1, 2, "x")});
    auto with_region = options;
    with_region.columns.push_back({.name = "region", .role = ColumnRole::added});
    auto old_row = order(1, 2, "x"), new_row = order(2, 2, "x");
    old_row.push_back(text_cell("eu"));
    new_row.push_back(text_cell("us"));
    const auto after = sidecar(directory, with_region, {old_row, new_row}, {{true}, {false}});
    const auto result = std::get<Mismatches>(compare(before, after));
    EXPECT_EQ(result.count(MismatchKind::extra), 1U);
    ASSERT_EQ(result.count(MismatchKind::changed), 1U);
    const auto wrong = std::ranges::find(result.kept, MismatchKind::changed, &Mismatch::kind);
    EXPECT_EQ(wrong->key, "id=2");
    EXPECT_TRUE(wrong->is_new);
}

TEST_F(MismatchTest, OnlyPartitionsThatDifferNeedBeRead) {
    std::vector<Row> before;
    for (int id = 0; id < 300; ++id) {
        before.push_back(order(id, id, "x"));
    }
    auto after = before;
    after[17][1] = int_cell(0);
    const RowHasher hasher = RecordLayout{options}.hasher(testing::seed);
    for (const std::size_t buckets : {1U, 64U, 256U, 65'536U}) {
        TableDigester left{hasher, buckets};
        TableDigester right{hasher, buckets};
        for (std::size_t i = 0; i < before.size(); ++i) {
            left.add(testing::values(before[i]));
            right.add(testing::values(after[i]));
        }
        const auto difference = compare(std::move(left).finish(), std::move(right).finish());
        compare_options.partitions = partitions_of(difference.buckets, buckets);
        EXPECT_EQ(std::ranges::count(compare_options.partitions, true),
                  static_cast<std::ptrdiff_t>(std::max(std::size_t{1}, 256 / buckets)));
        EXPECT_EQ(told(before, after), (Told{"changed id=17 (total)"})) << buckets;
    }
}

TEST_F(MismatchTest, TheResultIsTheSameInVeryLittleMemory) {
    std::mt19937_64 random{3};
    std::vector<Row> before;
    for (int id = 0; id < 30'000; ++id) {
        before.push_back(order(id, static_cast<std::int64_t>(random() % 100), "x"));
    }
    auto after = before;
    for (int i = 0; i < 40; ++i) {
        after[random() % after.size()][1] = int_cell(-1);
    }
    after.pop_back();
    const auto roomy = told(before, after);
    compare_options.memory_bytes = 1500;  // some 15 records, of 117 a partition
    EXPECT_EQ(told(before, after), roomy);
    EXPECT_GT(roomy.size(), 35U);
}

TEST_F(MismatchTest, MillionsOfEqualRowsAreCountedInLittleMemory) {
    options = record_options({"a"}, false);
    compare_options.memory_bytes = 4096;
    std::mt19937_64 random{5};
    std::vector<Row> before;
    for (int i = 0; i < 20'000; ++i) {
        before.push_back({int_cell(static_cast<std::int64_t>(random() % 3))});
    }
    std::vector<Row> after = before;
    after.resize(19'900);
    std::ranges::shuffle(after, random);
    const auto result = found(before, after);
    EXPECT_EQ(result.count(MismatchKind::lost), 100U);
    EXPECT_EQ(result.total(), 100U);
}

TEST_F(MismatchTest, OneKeyWithMoreRowsThanMemoryIsAnError) {
    compare_options.memory_bytes = 1000;
    std::vector<Row> before;
    for (int i = 0; i < 100; ++i) {
        before.push_back(order(1, i, "x"));
    }
    const auto result = compare(sidecar(directory, options, before),
                                sidecar(directory, options, before), compare_options);
    ASSERT_TRUE(std::holds_alternative<SpillError>(result));
    EXPECT_EQ(std::get<SpillError>(result).kind, SpillError::Kind::bound);
}

TEST_F(MismatchTest, RefusesSidesWithOtherColumns) {
    const auto one = sidecar(directory, options, {});
    const auto two = sidecar(directory, record_options({"id", "total"}), {});
    EXPECT_THROW((void)compare(one, two), std::invalid_argument);
}

// Random changes against a plain map from key to row.
TEST_F(MismatchTest, FindsExactlyWhatRandomChangesDid) {
    std::mt19937_64 random{4};
    for (int round = 0; round < 60; ++round) {
        std::map<std::int64_t, Row> before;
        for (int i = 0; i < 200; ++i) {
            const auto id = static_cast<std::int64_t>(random() % 400);
            before[id] = {int_cell(id), random_cell(random), random_cell(random)};
        }
        auto after = before;
        for (std::uint64_t i = random() % 30; i > 0; --i) {
            const auto id = static_cast<std::int64_t>(random() % 400);
            switch (random() % 3) {
                case 0:
                    after.erase(id);
                    break;
                case 1:
                    after[id] = {int_cell(id), random_cell(random), random_cell(random)};
                    break;
                default:
                    if (after.contains(id)) {
                        after[id][1 + random() % 2] = random_cell(random);
                    }
            }
        }
        std::vector<std::string> expected;
        const char* const names[] = {"id", "total", "note"};
        for (std::int64_t id = 0; id < 400; ++id) {
            const std::string key = " id=" + std::to_string(id);
            if (before.contains(id) != after.contains(id)) {
                expected.push_back((before.contains(id) ? "lost" : "extra") + key);
            } else if (before.contains(id)) {
                std::string columns;
                for (std::size_t i = 0; i < 3; ++i) {
                    if (!(before[id][i].value() == after[id][i].value())) {
                        columns += std::string{" ("} + names[i] + ")";
                    }
                }
                if (!columns.empty()) {
                    expected.push_back("changed" + key + columns);
                }
            }
        }
        std::ranges::sort(expected);
        std::vector<Row> left;
        std::vector<Row> right;
        std::ranges::transform(before, std::back_inserter(left), [](auto& i) { return i.second; });
        std::ranges::transform(after, std::back_inserter(right), [](auto& i) { return i.second; });
        ASSERT_EQ(told(left, right), expected);
    }
}

}  // namespace
}  // namespace checksum
