#include "workloads/conflicts/touches.hpp"

#include "shop_relations.hpp"

#include <gtest/gtest.h>

namespace workloads::conflicts {
namespace {

// "writes orders(id=$1)": one for each touch.
std::string touches_in(const std::string& sql) {
    static const Relations relations = shop();
    const auto found = touches_of(synthesis::read_statement(sql), relations);
    std::string out;
    for (const auto& touch : found.touches) {
        out += out.empty() ? "" : ", ";
        out += !touch.checks.empty()            ? "checks "
               : touch.mode == Mode::reads      ? "reads "
               : touch.mode == Mode::depends_on ? "depends on "
               : touch.mode == Mode::locks      ? "locks "
               : touch.inserts                  ? "inserts "
               : touch.deletes                  ? "deletes "
                                                : "writes ";
        out += relations.catalog.tables[touch.relation].name;
        std::string pins;
        for (const auto& pin : touch.pins) {
            pins += (pins.empty() ? "" : " ") + pin.column + "=";
            for (std::size_t i = 0; i < pin.numbers.size(); ++i) {
                pins += (i > 0 ? "|$" : "$") + std::to_string(pin.numbers[i]);
            }
            pins += pin.is_array ? "[]" : "";
        }
        out += pins.empty() ? "" : "(" + pins + ")";
        for (const auto& made : touch.made) {
            out += " makes " + made;
        }
        for (const auto& set : touch.sets) {
            out += " sets " + set;
        }
    }
    for (const auto& why : found.unseen) {
        out += (out.empty() ? "unseen: " : ", unseen: ") + why;
    }
    return out;
}

struct Case {
    const char* sql;
    const char* touches;
};

class TouchesTest : public testing::TestWithParam<Case> {};

TEST_P(TouchesTest, AreRead) {
    EXPECT_EQ(touches_in(GetParam().sql), GetParam().touches) << GetParam().sql;
}

INSTANTIATE_TEST_SUITE_P(
    Reading, TouchesTest,
    testing::Values(
        Case{"SELECT * FROM orders WHERE id = $1", "reads orders(id=$1)"},
        Case{"SELECT * FROM orders WHERE id = 7 AND status = 'new'",
             "reads orders(id=$1 status=$2)"},
        Case{"SELECT * FROM orders WHERE 7 = id", "reads orders(id=$1)"},
        Case{"SELECT * FROM orders WHERE id = $1::bigint", "reads orders(id=$1)"},
        Case{"SELECT * FROM orders WHERE id = $1 OR status = $2", "reads orders"},
        Case{"SELECT * FROM orders WHERE NOT (id = $1)", "reads orders"},
        Case{"SELECT * FROM orders WHERE id <> $1", "reads orders"},
        Case{"SELECT * FROM orders WHERE id > $1", "reads orders"},
        Case{"SELECT * FROM orders WHERE id + 1 = $1", "reads orders"},
        Case{"SELECT * FROM orders WHERE lower(status) = $1", "reads orders"},
        Case{"SELECT * FROM orders WHERE id IN (1, 2)", "reads orders(id=$1|$2)"},
        Case{"SELECT * FROM orders WHERE id NOT IN (1, 2)", "reads orders"},
        Case{"SELECT * FROM orders WHERE id = ANY($1)", "reads orders(id=$1[])"},
        Case{"SELECT * FROM orders WHERE id = ALL($1)", "reads orders"},
        Case{"SELECT * FROM orders WHERE id = $1 FOR UPDATE", "writes orders(id=$1)"},
        Case{"SELECT * FROM orders WHERE id = $1 FOR SHARE", "locks orders(id=$1)"},
        Case{"SELECT * FROM orders LIMIT 1 FOR UPDATE SKIP LOCKED", "reads orders"},
        Case{"SELECT count(*) FROM orders", "reads orders"}, Case{"SELECT 1", ""},
        Case{"SELECT * FROM nowhere WHERE id = 1",
             "unseen: relation nowhere, which the target has not"},
        Case{"SELECT * FROM pg_class c, information_schema.tables", ""},
        Case{"SELECT transfer($1, $2)", "unseen: function transfer"},
        Case{"SELECT * FROM bills WHERE id = $1", "reads orders, reads customers"},
        // An inner join's condition filters, an outer one's does not.
        Case{"SELECT * FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = $1",
             "reads orders(id=$1), reads customers"},
        Case{"SELECT * FROM orders o JOIN customers c ON c.id = $1",
             "reads orders, reads customers(id=$1)"},
        Case{"SELECT * FROM orders o LEFT JOIN customers c ON c.id = $1",
             "reads orders, reads customers"},
        // `id` alone may be either's.
        Case{"SELECT * FROM orders o, customers c WHERE id = $1", "reads orders, reads customers"},
        Case{
            "SELECT * FROM orders WHERE customer_id IN (SELECT id FROM customers WHERE email = $1)",
            "reads orders, reads customers(email=$1)"},
        Case{"WITH orders AS (SELECT 1 AS id) SELECT * FROM orders WHERE id = $1", ""},
        Case{"WITH orders AS (SELECT * FROM orders WHERE id = $1) SELECT * FROM orders",
             "reads orders(id=$1)"},
        Case{"WITH RECURSIVE tree AS (SELECT 1 UNION SELECT * FROM tree) SELECT * FROM tree", ""},
        Case{"SELECT id FROM orders WHERE id = $1 UNION SELECT id FROM items",
             "reads orders(id=$1), reads items"},
        Case{"EXPLAIN SELECT * FROM orders", "reads orders"}));

INSTANTIATE_TEST_SUITE_P(
    Writing, TouchesTest,
    testing::Values(
        Case{"UPDATE orders SET status = $1 WHERE id = $2", "writes orders(id=$2) sets status"},
        Case{"UPDATE orders SET status = $1", "writes orders sets status"},
        Case{"UPDATE orders AS o SET status = $1 WHERE o.id = $2",
             "writes orders(id=$2) sets status"},
        // The referenced row is looked for wherever the reference is set.
        Case{"UPDATE orders SET customer_id = $1 WHERE id = $2",
             "checks customers, writes orders(id=$2) sets customer_id"},
        Case{"UPDATE orders o SET status = $1 FROM customers c WHERE c.id = $2 AND o.id = $3",
             "writes orders(id=$3) sets status, depends on customers(id=$2)"},
        Case{"DELETE FROM customers WHERE id = $1",
             "locks orders(customer_id=$1), deletes customers(id=$1)"},
        Case{"DELETE FROM orders WHERE id = $1",
             "deletes items(order_id=$1) sets order_id, deletes orders(id=$1)"},
        Case{"INSERT INTO customers (id, email) VALUES ($1, $2), (5, 'a')",
             "inserts customers(id=$1|$3 email=$2|$4)"},
        Case{"INSERT INTO customers VALUES ($1, $2, 0)",
             "inserts customers(id=$1 email=$2 credit=$3)"},
        Case{"INSERT INTO orders (customer_id) VALUES ($1)",
             "checks customers(id=$1), inserts orders(customer_id=$1) makes id"},
        Case{"INSERT INTO orders (id, customer_id) VALUES (DEFAULT, $1)",
             "checks customers(id=$1), inserts orders(customer_id=$1) makes id"},
        Case{"INSERT INTO orders (id, customer_id) VALUES ($1, $2)",
             "checks customers(id=$2), inserts orders(id=$1 customer_id=$2)"},
        Case{"INSERT INTO orders (customer_id) SELECT id FROM customers WHERE email = $1",
             "checks customers, inserts orders makes id, depends on customers(email=$1)"},
        Case{"INSERT INTO orders DEFAULT VALUES", "checks customers, inserts orders makes id"},
        // The row that is there already may differ in all but what ON CONFLICT names.
        Case{"INSERT INTO customers (id, email) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET "
             "email = excluded.email",
             "inserts customers(id=$1) sets email"},
        Case{"INSERT INTO customers (id, email) VALUES ($1, $2) ON CONFLICT DO NOTHING",
             "inserts customers"},
        Case{"INSERT INTO tags (name) VALUES ($1)",
             "inserts tags(name=$1), unseen: triggers or rules of tags"},
        Case{"SELECT * FROM tags WHERE name = $1", "reads tags(name=$1)"},
        Case{"WITH gone AS (DELETE FROM items WHERE order_id = $1 RETURNING *) SELECT * FROM gone",
             "deletes items(order_id=$1)"},
        Case{"WITH orders AS (UPDATE orders SET status = $1 WHERE id = $2 RETURNING *) SELECT * "
             "FROM "
             "orders",
             "writes orders(id=$2) sets status"},
        Case{"WITH c AS (SELECT * FROM customers WHERE id = $1) UPDATE orders SET status = $2 FROM "
             "c "
             "WHERE orders.id = $3",
             "depends on customers(id=$1), writes orders(id=$3) sets status"},
        Case{"TRUNCATE items", "deletes items"}, Case{"LOCK TABLE items", "writes items"},
        Case{"CREATE INDEX ON items (sku)", "writes items"},
        Case{"CALL transfer(1)", "unseen: CALL"}, Case{"DO 'BEGIN END'", "unseen: DO"},
        Case{"BEGIN", ""}, Case{"SET x.y = 1", ""}, Case{"COMMIT", ""},
        Case{"SELEKT", "unseen: a text that cannot be read"}));

}  // namespace
}  // namespace workloads::conflicts
