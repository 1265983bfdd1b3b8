#include "workloads/keys/statement_keys.hpp"

#include "tests/unit/workloads/conflicts/shop_relations.hpp"

#include <gtest/gtest.h>

namespace workloads::keys {
namespace {

// "draws orders.id as id, 1 row; $1 orders.id; $2 orders.id[]".
std::string keys_in(const std::string& sql) {
    static const auto relations = conflicts::shop();
    static const KeyColumns columns{relations};
    const auto keys = keys_of(synthesis::read_statement(sql), relations, columns);
    const auto name_of = [&](Domain domain) {
        const auto& column = columns.all()[domain];
        return relations.catalog.tables[column.relation].name + "." + column.column;
    };
    std::string out;
    const auto add = [&out](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
    for (const auto& drawn : keys.drawn) {
        add("draws " + name_of(drawn.domain) + " as " + drawn.name + ", rows " +
            std::to_string(keys.rows));
    }
    if (keys.draws_untold) {
        add("draws " + name_of(keys.draws.front()) + " untold");
    }
    for (const auto& place : keys.places) {
        add("$" + std::to_string(place.number) + " " + name_of(place.domain) +
            (place.is_bound ? " bound" : "") + (place.is_array ? "[]" : "") +
            (place.is_given ? " given" : ""));
    }
    return out;
}

TEST(StatementKeys, AnInsertTellsTheKeysThatItReturns) {
    EXPECT_EQ(keys_in("INSERT INTO orders (status) VALUES ($1) RETURNING id"),
              "draws orders.id as id, rows 1");
    EXPECT_EQ(keys_in("INSERT INTO orders (status) VALUES ('a'), ('b') RETURNING id AS n, status"),
              "draws orders.id as n, rows 2");
    EXPECT_EQ(keys_in("INSERT INTO orders (status) VALUES ('a') RETURNING *"),
              "draws orders.id as id, rows 1");
    EXPECT_EQ(keys_in("INSERT INTO public.orders DEFAULT VALUES RETURNING orders.id"),
              "draws orders.id as id, rows 1");
    EXPECT_EQ(keys_in("INSERT INTO orders (id, status) VALUES (DEFAULT, $1) RETURNING id"),
              "draws orders.id as id, rows 1");
}

TEST(StatementKeys, WhatNoResultTellsIsUntold) {
    EXPECT_EQ(keys_in("INSERT INTO orders (status) VALUES ('a')"), "draws orders.id untold");
    EXPECT_EQ(keys_in("INSERT INTO orders (status) VALUES ('a') RETURNING status"),
              "draws orders.id untold");
    EXPECT_EQ(keys_in("INSERT INTO orders (status) VALUES ('a') RETURNING id + 1 AS id"),
              "draws orders.id untold");
    EXPECT_EQ(keys_in("INSERT INTO orders (status) VALUES ('a') ON CONFLICT DO NOTHING"
                      " RETURNING id"),
              "draws orders.id untold");
    EXPECT_EQ(keys_in("INSERT INTO customers (email) VALUES ('a') RETURNING id"), "");
    EXPECT_EQ(keys_in("WITH made AS (INSERT INTO orders (status) VALUES ('a') RETURNING id)"
                      " INSERT INTO items (order_id, line) SELECT id, 1 FROM made"),
              "draws orders.id untold");
    EXPECT_EQ(keys_in("INSERT INTO bills (status) VALUES ('a')"), "draws orders.id untold");
}

TEST(StatementKeys, KeysStandWhereTheirColumnsAndThoseThatReferToThemAre) {
    EXPECT_EQ(keys_in("SELECT status FROM orders WHERE id = $1"), "$1 orders.id");
    EXPECT_EQ(keys_in("SELECT status FROM orders WHERE id = 7"), "$1 orders.id");
    EXPECT_EQ(keys_in("SELECT status FROM orders WHERE id = ANY($1)"), "$1 orders.id[]");
    EXPECT_EQ(keys_in("SELECT status FROM orders WHERE id IN (1, 2)"),
              "$1 orders.id; $2 orders.id");
    EXPECT_EQ(keys_in("INSERT INTO items (order_id, line, sku) VALUES ($1, $2, $3)"),
              "$1 orders.id");
    EXPECT_EQ(keys_in("UPDATE items SET sku = $1 WHERE order_id = $2"), "$2 orders.id");
    EXPECT_EQ(keys_in("SELECT * FROM orders o JOIN items i ON i.order_id = o.id WHERE i.order_id ="
                      " $1 AND o.customer_id = $2"),
              "$1 orders.id");
    EXPECT_EQ(keys_in("INSERT INTO orders (id, status) VALUES ($1, $2)"), "$1 orders.id given");
    EXPECT_EQ(keys_in("SELECT status FROM orders WHERE id > $1 ORDER BY id LIMIT 5"),
              "$1 orders.id bound");
    EXPECT_EQ(keys_in("SELECT 1 FROM customers WHERE id = $1"), "");
    EXPECT_EQ(keys_in("SELECT id FROM orders LIMIT $1"), "");
    EXPECT_EQ(keys_in("no statement"), "");
    EXPECT_EQ(keys_in("CREATE TABLE x (y int)"), "");
}

TEST(StatementKeys, WhatAnInsertGivesInAColumnThatIsAKeyByItselfIsGiven) {
    static const auto relations = conflicts::shop();
    const auto given = [](const std::string& sql) {
        std::string out;
        for (const auto& [relation, column] : given_by(synthesis::read_statement(sql), relations)) {
            out +=
                (out.empty() ? "" : " ") + relations.catalog.tables[relation].name + "." + column;
        }
        return out;
    };
    EXPECT_EQ(given("INSERT INTO customers (id, email, credit) VALUES ($1, $2, $3)"),
              "customers.id customers.email");
    EXPECT_EQ(given("INSERT INTO items (order_id, line) VALUES (1, 2)"), "");
    EXPECT_EQ(given("UPDATE customers SET email = $1"), "");
    EXPECT_EQ(given("INSERT INTO customers (email) VALUES ($1) ON CONFLICT DO NOTHING"), "");

    const std::vector<Place> places{{conflicts::customers, "email"}};
    const KeyColumns columns{relations, places};
    EXPECT_TRUE(columns.makes(conflicts::customers, "email"));
    EXPECT_EQ(columns.all().size(), 2U);
}

TEST(KeyColumns, TakeValuesInOneForm) {
    const KeyColumn number{0, "id", synthesis::TypeClass::integer, 0};
    const KeyColumn uuid{0, "id", synthesis::TypeClass::uuid, 0};
    EXPECT_EQ(value_of("007", number), value_of("7", number));
    EXPECT_EQ(number_of(*value_of("-7", number)), -7);
    EXPECT_EQ(value_of("99999999999999999999", number), std::nullopt);
    EXPECT_EQ(value_of("x", number), std::nullopt);
    EXPECT_EQ(value_of("{A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11}", uuid),
              value_of("a0eebc999c0b4ef8bb6d6bb9bd380a11", uuid));
    EXPECT_NE(value_of("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12", uuid),
              value_of("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", uuid));
}

}  // namespace
}  // namespace workloads::keys
