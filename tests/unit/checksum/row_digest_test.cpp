#include "checksum/row_digest.hpp"

#include "checksum/decimal.hpp"
#include "rows.hpp"

#include <map>
#include <set>
#include <stdexcept>

#include <gtest/gtest.h>

namespace checksum {
namespace {

using testing::Cell;
using testing::digest;
using testing::int_cell;
using testing::null_cell;
using testing::Row;
using testing::text_cell;

constexpr std::uint64_t seed = 42;

RowHasher orders() {
    return {{{"id", true}, {"total"}, {"note"}}, seed};
}

Row order(std::int64_t id, std::int64_t total, const std::string& note) {
    return {int_cell(id), int_cell(total), text_cell(note)};
}

TEST(RowHasher, EqualRowsHaveEqualDigestsAndTheSeedChangesAll) {
    const auto row = order(1, 2, "three");
    EXPECT_EQ(digest(orders(), row).cells, digest(orders(), row).cells);
    const RowHasher other{{{"id", true}, {"total"}, {"note"}}, seed + 1};
    const auto a = digest(orders(), row);
    const auto b = digest(other, row);
    EXPECT_NE(a.key, b.key);
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_NE(a.cells[i], b.cells[i]);
    }
}

TEST(RowHasher, AChangeShowsInItsCellAlone) {
    const auto before = digest(orders(), order(1, 2, "x"));
    const auto after = digest(orders(), order(1, 3, "x"));
    EXPECT_EQ(before.key, after.key);
    EXPECT_EQ(before.cells[0], after.cells[0]);
    EXPECT_NE(before.cells[1], after.cells[1]);
    EXPECT_NE(mark(before.cells[1]), mark(after.cells[1]));
    EXPECT_EQ(before.cells[2], after.cells[2]);
}

TEST(RowHasher, TheOrderOfTheColumnsDoesNotCountButTheirNamesDo) {
    const RowHasher turned{{{"note"}, {"total"}, {"id", true}}, seed};
    const auto straight = digest(orders(), order(1, 2, "x"));
    const auto other = digest(turned, {text_cell("x"), int_cell(2), int_cell(1)});
    EXPECT_EQ(straight.key, other.key);
    EXPECT_EQ(straight.cells[0], other.cells[2]);
    EXPECT_EQ(straight.cells[2], other.cells[0]);

    const RowHasher renamed{{{"id", true}, {"sum"}, {"note"}}, seed};
    EXPECT_NE(straight.cells[1], digest(renamed, order(1, 2, "x")).cells[1]);
}

TEST(RowHasher, TheSameValueInTwoColumnsOrRowsHasDifferentDigests) {
    const auto one = digest(orders(), {int_cell(5), int_cell(5), int_cell(5)});
    const auto two = digest(orders(), {int_cell(6), int_cell(5), int_cell(5)});
    EXPECT_EQ(
        (std::set<Digest>{one.cells[0], one.cells[1], one.cells[2], two.cells[1], two.cells[2]})
            .size(),
        5U);
}

TEST(RowHasher, AKeyOfTwoColumnsKnowsWhichIsWhich) {
    const RowHasher hasher{{{"a", true}, {"b", true}}, seed};
    EXPECT_NE(digest(hasher, {int_cell(1), int_cell(2)}).key,
              digest(hasher, {int_cell(2), int_cell(1)}).key);
    EXPECT_NE(digest(hasher, {text_cell("ab"), text_cell("c")}).key,
              digest(hasher, {text_cell("a"), text_cell("bc")}).key);
    EXPECT_NE(digest(hasher, {null_cell(), int_cell(1)}).key,
              digest(hasher, {int_cell(1), null_cell()}).key);
}

TEST(RowHasher, WithoutAKeyTheWholeRowIsTheKey) {
    const RowHasher hasher{{{"a"}, {"b"}}, seed};
    EXPECT_FALSE(hasher.keyed());
    EXPECT_NE(digest(hasher, {int_cell(1), int_cell(2)}).key,
              digest(hasher, {int_cell(1), int_cell(3)}).key);
}

TEST(RowHasher, AKeyIsNotMovedByWhatIsNoKey) {
    EXPECT_EQ(digest(orders(), order(1, 2, "x")).key, digest(orders(), order(1, 9, "y")).key);
}

TEST(RowHasher, NullsOfAllKindsAreEqual) {
    Cell null_number = null_cell();
    null_number.kind = Kind::number;
    null_number.tag = 7;
    EXPECT_EQ(digest(orders(), {int_cell(1), null_number, null_cell()}).cells,
              digest(orders(), {int_cell(1), null_cell(), null_cell()}).cells);
}

TEST(RowHasher, AnUnchangedCellIsMadeAgainFromItsContentUnderAnotherKey) {
    const std::string large(5000, 'x');
    const auto hasher = orders();
    const auto before = digest(hasher, order(1, 2, large));
    const auto moved = digest(hasher, order(77, 2, large));
    EXPECT_EQ(hasher.cell(2, before.contents[2], moved.key), moved.cells[2]);

    auto row = order(77, 2, "");
    row[2].presence = Presence::unchanged;
    EXPECT_EQ(digest(hasher, row).cells[2], Digest{});
    EXPECT_EQ(digest(hasher, row).cells[1], moved.cells[1]);
}

TEST(RowHasher, RefusesNoColumnsAndTwoOfOneName) {
    EXPECT_THROW((RowHasher{{}, seed}), std::invalid_argument);
    EXPECT_THROW((RowHasher{{{"a"}, {"a"}}, seed}), std::invalid_argument);
}

// Values that look alike: every kind with every short length of the same bytes, and every single
// bit.
TEST(RowHasher, ValuesThatLookAlikeHaveDifferentDigests) {
    const RowHasher hasher{{{"id", true}, {"a"}}, seed};
    std::map<Digest, Cell> seen;
    std::set<std::uint32_t> marks;
    std::size_t count = 0;
    const auto expect_new = [&](const Cell& cell) {
        const auto found = digest(hasher, {int_cell(1), cell});
        EXPECT_TRUE(seen.emplace(found.cells[1], cell).second)
            << static_cast<int>(cell.kind) << ' ' << cell.bytes.size();
        marks.insert(mark(found.cells[1]));
        ++count;
    };
    expect_new(null_cell());
    for (int kind = 0; kind < kind_count; ++kind) {
        for (const char fill : {'\0', ' ', 'a'}) {
            for (std::size_t size = 0; size <= 300; ++size) {
                if (size > 0 || fill == ' ') {
                    expect_new({.kind = static_cast<Kind>(kind), .bytes = std::string(size, fill)});
                }
            }
        }
    }
    for (const std::size_t size : {1U, 3U, 7U, 8U, 9U, 16U, 17U, 100U, 200U, 500U}) {
        for (std::size_t bit = 0; bit < size * 8; ++bit) {
            Cell cell{.kind = Kind::bytes, .bytes = std::string(size, '\x55')};
            cell.bytes[bit / 8] = static_cast<char>(cell.bytes[bit / 8] ^ (1 << bit % 8));
            expect_new(cell);
        }
    }
    for (std::uint32_t tag = 1; tag < 100; ++tag) {
        expect_new({.kind = Kind::verbatim, .tag = tag, .bytes = "x"});
    }
    EXPECT_GT(count, 20'000U);
    // 32 bits: among n marks n^2 / 2^33 collisions are to be expected, here less than one.
    EXPECT_GE(marks.size() + 3, count);
}

// The highest bit is the hardest: its difference leaves the fewest solutions out.
TEST(RowHasher, TheSameChangeOfManyRowsDoesNotCancel) {
    const auto hasher = orders();
    for (const std::uint64_t flip : {std::uint64_t{1}, std::uint64_t{600'000'000},
                                     std::uint64_t{1} << 63, ~std::uint64_t{0}}) {
        for (const int rows : {2, 3, 4, 16, 1000}) {
            Digest before;
            Digest after;
            Digest opposite;
            for (int id = 0; id < rows; ++id) {
                before += digest(hasher, order(id, id * 7, "x")).cells[1];
                const auto changed =
                    static_cast<std::int64_t>(static_cast<std::uint64_t>(id) * 7 + flip);
                after += digest(hasher, order(id, changed, "x")).cells[1];
                const auto other = static_cast<std::int64_t>(static_cast<std::uint64_t>(id) * 7 +
                                                             (id % 2 == 0 ? flip : 0 - flip));
                opposite += digest(hasher, order(id, other, "x")).cells[1];
            }
            EXPECT_NE(before, after) << flip << ' ' << rows;
            EXPECT_NE(before, opposite) << flip << ' ' << rows;
        }
    }
}

// The digest's bits of sequential keys and small values are as good as thrown.
TEST(RowHasher, KeysScatterEvenlyOverBuckets) {
    const auto hasher = orders();
    constexpr int buckets = 256;
    constexpr int rows = 100'000;
    std::vector<int> counts(buckets);
    for (int id = 0; id < rows; ++id) {
        ++counts[key_hash(digest(hasher, order(id, 0, "")).key) >> 56];
    }
    double chi_squared = 0;
    constexpr double expected = static_cast<double>(rows) / buckets;
    for (const int count : counts) {
        chi_squared += (count - expected) * (count - expected) / expected;
    }
    EXPECT_GT(chi_squared, 150);  // 255 degrees of freedom: mean 255, deviation 22.6
    EXPECT_LT(chi_squared, 360);
}

}  // namespace
}  // namespace checksum
