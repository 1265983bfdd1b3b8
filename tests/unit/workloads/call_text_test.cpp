#include "workloads/call_text.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace workloads {
namespace {

Call call(std::string_view text) {
    auto read = read_call(text);
    if (auto* found = std::get_if<Call>(&read)) {
        return *found;
    }
    ADD_FAILURE() << "no call: " << text;
    return {};
}

Argument literal(std::string_view text) {
    auto read = read_call(text);
    if (auto* found = std::get_if<Argument>(&read)) {
        return *found;
    }
    ADD_FAILURE() << "no literal: " << text;
    return {};
}

std::vector<std::string> arguments(std::string_view text) {
    std::vector<std::string> out;
    for (const Argument& argument : call(text).arguments) {
        out.push_back((argument.quoted ? "quoted " : "") + argument.text);
    }
    return out;
}

void expect_error(std::string_view text, std::size_t offset, std::string_view part) {
    auto read = read_call(text);
    const auto* error = std::get_if<TextError>(&read);
    ASSERT_NE(error, nullptr) << text;
    EXPECT_EQ(error->offset, offset) << text << ": " << error->message;
    EXPECT_NE(error->message.find(part), std::string::npos) << text << ": " << error->message;
}

using Texts = std::vector<std::string>;

TEST(CallText, IsANameWithArguments) {
    EXPECT_EQ(call("uniform(1, 10)").name, "uniform");
    EXPECT_EQ(arguments("uniform(1, 10)"), (Texts{"1", "10"}));
    EXPECT_EQ(arguments("now()"), Texts{});
    EXPECT_EQ(arguments(" now ( ) "), Texts{});
    EXPECT_EQ(arguments("\tuniform (\n 1 ,10 ) \n"), (Texts{"1", "10"}));
    EXPECT_EQ(arguments("choice(new york, paris)"), (Texts{"new york", "paris"}));
}

TEST(CallText, TakesQuotesOffArguments) {
    EXPECT_EQ(arguments("choice('a, b', \"c)\", 'it''s', \"say \"\"hi\"\"\")"),
              (Texts{"quoted a, b", "quoted c)", "quoted it's", "quoted say \"hi\""}));
    EXPECT_EQ(arguments("choice('', \"\")"), (Texts{"quoted ", "quoted "}));
    EXPECT_EQ(arguments("choice(' a ', b)"), (Texts{"quoted  a ", "b"}));
    EXPECT_EQ(arguments(R"(choice('C:\', b))"), (Texts{R"(quoted C:\)", "b"}));
}

TEST(CallText, KnowsWhereEachArgumentStands) {
    const Call found = call("  f( 1, 'two' )");
    EXPECT_EQ(found.offset, 2U);
    ASSERT_EQ(found.arguments.size(), 2U);
    EXPECT_EQ(found.arguments[0].offset, 5U);
    EXPECT_EQ(found.arguments[1].offset, 8U);
}

TEST(CallText, IsElseALiteralAsItStands) {
    EXPECT_EQ(literal("42").text, "42");
    EXPECT_EQ(literal("  two words ").text, "two words");
    EXPECT_EQ(literal("a.b(c)").text, "a.b(c)");
    EXPECT_EQ(literal("{\"a\": [1, 2]}").text, "{\"a\": [1, 2]}");
    EXPECT_EQ(literal("größe").text, "größe");
    EXPECT_EQ(literal("it's").text, "it's");
    EXPECT_FALSE(literal("42").quoted);
}

TEST(CallText, TakesQuotesOffALiteral) {
    EXPECT_EQ(literal("'uniform(1, 2)'").text, "uniform(1, 2)");
    EXPECT_EQ(literal("\"a 'b' c\"").text, "a 'b' c");
    EXPECT_EQ(literal("''").text, "");
    EXPECT_EQ(literal(" ' x ' ").text, " x ");
    EXPECT_TRUE(literal("'42'").quoted);
}

TEST(CallTextErrors, SayWhatIsMissingAndWhere) {
    expect_error("", 0, "empty");
    expect_error("   ", 0, "empty");
    expect_error("f(1, 2", 1, "never closed");
    expect_error("f(", 1, "never closed");
    expect_error("f(1, ", 1, "never closed");
    expect_error("f(1,)", 4, "missing");
    expect_error("f(,1)", 2, "missing");
    expect_error("f(1) + 2", 5, "nothing may follow");
    expect_error("f('a", 2, "quote is never closed");
    expect_error("f('a'b'c')", 5, "a quote inside a quoted argument is doubled");
    expect_error("f('a' b)", 6, "','");
    expect_error("'abc", 0, "quote is never closed");
    expect_error("'a' 'b'", 4, "nothing may follow");
    expect_error("f(it's)", 4, "in quotes");
    expect_error("f(g(1))", 3, "in quotes");
    expect_error(std::string_view{"a\0b", 3}, 1, "NUL");
    expect_error(std::string_view{"f('a\0')", 7}, 4, "NUL");
}

}  // namespace
}  // namespace workloads
