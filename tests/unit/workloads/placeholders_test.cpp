#include "workloads/placeholders.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace workloads {
namespace {

using Names = std::vector<std::string>;

CutStatement cut(std::string_view sql) {
    auto result = cut_placeholders(sql);
    if (const auto* error = std::get_if<TextError>(&result)) {
        ADD_FAILURE() << sql << ": " << error->message << " at " << error->offset;
        return {{std::string{sql}}, {}, {}};
    }
    return std::get<CutStatement>(result);
}

// The names found, after checking that the pieces make up the text again.
Names names_in(std::string_view sql) {
    const CutStatement statement = cut(sql);
    EXPECT_EQ(statement.pieces.size(), statement.names.size() + 1) << sql;
    EXPECT_EQ(statement.offsets.size(), statement.names.size()) << sql;
    std::string again = statement.pieces[0];
    for (std::size_t i = 0; i < statement.names.size(); ++i) {
        EXPECT_EQ(statement.offsets[i], again.size()) << sql;
        again += ":" + statement.names[i] + statement.pieces[i + 1];
    }
    EXPECT_EQ(again, sql);
    return statement.names;
}

std::string numbered(std::string_view sql) {
    std::vector<std::string> names;
    return cut(sql).numbered(names);
}

TextError error_of(std::string_view sql) {
    auto result = cut_placeholders(sql);
    if (auto* error = std::get_if<TextError>(&result)) {
        return *error;
    }
    ADD_FAILURE() << "no error in: " << sql;
    return {};
}

TEST(Placeholders, AreFoundAtTheStartAtTheEndAndInBetween) {
    EXPECT_EQ(names_in("SELECT 1"), Names{});
    EXPECT_EQ(names_in(""), Names{});
    EXPECT_EQ(names_in(":a"), Names{"a"});
    EXPECT_EQ(names_in("SELECT :a"), Names{"a"});
    EXPECT_EQ(names_in(":a + 1"), Names{"a"});
    EXPECT_EQ(names_in("INSERT INTO t VALUES (:a,:b, :c)"), (Names{"a", "b", "c"}));
    EXPECT_EQ(names_in("SELECT :a-:b*:c/:d"), (Names{"a", "b", "c", "d"}));
}

TEST(Placeholders, HaveNamesOfLettersDigitsAndUnderscores) {
    EXPECT_EQ(names_in("SELECT :_x, :X9, :a_b_1, :SELECT"), (Names{"_x", "X9", "a_b_1", "SELECT"}));
    EXPECT_EQ(names_in("SELECT :a.b"), Names{"a"});
    EXPECT_EQ(names_in("SELECT (:a)"), Names{"a"});
    EXPECT_EQ(names_in("SELECT :a;"), Names{"a"});
}

TEST(Placeholders, UsedAgainKeepTheirNumber) {
    const CutStatement statement = cut("UPDATE t SET a = :b, c = :a WHERE a = :a AND b = :b");
    EXPECT_EQ(statement.names, (Names{"b", "a", "a", "b"}));
    std::vector<std::string> parameters{"left over"};
    EXPECT_EQ(statement.numbered(parameters),
              "UPDATE t SET a = $1, c = $2 WHERE a = $2 AND b = $1");
    EXPECT_EQ(parameters, (Names{"b", "a"}));
}

TEST(Placeholders, AreNotFoundInStringLiterals) {
    EXPECT_EQ(names_in("SELECT ':a', :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT 'it''s :a' || :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT '', :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT '''', :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT '10:30:a'::time, :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT 'a\n:b\n', :c"), Names{"c"});
    EXPECT_EQ(names_in("SELECT '\":a', :b, '\":c'"), Names{"b"});
    EXPECT_EQ(names_in("SELECT '-- :a', :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT '/* :a', :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT '$$', :b, '$$'"), Names{"b"});
}

TEST(Placeholders, SeeABackslashAsAnOrdinaryCharacterInAPlainLiteral) {
    EXPECT_EQ(names_in(R"(SELECT 'C:\', :b)"), Names{"b"});
    EXPECT_EQ(names_in(R"(SELECT N'a\', :b, B'01', X'1F', :c)"), (Names{"b", "c"}));
    EXPECT_EQ(names_in(R"(SELECT U&'d\0061t\+000061:a\', :b)"), Names{"b"});
    EXPECT_EQ(names_in(R"(SELECT U&'d!0061:a' UESCAPE '!', :b)"), Names{"b"});
    EXPECT_EQ(names_in(R"(SELECT U&"d\0061:a\", :b)"), Names{"b"});
}

TEST(Placeholders, SeeABackslashAsAnEscapeInAnELiteral) {
    EXPECT_EQ(names_in(R"(SELECT E'it\'s :a', :b)"), Names{"b"});
    EXPECT_EQ(names_in(R"(SELECT e'\\', :b)"), Names{"b"});
    EXPECT_EQ(names_in(R"(SELECT E'\\\' :a', :b)"), Names{"b"});
    EXPECT_EQ(names_in(R"(SELECT E'a''\':a', :b)"), Names{"b"});
    EXPECT_EQ(names_in(R"(SELECT E'', :b)"), Names{"b"});
}

TEST(Placeholders, KnowThatOnlyAnEOfItsOwnMakesAnELiteral) {
    EXPECT_EQ(names_in(R"(SELECT date'\', :b)"), Names{"b"});
    EXPECT_EQ(names_in(R"(SELECT some_e'\', :b)"), Names{"b"});
    EXPECT_EQ(names_in(R"(SELECT E '\', :b)"), Names{"b"});
    EXPECT_EQ(names_in("SELECT é'\\', :b"), Names{"b"});
}

TEST(Placeholders, FollowAnELiteralThatContinuesOnTheNextLine) {
    EXPECT_EQ(names_in("SELECT E'a'\n  'it\\'s :a', :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT E'a' -- and\n -- so on\n'it\\'s :a', :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT E'a'\n'b'\n'\\':a', :b"), Names{"b"});
    // On the same line the second literal is one of its own: a plain one.
    EXPECT_EQ(names_in("SELECT E'a' '\\', :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT E'a', \n'\\', :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT E'a' -- the end"), Names{});
}

TEST(Placeholders, AreNotFoundInQuotedNames) {
    EXPECT_EQ(names_in(R"(SELECT ":a", "x"":b" FROM t WHERE c = :c)"), Names{"c"});
    EXPECT_EQ(names_in(R"(SELECT "it's" = :a, "it's")"), Names{"a"});
}

TEST(Placeholders, AreNotFoundInComments) {
    EXPECT_EQ(names_in("SELECT 1 -- :a\n, :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT 1 -- :a\r, :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT 1 -- it's\n, :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT 1 --:a"), Names{});
    EXPECT_EQ(names_in("SELECT 5 --:a\n-:b"), Names{"b"});
    EXPECT_EQ(names_in("/* :a */ SELECT /* it's */ :b"), Names{"b"});
    EXPECT_EQ(names_in("/* a /* :b */ :c */ SELECT :d"), Names{"d"});
    EXPECT_EQ(names_in("/*/* :a */*/ SELECT :d"), Names{"d"});
    EXPECT_EQ(names_in("/**/ SELECT :d /***/"), Names{"d"});
    EXPECT_EQ(names_in("/*/ :a */ SELECT :d"), Names{"d"});
    EXPECT_EQ(names_in("SELECT a*/* :x */:b"), Names{"b"});
    EXPECT_EQ(names_in("-- /* \nSELECT :d -- */"), Names{"d"});
    EXPECT_EQ(names_in("/* -- */ SELECT :d"), Names{"d"});
}

TEST(Placeholders, AreNotFoundInDollarQuotes) {
    EXPECT_EQ(names_in("SELECT $$:a$$, :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT $x$ :a $$ :b $y$ :c $x$, :d"), Names{"d"});
    EXPECT_EQ(names_in("SELECT $_a1$ it's :a $_a1$, :d"), Names{"d"});
    EXPECT_EQ(names_in("SELECT $é$ :a $é$, :d"), Names{"d"});
    EXPECT_EQ(names_in("SELECT $a$ :x $b$a$, :d"), Names{"d"});
    EXPECT_EQ(names_in("SELECT $a$ :x $A$ :y $a$, :d"), Names{"d"});
    EXPECT_EQ(names_in("DO $do$ BEGIN x := 1; PERFORM $1; END $do$"), Names{});
    EXPECT_EQ(names_in("SELECT $$$$, :b, $$$$"), Names{"b"});
    EXPECT_EQ(names_in("SELECT 1$$:a$$, 1e5$$:a$$, 1.5e-5$$:a$$, :b"), Names{"b"});
}

TEST(Placeholders, KnowThatADollarWithinAnIdentifierQuotesNothing) {
    EXPECT_EQ(names_in("SELECT a$b$, :c, d$b$"), Names{"c"});
    EXPECT_EQ(names_in("SELECT a$1, :c"), Names{"c"});
    EXPECT_EQ(names_in("SELECT é$$, :c, é$$"), Names{"c"});
    EXPECT_EQ(names_in("SELECT $a, :c"), Names{"c"});
}

TEST(Placeholders, AreNoCasts) {
    EXPECT_EQ(names_in("SELECT a::int"), Names{});
    EXPECT_EQ(names_in("SELECT a :: int, b ::int, c:: int"), Names{});
    EXPECT_EQ(names_in("SELECT :a::int, :b :: numeric(10, 2), (:c)::text[]"),
              (Names{"a", "b", "c"}));
    EXPECT_EQ(names_in("SELECT '1'::int+:a"), Names{"a"});
    EXPECT_EQ(names_in("SELECT a::\nint, :b"), Names{"b"});
    EXPECT_EQ(numbered("SELECT :a::int::text"), "SELECT $1::int::text");
}

TEST(Placeholders, AreNoNamedArguments) {
    EXPECT_EQ(names_in("SELECT f(a := 1, b:=:b, c => :c)"), (Names{"b", "c"}));
    EXPECT_EQ(names_in("SELECT f(a:=b)"), Names{});
}

TEST(Placeholders, AreNoArraySlices) {
    EXPECT_EQ(names_in("SELECT a[1:2]"), Names{});
    EXPECT_EQ(names_in("SELECT a[1:n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[1 :n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[lo:hi]"), Names{});
    EXPECT_EQ(names_in("SELECT a[\"lo\":hi]"), Names{});
    EXPECT_EQ(names_in("SELECT a[t.lo:hi]"), Names{});
    EXPECT_EQ(names_in("SELECT a[f(x):n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[b[1]:n]"), Names{});
    EXPECT_EQ(names_in("SELECT a['1':n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[E'1':n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[$$1$$:n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[1::int:n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[1.5e3:n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[0x1f:n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[1 /* one */ :n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[CASE WHEN x THEN 1 END:n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[naïve:n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[zone:n], a[t.limit:n], a[limits:n]"), Names{});
    EXPECT_EQ(names_in("SELECT a[1:n][2:m]"), Names{});
    EXPECT_EQ(names_in("SELECT a[:], a[1:], a[:2]"), Names{});
}

TEST(Placeholders, AreFoundAsTheBoundsOfASlice) {
    EXPECT_EQ(names_in("SELECT a[:n]"), Names{"n"});
    EXPECT_EQ(names_in("SELECT a[ :n ]"), Names{"n"});
    EXPECT_EQ(names_in("UPDATE t SET arr[:i] = :v"), (Names{"i", "v"}));
    EXPECT_EQ(names_in("SELECT a[: :hi]"), Names{"hi"});
    EXPECT_EQ(names_in("SELECT a[:lo : :hi]"), (Names{"lo", "hi"}));
    EXPECT_EQ(names_in("SELECT a[:lo:hi]"), Names{"lo"});
    EXPECT_EQ(names_in("SELECT a[1: :hi]"), Names{"hi"});
    EXPECT_EQ(names_in("SELECT a[1:(:hi)]"), Names{"hi"});
    EXPECT_EQ(names_in("SELECT a[1 + :lo:hi]"), Names{"lo"});
    EXPECT_EQ(names_in("SELECT a[f(:x):n]"), Names{"x"});
    EXPECT_EQ(names_in("SELECT a[f(y, :x):n]"), Names{"x"});
    EXPECT_EQ(names_in("SELECT a[b[:x]:n]"), Names{"x"});
    EXPECT_EQ(names_in("SELECT a[(SELECT x FROM t WHERE id = :id):n]"), Names{"id"});
    EXPECT_EQ(names_in("SELECT a[-:n]"), Names{"n"});
}

TEST(Placeholders, AreFoundInArrayConstructors) {
    EXPECT_EQ(names_in("SELECT ARRAY[:a, :b]"), (Names{"a", "b"}));
    EXPECT_EQ(names_in("SELECT ARRAY[1,:b]"), Names{"b"});
    EXPECT_EQ(names_in("SELECT ARRAY[[:a, 1], [2, :b]]::int[]"), (Names{"a", "b"}));
    EXPECT_EQ(names_in("SELECT ARRAY[a+:b, x.y||:c]"), (Names{"b", "c"}));
}

TEST(Placeholders, AreFoundInBracketsAfterAWordThatAnExpressionFollows) {
    EXPECT_EQ(names_in("SELECT a[CASE WHEN :p THEN :q ELSE :r END]"), (Names{"p", "q", "r"}));
    EXPECT_EQ(names_in("SELECT a[case x when :p then :q else :r end:n]"), (Names{"p", "q", "r"}));
    EXPECT_EQ(names_in("SELECT ARRAY[x AND :a, y OR :b, NOT :c, x IN (:d)]"),
              (Names{"a", "b", "c", "d"}));
    EXPECT_EQ(names_in("SELECT ARRAY[x BETWEEN :a AND :b, x LIKE :c ESCAPE :d]"),
              (Names{"a", "b", "c", "d"}));
    EXPECT_EQ(names_in("SELECT ARRAY[x IS DISTINCT FROM :a, x SIMILAR TO :b]"), (Names{"a", "b"}));
    EXPECT_EQ(names_in("SELECT ARRAY[x AT TIME ZONE :tz]"), Names{"tz"});
    EXPECT_EQ(names_in("SELECT ARRAY[x OPERATOR(pg_catalog.+) :a]"), Names{"a"});
}

TEST(Placeholders, AreAlwaysFoundOutsideBrackets) {
    EXPECT_EQ(names_in("SELECT CASE WHEN :a THEN :b ELSE :c END"), (Names{"a", "b", "c"}));
    EXPECT_EQ(names_in("SELECT x FROM t WHERE y BETWEEN :a AND :b LIMIT :c OFFSET :d"),
              (Names{"a", "b", "c", "d"}));
    EXPECT_EQ(names_in("SELECT interval :x"), Names{"x"});
    EXPECT_EQ(names_in("SELECT :n * interval '1 day'"), Names{"n"});
    EXPECT_EQ(names_in("UPDATE t SET a=:a RETURNING b,:c"), (Names{"a", "c"}));
    EXPECT_EQ(names_in("SELECT a[1:n], :b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT x, count(*) FILTER (WHERE y > :a) OVER (ROWS :n PRECEDING) FROM t"),
              (Names{"a", "n"}));
    EXPECT_EQ(names_in("SELECT f(x) FROM t WHERE (a, b) > (:a, :b) FETCH FIRST :n ROWS ONLY"),
              (Names{"a", "b", "n"}));
}

TEST(Placeholders, StandBesideAnyOperator) {
    EXPECT_EQ(names_in("SELECT j->:a->>:b#>:c#>>:d @> :e ? :f ?| :g ?& :h || :i"),
              (Names{"a", "b", "c", "d", "e", "f", "g", "h", "i"}));
    EXPECT_EQ(names_in("SELECT a<:a, b>=:b, c<>:c, d!=:d, e~:e, f!~*:f, @:g, |/:h"),
              (Names{"a", "b", "c", "d", "e", "f", "g", "h"}));
    EXPECT_EQ(names_in("SELECT j @? '$.a ? (@ > 1)' , j @@ :p"), Names{"p"});
}

TEST(Placeholders, LeaveAColonAloneThatNoNameFollows) {
    EXPECT_EQ(names_in("SELECT JSON_OBJECT('k' : v, 'l': :w, 'm':'x', 'n':1)"), Names{"w"});
}

TEST(Placeholders, SurviveUnbalancedBrackets) {
    EXPECT_EQ(names_in("SELECT a]:b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT (a]:b"), Names{"b"});
    EXPECT_EQ(names_in("SELECT [a):b"), Names{});
}

TEST(Placeholders, ReadIdentifiersBeyondAscii) {
    EXPECT_EQ(names_in("SELECT größe, :a FROM Ünïcödé WHERE größe = :b"), (Names{"a", "b"}));
    EXPECT_EQ(names_in("SELECT 'größe :a', :b"), Names{"b"});
}

TEST(Placeholders, AreKeptApartFromTheirNeighbours) {
    EXPECT_EQ(numbered("SELECT:a"), "SELECT $1");
    EXPECT_EQ(numbered("SELECT x FROM t WHERE a IN(:a,:b)AND:c"),
              "SELECT x FROM t WHERE a IN($1,$2)AND $3");
    EXPECT_EQ(numbered("SELECT :a'x'"), "SELECT $1 'x'");
    EXPECT_EQ(numbered("SELECT 'x':a"), "SELECT 'x' $1");
    EXPECT_EQ(numbered("SELECT 1:a:b"), "SELECT 1 $1 $2");
    EXPECT_EQ(numbered("SELECT a=:a"), "SELECT a=$1");
}

TEST(Placeholders, TakeEachLongestName) {
    EXPECT_EQ(numbered("SELECT :a, :ab, :a"), "SELECT $1, $2, $1");
}

TEST(Placeholders, CountPastNine) {
    std::string sql = "SELECT ", expected = "SELECT ";
    for (int i = 1; i <= 12; ++i) {
        sql += ":p" + std::to_string(i) + ",";
        expected += "$" + std::to_string(i) + ",";
    }
    EXPECT_EQ(numbered(sql), expected);
}

TEST(PlaceholderErrors, NameWhatIsNeverClosedAndWhereItBegan) {
    const auto expect = [](std::string_view sql, std::size_t offset, std::string_view part) {
        const TextError error = error_of(sql);
        EXPECT_EQ(error.offset, offset) << sql;
        EXPECT_NE(error.message.find(part), std::string::npos) << sql << ": " << error.message;
    };
    expect("SELECT 'abc", 7, "string literal");
    expect("SELECT 'abc''", 7, "string literal");
    expect("SELECT E'abc\\'", 7, "backslash");
    expect("SELECT E'abc\\", 7, "backslash");
    expect("SELECT E'abc'\n'def\\'", 7, "backslash");
    expect("SELECT \"abc", 7, "quoted name");
    expect("SELECT /* /* */ ", 7, "comment");
    expect("SELECT 1 /*", 9, "comment");
    expect("SELECT $$abc$", 7, "$$");
    expect("SELECT $x$abc$X$", 7, "$x$");
}

TEST(PlaceholderErrors, RefuseNumberedParameters) {
    const TextError error = error_of("SELECT :a, $12");
    EXPECT_EQ(error.offset, 11U);
    EXPECT_NE(error.message.find("$12"), std::string::npos);
    EXPECT_NE(error.message.find(":name"), std::string::npos);
    EXPECT_EQ(error_of("SELECT a=$1").offset, 9U);
    EXPECT_EQ(error_of("$1").offset, 0U);
}

TEST(PlaceholderErrors, RefuseNamesBeyondAscii) {
    EXPECT_EQ(error_of("SELECT :naïve").offset, 7U);
    EXPECT_EQ(error_of("SELECT :é").offset, 7U);
    EXPECT_EQ(error_of("SELECT :a$b").offset, 7U);
}

TEST(PlaceholderErrors, RefuseANulByte) {
    EXPECT_EQ(error_of(std::string_view{"SELECT \0 1", 10}).offset, 7U);
}

TEST(Placeholders, TakeLinearTimeForDeepAndLongStatements) {
    const std::size_t depth = 200'000;
    std::string nested(depth, '[');
    nested += ":a" + std::string(depth, ']');
    EXPECT_EQ(cut(nested).names, Names{"a"});

    std::string comment;
    for (std::size_t i = 0; i < depth; ++i) {
        comment += "/*";
    }
    for (std::size_t i = 0; i < depth; ++i) {
        comment += "*/";
    }
    EXPECT_EQ(cut(comment + ":a").names, Names{"a"});

    std::string strings;
    for (std::size_t i = 0; i < depth; ++i) {
        strings += "E'a' ";
    }
    EXPECT_EQ(cut(strings + ":a").names, Names{"a"});
}

}  // namespace
}  // namespace workloads
