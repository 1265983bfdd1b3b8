#include "reports/text.hpp"

#include "reports/table.hpp"

#include <gtest/gtest.h>

namespace reports {
namespace {

TEST(OneLine, MakesTextFromElsewhereHarmless) {
    const std::pair<const char*, const char*> table[] = {
        {"SELECT 1", "SELECT 1"},
        {"  SELECT\n\t 1 \r\n", "SELECT 1"},
        {"\x1b[2Jboo", "\uFFFD[2Jboo"},
        {"bell\a", "bell\uFFFD"},
        {"\xc2\x9b"
         "31m",
         "\uFFFD31m"},                 // the one-character escape sequence of C1
        {"\u202Eevil", "\uFFFDevil"},  // right to left override
        {"a\u200Bb", "a\uFFFDb"},      // zero width space
        {"a\u2028b", "a b"},
        {"caf\u00E9 \u4E2D", "caf\u00E9 \u4E2D"},
        {"\xff\xfe", "\uFFFD\uFFFD"},
        {"\xc0\xaf", "\uFFFD\uFFFD"},            // overlong /
        {"\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},  // a surrogate
        {"\xf5\x80\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
        {"cut \xe4\xb8", "cut \uFFFD\uFFFD"}};
    for (const auto& [from, to] : table) {
        EXPECT_EQ(one_line(from), to);
    }
    EXPECT_EQ(one_line(std::string_view{"a\0b", 3}), "a\uFFFDb");
}

TEST(OneLine, KeepsOnlyAFewMarksOnOneCharacter) {
    std::string zalgo = "a";
    for (int i = 0; i < 1'000; ++i) {
        zalgo += "\u0301";
    }
    EXPECT_LE(one_line(zalgo).size(), 16U);
}

TEST(ManyLines, KeepsLineFeedsAlone) {
    EXPECT_EQ(many_lines("a\n\tb\x1b"), "a\n b\uFFFD");
}

TEST(Columns, AreThoseOfATerminal) {
    EXPECT_EQ(columns_of(""), 0U);
    EXPECT_EQ(columns_of("caf\u00E9"), 4U);
    EXPECT_EQ(columns_of("cafe\u0301"), 4U);
    EXPECT_EQ(columns_of("\u4E2D\u6587"), 4U);
    EXPECT_EQ(columns_of("\uD55C"), 2U);
    EXPECT_EQ(columns_of("\U0001F600"), 2U);
    EXPECT_EQ(columns_of("\xff"), 1U);
}

TEST(Fitted, CutsBehindAnEllipsis) {
    EXPECT_EQ(fitted("orders", 6), "orders");
    EXPECT_EQ(fitted("orders", 5), "orde\u2026");
    EXPECT_EQ(fitted("orders", 1), "\u2026");
    EXPECT_EQ(fitted("orders", 0), "");
    EXPECT_EQ(fitted("\u4E2D\u6587\u5B57", 4), "\u4E2D\u2026") << "half a wide character cannot be";
}

TEST(Padded, FillsToTheWidth) {
    EXPECT_EQ(padded("ab", 4), "ab  ");
    EXPECT_EQ(padded("ab", 4, Align::right), "  ab");
    EXPECT_EQ(padded("\u4E2D\u6587\u5B57", 4), "\u4E2D\u2026 ");
}

TEST(Wrapped, BreaksAtSpacesAndElsewhereOnlyWhereItMust) {
    using Lines = std::vector<std::string>;
    EXPECT_EQ(wrapped("", 10), Lines{""});
    EXPECT_EQ(wrapped("one two three", 7), (Lines{"one two", "three"}));
    EXPECT_EQ(wrapped("one two three", 8), (Lines{"one two", "three"}));
    EXPECT_EQ(wrapped("aaaaaaaaaa bb", 4), (Lines{"aaaa", "aaaa", "aa", "bb"}));
    EXPECT_EQ(wrapped("\u4E2D\u4E2D", 0), (Lines{"\u4E2D", "\u4E2D"}));
}

TEST(Table, CutsWhatMayShrinkFirst) {
    Table table{{{"name", Align::left, true}, {"figure", Align::right}}};
    table.add({{std::string(50, 'n')}, {"1,234,567"}});
    const auto text = table.text(40, false);
    EXPECT_NE(text.find("1,234,567\n"), std::string::npos);
    EXPECT_NE(text.find("n\u2026"), std::string::npos);
}

TEST(Table, IsNeverWiderThanToldEvenWhereNothingMayShrink) {
    Table table{{{"name"}, {"other"}}};
    table.add({{std::string(50, 'n')}, {std::string(50, 'm')}});
    const auto text = table.text(30, false);
    for (std::size_t at = 0; at < text.size();) {
        const auto end = text.find('\n', at);
        EXPECT_LE(columns_of(text.substr(at, end - at)), 30U);
        at = end + 1;
    }
}

TEST(Table, ColoursWithoutChangingTheLayout) {
    Table table{{{"a"}, {"b"}}};
    table.add({{"x", Colour::red}, {"y"}});
    auto coloured_text = table.text(30, true);
    EXPECT_NE(coloured_text.find("\x1b[1;31mx\x1b[0m"), std::string::npos);
    for (std::size_t at; (at = coloured_text.find('\x1b')) != std::string::npos;) {
        coloured_text.erase(at, coloured_text.find('m', at) - at + 1);
    }
    EXPECT_EQ(coloured_text, table.text(30, false));
}

}  // namespace
}  // namespace reports
