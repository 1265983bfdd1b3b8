// A small shop as a target's catalog would tell of it.
#pragma once

#include "workloads/conflicts/relations.hpp"

namespace workloads::conflicts {

enum Relation : std::size_t { customers, orders, items, tags, bill_view };

inline Relations shop() {
    using synthesis::Table;
    using synthesis::TypeClass;
    const auto column = [](const char* name, TypeClass type) {
        synthesis::Column made;
        made.name = made.sql = name;
        made.type = type;
        return made;
    };
    const auto table = [](const char* name, std::vector<synthesis::Column> columns,
                          std::vector<std::vector<std::string>> keys) {
        Table made;
        made.schema = "public";
        made.name = name;
        made.sql = std::string{"public."} + name;
        made.columns = std::move(columns);
        made.unique_keys = std::move(keys);
        return made;
    };
    Relations relations;
    relations.search_path = {"pg_catalog", "public"};
    relations.catalog.tables = {
        table("customers",
              {column("id", TypeClass::integer), column("email", TypeClass::text),
               column("credit", TypeClass::number)},
              {{"id"}, {"email"}}),
        table("orders",
              {column("id", TypeClass::integer), column("customer_id", TypeClass::integer),
               column("status", TypeClass::text)},
              {{"id"}}),
        table("items",
              {column("order_id", TypeClass::integer), column("line", TypeClass::integer),
               column("sku", TypeClass::text)},
              {{"order_id", "line"}}),
        table("tags", {column("name", TypeClass::text), column("at", TypeClass::moment)}, {}),
        table("bills", {column("id", TypeClass::integer), column("status", TypeClass::text)}, {}),
    };
    relations.rules.resize(relations.catalog.tables.size());
    for (std::size_t i = 0; i < relations.rules.size(); ++i) {
        relations.rules[i].whole = i;
    }
    relations.rules[orders].generated = {"id"};
    relations.rules[orders].references = {{{"customer_id"}, customers, {"id"}, false}};
    relations.rules[items].references = {{{"order_id"}, orders, {"id"}, true}};
    relations.rules[tags].has_hooks = true;
    relations.rules[bill_view].shows = {orders, customers};
    relations.functions = {"transfer"};
    return relations;
}

}  // namespace workloads::conflicts
