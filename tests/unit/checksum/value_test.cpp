#include "checksum/value.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace checksum {
namespace {

TEST(Value, AnIntegerIsTheSameInEveryWidth) {
    Arena arena;
    const std::int16_t narrow = -7;
    EXPECT_EQ(number(narrow, arena), number(std::int64_t{-7}, arena));
    EXPECT_EQ(number(-7, arena).bytes, std::string_view("\xf9\xff\xff\xff\xff\xff\xff\xff", 8));
}

TEST(Value, ZeroHasNoSignAndThereIsOneNaN) {
    Arena arena;
    EXPECT_EQ(real(-0.0, arena), real(0.0, arena));
    EXPECT_EQ(real(std::nan("1"), arena), real(-std::nan("2"), arena));
    EXPECT_FALSE(real(std::numeric_limits<double>::denorm_min(), arena) == real(0.0, arena));
}

TEST(Value, AFloatIsTheSameOnceWidened) {
    Arena arena;
    EXPECT_EQ(real(static_cast<double>(0.1F), arena), real(0.1F, arena));
    EXPECT_FALSE(real(0.1F, arena) == real(0.1, arena));
}

TEST(Value, NullsOfAllKindsAreOneAndDifferFromEverythingThatLooksLikeIt) {
    Value null_of_number = null_value;
    null_of_number.kind = Kind::number;
    EXPECT_EQ(null_of_number, null_value);
    for (const auto* word : {"", " ", "NULL", "null"}) {
        EXPECT_FALSE(text(word) == null_value) << word;
    }
    EXPECT_FALSE(unchanged_value == null_value);
    EXPECT_FALSE(unknown_value == unchanged_value);
}

TEST(Value, ADateIsItsMidnight) {
    Arena arena;
    EXPECT_EQ(date(1, arena), timestamp(86'400'000'000, arena));
    EXPECT_EQ(date(-730'119, arena), timestamp(-730'119 * 86'400'000'000, arena));  // 0001-01-01
    EXPECT_FALSE(date(1, arena) == timestamptz(86'400'000'000, arena));
}

TEST(Value, InfiniteDatesAreInfiniteTimestamps) {
    Arena arena;
    EXPECT_EQ(date(date_infinity, arena),
              timestamp(std::numeric_limits<std::int64_t>::max(), arena));
    EXPECT_EQ(date(minus_date_infinity, arena),
              timestamp(std::numeric_limits<std::int64_t>::min(), arena));
}

TEST(Value, ADateBeyondEveryTimestampKeepsItsDays) {
    Arena arena;
    const Value last = date(2'145'031'948, arena);  // 5874897-12-31
    EXPECT_EQ(last.bytes.size(), 4U);
    EXPECT_FALSE(last == date(2'145'031'947, arena));
    EXPECT_FALSE(last == date(date_infinity, arena));
}

TEST(Value, ADayIsNotTwentyFourHoursAndAMonthNotThirtyDays) {
    Arena arena;
    EXPECT_FALSE(interval(0, 1, 0, arena) == interval(86'400'000'000, 0, 0, arena));
    EXPECT_FALSE(interval(0, 30, 0, arena) == interval(0, 0, 1, arena));
    EXPECT_FALSE(interval(0, -1, 0, arena) == interval(0, -1, -1, arena));
}

TEST(Value, ATimeWithAZoneKeepsTheZone) {
    Arena arena;
    EXPECT_FALSE(timetz(0, 0, arena) == timetz(0, 3600, arena));
    EXPECT_FALSE(timetz(3'600'000'000, 3600, arena) == timetz(0, 0, arena));
}

TEST(Value, AVerbatimValueDiffersByItsTypesName) {
    EXPECT_FALSE(verbatim(type_tag("int4[]"), "x") == verbatim(type_tag("int8[]"), "x"));
    EXPECT_EQ(verbatim(type_tag("int4[]"), "x"), verbatim(type_tag("int4[]"), "x"));
}

TEST(Value, JsonTextAndNormalisedJsonAreNotTheSame) {
    EXPECT_FALSE(json("{}") == jsonb("{}"));
    EXPECT_FALSE(json("{}") == text("{}"));
    EXPECT_FALSE(bytes("a") == text("a"));
}

TEST(Arena, WhatItGaveStaysWhileMoreIsTaken) {
    Arena arena;
    std::vector<Value> values;
    for (int i = 0; i < 20'000; ++i) {
        values.push_back(number(i, arena));
    }
    char* const large = arena.take(1U << 20);
    std::fill_n(large, 1U << 20, 'x');
    Arena other;
    for (int i = 0; i < 20'000; ++i) {
        ASSERT_EQ(values[static_cast<std::size_t>(i)], number(i, other));
        other.clear();
    }
}

}  // namespace
}  // namespace checksum
