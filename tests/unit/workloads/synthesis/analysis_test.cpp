#include "workloads/synthesis/analysis.hpp"

#include "sample_catalog.hpp"

#include <gtest/gtest.h>

namespace workloads::synthesis {
namespace {

const char* name_of(Role role) {
    switch (role) {
        case Role::equal:
            return "equal";
        case Role::lower:
            return "lower";
        case Role::upper:
            return "upper";
        case Role::pattern:
            return "pattern";
        case Role::members:
            return "members";
        case Role::written:
            return "written";
        case Role::amount:
            return "amount";
        case Role::constant:
            return "constant";
        case Role::limit:
            return "limit";
        case Role::offset:
            return "offset";
        case Role::unknown:
            break;
    }
    return "unknown";
}

// "equal orders.id, limit": one for each parameter.
std::string uses_of(const std::string& sql) {
    static const Catalog catalog = shop_catalog();
    const auto statement = read_statement(sql);
    if (statement.kind != StatementClass::data) {
        return "no data statement";
    }
    const std::vector<std::string> path{"public"};
    std::string out;
    for (const auto& use : analyse(statement, catalog, path).uses) {
        out += out.empty() ? "" : ", ";
        out += name_of(use.role);
        if (use.table != nullptr) {
            const auto column = use.table->name + "." + use.column;
            out += " " + (use.function.empty() ? column : use.function + "(" + column + ")");
        }
    }
    return out;
}

struct Case {
    const char* sql;
    const char* uses;
};

void check(std::initializer_list<Case> cases) {
    for (const auto& [sql, uses] : cases) {
        EXPECT_EQ(uses_of(sql), uses) << sql;
    }
}

TEST(Analysis, FindsTheColumnThatAParameterIsComparedWith) {
    check({
        {"SELECT * FROM orders WHERE id = $1", "equal orders.id"},
        {"SELECT * FROM orders WHERE $1 = id", "equal orders.id"},
        {"SELECT * FROM public.orders o WHERE o.id = $1", "equal orders.id"},
        {"SELECT * FROM orders WHERE orders.id = $1::bigint", "equal orders.id"},
        {"SELECT * FROM orders WHERE id::text = $1", "equal orders.id"},
        {"SELECT * FROM orders WHERE public.orders.id = $1", "equal orders.id"},
        {"SELECT * FROM orders WHERE status <> $1", "equal orders.status"},
        {"SELECT * FROM orders WHERE id IN ($1, $2)", "equal orders.id, equal orders.id"},
        {"SELECT * FROM orders WHERE id NOT IN ($1)", "equal orders.id"},
        {"SELECT * FROM orders WHERE id = ANY($1)", "members orders.id"},
        {"SELECT * FROM orders WHERE id = ANY(ARRAY[$1, $2])", "equal orders.id, equal orders.id"},
        {"SELECT * FROM orders WHERE id = ANY($1::bigint[])", "members orders.id"},
        {"SELECT * FROM orders WHERE id > $1 AND id <= $2", "lower orders.id, upper orders.id"},
        {"SELECT * FROM orders WHERE $1 < id", "lower orders.id"},
        {"SELECT * FROM orders WHERE id BETWEEN $1 AND $2", "lower orders.id, upper orders.id"},
        {"SELECT * FROM orders WHERE status LIKE $1 OR status ILIKE $2",
         "pattern orders.status, pattern orders.status"},
        {"SELECT * FROM orders WHERE status IS DISTINCT FROM $1", "equal orders.status"},
        {"SELECT * FROM orders WHERE (id, status) = ($1, $2)",
         "equal orders.id, equal orders.status"},
        {"SELECT * FROM orders WHERE (id, status) IN (($1, $2), ($3, $4))",
         "equal orders.id, equal orders.status, equal orders.id, equal orders.status"},
        {"SELECT * FROM customers WHERE lower(email) = $1", "equal lower(customers.email)"},
        {"SELECT * FROM customers WHERE lower(email) = lower($1)", "equal customers.email"},
        {"SELECT * FROM customers WHERE email = lower($1)", "equal customers.email"},
        {"SELECT * FROM archive.\"Order Lines\" WHERE line = $1", "equal Order Lines.line"},
        {"SELECT CASE status WHEN $1 THEN $2 ELSE $3 END FROM orders",
         "equal orders.status, constant, constant"},
        {"SELECT * FROM orders WHERE $1 IN (SELECT id FROM customers)", "equal customers.id"},
        {"SELECT NULLIF(status, $1) FROM orders", "equal orders.status"},
    });
}

TEST(Analysis, ResolvesNamesThroughJoinsSubqueriesAndWith) {
    check({
        {"SELECT * FROM orders o JOIN customers c ON c.id = o.customer_id AND c.active = $1 "
         "WHERE email = $2 AND o.id = $3",
         "equal customers.active, equal customers.email, equal orders.id"},
        {"SELECT * FROM orders o, customers c WHERE total > $1 AND c.id = $2",
         "lower orders.total, equal customers.id"},
        {"SELECT * FROM (SELECT id AS key, total FROM orders) s WHERE key = $1", "equal orders.id"},
        {"SELECT * FROM (SELECT * FROM orders) s WHERE s.status = $1", "equal orders.status"},
        {"WITH recent AS (SELECT id FROM orders WHERE created_at > $1) "
         "SELECT * FROM recent WHERE id = $2",
         "lower orders.created_at, equal orders.id"},
        {"WITH r(a) AS (SELECT id FROM orders) SELECT * FROM r WHERE a = $1", "equal orders.id"},
        {"WITH d AS (DELETE FROM orders WHERE id = $1 RETURNING customer_id) "
         "UPDATE customers SET active = $2 FROM d WHERE d.customer_id = $3",
         "equal orders.id, written customers.active, equal orders.customer_id"},
        {"SELECT * FROM customers c WHERE EXISTS "
         "(SELECT FROM orders o WHERE o.customer_id = c.id AND c.email = $1 AND status = $2)",
         "equal customers.email, equal orders.status"},
        {"SELECT * FROM customers WHERE id IN (SELECT customer_id FROM orders WHERE total > $1)",
         "lower orders.total"},
        {"SELECT id FROM orders WHERE id = $1 UNION ALL SELECT id FROM customers WHERE id = $2",
         "equal orders.id, equal customers.id"},
        {"SELECT * FROM orders a JOIN orders b USING (customer_id) WHERE customer_id = $1",
         "equal orders.customer_id"},
        {"SELECT * FROM customers c, LATERAL (SELECT * FROM orders o WHERE o.customer_id = c.id "
         "AND o.total > $1 LIMIT $2) l",
         "lower orders.total, limit"},
        {"SELECT * FROM orders AS o(a, b) WHERE a = $1 AND b = $2",
         "equal orders.id, equal orders.customer_id"},
        {"WITH RECURSIVE r AS (SELECT id FROM orders WHERE id = $1 UNION ALL "
         "SELECT o.id FROM orders o JOIN r ON r.id = o.customer_id) SELECT * FROM r",
         "equal orders.id"},
    });
}

TEST(Analysis, FindsTheColumnThatAParameterIsWrittenTo) {
    check({
        {"INSERT INTO orders (customer_id, total) VALUES ($1, $2), ($3, $4)",
         "written orders.customer_id, written orders.total, written orders.customer_id, "
         "written orders.total"},
        {"INSERT INTO customers VALUES ($1, $2, $3)",
         "written customers.id, written customers.email, written customers.active"},
        {"INSERT INTO orders (customer_id, status) SELECT id, $1 FROM customers WHERE email = $2",
         "written orders.status, equal customers.email"},
        {"INSERT INTO customers (id, email) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET "
         "email = excluded.email, active = $3 WHERE customers.active = $4",
         "written customers.id, written customers.email, written customers.active, "
         "equal customers.active"},
        {"UPDATE orders SET status = $1, total = total + $2 WHERE id = $3",
         "written orders.status, amount orders.total, equal orders.id"},
        {"UPDATE orders o SET (status, total) = ($1, $2) FROM customers c "
         "WHERE c.id = o.customer_id AND c.email = $3",
         "written orders.status, written orders.total, equal customers.email"},
        {"UPDATE orders SET status = COALESCE($1, status) WHERE id = $2",
         "written orders.status, equal orders.id"},
        {"UPDATE orders SET total = CASE WHEN id = $1 THEN $2 ELSE $3 END",
         "equal orders.id, written orders.total, written orders.total"},
        {"DELETE FROM orders USING customers c WHERE c.id = customer_id AND c.active = $1",
         "equal customers.active"},
        {"MERGE INTO customers c USING orders o ON c.id = o.customer_id WHEN MATCHED AND "
         "o.status = $1 THEN UPDATE SET email = $2 WHEN NOT MATCHED THEN INSERT (id, email) "
         "VALUES ($3, $4)",
         "equal orders.status, written customers.email, written customers.id, "
         "written customers.email"},
    });
}

TEST(Analysis, KnowsWhatDecidesNothingAndWhatLimits) {
    check({
        {"SELECT $1", "constant"},
        {"SELECT COALESCE(sum(total), $1) FROM orders", "constant"},
        {"SELECT sum(total * $1), count(*) FILTER (WHERE status = $2) FROM orders",
         "constant, equal orders.status"},
        {"SELECT * FROM orders WHERE $1 = $2", "constant, constant"},
        {"SELECT * FROM orders LIMIT $1 OFFSET $2", "limit, offset"},
        {"SELECT customer_id FROM orders GROUP BY customer_id HAVING count(*) > $1", "constant"},
        {"SELECT id FROM orders WHERE id = $1 FETCH FIRST $2 ROWS ONLY", "equal orders.id, limit"},
    });
}

TEST(Analysis, SaysWhereItCannotTell) {
    check({
        {"SELECT * FROM orders ORDER BY $1", "unknown"},
        {"SELECT * FROM orders WHERE created_at > now() - $1::interval", "unknown"},
        {"SELECT * FROM orders WHERE id + $1 > $2", "unknown, unknown"},
        {"SELECT pg_sleep($1)", "unknown"},
        {"SELECT * FROM generate_series($1, $2)", "unknown, unknown"},
        {"SELECT * FROM nowhere WHERE id = $1", "unknown"},
        {"SELECT * FROM orders WHERE nocolumn = $1", "unknown"},
        {"SELECT date_trunc($1, created_at) FROM orders", "unknown"},
        {"SELECT nextval($1)", "unknown"},
        {"INSERT INTO nowhere (a) VALUES ($1)", "unknown"},
        {"UPDATE orders SET total = round(total, $1)", "unknown"},
        {"SELECT * FROM customers WHERE md5(email || $1) = $2", "unknown, unknown"},
        {"SELECT * FROM orders WHERE status SIMILAR TO $1", "unknown"},
        {"SELECT * FROM orders WHERE id = (SELECT max(id) - $1 FROM orders)", "constant"},
        {"UPDATE orders SET status = v.s FROM (VALUES ($1, $2)) v(k, s) WHERE id = v.k",
         "constant, constant"},
    });
}

TEST(Analysis, RefusesWhatActsOnTheServerAndSaysWhatReadsOnlyCatalogs) {
    const auto catalog = shop_catalog();
    const std::vector<std::string> path{"public"};
    const auto analysis = [&](const std::string& sql) {
        return analyse(read_statement(sql), catalog, path);
    };
    EXPECT_NE(analysis("SELECT pg_terminate_backend($1)").refusal, "");
    EXPECT_NE(analysis("SELECT * FROM orders WHERE id = (SELECT pg_advisory_lock($1))").refusal,
              "");
    EXPECT_NE(analysis("SELECT pg_stat_reset()").refusal, "");
    EXPECT_EQ(analysis("SELECT * FROM orders WHERE id = $1").refusal, "");
    EXPECT_TRUE(analysis("SELECT * FROM pg_class").only_system);
    EXPECT_TRUE(analysis("SELECT * FROM information_schema.tables").only_system);
    EXPECT_TRUE(analysis("SELECT * FROM public.pg_stat_statements").only_system);
    EXPECT_FALSE(analysis("SELECT * FROM pg_class, orders").only_system);
    EXPECT_FALSE(analysis("SELECT $1").only_system);
}

TEST(Analysis, TakesTheUseThatSaysMostOfAParameterThatIsUsedTwice) {
    EXPECT_EQ(uses_of("SELECT $1 FROM orders WHERE id = $1"), "equal orders.id");
    EXPECT_EQ(uses_of("SELECT * FROM orders WHERE pg_sleep($1) IS NULL AND id = $1"),
              "equal orders.id");
}

TEST(Analysis, EndsOnStatementsAsDeepAsTheParserReads) {
    std::string sql = "SELECT * FROM orders WHERE id = $1";
    for (int i = 0; i < 5'000; ++i) {
        sql += " + 1";
    }
    EXPECT_EQ(uses_of(sql), "no data statement");
    while (sql.size() < 500'000) {
        sql += " + 1";
    }
    EXPECT_EQ(uses_of(sql), "no data statement");
    std::string list = "INSERT INTO customers (id, email) VALUES ($1, $2)";
    for (int i = 1; i < 5'000; ++i) {
        list += ", ($" + std::to_string(2 * i + 1) + ", $" + std::to_string(2 * i + 2) + ")";
    }
    EXPECT_TRUE(uses_of(list).ends_with("written customers.id, written customers.email"));
    std::string nested = "SELECT $1";
    for (int i = 0; i < 60; ++i) {
        nested = "SELECT * FROM (" + nested + ") s";
    }
    EXPECT_EQ(uses_of(nested), "constant");
}

}  // namespace
}  // namespace workloads::synthesis
