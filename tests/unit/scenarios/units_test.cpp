#include "scenarios/units.hpp"

#include <regex>

#include <gtest/gtest.h>

namespace scenarios {
namespace {

using namespace std::chrono_literals;

TEST(Units, ADurationIsANumberAndAUnit) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("1h"), 1h);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("0.1s"), 100ms);
    EXPECT_EQ(parse_duration("0"), 0ms);
}

TEST(Units, ADurationWithoutUnitOrWithMoreThanOneIsNone) {
    for (const auto* text : {"5", "", "s", "5 s", "-5s", "+5s", "1h30m", "5sec", "5S", "0x5s",
                             "1e3s", ".5s", "5.s", "nan", "infs", " 5s", "5s "}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
}

TEST(Units, ADurationIsWholeMillisecondsUpToSevenDays) {
    EXPECT_FALSE(parse_duration("0.5ms"));
    EXPECT_FALSE(parse_duration("1.0001s"));
    EXPECT_EQ(parse_duration("168h"), 168h);
    EXPECT_FALSE(parse_duration("168.1h"));
    EXPECT_FALSE(parse_duration("99999999999999999999999h"));
}

TEST(Units, ARateIsPerSecondOrPerMinute) {
    EXPECT_EQ(parse_rate("2000/s"), 2000.0);
    EXPECT_EQ(parse_rate("30/m"), 0.5);
    EXPECT_EQ(parse_rate("0.5/s"), 0.5);
    for (const auto* text :
         {"2000", "0/s", "2000/h", "/s", "-5/s", "2000 /s", "2000/sec", "20000000/s"}) {
        EXPECT_FALSE(parse_rate(text)) << text;
    }
}

TEST(Units, ANumberIsWhateverYamlTakesForOne) {
    EXPECT_EQ(parse_number("70"), 70.0);
    EXPECT_EQ(parse_number("-0.25"), -0.25);
    EXPECT_EQ(parse_number("+3"), 3.0);
    EXPECT_EQ(parse_number(".5"), 0.5);
    EXPECT_EQ(parse_number("2."), 2.0);
    EXPECT_EQ(parse_number("1e-06"), 1e-6);
    EXPECT_EQ(parse_number("1.5E+3"), 1'500.0);
    for (const auto* text : {"", "-", ".", "+-1", "1e", "e3", ".inf", "inf", "nan", "0x10", "1_000",
                             "1 ", "1e999", "five"}) {
        EXPECT_FALSE(parse_number(text)) << text;
    }
}

TEST(Units, WhatTheSchemasPatternAcceptsHasTheFormThatIsParsed) {
    const std::regex duration{std::string{duration_pattern}}, rate{std::string{rate_pattern}};
    for (const std::string text :
         {"250ms", "1.5s", "5m", "1h", "0", "5", "5sec", "", "1h30m", ".5s"}) {
        EXPECT_EQ(std::regex_match(text, duration), parse_duration(text).has_value()) << text;
    }
    for (const std::string text : {"2000/s", "30/m", "0.5/s", "5", "5/h", "/s"}) {
        EXPECT_EQ(std::regex_match(text, rate), parse_rate(text).has_value()) << text;
    }
}

TEST(Units, ADurationIsWrittenInTheLargestUnitThatFits) {
    EXPECT_EQ(duration_text(0ms), "0");
    EXPECT_EQ(duration_text(1500ms), "1500ms");
    EXPECT_EQ(duration_text(90s), "90s");
    EXPECT_EQ(duration_text(2h), "2h");
}

}  // namespace
}  // namespace scenarios
