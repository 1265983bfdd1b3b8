#include "workloads/logs/shapes.hpp"

#include <string>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

TEST(Shapes, AreOneForTextsThatDifferInValuesSpacesAndCase) {
    Shapes shapes;
    const auto first = shapes.find("SELECT * FROM t WHERE a = 1").shape;
    EXPECT_EQ(shapes.find("select *  from T where a = 'x' -- why").shape, first);
    EXPECT_EQ(shapes.find("SELECT * FROM t WHERE a = $1;").shape, first);
    EXPECT_NE(shapes.find("SELECT * FROM t WHERE b = 1").shape, first);
    EXPECT_TRUE(shapes.all()[first].parsed);
    EXPECT_EQ(shapes.all()[first].masked, "SELECT * FROM t WHERE a = ?");
    EXPECT_EQ(shapes.all()[first].kind, StatementKind::query);
}

TEST(Shapes, AreOneForListsOfAnyLength) {
    Shapes shapes;
    const auto first = shapes.find("SELECT 1 FROM t WHERE a IN (1, 2)").shape;
    EXPECT_EQ(shapes.find("SELECT 1 FROM t WHERE a IN (1, 2, 3, 4)").shape, first);
    EXPECT_EQ(shapes.all()[first].masked, "SELECT ? FROM t WHERE a IN (?, ...)");
}

TEST(Shapes, AreOneForTablesThatDifferInTheirNumbers) {
    Shapes shapes;  // libpg_query takes them for partitions
    EXPECT_EQ(shapes.find("SELECT a FROM orders_2023").shape,
              shapes.find("SELECT a FROM orders_2024").shape);
}

TEST(Shapes, OfWhatTheParserDoesNotKnowGoByTheirMaskedText) {
    Shapes shapes;
    const auto first = shapes.find("selekt 1").shape;
    EXPECT_EQ(shapes.find("selekt  2").shape, first);
    EXPECT_NE(shapes.find("selekt a").shape, first);
    EXPECT_FALSE(shapes.all()[first].parsed);
    EXPECT_NE(shapes.all()[first].fingerprint, 0U);
}

TEST(Shapes, ParseOncePerMaskedText) {
    Shapes shapes;
    for (int i = 0; i < 50'000; ++i) {
        (void)shapes.find("UPDATE t SET a = " + std::to_string(i) + " WHERE b = 'x'");
    }
    EXPECT_EQ(shapes.parses(), 1U);
    EXPECT_EQ(shapes.all().size(), 2U);  // and that of texts that are not known
}

TEST(Shapes, GiveTheSameScanFromTheCache) {
    Shapes shapes;
    const auto first = shapes.find("SELECT lo_open($3, 1)");
    const auto again = shapes.find("SELECT lo_open($3, 1)");
    EXPECT_EQ(again.shape, first.shape);
    EXPECT_EQ(again.scan.parameters, 3U);
    EXPECT_TRUE(again.scan.large_objects);
    EXPECT_EQ(again.scan.kind, StatementKind::query);
}

TEST(Shapes, NameTheObjectEachTime) {
    Shapes shapes;
    for (int i = 0; i < 3; ++i) {
        const auto fetch = shapes.find("BEGIN; FETCH 1 FROM c");
        ASSERT_EQ(fetch.objects.size(), 1U);
        EXPECT_EQ(fetch.objects[0].name, "c");
        EXPECT_TRUE(shapes.find("SELECT 1").objects.empty());
    }
}

TEST(Shapes, StayBoundedWhateverComes) {
    Shapes shapes;
    for (std::size_t i = 0; i < Shapes::most + 100; ++i) {
        (void)shapes.find("SELECT c" + std::to_string(i) + " FROM t");
    }
    EXPECT_TRUE(shapes.overflowed());
    EXPECT_EQ(shapes.all().size(), Shapes::most + 1);
    EXPECT_EQ(shapes.all()[shapes.find("SELECT one_more FROM t").shape].masked,
              "(other statements)");
    EXPECT_EQ(shapes.all()[shapes.find("SELECT c5 FROM t").shape].masked, "SELECT c5 FROM t");
}

TEST(Shapes, OfHugeDeepOrBrokenTextsAreTold) {
    Shapes shapes;
    std::string deep = "SELECT 1", nested = "SELECT ";
    for (int i = 0; i < 100'000; ++i) {
        deep += "+1";
        nested += "(";
    }
    for (const auto& text : {deep, nested, std::string("SELECT '\0'", 10), std::string{},
                             "SELECT '" + std::string(1'000'000, 'x') + "'"}) {
        const auto shape = shapes.find(text).shape;
        EXPECT_LT(shape, shapes.all().size());
        EXPECT_LE(shapes.all()[shape].masked.size(), 1'000U);
    }
}

TEST(Shapes, HoldNoValue) {
    Shapes shapes;
    for (const auto* text :
         {"ALTER USER x PASSWORD 'secret'", "SET app.key = 'secret'", "DO $$ secret $$",
          "COMMENT ON TABLE t IS 'secret'", "SELECT E'\\'secret' -- secret", "'secret",
          "NOTIFY c, 'secret'", "COPY t FROM '/secret'"}) {
        const auto shape = shapes.find(text).shape;
        EXPECT_EQ(shapes.all()[shape].masked.find("secret"), std::string::npos) << text;
    }
}

}  // namespace
}  // namespace workloads::logs
