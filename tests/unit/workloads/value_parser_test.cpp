#include "workloads/values.hpp"

#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace workloads {
namespace {

template <typename F>
F parsed(std::string_view text) {
    auto result = Generator::parse(text);
    if (const auto* error = std::get_if<TextError>(&result)) {
        ADD_FAILURE() << text << ": " << error->message;
        return {};
    }
    const auto* function = std::get_if<F>(&std::get<Generator>(result).function());
    if (function == nullptr) {
        ADD_FAILURE() << text << " is another function";
        return {};
    }
    return *function;
}

void expect_error(std::string_view text, std::size_t offset, std::string_view part) {
    auto result = Generator::parse(text);
    const auto* error = std::get_if<TextError>(&result);
    ASSERT_NE(error, nullptr) << text;
    EXPECT_EQ(error->offset, offset) << text << ": " << error->message;
    EXPECT_NE(error->message.find(part), std::string::npos) << text << ": " << error->message;
}

bool numeric(std::string_view text) {
    auto result = Generator::parse(text);
    return std::get<Generator>(result).numeric();
}

constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

TEST(ValueParser, ReadsUniformIntegers) {
    const auto f = parsed<Generator::Uniform>("uniform(-5, 50000)");
    EXPECT_EQ(f.low, -5);
    EXPECT_EQ(f.high, 50'000);
    const auto all =
        parsed<Generator::Uniform>("uniform(-9223372036854775808, 9223372036854775807)");
    EXPECT_EQ(all.low, least);
    EXPECT_EQ(all.high, most);
    EXPECT_EQ(parsed<Generator::Uniform>("uniform(3, 3)").low, 3);
}

TEST(ValueParser, ReadsUniformRealsWhenEitherBoundIsWrittenAsOne) {
    const auto f = parsed<Generator::UniformReal>("uniform(0.5, 9.5)");
    EXPECT_EQ(f.low, 0.5);
    EXPECT_EQ(f.high, 9.5);
    EXPECT_EQ(parsed<Generator::UniformReal>("uniform(0, 1.0)").high, 1.0);
    EXPECT_EQ(parsed<Generator::UniformReal>("uniform(-1e3, 0)").low, -1000);
}

TEST(ValueParser, ReadsTheSkewedLaws) {
    const auto zipf = parsed<Generator::Zipfian>("zipfian(1, 1000000, 1.07)");
    EXPECT_EQ(zipf.low, 1);
    EXPECT_EQ(zipf.high, 1'000'000);
    EXPECT_EQ(zipf.exponent, 1.07);
    EXPECT_EQ(parsed<Generator::Zipfian>("zipfian(1, 10, 0)").exponent, 0);
    const auto gaussian = parsed<Generator::Gaussian>("gaussian(1, 100, 2)");
    EXPECT_EQ(gaussian.parameter, 2);
    const auto exponential = parsed<Generator::Exponential>("exponential(1, 100, 0.5)");
    EXPECT_EQ(exponential.parameter, 0.5);
}

TEST(ValueParser, ReadsTheOthers) {
    EXPECT_EQ(parsed<Generator::Sequence>("sequence(-7)").start, -7);
    EXPECT_EQ(parsed<Generator::Text>("text(0)").length, 0);
    EXPECT_EQ(parsed<Generator::Text>("text(10000000)").length, 10'000'000);
    (void)parsed<Generator::Uuid>("uuid()");
    (void)parsed<Generator::Now>("now()");
    EXPECT_EQ(parsed<Generator::SampleOf>("sample(\"SELECT id FROM t WHERE f(x) = 'a, b'\")").query,
              "SELECT id FROM t WHERE f(x) = 'a, b'");
    const auto choice = parsed<Generator::Choice>("choice(a, 'b c', \"d\")");
    EXPECT_EQ(choice.values, (std::vector<std::string>{"a", "b c", "d"}));
    EXPECT_FALSE(choice.all_numeric);
}

TEST(ValueParser, ReadsAnythingElseAsALiteral) {
    EXPECT_EQ(parsed<Generator::Literal>("eu-west").value, "eu-west");
    EXPECT_EQ(parsed<Generator::Literal>("'text'").value, "text");
    EXPECT_EQ(parsed<Generator::Literal>("'NULL'").value, "NULL");
    EXPECT_EQ(parsed<Generator::Literal>("''").value, "");
    EXPECT_EQ(parsed<Generator::Literal>("2026-11-20").value, "2026-11-20");
    EXPECT_EQ(parsed<Generator::Literal>("-1.5").value, "-1.5");
}

TEST(ValueParser, KnowsWhatIsANumber) {
    for (const std::string_view text :
         {"0", "42", "-42", "1.5", "-0.25", "1e10", "1.5E-3", "uniform(1, 2)", "uniform(1, 2.5)",
          "zipfian(1, 2, 1)", "gaussian(1, 2, 3)", "exponential(1, 2, 3)", "sequence(1)",
          "choice(1, 2.5, -3)", "choice(7)"}) {
        EXPECT_TRUE(numeric(text)) << text;
    }
    // 007 and 7 are different texts; what quotes surround was meant as a text.
    for (const std::string_view text : {"007",          "+5",
                                        ".5",           "5.",
                                        "1e",           "-",
                                        "--5",          "1_000",
                                        "0x1f",         "inf",
                                        "NaN",          "1 2",
                                        "'42'",         "choice(1, '2')",
                                        "choice(1, a)", "choice(007)",
                                        "text(3)",      "uuid()",
                                        "now()",        "sample('SELECT 1')",
                                        "1;2",          "1--2"}) {
        EXPECT_FALSE(numeric(text)) << text;
    }
}

TEST(ValueParserErrors, NameTheNearestFunctionAndAllOfThem) {
    expect_error("unifrom(1, 2)", 0, "did you mean uniform?");
    expect_error("  zipfain(1, 2, 1)", 2, "did you mean zipfian?");
    expect_error("Sequence(1)", 0, "did you mean sequence?");
    expect_error("random_gaussian(1, 2, 3)", 0, "did you mean gaussian?");
    expect_error("frobnicate(1)", 0, "sample(\"SELECT ...\")");
    expect_error("frobnicate(1)", 0, "uniform(lo, hi), zipfian(lo, hi, s)");
}

TEST(ValueParserErrors, CountArguments) {
    expect_error("uniform(1)", 0, "uniform(lo, hi) takes 2 arguments, not 1");
    expect_error("uniform(1, 2, 3)", 0, "takes 2 arguments, not 3");
    expect_error("zipfian(1, 2)", 0, "takes 3 arguments, not 2");
    expect_error("sequence()", 0, "takes 1 argument, not 0");
    expect_error("choice()", 0, "takes at least 1 argument, not 0");
    expect_error("now(1)", 0, "takes 0 arguments, not 1");
    expect_error("uuid(4)", 0, "takes 0 arguments, not 1");
    expect_error("sample()", 0, "takes 1 or 2 arguments, not 0");
}

TEST(ValueParserErrors, WantNumbersWhereNumbersBelong) {
    expect_error("uniform(a, 2)", 8, "lo must be a number such as 1.5, not a");
    expect_error("uniform(1, '2')", 11, "hi must be a whole number such as 100, not the quoted");
    expect_error("uniform('1.0', 2)", 8, "quoted text '1.0'");
    expect_error("zipfian(1, 1e6, 1)", 11, "hi must be a whole number");
    expect_error("zipfian(1, 10, x)", 15, "exponent s must be a number");
    expect_error("gaussian(1, 10, 'x')", 16, "parameter p must be a number");
    expect_error("text(1.5)", 5, "n must be a whole number");
    expect_error("sequence(abc)", 9, "start must be a whole number");
    expect_error("uniform(1, 1_000)", 11, "hi must be a number");
}

TEST(ValueParserErrors, RefuseNumbersThatDoNotFit) {
    expect_error("uniform(1, 9223372036854775808)", 11, "64 bits");
    expect_error("uniform(-9223372036854775809, 1)", 8, "64 bits");
    expect_error("uniform(1.0, 1e999)", 13, "range");
    expect_error("uniform(-1.7e308, 1.7e308)", 8, "hi - lo");
    expect_error("sequence(9223372036854775807)", 9, "no room");
    expect_error("zipfian(1, 9007199254740993, 1)", 8, "2^53");
    expect_error("gaussian(-9223372036854775808, 9223372036854775807, 3)", 9, "2^53");
    expect_error("exponential(0, 9007199254740992, 3)", 12, "2^53");
}

TEST(ValueParser, AcceptsTheWidestRangeThatADoubleReaches) {
    EXPECT_EQ(parsed<Generator::Zipfian>("zipfian(1, 9007199254740992, 1)").high,
              std::int64_t{1} << 53);
    EXPECT_EQ(parsed<Generator::Sequence>("sequence(9214364837600034815)").start,
              most - (std::int64_t{1} << 53));
}

TEST(ValueParserErrors, RefuseALowerBoundAboveTheUpper) {
    expect_error("uniform(10, 1)", 8, "lo = 10 is greater than hi = 1");
    expect_error("uniform(1.5, 1.4)", 8, "greater");
    expect_error("zipfian(2, 1, 1)", 8, "greater");
    expect_error("gaussian(2, 1, 3)", 9, "greater");
    expect_error("exponential(2, 1, 3)", 12, "greater");
}

TEST(ValueParserErrors, RefuseParametersOutsideTheirLaw) {
    expect_error("zipfian(1, 10, -0.1)", 15, "at least 0");
    expect_error("gaussian(1, 10, 1.99)", 16, "at least 2.0");
    expect_error("exponential(1, 10, 0)", 19, "greater than 0");
    expect_error("exponential(1, 10, -1)", 19, "greater than 0");
    expect_error("text(-1)", 5, "negative");
    expect_error("text(10000001)", 5, "10 MB");
    expect_error("text(99999999999999999999)", 5, "64 bits");
}

TEST(ValueParserErrors, RefuseWhatIsMostLikelyASlip) {
    expect_error("now", 0, "write now()");
    expect_error(" uuid ", 1, "write uuid()");
    expect_error("null", 0, "NULL");
    expect_error("choice(1, NULL)", 10, "NULL");
    expect_error("sample(SELECT id FROM t)", 7, "in quotes");
    expect_error("sample('  ')", 7, "empty");
    expect_error("uniform(1, 2) + 3", 14, "nothing may follow");
    expect_error("", 0, "empty");
}

TEST(ValueParser, ReadsWeightedValues) {
    const auto weighted =
        parsed<Generator::Weighted>("weighted(2, a, 1.5, 'uniform(1, 3)', 1, \"'f(x)'\", 1, NULL)");
    ASSERT_EQ(weighted.values.size(), 4U);
    EXPECT_EQ(weighted.up_to, (std::vector<double>{2, 3.5, 4.5, 5.5}));
    EXPECT_EQ(std::get<Generator::Literal>(weighted.values[0].function()).value, "a");
    EXPECT_EQ(std::get<Generator::Uniform>(weighted.values[1].function()).high, 3);
    EXPECT_EQ(std::get<Generator::Literal>(weighted.values[2].function()).value, "f(x)");
    EXPECT_TRUE(std::holds_alternative<Generator::Null>(weighted.values[3].function()));
}

TEST(ValueParser, RefusesWeightsThatMeanNothing) {
    expect_error("weighted(1)", 0, "at least 2 arguments");
    expect_error("weighted(1, a, 2)", 0, "pairs");
    expect_error("weighted(0, a)", 9, "greater than 0");
    expect_error("weighted(a, b)", 9, "a weight must be a number");
    expect_error("weighted(1, 'uniform(1)')", 12, "uniform(lo, hi) takes 2 arguments");
    expect_error("weighted(1, 'weighted(1, a)')", 12, "cannot stand in weighted()");
    expect_error("weighted(1, 'unifrom(1, 2)')", 12, "did you mean uniform?");
}

TEST(ValueParser, ReadsASamplesColumn) {
    EXPECT_EQ(parsed<Generator::SampleOf>("sample('SELECT a, b FROM t', 2)").column, 2U);
    EXPECT_EQ(parsed<Generator::SampleOf>("sample('SELECT a FROM t')").column, 0U);
    expect_error("sample('SELECT a FROM t', 0)", 26, "counted from 1");
    expect_error("sample('SELECT a FROM t', b)", 26, "the column must be a whole number");
}

TEST(ValueParser, ReadsASequencesQuery) {
    EXPECT_EQ(parsed<Generator::Sequence>("sequence('SELECT 1')").query, "SELECT 1");
    expect_error("sequence('5')", 9, "start must be a whole number");
    expect_error("sequence(' ')", 9, "the query is empty");
}

}  // namespace
}  // namespace workloads
