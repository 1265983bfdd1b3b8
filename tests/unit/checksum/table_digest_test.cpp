#include "checksum/table_digest.hpp"

#include "checksum/decimal.hpp"
#include "rows.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

#include <gtest/gtest.h>

namespace checksum {
namespace {

using testing::Cell;
using testing::cell_of;
using testing::int_cell;
using testing::null_cell;
using testing::random_cell;
using testing::Row;
using testing::text_cell;

constexpr std::size_t buckets = 1024;

std::vector<Column> columns(std::size_t count, bool keyed = true) {
    std::vector<Column> all;
    for (std::size_t i = 0; i < count; ++i) {
        all.push_back({"c" + std::to_string(i), keyed && i == 0});
    }
    return all;
}

TableDigest scan(const RowHasher& hasher, const std::vector<Row>& rows, std::size_t first = 0,
                 std::size_t last = SIZE_MAX, std::size_t into = buckets) {
    TableDigester digester{hasher, into};
    for (std::size_t i = first; i < std::min(last, rows.size()); ++i) {
        digester.add(testing::values(rows[i]));
    }
    return std::move(digester).finish();
}

std::vector<Row> random_rows(std::mt19937_64& random, std::size_t count, std::size_t width) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < count; ++i) {
        rows.push_back({int_cell(static_cast<std::int64_t>(i))});
        while (rows.back().size() < width) {
            rows.back().push_back(random_cell(random));
        }
    }
    return rows;
}

TEST(TableDigest, IsTheSumOfItsColumnsItsBucketsAndItsRows) {
    std::mt19937_64 random{1};
    const auto rows = random_rows(random, 500, 5);
    const RowHasher hasher{columns(5), 9};
    const auto table = scan(hasher, rows);

    Digest of_columns;
    for (const Digest sum : table.column_sums()) {
        of_columns += sum;
    }
    Digest of_buckets;
    std::uint64_t rows_of_buckets = 0;
    for (std::size_t i = 0; i < table.buckets(); ++i) {
        for (const Digest sum : table.bucket(i)) {
            of_buckets += sum;
        }
        rows_of_buckets += table.rows_in_bucket(i);
    }
    Digest of_rows;
    for (const Row& row : rows) {
        auto one = digest(hasher, row);
        of_rows += one.view().row();
    }
    EXPECT_EQ(table.total(), of_columns);
    EXPECT_EQ(table.total(), of_buckets);
    EXPECT_EQ(table.total(), of_rows);
    EXPECT_EQ(table.rows(), 500U);
    EXPECT_EQ(rows_of_buckets, 500U);
}

TEST(TableDigest, ChunksInAnyOrderAddUpToTheWhole) {
    std::mt19937_64 random{2};
    for (int round = 0; round < 30; ++round) {
        auto rows = random_rows(random, 1 + random() % 300, 1 + random() % 6);
        const RowHasher hasher{columns(rows[0].size(), round % 3 != 0), random()};
        const auto whole = scan(hasher, rows);
        std::shuffle(rows.begin(), rows.end(), random);
        TableDigest sum{rows[0].size(), buckets};
        for (std::size_t at = 0; at < rows.size();) {
            const std::size_t end = at + 1 + random() % 50;
            sum.add(scan(hasher, rows, at, end));
            at = end;
        }
        EXPECT_TRUE(compare(whole, sum).equal());
        sum.subtract(whole);
        EXPECT_TRUE(compare(sum, TableDigest{rows[0].size(), buckets}).equal());
    }
}

TEST(TableDigest, ARowTakenAwayIsAsIfItHadNotBeen) {
    std::mt19937_64 random{3};
    const auto rows = random_rows(random, 50, 4);
    const RowHasher hasher{columns(4), 9};
    auto table = scan(hasher, rows);
    auto last = digest(hasher, rows.back());
    table.subtract(last.view());
    EXPECT_TRUE(compare(table, scan(hasher, rows, 0, 49)).equal());
    table.add(last.view());
    EXPECT_TRUE(compare(table, scan(hasher, rows)).equal());
}

