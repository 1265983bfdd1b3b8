// What the catalogue says of a table: its columns, its key, and where its rows lie.
#pragma once

#include "harness/database/control.hpp"
#include "harness/database/table_reader.hpp"
#include "harness/postgres/column_kinds.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harness::postgres {

// One relation with rows of its own: the table itself, a leaf partition, an heir.
struct Leaf {
    std::string name;         // qualified and quoted
    bool heap = false;        // its rows are found by page
    bool sampled = false;     // TABLESAMPLE works on it
    std::uint64_t bytes = 0;  // not less than what the snapshot sees
};

struct CatalogTable {
    std::uint32_t oid = 0;
    database::TableShape shape;
    std::string alias;  // its name without the schema, quoted: what expressions call it
    std::vector<std::uint32_t> types;  // of shape.columns
    std::vector<std::string> key;      // names, in the order of the index; empty: none
    bool sampled = false;
    // Each is read by itself; empty: only the whole can be read (a view, a foreign table; heirs
    // that the role may not read directly or that have policies of their own).
    std::vector<Leaf> leaves;
};

// By a name as one writes it in SQL. Throws database::UnknownName, Outage.
[[nodiscard]] std::uint32_t resolve_table(database::Control& control, const std::string& name);

[[nodiscard]] std::string quoted_name(database::Control& control, std::uint32_t oid);

// Of the unique index that the table's rows are told apart by, in its order; empty: there is none.
[[nodiscard]] std::vector<std::string> key_columns(database::Control& control, std::uint32_t oid);

// As the control's snapshot sees it; the table must be locked. Throws Outage.
[[nodiscard]] CatalogTable read_table(database::Control& control, ColumnKinds& kinds,
                                      std::uint32_t oid);

// "name", with its own quotes doubled.
[[nodiscard]] std::string quoted_identifier(std::string_view identifier);

}  // namespace harness::postgres
