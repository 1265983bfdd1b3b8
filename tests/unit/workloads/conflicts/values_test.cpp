#include "workloads/conflicts/row_values.hpp"
#include "workloads/conflicts/value_places.hpp"
#include "workloads/logs/statement_scan.hpp"
#include "workloads/synthesis/statement_text.hpp"

#include <gtest/gtest.h>

namespace workloads::conflicts {
namespace {

using synthesis::TypeClass;

// The values of a text's $n as a call with these parameters gives them.
std::vector<std::string> values_in(const std::string& sql) {
    const auto statement = synthesis::read_statement(sql);
    logs::StatementScanner scanner;
    scanner.scan(sql);
    std::vector<std::string> values;
    for (const auto& place : places_of_values(sql, statement.sql)) {
        std::string value = "?";
        if (place.kind == ValuePlace::Kind::parameter) {
            value = "$" + std::to_string(place.index + 1);
        } else if (place.kind == ValuePlace::Kind::literal) {
            EXPECT_TRUE(read_literal(scanner.literals().at(place.index), value));
        }
        values.push_back((place.negative ? "-" : "") + value);
    }
    return values;
}

TEST(ValuePlaces, AreThoseOfTheLiteralsThatBecameParameters) {
    using List = std::vector<std::string>;
    EXPECT_EQ(values_in("SELECT * FROM t WHERE a = 7 AND b = 'it''s'"), (List{"7", "it's"}));
    EXPECT_EQ(values_in("SELECT * FROM t WHERE a = $1 AND b = 'x' AND c = $2"),
              (List{"$1", "$2", "x"}));
    EXPECT_EQ(values_in("SELECT * FROM t WHERE a = -5 AND b = 1.25e3"), (List{"-5", "1.25e3"}));
    EXPECT_EQ(values_in("SELECT a - 5 FROM t"), (List{"5"}));
    EXPECT_EQ(values_in("SELECT * FROM t /* 1 */ WHERE a IN (1, 2, 3); -- 4"),
              (List{"1", "2", "3"}));
    EXPECT_EQ(values_in("INSERT INTO t VALUES (1, DEFAULT, TRUE, 'a'), (2, 3, NULL, E'b')"),
              (List{"1", "?", "a", "2", "3", "?", "b"}));
    EXPECT_EQ(values_in("SELECT a FROM t WHERE b > interval '1 day' AND c = 3 ORDER BY 1 LIMIT 2"),
              (List{"1 day", "3", "2"}));
    EXPECT_EQ(values_in("SELECT a::varchar(10) FROM t WHERE b = 5"), (List{"5"}));
}

TEST(ValuePlaces, AreNoneWhereTheTextsDoNotMatch) {
    EXPECT_TRUE(places_of_values("SELECT 1 FROM a", "SELECT $1 FROM b").empty());
    EXPECT_TRUE(places_of_values("SELECT 1", "SELECT $1, $2").empty());
    EXPECT_TRUE(places_of_values("", "SELECT $1").empty());
}

TEST(Literals, AreReadWhereTheyArePlain) {
    std::string value;
    EXPECT_TRUE(read_literal("'a''b'", value) && value == "a'b");
    EXPECT_TRUE(read_literal("''", value) && value.empty());
    EXPECT_TRUE(read_literal("12", value) && value == "12");
    EXPECT_FALSE(read_literal("E'a\\n'", value));
    EXPECT_FALSE(read_literal("$$a$$", value));
    EXPECT_FALSE(read_literal("'a'\n'b'", value));
    EXPECT_FALSE(read_literal("B'01'", value));
    EXPECT_FALSE(read_literal("", value));
    EXPECT_TRUE(read_literal(written_literal("o'c"), value) && value == "o'c");
}

TEST(RowValues, AreEqualWhereTheServerTakesThemForEqual) {
    EXPECT_EQ(canonical(" 007", TypeClass::integer), "7");
    EXPECT_EQ(canonical("-0", TypeClass::integer), "0");
    EXPECT_EQ(canonical("+12", TypeClass::integer), "12");
    EXPECT_EQ(canonical("-12", TypeClass::integer), "-12");
    EXPECT_FALSE(canonical("1.0", TypeClass::integer));
    EXPECT_FALSE(canonical("", TypeClass::integer));
    EXPECT_EQ(canonical("{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", TypeClass::uuid),
              canonical("a0eebc999c0b4ef8bb6d6bb9bd380a11", TypeClass::uuid));
    EXPECT_FALSE(canonical("a0eebc99", TypeClass::uuid));
    EXPECT_EQ(canonical("Ab  ", TypeClass::text), "ab");
    EXPECT_FALSE(canonical("2024-01-01", TypeClass::moment));
}

TEST(RowValues, ComeFromPlainArrays) {
    EXPECT_EQ(elements("{1, 2,3}"), (std::vector<std::string>{"1", "2", "3"}));
    EXPECT_EQ(elements("{}"), std::vector<std::string>{});
    EXPECT_FALSE(elements("{{1},{2}}"));
    EXPECT_FALSE(elements("{\"a,b\"}"));
    EXPECT_FALSE(elements("{1,NULL}"));
    EXPECT_FALSE(elements("1"));
    EXPECT_FALSE(elements("{1,,2}"));
}

TEST(RowValues, AreToldApartColumnByColumn) {
    EXPECT_NE(hash_of_row({"a", "b"}), hash_of_row({"b", "a"}));
    EXPECT_NE(hash_of_row({"a"}), hash_of_row({"a", ""}));
    EXPECT_EQ(hash_of_row({"a", "b"}), hash_of_row({"a", "b"}));
}

}  // namespace
}  // namespace workloads::conflicts
