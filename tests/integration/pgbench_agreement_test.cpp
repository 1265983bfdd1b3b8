// Values, errors and texts of pgbench scripts, against pgbench itself.
#include "tests/integration/pgbench_support.hpp"
#include "tests/integration/throwaway.hpp"
#include "workloads/pgbench/run.hpp"
#include "workloads/random.hpp"

#include <array>
#include <cmath>
#include <map>

namespace {

using tests::run_pgbench;
using workloads::pgbench::Action;
using workloads::pgbench::parse_script;
using ScriptRun = workloads::pgbench::Run;
using workloads::pgbench::Script;
using workloads::pgbench::ScriptOptions;

// "int 5", or "error: division by zero", or "refused: ..." where the text is no expression.
std::string our_value(const std::string& expression, const std::string& before = "") {
    const std::string script =
        before + "\\set x " + expression + "\n\\set n :x IS NULL\nSELECT :n, :x;\n";
    const auto parsed = parse_script(script, {.name = "t", .variables = {}, .writes_text = true});
    if (const auto* errors = std::get_if<workloads::pgbench::ScriptErrors>(&parsed)) {
        return "refused: " + errors->front().message;
    }
    ScriptRun run;
    run.begin(std::get<Script>(parsed), 1, 1, 0);
    const Action action = run.next();
    if (action.kind == Action::Kind::failed) {
        return "error: " + run.error().substr(run.error().find(": ") + 2);
    }
    std::string sql;
    run.write_text(action.statement, sql);
    const bool null = sql.starts_with("SELECT true");
    const std::string text = sql.substr(sql.find(", ") + 2);
    if (null) {
        return "null";
    }
    if (text == "true" || text == "false") {
        return "boolean " + text;
    }
    const bool whole = text.find_first_not_of("-0123456789") == std::string::npos;
    return (whole ? "int " : "double ") + text;
}

// pgbench tells the type, ours is guessed from the text: 3.0 is written as 3.
bool agree(const std::string& theirs, const std::string& ours) {
    const auto text = [](const std::string& value) {
        return value.substr(std::min(value.find(' ') + 1, value.size()));
    };
    return theirs == ours || (theirs.starts_with("double ") && ours.starts_with("int ") &&
                              text(theirs) == text(ours));
}

class Expressions {
public:
    explicit Expressions(std::uint64_t seed) : random_{seed, 0} {}

    std::string next(int depth) {
        const auto pick = [&](auto& list) { return list[random_.below(std::size(list))]; };
        if (depth == 0) {
            return leaf();
        }
        switch (random_.below(12)) {
            case 0:
                return "(" + next(depth - 1) + ")";
            case 1:
                return "- " + next(depth - 1);
            case 2:
                return "~ " + next(depth - 1);
            case 3:
                return "NOT " + next(depth - 1);
            case 4:
                return "CASE WHEN " + next(depth - 1) + " THEN " + next(depth - 1) + " ELSE " +
                       next(depth - 1) + " END";
            case 5:
                return next(depth - 1) + pick(tests_);
            case 6:
                return std::string{pick(unary_)} + "(" + next(depth - 1) + ")";
            case 7:
                return std::string{pick(binary_)} + "(" + next(depth - 1) + ", " + next(depth - 1) +
                       ")";
            default:
                return next(depth - 1) + " " + pick(operators_) + " " + next(depth - 1);
        }
    }

private:
    std::string leaf() {
        switch (random_.below(10)) {
            case 0:
                return std::array{"true", "false", "NULL"}[random_.below(3)];
            case 1:
                return std::to_string(static_cast<std::int64_t>(random_.next() >> 1));
            case 2:
                return std::array{"0.5", "2.75", "1e3", ".25", "7.", "1e300"}[random_.below(6)];
            case 3:
                return ":seven";
            default:
                return std::to_string(random_.below(20));
        }
    }

