#include "scenarios/yaml_tree.hpp"

#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

std::vector<std::string> refusals(std::string_view yaml) {
    const auto read = read_yaml(yaml);
    std::vector<std::string> out;
    if (const auto* errors = std::get_if<std::vector<YamlError>>(&read)) {
        for (const auto& error : *errors) {
            out.push_back(std::to_string(error.place.line) + ":" +
                          std::to_string(error.place.column) + ": " + error.message);
        }
    }
    return out;
}

Node tree_of(std::string_view yaml) {
    auto read = read_yaml(yaml);
    if (!std::holds_alternative<Document>(read)) {
        ADD_FAILURE() << refusals(yaml).front();
        return {};
    }
    return std::get<Document>(std::move(read)).root;
}

TEST(YamlTree, EveryValueKnowsItsPlace) {
    const auto root = tree_of("a: 1\nb:\n  - x\n  - {c: \"y\"}\n");
    const auto& list = *root.find("b");
    EXPECT_EQ(list.items[0].origin.place.line, 3);
    EXPECT_EQ(list.items[0].origin.place.column, 5);
    const auto& inner = *list.items[1].find("c");
    EXPECT_EQ(inner.origin.place.line, 4);
    EXPECT_EQ(inner.origin.place.column, 9);
    EXPECT_TRUE(inner.quoted);
    EXPECT_FALSE(root.find("a")->quoted);
}

TEST(YamlTree, WindowsLineEndsAndAByteOrderMarkChangeNothing) {
    const auto root = tree_of(
        "\xEF\xBB\xBF"
        "a: 1\r\nb: |\r\n  x\r\n  y\r\n");
    EXPECT_EQ(root.find("a")->text, "1");
    EXPECT_EQ(root.find("b")->text, "x\ny\n");
    EXPECT_EQ(root.entries[0].origin.place.column, 1);
}

TEST(YamlTree, AnEmptyTextIsNull) {
    EXPECT_EQ(tree_of("").kind, Node::Kind::null);
    EXPECT_EQ(tree_of("# nothing\n").kind, Node::Kind::null);
}

TEST(YamlTree, AKeyStandsOnce) {
    EXPECT_THAT(
        refusals("a: 1\nb: {c: 1, c: 2}\na: 3\n"),
        ElementsAre("2:11: the key `c` stands here twice", "3:1: the key `a` stands here twice"));
}

TEST(YamlTree, OneDocumentIsRead) {
    EXPECT_THAT(refusals("a: 1\n---\nb: 1\n"), ElementsAre(HasSubstr("second YAML document")));
    EXPECT_TRUE(refusals("---\na: 1\n...\n").empty());
}

TEST(YamlTree, AliasesAreExpanded) {
    const auto root = tree_of("a: &x [1, 2]\nb: *x\n");
    EXPECT_EQ(root.find("b")->items.size(), 2U);
}

TEST(YamlTree, AnAliasBombIsRefusedBeforeItIsBuilt) {
    std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c <= 'k'; ++c) {
        bomb += std::string{c} + ": &" + c + " [";
        for (int i = 0; i < 10; ++i) {
            bomb += std::string{i > 0 ? ", *" : "*"} + static_cast<char>(c - 1);
        }
        bomb += "]\n";
    }
    EXPECT_THAT(refusals(bomb), ElementsAre(HasSubstr("too large here")));
}

TEST(YamlTree, AnAliasToWhatHoldsItIsRefused) {
    EXPECT_THAT(refusals("a: &a [1, *a]\n"),
                ElementsAre("1:11: this alias refers to a value that it is a part of"));
}

TEST(YamlTree, DeepNestingIsRefused) {
    const auto nested = [](int depth) {
        return std::string(static_cast<std::size_t>(depth), '[') +
               std::string(static_cast<std::size_t>(depth), ']');
    };
    EXPECT_TRUE(refusals(nested(deepest_yaml)).empty());
    EXPECT_THAT(refusals(nested(deepest_yaml + 1)),
                ElementsAre("1:65: nested deeper than 64 levels"));
    EXPECT_THAT(refusals(nested(100'000)), ElementsAre(HasSubstr("nested deeper")));
    EXPECT_THAT(refusals(std::string(1'000, '{')), ElementsAre(HasSubstr("nested deeper")));
}

TEST(YamlTree, WhatIsNoTextIsRefused) {
    EXPECT_THAT(refusals("a: \xE9\n"), ElementsAre(StartsWith("1:4: not UTF-8")));
    EXPECT_THAT(refusals(std::string_view{"a: 1\0b", 6}), ElementsAre(StartsWith("1:5: ")));
    EXPECT_THAT(refusals("\xFF\xFE"), ElementsAre(HasSubstr("UTF-16")));
    EXPECT_THAT(refusals(std::string(most_yaml_bytes + 1, '#')), ElementsAre(HasSubstr("4 MB")));
}

TEST(YamlTree, TabsInTheIndentationAreNamed) {
    for (const auto* yaml : {"a:\n\tb: 1\n", "a:\n  b: 1\n\tc: 1\n", "a:\n\t- 1\n"}) {
        EXPECT_THAT(refusals(yaml), Each(HasSubstr("a tab in the indentation"))) << yaml;
        EXPECT_FALSE(refusals(yaml).empty()) << yaml;
    }
    EXPECT_TRUE(refusals("a: |\n  x\n  \ty\nb: 'x\ty'\n").empty());
}

TEST(YamlTree, AnOpenQuoteIsRefused) {
    EXPECT_THAT(refusals("a: \"abc\n"), ElementsAre("1:4: this quote is never closed"));
    EXPECT_THAT(refusals("a: 'it''s\n"), ElementsAre("1:4: this quote is never closed"));
    EXPECT_THAT(refusals("a: &x \"abc\n"), ElementsAre("1:4: this quote is never closed"));
    EXPECT_TRUE(refusals(R"(a: "\"")").empty());
    EXPECT_TRUE(refusals("a: 'it''s'\nb: &x ''\nc: |\n  '\n").empty());
}

TEST(YamlTree, SyntaxErrorsComeWithAPlaceAndAHint) {
    EXPECT_THAT(refusals("a: b: c\n"),
                ElementsAre(AllOf(StartsWith("1:5: not valid YAML"), HasSubstr("needs quotes"))));
    EXPECT_THAT(refusals("a: [1, 2\n"), ElementsAre(HasSubstr("not valid YAML")));
}

TEST(YamlTree, TagsMergeKeysAndKeysThatAreNoNamesAreRefused) {
    EXPECT_THAT(refusals("a: !!int 1\n"), ElementsAre(HasSubstr("tags are not used")));
    EXPECT_THAT(refusals("<<: {a: 1}\n"), ElementsAre(HasSubstr("merge keys")));
    EXPECT_THAT(refusals("[a]: 1\n"), ElementsAre("1:1: a key must be a name"));
}

}  // namespace
}  // namespace scenarios
