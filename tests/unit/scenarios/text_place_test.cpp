#include "scenarios/text_place.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace scenarios {
namespace {

void expect_place(Place place, int line, int column) {
    EXPECT_EQ(place.line, line);
    EXPECT_EQ(place.column, column);
}

TEST(TextPlace, ColumnsCountCharactersNotBytes) {
    const std::string_view text = "a\n\xC3\xA9\xE2\x82\xACx";
    expect_place(place_in(text, 0), 1, 1);
    expect_place(place_in(text, 2), 2, 1);
    expect_place(place_in(text, text.size() - 1), 2, 3);
    expect_place(place_in(text, 1000), 2, 4);
}

TEST(TextPlace, ACursorFindsTheSamePlacesInAnyOrder) {
    const std::string_view text = "one\ntwo \xC3\xA9\n\nfour";
    PlaceCursor cursor{text};
    for (const std::size_t offset : {0, 9, 4, 15, 12, 11, 2, 16, 0}) {
        const auto direct = place_in(text, offset);
        expect_place(cursor.at(offset), direct.line, direct.column);
    }
}

// The place in `source` of the word `what`, found from its place in the value.
void expect_found(std::string_view source, char opening, std::string_view value,
                  std::string_view what) {
    const auto start = source.find(opening);
    ASSERT_NE(start, std::string_view::npos);
    EXPECT_EQ(offset_in_source(source, start, value, value.find(what)), source.find(what));
}

TEST(TextPlace, WordsOfEachKindOfScalarAreFoundInTheSource) {
    expect_found("sql: SELECT x", 'S', "SELECT x", "x");
    expect_found("sql: SELECT\n  y,\n  zz", 'S', "SELECT y, zz", "zz");
    expect_found("sql: |\n    SELECT 1\n      FROM t;\n\n    DROP x\n", '|',
                 "SELECT 1\n  FROM t;\n\nDROP x\n", "DROP");
    expect_found("sql: >-\n  SELECT 1\n  FROM t\n", '>', "SELECT 1 FROM t", "FROM");
    expect_found("sql: 'it''s x'", '\'', "it's x", "x");
    expect_found(R"(sql: "a \"b\" \n x")", '"', "a \"b\" \n x", "x");
    expect_found("sql: |2\n    indented\n  xyz\n", '|', "  indented\nxyz\n", "xyz");
}

TEST(TextPlace, ACursorInAScalarFindsWhatEachSearchFromItsStartFinds) {
    for (const auto& [source, value] : std::vector<std::pair<std::string, std::string>>{
             {"|\n    SELECT 1\n      FROM t;\n\n    DROP x\n", "SELECT 1\n  FROM t;\n\nDROP x\n"},
             {">-\n  SELECT 1;\n  DROP t", "SELECT 1; DROP t"},
             {"'it''s x; y'", "it's x; y"},
             {R"("a \"b\" \n x; y")", "a \"b\" \n x; y"},
             {R"("a \u0041 x; y")", "a A x; y"}}) {
        ScalarCursor cursor{source, 0, value};
        for (std::size_t offset = 0; offset <= value.size(); ++offset) {
            if (offset == value.size() || value[offset] > ' ') {
                EXPECT_EQ(cursor.at(offset), offset_in_source(source, 0, value, offset))
                    << source << " at " << offset;
            }
        }
        EXPECT_EQ(cursor.at(value.size() + 1), 0U);
    }
}

TEST(TextPlace, WhatCannotBeFollowedIsPlacedAtItsStart) {
    EXPECT_EQ(offset_in_source(R"("\u0041 x")", 0, "A x", 2), 0U);
    EXPECT_EQ(offset_in_source("&anchor x", 0, "x", 0), 0U);
    EXPECT_EQ(offset_in_source("&anchor xy", 0, "xy", 1), 0U);
}

TEST(TextPlace, LineEndsAndByteOrderMarksAreNormalised) {
    EXPECT_EQ(with_plain_line_ends("\xEF\xBB\xBF"
                                   "a\r\nb\rc\n"),
              "a\nb\nc\n");
}

TEST(TextPlace, BytesThatAreNoUtf8AreFound) {
    EXPECT_EQ(first_byte_that_is_not_utf8("a\xC3\xA9\xF0\x9F\x98\x80"), std::string_view::npos);
    EXPECT_EQ(first_byte_that_is_not_utf8("ab\xE9"), 2U);
    EXPECT_EQ(first_byte_that_is_not_utf8("\xC0\xAF"), 0U);      // overlong
    EXPECT_EQ(first_byte_that_is_not_utf8("\xED\xA0\x80"), 0U);  // a surrogate
    EXPECT_EQ(first_byte_that_is_not_utf8("\xF5\x80\x80\x80"), 0U);
    EXPECT_EQ(first_byte_that_is_not_utf8("\xE2\x82"), 0U);
}

TEST(TextPlace, CharactersAreCountedIntoBytes) {
    EXPECT_EQ(byte_of_character("\xC3\xA9x", 1), 2U);
    EXPECT_EQ(byte_of_character("\xC3\xA9x", 0), 0U);
    EXPECT_EQ(byte_of_character("ab", 9), 2U);
}

}  // namespace
}  // namespace scenarios