    workloads::Random random_;
    static constexpr const char* operators_[] = {"+",  "-",  "*", "/",  "%",   "=",  "<>", "!=",
                                                 "<",  "<=", ">", ">=", "&",   "|",  "#",  "<<",
                                                 ">>", "+",  "-", "*",  "AND", "OR", "+",  "*"};
    static constexpr const char* tests_[] = {" IS NULL",  " IS NOT NULL", " IS TRUE",
                                             " IS FALSE", " IS NOT TRUE", " IS NOT FALSE",
                                             " ISNULL",   " NOTNULL"};
    static constexpr const char* unary_[] = {"abs", "sqrt", "exp", "ln", "int", "double", "hash"};
    static constexpr const char* binary_[] = {"least", "greatest",   "mod",         "pow",
                                              "power", "hash_fnv1a", "hash_murmur2"};
};

class PgbenchAgreement : public tests::FreshDatabase {
protected:
    static constexpr const char* seed_ = "\\set default_seed 4242\n\\set seven 7\n";

    void SetUp() override {
        FreshDatabase::SetUp();
        if (tests::server_major() < 15) {
            GTEST_SKIP() << "permute and some messages are those of pgbench 15";
        }
    }

    // All at once where they have values, one by one where they have none.
    void compare(const std::vector<std::string>& expressions, std::size_t most_errors) {
        std::string script = seed_;
        std::vector<std::pair<std::string, std::string>> expected;
        std::size_t errors = 0;
        for (const auto& expression : expressions) {
            const std::string ours = our_value(expression, seed_);
            if (!ours.starts_with("error") && !ours.starts_with("refused")) {
                script += "\\set x debug(" + expression + ")\n";
                expected.emplace_back(expression, ours);
            } else if (errors++ < most_errors) {
                compare_error(expression, ours);
            }
        }
        const auto theirs = run_pgbench(uri(), script);
        const auto values = theirs.debugged();
        for (std::size_t i = 0; i < std::min(values.size(), expected.size()); ++i) {
            EXPECT_TRUE(agree(values[i], expected[i].second))
                << expected[i].first << ": pgbench says " << values[i] << ", we say "
                << expected[i].second;
        }
        ASSERT_EQ(values.size(), expected.size()) << theirs.output.substr(
            theirs.output.size() - std::min<std::size_t>(600, theirs.output.size()));
        RecordProperty("values", static_cast<int>(values.size()));
        RecordProperty("errors", static_cast<int>(errors));
    }

