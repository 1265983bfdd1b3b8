#include "workloads/pgbench/run.hpp"

#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace workloads::pgbench {
namespace {

using ScriptRun = Run;  // within a test, Run is the test's own
using scenarios::ElementsAre;
using scenarios::HasSubstr;
using scenarios::IsEmpty;
using scenarios::Not;

Script script_of(std::string_view text, bool as_text = false) {
    auto parsed = parse_script(
        text, {.name = "t.pgbench", .variables = {{"given", "7"}}, .writes_text = as_text});
    if (const auto* errors = std::get_if<ScriptErrors>(&parsed)) {
        ADD_FAILURE() << errors->front().message;
        return {};
    }
    return std::get<Script>(std::move(parsed));
}

// The texts that a run sends, and how it ends.
std::vector<std::string> told_by(const Script& script, ScriptRun& run) {
    std::vector<std::string> all;
    for (;;) {
        const auto action = run.next();
        switch (action.kind) {
            case Action::Kind::send:
                all.emplace_back();
                run.write_text(action.statement, all.back());
                break;
            case Action::Kind::sleep:
                all.push_back("sleep " + std::to_string(action.sleep_us));
                break;
            case Action::Kind::start_pipeline:
                all.emplace_back("start");
                break;
            case Action::Kind::sync_pipeline:
                all.emplace_back("sync");
                break;
            case Action::Kind::end_pipeline:
                all.emplace_back("end");
                break;
            case Action::Kind::finished:
                return all;
            case Action::Kind::failed:
                all.push_back(run.error());
                return all;
        }
        EXPECT_LE(all.size(), script.commands.size());
    }
}

std::vector<std::string> told_by(std::string_view text, bool as_text = true) {
    const Script script = script_of(text, as_text);
    ScriptRun run;
    run.begin(script, 1, 2, 3);
    return told_by(script, run);
}

TEST(PgbenchRun, ConditionsTakeOneBranch) {
    const auto chosen = [](const std::string& x) {
        return told_by("\\set x " + x +
                       "\n\\if :x = 1\nSELECT one;\n\\elif :x = 2\nSELECT two;\n\\elif :x / 0\n"
                       "SELECT never;\n\\else\nSELECT no;\n\\endif\nSELECT last;");
    };
    EXPECT_THAT(chosen("1"), ElementsAre("SELECT one", "SELECT last"));
    EXPECT_THAT(chosen("2"), ElementsAre("SELECT two", "SELECT last"));
    EXPECT_THAT(chosen("3"), ElementsAre(HasSubstr("t.pgbench:6:1: division by zero")));
    EXPECT_THAT(chosen("NULL"), ElementsAre("SELECT no", "SELECT last"));
    EXPECT_THAT(told_by("\\if 0\nSELECT 1;\n\\else\n\\if NULL\nSELECT 2;\n\\else\nSELECT 3;\n"
                        "\\endif\n\\endif\n"),
                ElementsAre("SELECT 3"));
    EXPECT_THAT(told_by("\\if 0\n\\set x 1/0\n\\endif\n\\set y 1\n"), IsEmpty());
}

TEST(PgbenchRun, SleepsHaveUnits) {
    EXPECT_THAT(told_by("\\set n 3\n\\sleep 5 us\n\\sleep 10ms\n\\sleep 2\n\\sleep :n ms\n"
                        "\\set n -1\n\\sleep :n\n"),
                ElementsAre("sleep 5", "sleep 10000", "sleep 2000000", "sleep 3000", "sleep 0"));
    EXPECT_THAT(told_by("\\set n NULL\n\\sleep :n\n"), ElementsAre(HasSubstr("no number")));
    EXPECT_THAT(told_by("\\set n 4000\n\\sleep :n s\n"), ElementsAre(HasSubstr("an hour")));
}

TEST(PgbenchRun, AFailureSaysWhereAndEndsTheRun) {
    EXPECT_THAT(told_by("SELECT 1;\n  \\set x 1 / 0\nSELECT 2;"),
                ElementsAre("SELECT 1", "t.pgbench:2:3: division by zero"));
}

TEST(PgbenchRun, PipelinesMustBeginAndEnd) {
    EXPECT_THAT(
        told_by("\\startpipeline\nSELECT 1;\n\\syncpipeline\nSELECT 2;\n\\endpipeline\n", false),
        ElementsAre("start", "SELECT 1", "sync", "SELECT 2", "end"));
    EXPECT_THAT(told_by("\\endpipeline\n", false), ElementsAre(HasSubstr("not in pipeline mode")));
    EXPECT_THAT(told_by("\\startpipeline\n\\startpipeline\n", false),
                ElementsAre("start", HasSubstr("already in pipeline mode")));
    EXPECT_THAT(told_by("\\startpipeline\nSELECT 1;\n", false),
                ElementsAre("start", "SELECT 1", HasSubstr("pipeline open")));
    EXPECT_THAT(told_by("\\startpipeline\nSELECT 1 \\gset\n\\endpipeline\n", false),
                ElementsAre("start", HasSubstr("not allowed in a pipeline")));
}

TEST(PgbenchRun, TheSameOperationDrawsTheSameWhateverRanBefore) {
    const Script script = script_of(
        "\\set a random(1, 1000000000)\n\\set b random_gaussian(1, 1000000000, 3)\n"
        "SELECT :a, :b, :client_id, :given, :default_seed, :random_seed, :scale;",
        true);
    ScriptRun one, other;
    one.begin(script, 5, 17, 3);
    const auto expected = told_by(script, one);
    other.begin(script, 5, 99, 3);
    EXPECT_NE(told_by(script, other), expected);
    other.begin(script, 5, 17, 3);
    EXPECT_EQ(told_by(script, other), expected);
    other.restart();
    EXPECT_EQ(told_by(script, other), expected);
    EXPECT_THAT(expected[0], HasSubstr(", 3, 7, "));
    EXPECT_THAT(expected[0], HasSubstr(", 5, 1"));
}

TEST(PgbenchRun, NoVariableKeepsItsValueFromRunToRun) {
    const Script script = script_of(
        "\\if :given = 7\n\\set x 1\n\\endif\n\\set given 8\nSELECT :x, :y;\nSELECT 1 AS y "
        "\\gset\nSELECT :y;",
        true);
    ScriptRun run;
    for (int i = 0; i < 2; ++i) {
        run.begin(script, 1, 1, 1);
        auto action = run.next();
        std::string text;
        run.write_text(action.statement, text);
        EXPECT_EQ(text, "SELECT 1, :y");
        action = run.next();
        ASSERT_TRUE(run.keep(action.statement, "y", "it's"));
        action = run.next();
        text.clear();
        run.write_text(action.statement, text);
        EXPECT_EQ(text, "SELECT it's");
    }
}

TEST(PgbenchRun, AParameterWithoutAValueIsAFailure) {
    const Script script = script_of("SELECT 1 AS x WHERE false \\aset\nSELECT :x;");
    ScriptRun run;
    run.begin(script, 1, 1, 1);
    std::vector<const char*> values(1);
    ASSERT_TRUE(run.bind(run.next().statement, values));
    EXPECT_FALSE(run.bind(run.next().statement, values));
    EXPECT_EQ(run.next().kind, Action::Kind::failed);
    EXPECT_EQ(run.error(), "t.pgbench:2:1: undefined variable :x");
}

TEST(PgbenchRun, AColumnWithoutANameCannotBeKept) {
    const Script script = script_of("SELECT 1 \\gset\nSELECT 2;");
    ScriptRun run;
    run.begin(script, 1, 1, 1);
    const auto action = run.next();
    EXPECT_FALSE(run.keep(action.statement, "?column?", "1"));
    EXPECT_EQ(run.next().kind, Action::Kind::failed);
    EXPECT_THAT(run.error(), HasSubstr("t.pgbench:1:1: a column called '?column?'"));
}

TEST(PgbenchRun, WhatIsReadIsTypedByItsText) {
    const auto of = [](std::string_view value) {
        const Script script =
            script_of("SELECT x \\gset\n\\set y :x IS NULL\n\\set z :x + 1\nSELECT :y, :z;", true);
        ScriptRun run;
        run.begin(script, 1, 1, 1);
        EXPECT_TRUE(run.keep(run.next().statement, "x", value));
        const auto action = run.next();
        std::string text;
        if (action.kind == Action::Kind::failed) {
            return run.error();
        }
        run.write_text(action.statement, text);
        return text;
    };
    EXPECT_EQ(of("41"), "SELECT false, 42");
    EXPECT_EQ(of("1.5"), "SELECT false, 2.5");
    EXPECT_EQ(of("null"), "SELECT true, NULL");
    EXPECT_THAT(of("yes"), HasSubstr("t.pgbench:3:1: cannot coerce boolean to int"));
    EXPECT_THAT(of(""), HasSubstr("malformed variable :x"));
    EXPECT_THAT(of("secret"), Not(HasSubstr("secret")));
}

}  // namespace
}  // namespace workloads::pgbench
