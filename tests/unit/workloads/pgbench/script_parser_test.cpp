#include "tests/unit/scenarios/text_matchers.hpp"
#include "workloads/pgbench/script.hpp"

#include <gtest/gtest.h>

namespace workloads::pgbench {
namespace {

using scenarios::AllOf;
using scenarios::Contains;
using scenarios::ElementsAre;
using scenarios::HasSubstr;
using scenarios::IsEmpty;

Script good(std::string_view text, ScriptOptions options = {}) {
    options.name = "t.pgbench";
    auto parsed = parse_script(text, options);
    if (const auto* errors = std::get_if<ScriptErrors>(&parsed)) {
        ADD_FAILURE() << errors->front().message;
        return {};
    }
    return std::get<Script>(std::move(parsed));
}

// "offset: message" of each.
std::vector<std::string> errors_of(std::string_view text, ScriptOptions options = {}) {
    options.name = "t.pgbench";
    const auto parsed = parse_script(text, options);
    std::vector<std::string> errors;
    if (const auto* found = std::get_if<ScriptErrors>(&parsed)) {
        for (const auto& error : *found) {
            errors.push_back(std::to_string(error.offset) + ": " + error.message);
        }
    }
    return errors;
}

std::vector<std::string> statements_of(std::string_view text, bool as_text = false) {
    const auto script = good(text, {.name = {}, .variables = {}, .writes_text = as_text});
    std::vector<std::string> statements;
    for (const auto& statement : script.statements) {
        statements.push_back(statement.numbered());
    }
    return statements;
}

TEST(PgbenchScript, StatementsEndAtSemicolonsOutsideQuotesCommentsAndParentheses) {
    EXPECT_THAT(statements_of("SELECT 1; SELECT ';' -- ; no\n, \";\";\nSELECT (1;\n2); "
                              "SELECT $a$;$a$ /* ; /* ; */ ; */;SELECT E'\\';'"),
                ElementsAre("SELECT 1", "SELECT ';' \n, \";\"", "SELECT (1;\n2)",
                            "SELECT $a$;$a$ /* ; /* ; */ ; */", "SELECT E'\\';'"));
}

TEST(PgbenchScript, AFunctionsBodyKeepsItsSemicolons) {
    EXPECT_THAT(statements_of("CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE "
                              "WHEN true THEN 1 END; SELECT 2; END; BEGIN; END;"),
                ElementsAre(HasSubstr("SELECT 2; END"), "BEGIN", "END"));
}

TEST(PgbenchScript, ABackslashCommandEndsAStatement) {
    const auto script =
        good("SELECT 1 AS one \\gset p_\nSELECT :p_one\n\\set x 2\nSELECT :x \\; SELECT 3",
             {.name = {}, .variables = {}, .writes_text = true});
    ASSERT_EQ(script.statements.size(), 3U);
    EXPECT_EQ(script.statements[0].keeps, SqlCommand::Keeps::gset);
    EXPECT_EQ(script.statements[0].prefix, "p_");
    EXPECT_TRUE(script.statements[2].combined);
    EXPECT_EQ(script.statements[1].line, 2);
}

TEST(PgbenchScript, EachMentionOfAVariableIsAParameterOfItsOwn) {
    EXPECT_THAT(statements_of("\\set x 1\nSELECT :x::int, :x, a[:x];"),
                ElementsAre("SELECT $1::int, $2, a[$3]"));
}

TEST(PgbenchScript, AllErrorsAreToldAtOnce) {
    EXPECT_THAT(
        errors_of(
            "\\st x 1\n\\set y lnn(2) + 1\n\\set 1x 1\n\\sleep 5 min\n\\if 1 +\nSELECT :yy;\n"),
        ElementsAre(AllOf(HasSubstr("no command \\st"), HasSubstr("set")),
                    AllOf(HasSubstr("15: there is no function lnn"), HasSubstr("ln")),
                    HasSubstr("cannot be a variable's name"),
                    HasSubstr("unknown unit of time 'min'"), HasSubstr("this \\if has no \\endif"),
                    HasSubstr("the expression ends too early"),
                    AllOf(HasSubstr("undefined variable :yy"), HasSubstr("did you mean y"))));
}

TEST(PgbenchScript, ShellCommandsAreRefused) {
    EXPECT_THAT(errors_of("\\shell rm x\n\\setshell v echo 1\n"),
                ElementsAre(HasSubstr("0: \\shell runs a program"),
                            HasSubstr("12: \\setshell runs a program")));
}

TEST(PgbenchScript, ConditionsMustMatch) {
    EXPECT_THAT(errors_of("\\else\n\\endif\n\\elif 1\n"),
                ElementsAre(HasSubstr("\\else without"), HasSubstr("\\endif without"),
                            HasSubstr("\\elif without")));
    EXPECT_THAT(errors_of("\\if 1\n\\else\n\\elif 1\n\\else\n\\endif x\n"),
                ElementsAre(HasSubstr("\\elif after the \\else"),
                            HasSubstr("\\else after the \\else"), HasSubstr("takes no argument")));
}

TEST(PgbenchScript, GsetMustFollowAStatement) {
    EXPECT_THAT(errors_of("\\gset\nSELECT 1;\n\\set x 1\n\\aset\nSELECT 1 \\gset \n\\gset\n"),
                ElementsAre(HasSubstr("\\gset must follow"), HasSubstr("\\aset must follow"),
                            HasSubstr("\\gset must follow")));
}

TEST(PgbenchScript, OnlyTheSimpleProtocolWritesIntoLiterals) {
    constexpr auto script = "\\set x 1\nSELECT ':x', \":x\" /* :x */;\n";
    EXPECT_THAT(errors_of(script),
                ElementsAre(HasSubstr("simple"), HasSubstr("simple"), HasSubstr("simple")));
    EXPECT_THAT(errors_of(script, {.name = {}, .variables = {}, .writes_text = true}), IsEmpty());
    EXPECT_THAT(errors_of("SELECT 1 \\; SELECT 2;"), ElementsAre(HasSubstr("simple protocol")));
    EXPECT_THAT(errors_of("\\startpipeline\n\\endpipeline\n",
                          {.name = {}, .variables = {}, .writes_text = true}),
                ElementsAre(HasSubstr("no pipelines"), HasSubstr("no pipelines")));
}

TEST(PgbenchScript, ATextThatItsVariablesMayTurnIntoAnythingIsUnreadable) {
    const auto readable = [](const std::string& sql, const std::string& before = "\\set n 1\n") {
        const auto script =
            good(before + sql + ";", {.name = {}, .variables = {}, .writes_text = true});
        return script.statements.back().unreadable.empty();
    };
    EXPECT_TRUE(readable("UPDATE t SET a = a + :n WHERE id = :n AND b = ':n'"));
    EXPECT_TRUE(readable("SELECT f(:n, :n)::text"));
    EXPECT_FALSE(readable("UPDATE t_:n SET a = 1"));
    EXPECT_FALSE(readable("UPDATE \"t_:n\" SET a = 1"));
    EXPECT_FALSE(readable("SELECT 1 -:n"));  // a negative number makes a comment of it
    EXPECT_FALSE(readable("DELETE FROM t:n"));
    EXPECT_FALSE(readable("UPDATE t SET a = :v", "SELECT 'x' AS v \\gset\n"));
    EXPECT_TRUE(readable("UPDATE t SET a = :n", "SELECT 'x' AS v \\gset p_\n\\set n 1\n"));
}

TEST(PgbenchScript, WhatAVariableIsGivenStandsInTheTextUnlessItChanges) {
    const ScriptOptions options{
        .name = "t", .variables = {{"table", "orders"}, {"n", "5"}}, .writes_text = true};
    const auto script = good("DELETE FROM :table;\n\\set table 1\nDELETE FROM :table;", options);
    EXPECT_EQ(script.statements[0].numbered(), "DELETE FROM orders");
    EXPECT_FALSE(script.statements[1].unreadable.empty());
}

TEST(PgbenchScript, LimitsAreTold) {
    std::string many, deep = "\\set x ", nested, wide = "\\set x 1\nSELECT 1";
    for (std::size_t i = 0; i <= most_commands; ++i) {
        many += "\\set x 1\n";
    }
    for (int i = 0; i < 10'000; ++i) {
        deep += "(";
    }
    for (std::size_t i = 0; i <= most_nested_conditions; ++i) {
        nested += "\\if 1\n";
    }
    for (std::size_t i = 0; i <= most_statement_variables; ++i) {
        wide += ", :x";
    }
    EXPECT_THAT(errors_of(many), ElementsAre(HasSubstr("more than 10000 commands")));
    EXPECT_THAT(errors_of(deep), ElementsAre(HasSubstr("500 levels")));
    EXPECT_THAT(errors_of(nested), Contains(HasSubstr("nested more than 100")));
    EXPECT_THAT(errors_of(wide), ElementsAre(HasSubstr("at most 255 variables")));
    std::string chain = "\\set x 1";
    for (int i = 0; i < 100'000; ++i) {
        chain += "+1";
    }
    EXPECT_THAT(errors_of(chain), ElementsAre(HasSubstr("500 levels")));
    EXPECT_THAT(errors_of(""), ElementsAre(HasSubstr("empty")));
    EXPECT_THAT(errors_of("SELECT 'x"), ElementsAre(HasSubstr("7: unterminated literal")));
}

TEST(PgbenchScript, NoPrefixOfAScriptBreaksTheReader) {
    const std::string script =
        "\\set x random(1, :scale) + CASE WHEN 1.5e3 < 2 THEN -1 ELSE hash(:x) END \\\n + 1\r\n"
        "SELECT $tag$ :x $tag$, E'\\'', \"q\"\"q\" /* /* */ */ \\gset a_\n\\if :x IS NOT NULL\n"
        "\\sleep :x ms\n\\elif "
        "~1\n\\else\n\\endif\n\\startpipeline\n\\syncpipeline\n\\endpipeline\n";
    for (const bool as_text : {false, true}) {
        for (std::size_t length = 0; length <= script.size(); ++length) {
            const auto parsed = parse_script(
                script.substr(0, length), {.name = "t", .variables = {}, .writes_text = as_text});
            if (const auto* errors = std::get_if<ScriptErrors>(&parsed)) {
                EXPECT_FALSE(errors->empty());
                for (const auto& error : *errors) {
                    EXPECT_LE(error.offset, length);
                }
            }
        }
    }
}

}  // namespace
}  // namespace workloads::pgbench
