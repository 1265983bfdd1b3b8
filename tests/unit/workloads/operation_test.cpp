#include "workloads/operation.hpp"

#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace workloads {
namespace {

using Part = OperationError::Part;

OperationSource source(std::vector<std::pair<std::string, std::string>> params,
                       std::vector<OperationSource::Sql> statements) {
    OperationSource out;
    out.name = "place_order";
    out.transaction = statements.size() > 1;
    out.params = std::move(params);
    out.statements = std::move(statements);
    return out;
}

Operation compiled(const OperationSource& from) {
    auto result = compile(from);
    if (const auto* errors = std::get_if<std::vector<OperationError>>(&result)) {
        for (const OperationError& error : *errors) {
            ADD_FAILURE() << error.message;
        }
        return {};
    }
    return std::get<Operation>(result);
}

std::vector<OperationError> errors_of(const OperationSource& from) {
    auto result = compile(from);
    if (auto* errors = std::get_if<std::vector<OperationError>>(&result)) {
        return *errors;
    }
    return {};
}

void expect_only_error(const OperationSource& from, Part part, std::size_t index,
                       std::size_t offset, std::string_view text) {
    const std::vector<OperationError> errors = errors_of(from);
    ASSERT_EQ(errors.size(), 1U);
    EXPECT_EQ(errors[0].part, part);
    EXPECT_EQ(errors[0].index, index);
    EXPECT_EQ(errors[0].offset, offset);
    EXPECT_NE(errors[0].message.find(text), std::string::npos) << errors[0].message;
}

// One statement that holds :x, with the value given.
std::string literal(std::string_view value, std::string sql = "SELECT :x", bool numeric = false) {
    const Operation operation =
        compiled(source({{"x", numeric ? "0" : "a"}}, {{std::move(sql), {}}}));
    Values values;
    values.draw(operation, 1, 1, 0);
    values.set(0, value);
    std::string out;
    write_literals(operation.statements[0], operation, values, out);
    return out;
}

TEST(Compile, GivesEveryNameASlot) {
    const Operation operation = compiled(source(
        {{"customer", "uniform(1, 50000)"}, {"region", "choice(eu, us)"}},
        {{"INSERT INTO orders (customer_id, region) VALUES (:customer, :region) RETURNING id, at",
          {"order_id", "at"}},
         {"UPDATE customers SET last = :order_id, at = :at WHERE id = :customer AND :customer > 0",
          {}}}));
    EXPECT_EQ(operation.name, "place_order");
    EXPECT_TRUE(operation.transaction);
    EXPECT_EQ(operation.slot_names,
              (std::vector<std::string>{"customer", "region", "order_id", "at"}));
    EXPECT_EQ(operation.slot_numeric, (std::vector<bool>{true, false, false, false}));
    ASSERT_EQ(operation.parameters.size(), 2U);
    EXPECT_EQ(operation.parameters[1].name, "region");
    EXPECT_EQ(operation.parameters[1].slot, 1);
    ASSERT_EQ(operation.statements.size(), 2U);
    EXPECT_EQ(operation.statements[0].into, (std::vector<Slot>{2, 3}));
    EXPECT_EQ(operation.statements[0].parameters, (std::vector<Slot>{0, 1}));
    const Statement& update = operation.statements[1];
    EXPECT_EQ(update.numbered, "UPDATE customers SET last = $1, at = $2 WHERE id = $3 AND $3 > 0");
    EXPECT_EQ(update.parameters, (std::vector<Slot>{2, 3, 0}));
    EXPECT_EQ(update.cut_slots, (std::vector<Slot>{2, 3, 0, 0}));
    EXPECT_TRUE(update.into.empty());
    EXPECT_EQ(update.text.substr(0, 6), "UPDATE");
}

TEST(Compile, CarriesTheSettingsOver) {
    OperationSource from = source({}, {{"SELECT 1", {}}});
    from.weight = 2.5;
    from.app = AppFilter::new_version;
    from.retry = {3, std::chrono::milliseconds{20}};
    const Operation operation = compiled(from);
    EXPECT_EQ(operation.weight, 2.5);
    EXPECT_EQ(operation.app, AppFilter::new_version);
    EXPECT_FALSE(operation.transaction);
    EXPECT_EQ(operation.retry.times, 3);
    EXPECT_EQ(operation.retry.backoff, std::chrono::milliseconds{20});
}

TEST(Compile, AllowsAResultThatIsKeptAndNeverUsed) {
    EXPECT_TRUE(
        errors_of(source({}, {{"INSERT INTO t DEFAULT VALUES RETURNING id", {"id"}}})).empty());
}

TEST(CompileErrors, NameAParameterThatIsNeverUsed) {
    expect_only_error(source({{"a", "1"}, {"b", "2"}}, {{"SELECT :a, 1::b, ':b'", {}}}),
                      Part::parameter, 1, 0, "b is never used");
}

TEST(CompileErrors, NameAPlaceholderThatIsNeverBound) {
    expect_only_error(
        source({{"customer", "1"}}, {{"SELECT :customer", {}}, {"SELECT :custmer", {}}}),
        Part::statement, 1, 7, "did you mean customer?");
}

TEST(CompileErrors, NameEachUnboundPlaceholderOnceAStatement) {
    const auto errors = errors_of(source({}, {{"SELECT :a, :b, :a", {}}, {"SELECT :a", {}}}));
    ASSERT_EQ(errors.size(), 3U);
    EXPECT_EQ(errors[0].offset, 7U);
    EXPECT_EQ(errors[1].offset, 11U);
    EXPECT_EQ(errors[2].index, 1U);
}

TEST(CompileErrors, RefuseAResultThatIsUsedBeforeItIsThere) {
    expect_only_error(source({}, {{"SELECT :id", {}}, {"SELECT 1", {"id"}}}), Part::statement, 0, 7,
                      "used before statement 2 binds it");
    expect_only_error(source({}, {{"SELECT :id", {"id"}}}), Part::statement, 0, 7,
                      "used before statement 1 binds it");
}

TEST(CompileErrors, RefuseANameThatIsBoundTwice) {
    expect_only_error(source({{"a", "1"}, {"a", "2"}}, {{"SELECT :a", {}}}), Part::parameter, 1, 0,
                      "a is bound twice");
    expect_only_error(source({{"a", "1"}}, {{"SELECT :a", {"a"}}}), Part::into, 0, 0,
                      "a is bound twice");
    expect_only_error(source({}, {{"SELECT 1", {"x"}}, {"SELECT 2", {"x"}}}), Part::into, 1, 0,
                      "x is bound twice");
}

TEST(CompileErrors, RefuseNamesThatNoPlaceholderCanHave) {
    expect_only_error(source({{"1a", "1"}}, {{"SELECT 1", {}}}), Part::parameter, 0, 0, "'1a'");
    expect_only_error(source({{"naïve", "1"}}, {{"SELECT 1", {}}}), Part::parameter, 0, 0, "naïve");
    expect_only_error(source({}, {{"SELECT 1", {"a b"}}}), Part::into, 0, 0, "'a b'");
    expect_only_error(source({}, {{"SELECT 1", {""}}}), Part::into, 0, 0, "''");
}

TEST(CompileErrors, PassOnWhereAFunctionIsWrong) {
    expect_only_error(source({{"a", "uniform(10, 1)"}}, {{"SELECT :a", {}}}), Part::parameter, 0, 8,
                      "a: uniform(lo, hi, ...): lo = 10");
}

TEST(CompileErrors, PassOnWhereAStatementIsWrongAndCallNothingUnusedThen) {
    expect_only_error(source({{"a", "1"}}, {{"SELECT 'oops, :a", {}}}), Part::statement, 0, 7,
                      "never closed");
}

TEST(CompileErrors, RefuseAnOperationThatDoesNothing) {
    expect_only_error(source({}, {}), Part::operation, 0, 0, "no statement");
    expect_only_error(source({}, {{" \n", {}}}), Part::statement, 0, 0, "empty");
}

TEST(CompileErrors, RefuseSettingsThatMakeNoSense) {
    OperationSource from = source({}, {{"SELECT 1", {}}});
    for (const double weight : {-1.0, std::numeric_limits<double>::infinity(),
                                std::numeric_limits<double>::quiet_NaN()}) {
        from.weight = weight;
        expect_only_error(from, Part::operation, 0, 0, "weight");
    }
    from.weight = 0;
    from.retry.times = -1;
    expect_only_error(from, Part::operation, 0, 0, "retries");
    from.retry.times = 0;
    from.name = "";
    expect_only_error(from, Part::operation, 0, 0, "no name");
}

TEST(CompileErrors, ComeAllAtOnce) {
    const auto errors = errors_of(source({{"a", "nonsense(1)"}, {"b", "2"}, {"b", "3"}, {"c", "4"}},
                                         {{"SELECT :x, :b", {"b"}}, {"SELECT :y", {}}}));
    std::string all;
    for (const OperationError& error : errors) {
        all += error.message + "\n";
    }
    EXPECT_EQ(errors.size(), 7U) << all;  // nonsense, b twice (2), unbound x and y, unused a and c
}

TEST(CompileErrors, RefuseMoreValuesThanTheProtocolCounts) {
    std::vector<std::string> into;
    for (int i = 0; i <= 65'535; ++i) {
        into.push_back("v" + std::to_string(i));
    }
    expect_only_error(source({}, {{"SELECT 1", into}}), Part::into, 0, 0, "at most 65535");
}

TEST(Values, AreAFunctionOfSeedAndIndex) {
    const Operation operation =
        compiled(source({{"a", "uniform(1, 1000000000)"}, {"b", "text(20)"}, {"c", "uuid()"}},
                        {{"SELECT :a, :b, :c", {}}}));
    Values values, again;
    values.draw(operation, 42, 7, 0);
    again.draw(operation, 42, 1, 5);  // whatever was drawn before
    again.draw(operation, 42, 7, 9);
    for (Slot slot = 0; slot < 3; ++slot) {
        EXPECT_EQ(values.at(slot), again.at(slot));
    }
    again.draw(operation, 43, 7, 0);
    EXPECT_NE(values.at(1), again.at(1));
    again.draw(operation, 42, 8, 0);
    EXPECT_NE(values.at(1), again.at(1));
}

TEST(Values, AreTheSameAcrossReleases) {
    // A seed printed by an older release must still give the same operations.
    const Operation operation =
        compiled(source({{"a", "uniform(1, 1000000)"}, {"b", "text(8)"}}, {{"SELECT :a, :b", {}}}));
    Values values;
    values.draw(operation, 1, 0, 0);
    EXPECT_EQ(values.at(0), "595863");
    EXPECT_EQ(values.at(1), "VJszwdRB");
}

TEST(Values, OfSuccessiveOperationsDoNotRepeatEachOther) {
    const Operation operation = compiled(
        source({{"a", "uniform(1, 9223372036854775807)"}, {"b", "uniform(1, 9223372036854775807)"}},
               {{"SELECT :a, :b", {}}}));
    std::set<std::string> seen;
    Values values;
    for (std::uint64_t index = 0; index < 10'000; ++index) {
        values.draw(operation, 1, index, 0);
        seen.insert(values.at(0));
        seen.insert(values.at(1));
    }
    EXPECT_EQ(seen.size(), 20'000U);
}

TEST(Values, OfResultsAreNullUntilTheyAreSet) {
    const Operation operation =
        compiled(source({{"a", "1"}}, {{"SELECT :a", {"x"}}, {"SELECT :x", {}}}));
    Values values;
    values.draw(operation, 1, 1, 0);
    EXPECT_FALSE(values.is_null(0));
    EXPECT_TRUE(values.is_null(1));
    values.set(1, "result");
    EXPECT_FALSE(values.is_null(1));
    EXPECT_EQ(values.at(1), "result");
    values.set_null(1);
    EXPECT_TRUE(values.is_null(1));
    values.set(1, "result");
    values.draw(operation, 1, 2, 0);
    EXPECT_TRUE(values.is_null(1)) << "the last run's result must not reach the next run";
}

TEST(Values, ServeOperationsOfDifferentSizesInTurn) {
    const Operation small = compiled(source({{"a", "small"}}, {{"SELECT :a", {}}}));
    const Operation large =
        compiled(source({{"a", "one"}, {"b", "two"}}, {{"SELECT :a, :b", {"c"}}}));
    Values values;
    for (int i = 0; i < 3; ++i) {
        values.draw(small, 1, 1, 0);
        EXPECT_EQ(values.at(0), "small");
        values.draw(large, 1, 1, 0);
        EXPECT_EQ(values.at(0), "one");
        EXPECT_EQ(values.at(1), "two");
        EXPECT_TRUE(values.is_null(2));
    }
}

TEST(Values, KeepTheirMemory) {
    const Operation operation = compiled(source({{"a", "text(100)"}}, {{"SELECT :a", {}}}));
    Values values;
    values.draw(operation, 1, 0, 0);
    const char* memory = values.at(0).data();
    for (std::uint64_t index = 1; index < 100; ++index) {
        values.draw(operation, 1, index, 0);
        ASSERT_EQ(values.at(0).data(), memory);
    }
}

TEST(WriteLiterals, QuotesTexts) {
    EXPECT_EQ(literal("abc"), "SELECT 'abc'");
    EXPECT_EQ(literal(""), "SELECT ''");
    EXPECT_EQ(literal("it's"), "SELECT 'it''s'");
    EXPECT_EQ(literal("'"), "SELECT ''''");
    EXPECT_EQ(literal("größe\n\t\"x\" $$ -- /*"), "SELECT 'größe\n\t\"x\" $$ -- /*'");
}

TEST(WriteLiterals, EscapesBackslashes) {
    EXPECT_EQ(literal("C:\\"), "SELECT E'C:\\\\'");
    EXPECT_EQ(literal("\\'"), "SELECT E'\\\\'''");
    EXPECT_EQ(literal("\\n"), "SELECT E'\\\\n'");
}

TEST(WriteLiterals, WritesNumbersWithoutQuotes) {
    EXPECT_EQ(literal("42", "SELECT :x", true), "SELECT 42");
    EXPECT_EQ(literal("1e-05", "SELECT :x", true), "SELECT 1e-05");
    EXPECT_EQ(literal("42", "SELECT a[:x], -:x, :x::int", true), "SELECT a[42], -42, 42::int");
}

TEST(WriteLiterals, PutsNegativeNumbersInParentheses) {
    EXPECT_EQ(literal("-5", "SELECT 1-:x", true), "SELECT 1-(-5)");
    EXPECT_EQ(literal("-5", "SELECT @:x, :x::text", true), "SELECT @(-5), (-5)::text");
}

TEST(WriteLiterals, KeepsLiteralsApartFromTheirNeighbours) {
    EXPECT_EQ(literal("a", "SELECT:x"), "SELECT 'a'");
    EXPECT_EQ(literal("a\\", "SELECT:x"), "SELECT E'a\\\\'");
    EXPECT_EQ(literal("a", "SELECT :x'b'"), "SELECT 'a' 'b'");
    EXPECT_EQ(literal("a", "SELECT 'b':x"), "SELECT 'b' 'a'");
    EXPECT_EQ(literal("5", "SELECT:x AS n", true), "SELECT 5 AS n");
}

TEST(WriteLiterals, WritesNull) {
    const Operation operation =
        compiled(source({{"a", "1"}}, {{"SELECT :a", {"x"}}, {"UPDATE t SET a=:x,b=:a", {}}}));
    Values values;
    values.draw(operation, 1, 1, 0);
    std::string out = "BEGIN;";
    write_literals(operation.statements[1], operation, values, out);
    EXPECT_EQ(out, "BEGIN;UPDATE t SET a=NULL,b=1");
}

TEST(WriteLiterals, QuotesResultsEvenWhenTheyLookLikeNumbers) {
    const Operation operation = compiled(source({}, {{"SELECT 1", {"x"}}, {"SELECT :x", {}}}));
    Values values;
    values.draw(operation, 1, 1, 0);
    values.set(0, "1; DROP TABLE orders");
    std::string out;
    write_literals(operation.statements[1], operation, values, out);
    EXPECT_EQ(out, "SELECT '1; DROP TABLE orders'");
}

// What a value can do at worst is end its literal. Reading the written text back with the scanner
// shows that nothing of a hostile value stands outside of it.
TEST(WriteLiterals, LetsNoHostileValueOut) {
    for (const std::string_view hostile :
         {"' OR 1=1 --", "'; DROP TABLE t; --", "\\'; DROP TABLE t; --", "\\", "\\\\", "'\\''",
          "''", "\\''; :leak", "' || :leak || '", "$$:leak$$", "*/ :leak /*", "E'\\' :leak",
          "\n':leak"}) {
        const std::string text = literal(hostile, "SELECT :x, 'end'");
        auto cut = cut_placeholders(text);
        ASSERT_TRUE(std::holds_alternative<CutStatement>(cut)) << text;
        EXPECT_TRUE(std::get<CutStatement>(cut).names.empty()) << text;
        EXPECT_TRUE(text.ends_with(", 'end'"));
    }
}

TEST(AppFilter, AdmitsWhatItSays) {
    EXPECT_TRUE(admits(AppFilter::both, App::old_version));
    EXPECT_TRUE(admits(AppFilter::both, App::new_version));
    EXPECT_TRUE(admits(AppFilter::old_version, App::old_version));
    EXPECT_FALSE(admits(AppFilter::old_version, App::new_version));
    EXPECT_FALSE(admits(AppFilter::new_version, App::old_version));
    EXPECT_TRUE(admits(AppFilter::new_version, App::new_version));
    EXPECT_EQ(name_of(App::old_version), "old");
    EXPECT_EQ(name_of(App::new_version), "new");
}

}  // namespace
}  // namespace workloads
