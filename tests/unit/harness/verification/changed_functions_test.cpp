#include "harness/verification/changed_functions.hpp"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace harness::verification {
namespace {

using database::UserFunction;
using database::WriteRules;

WriteRules with(std::vector<UserFunction> functions) {
    WriteRules rules;
    rules.functions = {"lower", "round"};
    for (const auto& function : functions) {
        rules.functions.insert(function.name);
    }
    rules.user_functions = std::move(functions);
    return rules;
}

std::string told(const ChangedFunctions& changed, std::vector<std::string> calls,
                 std::string anything = {}) {
    return changed
        .called_by({.writes = {}, .functions = std::move(calls), .anything = std::move(anything)})
        .value_or("");
}

// Of a function that is replaced beside another one.
std::string told_beside(UserFunction other, const std::string& replaced = "normalise") {
    const auto before = with({{replaced, "SELECT 1"}, other});
    const auto now = with({{replaced, "SELECT 2"}, other});
    return told({before, now}, {other.name});
}

TEST(ChangedFunctions, WhereAllAreAsTheyWereThereIsNone) {
    const auto before = with({{"normalise", "SELECT 1"}, {"normalise", "SELECT 2"}});
    const auto now = with({{"normalise", "SELECT 2"}, {"normalise", "SELECT 1"}});
    EXPECT_TRUE((ChangedFunctions{before, now}.none()));
    EXPECT_EQ(told({before, now}, {"normalise"}, "runs EXECUTE"), "");
}

TEST(ChangedFunctions, OneThatIsReplacedOrDroppedIsTold) {
    const auto before = with({{"normalise", "SELECT 1"}, {"other", "SELECT 1"}});
    for (const auto& now : {with({{"normalise", "SELECT 2"}, {"other", "SELECT 1"}}),
                            with({{"other", "SELECT 1"}})}) {
        EXPECT_EQ(told({before, now}, {"lower", "normalise"}), "normalise");
        EXPECT_EQ(told({before, now}, {"lower", "other"}), "");
        EXPECT_EQ(told({before, now}, {}, "runs EXECUTE"), "normalise");
    }
}

TEST(ChangedFunctions, OneBesideMayTakeTheCalls) {
    const auto before = with({{"normalise", "(text) SELECT 1"}});
    auto functions = before.user_functions;
    functions.push_back({"normalise", "(int) SELECT 2"});
    EXPECT_EQ(told({before, with(functions)}, {"normalise"}), "normalise");
    functions.back().name = "round";  // which the system has, too
    EXPECT_EQ(told({before, with(functions)}, {"round"}), "round");
}

TEST(ChangedFunctions, OneWhoseNameIsNewIsNone) {
    const auto now = with({{"normalise", "SELECT 1"}});
    EXPECT_TRUE((ChangedFunctions{with({}), now}.none()));
    EXPECT_EQ(told({with({}), now}, {"normalise"}, "runs EXECUTE"), "");
}

TEST(ChangedFunctions, OneThatIsCalledByAnotherIsTold) {
    EXPECT_EQ(told_beside({"total_of", "SELECT Normalise($1)"}), "normalise");
    EXPECT_EQ(told_beside({"total_of", "SELECT \"Fill it\"($1)"}, "Fill it"), "Fill it");
    EXPECT_EQ(told_beside({"total_of", "SELECT \"a\"\"b\"($1)"}, "a\"b"), "a\"b");
    EXPECT_EQ(told_beside({"total_of", "SELECT normalised + normalise_it"}), "");
    EXPECT_EQ(told_beside({"total_of", "SELECT \"Fill that\"($1)"}, "Fill it"), "");
    const std::vector<UserFunction> chain{{"b", "SELECT c()"}, {"a", "SELECT b()"}};
    auto before = with(chain), now = with(chain);
    before.user_functions.push_back({"c", "SELECT 1"});
    now.user_functions.push_back({"c", "SELECT 2"});
    EXPECT_EQ(told({before, now}, {"a"}), "c");
}

TEST(ChangedFunctions, OneThatDoesNotTellWhatItCallsMayCallIt) {
    EXPECT_EQ(told_beside({"f", "BEGIN EXECUTE 'SELECT nor' || 'malise()'; END"}), "normalise");
    EXPECT_EQ(told_beside({"f", "SELECT U&\"norm\\0061lise\"()"}), "normalise");
    EXPECT_EQ(told_beside({.name = "f", .definition = "plpy", .legible = false}), "normalise");
}

TEST(ChangedFunctions, OneThatAnOperatorCallsIsCalledByAll) {
    auto before = with({{.name = "add", .definition = "1", .called_unnamed = true}});
    auto now = with({{.name = "add", .definition = "2", .called_unnamed = true}});
    EXPECT_EQ(told({before, now}, {}), "add");
}

}  // namespace
}  // namespace harness::verification
