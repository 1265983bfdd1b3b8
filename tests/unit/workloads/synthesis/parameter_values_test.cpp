#include "workloads/synthesis/parameter_values.hpp"

#include "sample_catalog.hpp"
#include "workloads/values.hpp"

#include <gtest/gtest.h>

namespace workloads::synthesis {
namespace {

using Sources = std::vector<ParameterSource>;

std::variant<Sources, NoValue> chosen(const std::string& sql, const Catalog& catalog,
                                      const ValueOptions& options,
                                      TypeClass type = TypeClass::integer) {
    const auto statement = read_statement(sql);
    const std::vector<std::string> path{"public"};
    const auto analysis = analyse(statement, catalog, path);
    return choose_values(analysis, std::vector(analysis.uses.size(), type), options);
}

// "id: sample(...)" a line; each function must be one that a scenario takes.
std::string functions(const std::string& sql, const ValueOptions& options = {},
                      const Catalog& catalog = shop_catalog(),
                      TypeClass type = TypeClass::integer) {
    const auto result = chosen(sql, catalog, options, type);
    if (const auto* none = std::get_if<NoValue>(&result)) {
        return "none for $" + std::to_string(none->number) + ": " + none->reason;
    }
    std::string out;
    for (const auto& source : std::get<Sources>(result)) {
        out += (out.empty() ? "" : "\n") + source.name + ": " + source.function;
        const auto parsed = Generator::parse(source.function);
        if (const auto* error = std::get_if<TextError>(&parsed)) {
            ADD_FAILURE() << source.function << ": " << error->message;
        }
    }
    return out;
}

TEST(ParameterValues, AreDrawnFromTheColumnOnTheTarget) {
    EXPECT_EQ(functions("SELECT * FROM orders WHERE id = $1"),
              "id: sample(\"SELECT id FROM public.orders\")");
    EXPECT_EQ(functions("SELECT * FROM customers WHERE lower(email) = $1"),
              "email: sample(\"SELECT lower(email) FROM public.customers\")");
    EXPECT_EQ(functions("SELECT * FROM orders WHERE id IN ($1, $2)"),
              "id: sample(\"SELECT id FROM public.orders\")\n"
              "id_2: sample(\"SELECT id FROM public.orders\")");
    EXPECT_EQ(functions("SELECT * FROM customers WHERE email LIKE $1"),
              "email: sample(\"SELECT left(email::text, 3) || '%' FROM public.customers\")");
}

TEST(ParameterValues, AreReadFromBlocksAllOverABigTable) {
    EXPECT_EQ(functions("SELECT * FROM archive.\"Order Lines\" WHERE line = $1"),
              "line: sample(\"SELECT line FROM archive.\"\"Order Lines\"\" TABLESAMPLE SYSTEM "
              "((SELECT least(100, 10000000 / greatest(reltuples, 1)) FROM pg_class WHERE oid = "
              "'archive.\"\"Order Lines\"\"'::regclass))\")");
}

TEST(ParameterValues, OfSeveralColumnsComeFromOneRow) {
    EXPECT_EQ(functions("SELECT * FROM orders WHERE customer_id = $1 AND status = $2"),
              "customer_id: sample(\"SELECT customer_id, status FROM public.orders\", 1)\n"
              "status: sample(\"SELECT customer_id, status FROM public.orders\", 2)");
    EXPECT_EQ(functions("SELECT * FROM orders a, orders b WHERE a.id = $1 AND b.id = $2"),
              "id: sample(\"SELECT id FROM public.orders\")\n"
              "id_2: sample(\"SELECT id FROM public.orders\")");
}

TEST(ParameterValues, OfRangesAreBoundsWithAsManyRowsBetweenThemAsCallsReturn) {
    ValueOptions options;
    options.rows_per_call = 20;
    EXPECT_EQ(functions("SELECT * FROM orders WHERE id BETWEEN $1 AND $2", options),
              "id_from: sample(\"SELECT id, coalesce(lead(id, 19) OVER w, id) FROM public.orders "
              "WINDOW w AS (ORDER BY id)\", 1)\n"
              "id_to: sample(\"SELECT id, coalesce(lead(id, 19) OVER w, id) FROM public.orders "
              "WINDOW w AS (ORDER BY id)\", 2)");
    EXPECT_EQ(functions("SELECT * FROM orders WHERE status = $1 AND id >= $2 AND id < $3", options),
              "status: sample(\"SELECT status, id, coalesce(lead(id, 19) OVER w, id) FROM "
              "public.orders WINDOW w AS (PARTITION BY status ORDER BY id)\", 1)\n"
              "id_from: sample(\"SELECT status, id, coalesce(lead(id, 19) OVER w, id) FROM "
              "public.orders WINDOW w AS (PARTITION BY status ORDER BY id)\", 2)\n"
              "id_to: sample(\"SELECT status, id, coalesce(lead(id, 19) OVER w, id) FROM "
              "public.orders WINDOW w AS (PARTITION BY status ORDER BY id)\", 3)");
}

TEST(ParameterValues, OfRangesThatALimitCutsAreOfAWidthThatIsNotKnown) {
    ValueOptions options;
    options.rows_per_call = 5;
    const auto text =
        functions("SELECT * FROM orders WHERE id BETWEEN $1 AND $2 LIMIT $3", options);
    EXPECT_NE(text.find("lead(id, 99)"), std::string::npos) << text;
    EXPECT_NE(text.find("row_limit: 5"), std::string::npos) << text;
}

TEST(ParameterValues, OfListsHaveAsManyMembersAsCallsReturnRows) {
    EXPECT_EQ(functions("SELECT * FROM orders WHERE id = ANY($1)"),
              "id_list: sample(\"SELECT ARRAY[id] FROM public.orders\")");
    ValueOptions options;
    options.rows_per_call = 5;
    EXPECT_EQ(functions("SELECT * FROM orders WHERE id = ANY($1)", options),
              "id_list: sample(\"SELECT array_agg(value) FROM (SELECT id AS value, (row_number() "
              "OVER () - 1) / 5 AS list FROM public.orders) AS numbered GROUP BY list\")");
}

TEST(ParameterValues, RespectForeignKeysNullsAndUniqueKeysWhereTheyAreInserted) {
    EXPECT_EQ(
        functions("INSERT INTO orders (id, customer_id, total) VALUES ($1, $2, $3)"),
        "id: sequence(\"SELECT ceil(coalesce(max(id), 0)::numeric)::bigint + 1 FROM "
        "public.orders\")\n"
        "customer_id: sample(\"SELECT id FROM public.customers\")\n"
        "total: weighted(0.75, 'sample(\"(SELECT total FROM public.orders) UNION ALL SELECT 0 "
        "WHERE NOT EXISTS (SELECT FROM public.orders WHERE total IS NOT NULL)\")', 0.25, NULL)");
    EXPECT_EQ(functions("INSERT INTO customers (email) VALUES ($1)"), "email: text(12)");
    EXPECT_EQ(functions("INSERT INTO archive.\"Order Lines\" (order_id, line) VALUES ($1, $2)"),
              "order_id: sample(\"SELECT id FROM public.orders\")\n"
              "line: sequence('SELECT ceil(coalesce(max(line), 0)::numeric)::bigint + 1 FROM "
              "archive.\"Order Lines\"')");
    EXPECT_EQ(functions("UPDATE orders SET status = $1 WHERE id = $2"),
              "status: sample(\"SELECT status FROM public.orders\")\n"
              "id: sample(\"SELECT id FROM public.orders\")");
}

TEST(ParameterValues, AreHalfNewWhereAnInsertMayMeetItsRow) {
    EXPECT_EQ(
        functions("INSERT INTO customers (email) VALUES ($1) ON CONFLICT DO NOTHING"),
        "email: weighted(1, \"text(12)\", 1, 'sample(\"SELECT email FROM public.customers\")')");
}

TEST(ParameterValues, AreAConstantWhereTheyDecideNothing) {
    EXPECT_EQ(functions("UPDATE orders SET total = total + $1 WHERE id = $2"),
              "total_by: 1\nid: sample(\"SELECT id FROM public.orders\")");
    ValueOptions options;
    options.rows_per_call = 9.2;
    EXPECT_EQ(functions("SELECT * FROM orders LIMIT $1 OFFSET $2", options),
              "row_limit: 10\nrow_offset: 0");
    EXPECT_EQ(functions("SELECT $1", {}, shop_catalog(), TypeClass::text), "value: x");
    EXPECT_EQ(functions("SELECT $1", {}, shop_catalog(), TypeClass::other),
              "none for $1: its value is not known, and nothing can be made up for its type");
}

TEST(ParameterValues, AreNoneWhereNothingIsKnown) {
    EXPECT_EQ(functions("SELECT pg_sleep($1)"), "none for $1: it is an argument of pg_sleep()");
    EXPECT_EQ(functions("SELECT * FROM orders WHERE f($1)", {}, shop_catalog(), TypeClass::boolean),
              "value: choice(true, false)");
}

TEST(ParameterValues, AreTheSourcesMostCommonOnesOnlyWhereTheyMayBeKept) {
    auto catalog = shop_catalog();
    auto& status = *catalog.tables[0].columns[2].statistics;
    status.common = {{"paid", 0.5}, {"it's (odd)", 0.25}, {"", 0.125}};
    status.common_are_all = false;
    ValueOptions options;
    EXPECT_EQ(functions("SELECT * FROM orders WHERE status = $1", options, catalog),
              "status: sample(\"SELECT status FROM public.orders\")");
    options.keep_values = true;
    EXPECT_EQ(functions("SELECT * FROM orders WHERE status = $1", options, catalog),
              "status: weighted(0.5, \"paid\", 0.25, \"\"\"it's (odd)\"\"\", 0.125, '\"\"', "
              "0.125, 'sample(\"SELECT status FROM public.orders\")')");
    status.common_are_all = true;
    status.null_fraction = 0.125;
    EXPECT_EQ(functions("UPDATE orders SET status = $1", options, catalog),
              "status: weighted(0.5, \"paid\", 0.25, \"\"\"it's (odd)\"\"\", 0.125, '\"\"', "
              "0.125, NULL)");
}

TEST(ParameterValues, MeanTheValueThatWasKept) {
    auto catalog = shop_catalog();
    auto& status = *catalog.tables[0].columns[2].statistics;
    status.common_are_all = true;
    ValueOptions options;
    options.keep_values = true;
    for (const char* value : {"plain", "uniform(1, 2)", "NULL", "", " padded ", "a\"b'c", "5", "'",
                              "\"", "weighted(1, a)", "x, y"}) {
        status.common = {{value, 1}};
        const auto sources = std::get<Sources>(
            chosen("SELECT * FROM orders WHERE status = $1", catalog, options, TypeClass::text));
        const auto parsed = Generator::parse(sources.at(0).function);
        ASSERT_TRUE(std::holds_alternative<Generator>(parsed)) << sources[0].function;
        Random random{1, 1};
        DrawContext context{random, 1, 0};
        std::string drawn;
        EXPECT_TRUE(std::get<Generator>(parsed).draw(context, drawn)) << value;
        EXPECT_EQ(drawn, value);
    }
}

}  // namespace
}  // namespace workloads::synthesis