TEST(TableDigest, FewerBucketsHoldTheSameSums) {
    std::mt19937_64 random{4};
    const auto rows = random_rows(random, 200, 3);
    const RowHasher hasher{columns(3), 9};
    const auto many = scan(hasher, rows, 0, SIZE_MAX, 65'536);
    const auto one = scan(hasher, rows, 0, SIZE_MAX, 1);
    EXPECT_EQ(many.column_sums(), one.column_sums());
    EXPECT_EQ(many.rows(), one.rows());
}

TEST(TableDigest, BucketsFitTheMemoryTheyAreGiven) {
    EXPECT_EQ(bucket_count(8, std::size_t{16} << 20), 65'536U);
    EXPECT_EQ(bucket_count(8, std::size_t{8} << 20), 32'768U);  // 136 bytes each
    EXPECT_EQ(bucket_count(1600, std::size_t{16} << 20), 512U);
    EXPECT_EQ(bucket_count(1600, 1), 1U);
}

TEST(TableDigest, RefusesOtherShapes) {
    EXPECT_THROW((TableDigest{1, 3}), std::invalid_argument);
    EXPECT_THROW((TableDigest{1, 131'072}), std::invalid_argument);
    TableDigest table{2, 4};
    EXPECT_THROW(table.add(TableDigest{2, 8}), std::invalid_argument);
    EXPECT_THROW(table.subtract(TableDigest{3, 4}), std::invalid_argument);
    EXPECT_THROW((void)compare(table, TableDigest{2, 8}), std::invalid_argument);
}

// 3 MB: memory of another sort than that of few buckets.
TEST(TableDigester, AsManyBucketsAsThereCanBeHoldWhatFewHold) {
    std::mt19937_64 random{11};
    const auto rows = random_rows(random, 20'000, 3);
    const RowHasher hasher{columns(3), 9};
    auto many = scan(hasher, rows, 0, SIZE_MAX, most_buckets);
    const auto few = scan(hasher, rows);
    EXPECT_EQ(many.rows(), rows.size());
    EXPECT_EQ(many.column_sums(), few.column_sums());
    many.subtract(scan(hasher, rows, 0, SIZE_MAX, most_buckets));
    EXPECT_EQ(many.rows(), 0U);
    EXPECT_EQ(many.total(), Digest{});
}

// What must be found, as far as it can be told at this level: a change of canonical values.
struct Mutation {
    const char* name;
    std::vector<std::size_t> columns;  // those whose sums differ
    std::function<void(std::vector<Row>&)> apply;
};

// id, number, text, timestamp, real, decimal (strict), json, bytes
std::vector<Row> sample() {
    std::vector<Row> rows;
    Arena arena;
    for (int i = 0; i < 60; ++i) {
        arena.clear();
        rows.push_back({int_cell(i), int_cell(i * 1000),
                        text_cell("caf\xc3\xa9 " + std::to_string(i)),
                        cell_of(timestamp(1'000'000LL * i, arena)), cell_of(real(i * 0.5, arena)),
                        cell_of(*decimal(std::to_string(i) + ".0", Scale::strict, arena)),
                        cell_of(json(R"({"a":1,"b":2})")), cell_of(bytes(std::string(40, 'z')))});
    }
    rows[7][2] = null_cell();
    rows[8][2] = text_cell("");
    return rows;
}

void set(std::vector<Row>& rows, std::size_t row, std::size_t column, const Value& value) {
    rows[row][column] = cell_of(value);
}

std::vector<Mutation> mutations() {
    using Rows = std::vector<Row>;
    static Arena arena;
    const auto all = std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7};
    return {
        {"one bit of a number", {1}, [](Rows& r) { r[3][1].bytes[0] ^= 1; }},
        {"one bit of a byte string", {7}, [](Rows& r) { r[3][7].bytes[39] ^= 1; }},
        {"NULL becomes empty", {2}, [](Rows& r) { set(r, 7, 2, text("")); }},
        {"NULL becomes 'NULL'", {2}, [](Rows& r) { set(r, 7, 2, text("NULL")); }},
        {"NULL becomes a space", {2}, [](Rows& r) { set(r, 7, 2, text(" ")); }},
        {"empty becomes NULL", {2}, [](Rows& r) { set(r, 8, 2, null_value); }},
        {"a trailing space", {2}, [](Rows& r) { r[5][2].bytes += ' '; }},
        {"NFC becomes NFD", {2}, [](Rows& r) { set(r, 5, 2, text("cafe\xcc\x81 5")); }},
        {"upper case", {2}, [](Rows& r) { r[5][2].bytes[0] = 'C'; }},
        {"a truncated text", {2}, [](Rows& r) { r[15][2].bytes.pop_back(); }},
        {"1.0 becomes 1.00",
         {5},
         [](Rows& r) { set(r, 1, 5, *decimal("1.00", Scale::strict, arena)); }},
        {"NaN", {5}, [](Rows& r) { set(r, 1, 5, *decimal("NaN", Scale::strict, arena)); }},
        {"the last microsecond", {3}, [](Rows& r) { r[9][3].bytes[0] ^= 1; }},
        {"all timestamps an hour off",
         {3},
         [](Rows& r) {
             for (std::size_t i = 0; i < r.size(); ++i) {
                 set(r, i, 3,
                     timestamp(1'000'000LL * static_cast<std::int64_t>(i) + 3'600'000'000, arena));
             }
         }},
        {"four timestamps ten minutes off",
         {3},
         [](Rows& r) {
             for (std::size_t i = 20; i < 24; ++i) {
                 set(r, i, 3,
                     timestamp(1'000'000LL * static_cast<std::int64_t>(i) + 600'000'000, arena));
             }
         }},
        {"infinity", {3}, [](Rows& r) { set(r, 1, 3, date(date_infinity, arena)); }},
        {"overflow to negative",
         {1},
         [](Rows& r) { set(r, 59, 1, number(59'000 - (std::int64_t{1} << 32), arena)); }},
        {"json keys in another order",
         {6},
         [](Rows& r) { set(r, 2, 6, json(R"({"b":2,"a":1})")); }},
        {"json becomes jsonb", {6}, [](Rows& r) { r[2][6].kind = Kind::jsonb; }},
        {"a real's last bit", {4}, [](Rows& r) { r[3][4].bytes[0] ^= 1; }},
        {"two rows' values swapped", {1}, [](Rows& r) { std::swap(r[10][1], r[50][1]); }},
        {"a column shifted by one row",
         {1},
         [](Rows& r) {
             for (std::size_t i = 0; i + 1 < r.size(); ++i) {
                 std::swap(r[i][1], r[i + 1][1]);
             }
         }},
        {"two columns swapped in all rows",
         {1, 2},
         [](Rows& r) {
             for (Row& row : r) {
                 std::swap(row[1], row[2]);
             }
         }},
        {"a row duplicated", all, [](Rows& r) { r.push_back(r[4]); }},
        {"a row lost", all, [](Rows& r) { r.pop_back(); }},
        {"the last two rows lost", all, [](Rows& r) { r.resize(r.size() - 2); }},
        {"one lost, one duplicated", all, [](Rows& r) { r[4] = r[5]; }},
        {"two rows duplicated twice", all,
         [](Rows& r) {
             r.push_back(r[4]);
             r.push_back(r[4]);
         }},
        {"keys shifted", all,
         [](Rows& r) {
             for (std::size_t i = 0; i < r.size(); ++i) {
                 r[i][0] = int_cell(static_cast<std::int64_t>(i) + 1);
             }
         }},
    };
}

TEST(TableDigest, EveryMutationIsFoundInTheRightColumns) {
    const RowHasher hasher{columns(8), 11};
    const auto before = scan(hasher, sample());
    for (const Mutation& mutation : mutations()) {
        auto rows = sample();
        mutation.apply(rows);
        const auto difference = compare(before, scan(hasher, rows));
        EXPECT_FALSE(difference.equal()) << mutation.name;
        EXPECT_EQ(difference.columns, mutation.columns) << mutation.name;
        EXPECT_FALSE(difference.buckets.empty()) << mutation.name;
    }
}

TEST(TableDigest, EveryMutationIsFoundInATableWithoutAKey) {
    const RowHasher hasher{columns(8, false), 11};
    const auto before = scan(hasher, sample());
    for (const Mutation& mutation : mutations()) {
        auto rows = sample();
        mutation.apply(rows);
        EXPECT_FALSE(compare(before, scan(hasher, rows)).equal()) << mutation.name;
    }
}

TEST(TableDigest, ARandomChangeOfOneCellIsFoundInItsColumnAndBucketAlone) {
    std::mt19937_64 random{5};
    for (int round = 0; round < 200; ++round) {
        const std::size_t width = 2 + random() % 5;
        auto rows = random_rows(random, 40, width);
        const RowHasher hasher{columns(width), random()};
        const auto before = scan(hasher, rows);
        const std::size_t row = random() % rows.size();
        const std::size_t column = 1 + random() % (width - 1);
        const Cell was = rows[row][column];
        while (rows[row][column].value() == was.value()) {
            rows[row][column] = random_cell(random);
        }
        const auto difference = compare(before, scan(hasher, rows));
        EXPECT_EQ(difference.columns, std::vector{column});
        EXPECT_EQ(difference.buckets, std::vector{before.bucket_of(digest(hasher, rows[row]).key)});
    }
}

}  // namespace
}  // namespace checksum