    void compare_error(const std::string& expression, const std::string& ours) {
        const auto theirs =
            run_pgbench(uri(), std::string{seed_} + "\\set x debug(" + expression + ")\n");
        EXPECT_NE(theirs.exit, 0) << expression << ": we say " << ours << ", and pgbench "
                                  << theirs.output;
        if (ours.starts_with("error: ")) {
            EXPECT_NE(theirs.output.find(ours.substr(7)), std::string::npos)
                << expression << ": we say " << ours << ", and pgbench " << theirs.output;
        }
    }
};

TEST_F(PgbenchAgreement, GeneratedExpressionsHaveTheSameValuesAndErrors) {
    Expressions generator{20261121};
    std::vector<std::string> expressions;
    for (int i = 0; i < 5'000; ++i) {
        expressions.push_back(generator.next(1 + i % 4));
    }
    compare(expressions, 60);
}

// But for abs(true), of which pgbench reads the wrong member of a union; here it is an error.
TEST_F(PgbenchAgreement, WhatIsSpecialHasTheSameValue) {
    compare(
        {
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775807 + 1",
            "-9223372036854775808 - 1",
            "-9223372036854775808 / -1",
            "-9223372036854775808 % -1",
            "9223372036854775807 * 2",
            "9223372036854775808",
            "1/0",
            "1%0",
            "1.0/0",
            "-1.0/0",
            "0.0/0",
            "7/2",
            "-7/2",
            "-7%3",
            "7.0/2",
            "5.5 % 2",
            "6.5 % 4",
            "1e19 % 2",
            "1 << 63",
            "1 << 64",
            "1 << -1",
            "-1 >> 1",
            "-1 >> 70",
            "~0",
            "~5 + 1",
            "~5 & 3",
            "2 + ~3 * 2",
            "NOT true = false",
            "true = true",
            "1 = 1.0",
            "1 AND true",
            "NULL AND false",
            "false AND NULL",
            "true AND NULL",
            "NULL OR true",
            "true OR NULL",
            "false OR NULL",
            "false AND 1/0",
            "true OR 1/0",
            "CASE WHEN 1 THEN 2 END",
            "CASE WHEN 0 THEN 2 END",
            "CASE WHEN NULL THEN 1 WHEN 0.0 THEN 2 WHEN 0.1 THEN 3 ELSE 1/0 END",
            "1 IS TRUE",
            "NULL IS TRUE",
            "true IS TRUE",
            "1 = NULL IS NULL",
            "NULL ISNULL",
            "NULL NOTNULL",
            "1 < 2 IS NULL < true",
            "1 < 2 < 3",
            "1 = 2 = 3",
            "2 - 3 - 4",
            "2 * 3 % 4",
            "16 / 4 / 2",
            "1 | 2 & 3",
            "1 # 3 << 1",
            "1 + 1 << 2",
            "- 2 * 3",
            "-(-3)",
            "+ 5",
            "- - 5",
            "2 * -3",
            "1 - -1",
            "1 --1",
            "1 > 2",
            "2 >= 2",
            "1 <> 1",
            "1 != 2",
            "NOT NULL",
            "abs(-5)",
            "abs(-5.5)",
            "abs(-9223372036854775808)",
            "abs(NULL)",
            "sqrt(2)",
            "sqrt(-1.0)",
            "ln(0)",
            "ln(10)",
            "exp(1)",
            "exp(1000)",
            "pi()",
            "pow(2, 10)",
            "pow(2, 0.5)",
            "power(0, 0)",
            "pow(0, -1)",
            "int(2.5)",
            "int(3.5)",
            "int(-2.5)",
            "int(1e19)",
            "int(true)",
            "double(7)",
            "double(1)/3",
            "1e100",
            "123456789.123456789",
            "0.1 + 0.2",
            "1e15",
            "1e16",
            "1.5e-7",
            "greatest(1, 2.5, 2)",
            "least(3, 1, 2)",
            "greatest(1)",
            "greatest(true, 1)",
            "least()",
            "mod(7, -3)",
            "mod(-7, 3)",
            "hash(1)",
            "hash(1, 2)",
            "HASH(3)",
            "hash_fnv1a(10)",
            "hash_fnv1a(10, 5432)",
            "hash_murmur2(10, 5432)",
            "hash(-1, -1)",
            "hash(2.5)",
            "hash(NULL)",
            "hash(true)",
            "random(5, 5)",
            "random(2, 1)",
            "random(0, 9223372036854775807)",
            "random(-9223372036854775808, 0)",
            "random(true, 1)",
            "random_gaussian(1, 10, 1.9)",
            "random_gaussian(4, 4, 2)",
            "random_exponential(1, 10, 0)",
            "random_exponential(4, 4, 1)",
            "random_zipfian(1, 10, 1)",
            "random_zipfian(1, 10, 1000.1)",
            "random_zipfian(4, 4, 1.5)",
            "1 +",
            "* 2",
            "(1",
            "1)",
            "foo(1)",
            "abs(1, 2)",
            "pi(1)",
            "hash()",
            "CASE 1 WHEN 1 THEN 2 END",
            "CASE END",
            ".5",
            "5.",
            "1e5",
            "1e",
            "1e400",
            "1e-400",
            "5 5",
            "true1",
            "trUE",
            "nUlL",
            ":seven",
            ":undefined",
            ": seven",
            "\"a\"",
            "'a'",
            "1; 2",
            "1 -- c",
            "1 IS 2",
            "1 IS NOT NULL IS TRUE",
            "a",
            "permute(0, 0)",
            "permute(0, -5)",
            "permute(1, 1)",
            "permute(5, 2)",
            "permute(-1, 10)",
            "permute(3, 10, 1)",
            "permute(NULL, 2)",
            "0xff",
            "1_000",
            "random_zipfian(1, 10)",
            "true + 1",
            "- true",
            "NOT 1",
            "~true",
            "~2.5",
            "1.5 << 2",
            "1.5 | 2.5",
            "NULL + 1",
            "NULL = NULL",
            "NULL IS NOT NULL",
        },
        1'000);
}

TEST_F(PgbenchAgreement, PermutationsAndHashesAreTheSameBitForBit) {
    workloads::Random random{5, 5};
    std::vector<std::string> expressions;
    const auto number = [&](std::uint64_t bits) {
        return std::to_string(static_cast<std::int64_t>(random.next() >> (64 - bits)));
    };
    for (std::uint64_t i = 0; i < 3'000; ++i) {
        const auto size = number(1 + i % 63);
        expressions.push_back("permute(" + number(1 + random.below(63)) + ", " + size + " + 1 - " +
                              (size.size() > 18 ? "1" : "0") + ", " + number(63) + ")");
        expressions.push_back("hash_fnv1a(-" + number(63) + ", " + number(63) + ")");
        expressions.push_back("hash_murmur2(" + number(63) + ", -" + number(63) + ")");
    }
    for (int i = 0; i < 100; ++i) {
        expressions.push_back("permute(" + std::to_string(i) + ", 100)");
    }
    compare(expressions, 20);
}

// How a variable's text is read, as of -D and \gset.
TEST_F(PgbenchAgreement, TextsOfVariablesHaveTheSameTypes) {
    for (const std::string text : {"1",    " 1",   "1 ",
                                   "+1",   "-1",   "+",
                                   "-",    "1.5",  "1e3",
                                   "+1.5", " 1.5", "t",
                                   "TRUE", "tru",  "y",
                                   "yes",  "on",   "o",
                                   "of",   "off",  "n",
                                   "no",   "f",    "null",
                                   "NULL", "nu",   "x",
                                   "",     "1x",   "0x10",
                                   "inf",  "nan",  "99999999999999999999",
                                   "--1",  "+-1"}) {
        SCOPED_TRACE("'" + text + "'");
        const auto theirs = run_pgbench(uri(), "\\set x debug(:v)\n", "-D v='" + text + "'");
        const auto value = workloads::pgbench::value_of_text(text);
        ASSERT_EQ(theirs.exit == 0, value.has_value()) << theirs.output;
        if (value) {
            std::string written{name_of(value->type)};
            if (!value->is_null()) {
                written += " ";
                workloads::pgbench::write_text(*value, written);
            }
            EXPECT_EQ(theirs.debugged().at(0), written);
        }
    }
}

// The SQL that the server gets, by what it stored.
TEST_F(PgbenchAgreement, StatementsGetTheSameTexts) {
    sql("CREATE TABLE seen (n serial, t text)");
    const std::string script = R"(
\set i 5
\set d 1.0 / 3
\set big 1e20
\set b true
\set z NULL
INSERT INTO seen (t) VALUES (':i'), (':d'), (':big'), (':b'), (':z'), (':i:d'), ('a:i.b'), (':undefined');
INSERT INTO seen (t) VALUES ('12:30:00'), ('x::i'), (:i::text), (':::i'), (':i:'), ('é:i');
INSERT INTO seen (t)
  SELECT 'a;b' -- a comment; not the end
  WHERE (1 = 1);
INSERT INTO seen (t) VALUES ($$a;:i$$), ($x$;$$;$x$), (E'a\';b'), ('c''d;') /* :i ; /* nested */ */;
SELECT 1 AS one, 'two' AS two, NULL AS none \gset p_
INSERT INTO seen (t) VALUES ('[:p_one]'), ('[:p_two]'), ('[:p_none]');
SELECT 4 AS four \; SELECT 5 AS five, 6 AS six WHERE false \; SELECT n AS seven FROM generate_series(6, 7) n ORDER BY 1 \aset
INSERT INTO seen (t) VALUES ('[:four]'), ('[:five]'), ('[:six]'), ('[:seven]');
SELECT 8 AS e \; SELECT 9 AS f \gset
INSERT INTO seen (t) VALUES ('[:e]'), ('[:f]');
\if :i = 4
INSERT INTO seen (t) VALUES ('no');
\elif :b \
     AND NOT false
INSERT INTO seen (t) VALUES ('elif');
  \if NULL
    INSERT INTO seen (t) VALUES ('no');
  \else
    INSERT INTO seen (t) VALUES ('else');
  \endif
\else
INSERT INTO seen (t) VALUES ('no');
\endif
INSERT INTO seen (t) VALUES ('last')
)";
    const auto theirs = run_pgbench(uri(), script);
    ASSERT_EQ(theirs.exit, 0) << theirs.output;
    const std::string all = "SELECT string_agg(t, '|' ORDER BY n) FROM seen";
    const auto expected = value(all);
    sql("TRUNCATE seen RESTART IDENTITY");

    auto parsed = parse_script(script, {.name = "t", .variables = {}, .writes_text = true});
    if (const auto* errors = std::get_if<workloads::pgbench::ScriptErrors>(&parsed)) {
        FAIL() << errors->front().message;
    }
    const Script& ours = std::get<Script>(parsed);
    ScriptRun run;
    run.begin(ours, 1, 1, 0);
    const std::map<std::uint32_t, std::vector<std::pair<std::string, std::string>>> answers{
        {4, {{"one", "1"}, {"two", "two"}, {"none", ""}}},
        {6, {{"four", "4"}, {"seven", "7"}}},
        {8, {{"f", "9"}}}};
    for (auto action = run.next(); action.kind != Action::Kind::finished; action = run.next()) {
        ASSERT_EQ(action.kind, Action::Kind::send) << run.error();
        std::string text;
        run.write_text(action.statement, text);
        sql(text);
        if (const auto answer = answers.find(action.statement); answer != answers.end()) {
            for (const auto& [column, kept] : answer->second) {
                ASSERT_TRUE(run.keep(action.statement, column, kept)) << run.error();
            }
        }
    }
    EXPECT_EQ(value(all), expected);
}

// Two samples of the same law, by chi-square: 3 sigma beyond its mean, for fixed seeds.
TEST_F(PgbenchAgreement, DistributionsAreTheSame) {
    constexpr int draws = 20'000;
    for (const std::string law :
         {"random(1, 20)", "random_gaussian(1, 20, 2.5)", "random_gaussian(1, 20, 6)",
          "random_exponential(1, 20, 3)", "random_exponential(1, 20, 0.001)",
          "random_zipfian(1, 20, 1.001)", "random_zipfian(1, 20, 1.5)",
          "random_zipfian(1, 20, 3)"}) {
        SCOPED_TRACE(law);
        std::string script;
        for (int i = 0; i < 500; ++i) {
            script += "\\set x debug(" + law + ")\n";
        }
        std::array<double, 21> ours{}, theirs{};
        int count = 0;
        for (const auto& text : run_pgbench(uri(), script, "-t 40 --random-seed=1").debugged()) {
            theirs.at(static_cast<std::size_t>(std::stoi(text.substr(4)))) += 1;
            ++count;
        }
        ASSERT_EQ(count, draws);
        const auto parsed = parse_script("\\set x " + law + "\nSELECT :x;", ScriptOptions{});
        ScriptRun run;
        for (std::uint64_t index = 0; index < draws; ++index) {
            run.begin(std::get<Script>(parsed), 99, index, 0);
            const auto action = run.next();
            std::vector<const char*> values(1);
            ASSERT_TRUE(run.bind(action.statement, values));
            ours.at(static_cast<std::size_t>(std::stoi(values[0]))) += 1;
        }
        double chi = 0;
        int freedom = -1;
        for (std::size_t i = 1; i < ours.size(); ++i) {
            if (const double sum = ours[i] + theirs[i]; sum > 0) {
                chi += (ours[i] - theirs[i]) * (ours[i] - theirs[i]) / sum;
                ++freedom;
            }
        }
        EXPECT_LT(chi, freedom + 4 * std::sqrt(2.0 * freedom) + 4);
    }
}

}  // namespace
