// The shop that the tests of synthesis know of.
#pragma once

#include "workloads/synthesis/catalog.hpp"

#include <string>
#include <vector>

namespace workloads::synthesis {

inline Column column(const std::string& name, TypeClass type, double null_fraction = 0,
                     double width = 8) {
    Column made;
    made.name = made.sql = name;
    made.type = type;
    made.statistics = ColumnStatistics{};
    made.statistics->null_fraction = null_fraction;
    made.statistics->average_width_bytes = width;
    return made;
}

inline Catalog shop_catalog() {
    Table orders;
    orders.schema = "public";
    orders.name = "orders";
    orders.sql = "public.orders";
    orders.can_be_sampled = true;
    orders.rows = 5'000;
    orders.columns = {column("id", TypeClass::integer), column("customer_id", TypeClass::integer),
                      column("status", TypeClass::text), column("total", TypeClass::number, 0.25),
                      column("created_at", TypeClass::moment)};
    orders.unique_keys = {{"id"}};
    orders.foreign_keys = {{{"customer_id"}, {"id"}, {"id"}, "public.customers", 1'000}};
    Table customers;
    customers.schema = "public";
    customers.name = "customers";
    customers.sql = "public.customers";
    customers.can_be_sampled = true;
    customers.rows = 1'000;
    customers.columns = {column("id", TypeClass::integer), column("email", TypeClass::text),
                         column("active", TypeClass::boolean)};
    customers.unique_keys = {{"id"}, {"email"}};
    Table lines = orders;
    lines.schema = "archive";
    lines.name = "Order Lines";
    lines.sql = "archive.\"Order Lines\"";
    lines.rows = 50'000'000;
    lines.columns = {column("order_id", TypeClass::integer), column("line", TypeClass::integer),
                     column("payload", TypeClass::other, 0, 2'000)};
    lines.unique_keys = {{"order_id", "line"}};
    lines.foreign_keys = {{{"order_id"}, {"id"}, {"id"}, "public.orders", 5'000}};
    return {{orders, customers, lines}};
}

}  // namespace workloads::synthesis
