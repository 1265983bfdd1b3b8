#include "checksum/decimal.hpp"

#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace checksum {
namespace {

// Owns its bytes, so that values of different arenas compare.
struct Canonical {
    Kind kind;
    std::string bytes;
    bool operator==(const Canonical&) const = default;
};

Canonical canonical(const Value& value) {
    return {value.kind, std::string{value.bytes}};
}

Canonical by_value(const std::string& text) {
    Arena arena;
    return canonical(decimal(text, Scale::by_value, arena).value());
}

Canonical strict(const std::string& text) {
    Arena arena;
    return canonical(decimal(text, Scale::strict, arena).value());
}

Canonical integer(std::int64_t value) {
    Arena arena;
    return canonical(number(value, arena));
}

std::string shown(const Canonical& value) {
    return decimal_text(value.kind, value.bytes);
}

TEST(Decimal, AnIntegralOneThatFitsIsTheNumber) {
    EXPECT_EQ(by_value("1"), integer(1));
    EXPECT_EQ(by_value("1.00"), integer(1));
    EXPECT_EQ(by_value("-0.0"), integer(0));
    EXPECT_EQ(by_value("10000"), integer(10'000));
    EXPECT_EQ(by_value("9223372036854775807"), integer(INT64_MAX));
    EXPECT_EQ(by_value("-9223372036854775808"), integer(INT64_MIN));
    EXPECT_EQ(by_value("1e18"), integer(1'000'000'000'000'000'000));
}

TEST(Decimal, OnePastTheNumbersIsNoNumber) {
    EXPECT_EQ(by_value("9223372036854775808").kind, Kind::decimal);
    EXPECT_EQ(by_value("-9223372036854775809").kind, Kind::decimal);
    EXPECT_NE(by_value("9223372036854775808"), by_value("-9223372036854775808"));
    EXPECT_EQ(by_value("1e19").kind, Kind::decimal);
}

TEST(Decimal, TrailingZerosDoNotCountByValue) {
    EXPECT_EQ(by_value("1.5"), by_value("1.500"));
    EXPECT_EQ(by_value("0.0010"), by_value("1e-3"));
    EXPECT_EQ(by_value("123456789012345678901234567890.10"),
              by_value("123456789012345678901234567890.1"));
    EXPECT_EQ(by_value("1e30"), by_value("1000000000000000000000000000000"));
    EXPECT_NE(by_value("1.5"), by_value("1.51"));
    EXPECT_NE(by_value("1.5"), by_value("-1.5"));
    EXPECT_NE(by_value("1.5"), by_value("15"));
}

TEST(Decimal, TheDisplayScaleCountsWhenStrict) {
    EXPECT_NE(strict("1.0"), strict("1.00"));
    EXPECT_NE(strict("1"), strict("1.0"));
    EXPECT_NE(strict("0"), strict("0.00"));
    EXPECT_NE(strict("1"), integer(1));
    EXPECT_EQ(strict("01.0"), strict("1.0"));
    EXPECT_NE(strict("1.0"), strict("-1.0"));
}

TEST(Decimal, SpecialValuesDifferFromOneAnother) {
    EXPECT_EQ(by_value("NaN"), by_value("nan"));
    EXPECT_NE(by_value("NaN"), by_value("Infinity"));
    EXPECT_NE(by_value("inf"), by_value("-inf"));
    EXPECT_EQ(shown(by_value("-Infinity")), "-Infinity");
}

TEST(Decimal, WhatIsNoNumberIsNotRead) {
    Arena arena;
    for (const auto* text :
         {"", "-", ".", "1.2.3", "1e", "e5", "1 ", "0x10", "1e+-5", "--1", "1e999999999"}) {
        EXPECT_FALSE(decimal(text, Scale::by_value, arena).has_value()) << text;
    }
}

TEST(Decimal, IsShownAsItIsWritten) {
    for (const auto* text : {"0", "0.00", "-12.340", "0.001", "1.00", "12345678901234567890.123",
                             "-9223372036854775808.5", "99999999999999999999"}) {
        EXPECT_EQ(shown(strict(text)), text);
    }
    EXPECT_EQ(shown(by_value("-0.00120")), "-0.0012");
    EXPECT_EQ(shown(by_value("1e20")), "100000000000000000000");
}

Canonical from_groups(bool negative, int weight, int scale, std::vector<std::uint16_t> groups,
                      Scale how = Scale::by_value) {
    Arena arena;
    return canonical(decimal(
        {.negative = negative, .weight = weight, .scale = scale, .groups = groups}, how, arena));
}

TEST(Decimal, GroupsOfFourDigitsGiveTheSameAsTheText) {
    EXPECT_EQ(from_groups(false, 0, 2, {1234, 5600}), by_value("1234.56"));
    EXPECT_EQ(from_groups(true, 0, 0, {7}), integer(-7));
    EXPECT_EQ(from_groups(false, -1, 4, {1}), by_value("0.0001"));
    EXPECT_EQ(from_groups(false, 1, 0, {5}), integer(50'000));
    EXPECT_EQ(from_groups(false, 0, 3, {}), integer(0));
    EXPECT_EQ(from_groups(false, 4, 0, {922, 3372, 368, 5477, 5808}),
              by_value("9223372036854775808"));
    EXPECT_EQ(from_groups(true, 4, 0, {922, 3372, 368, 5477, 5808}), integer(INT64_MIN));
    EXPECT_EQ(from_groups(false, 0, 2, {1234, 5600}, Scale::strict), strict("1234.56"));
    EXPECT_EQ(from_groups(false, 0, 2, {1}, Scale::strict), strict("1.00"));
    EXPECT_EQ(from_groups(false, 0, 5, {}, Scale::strict), strict("0.00000"));
}

TEST(Decimal, DigitsPastTheDisplayScaleAreNotLost) {
    EXPECT_NE(from_groups(false, 0, 1, {1, 5500}, Scale::strict),
              from_groups(false, 0, 1, {1, 5000}, Scale::strict));
}

// Any digits, once as text and once as groups, with zeros to strip at either end.
TEST(Decimal, TextAndGroupsAgreeForRandomDigits) {
    std::mt19937_64 random{7};
    for (int round = 0; round < 20'000; ++round) {
        std::vector<std::uint16_t> groups(random() % 8);
        std::string digits;
        for (auto& group : groups) {
            constexpr std::uint16_t likely[] = {0, 1, 10, 1000, 5000, 9999};
            group = random() % 2 != 0 ? likely[random() % 6]
                                      : static_cast<std::uint16_t>(random() % 10'000);
            std::string four = std::to_string(group);
            digits += std::string(4 - four.size(), '0') + four;
        }
        const int weight = static_cast<int>(random() % 9) - 4;
        const int exponent = 4 * (weight - static_cast<int>(groups.size()) + 1);
        const bool negative = random() % 2 != 0;
        const std::string text = (negative ? "-" : "") + (digits.empty() ? "0" : digits) + "e" +
                                 std::to_string(groups.empty() ? 0 : exponent);
        ASSERT_EQ(from_groups(negative, weight, 0, groups), by_value(text)) << text;
        const int scale = std::max(0, -exponent) * (groups.empty() ? 0 : 1);
        ASSERT_EQ(from_groups(negative, weight, scale, groups, Scale::strict), strict(text))
            << text;
        ASSERT_EQ(by_value(shown(by_value(text))), by_value(text)) << text;
        ASSERT_EQ(strict(shown(strict(text))), strict(text)) << text;
    }
}

}  // namespace
}  // namespace checksum
