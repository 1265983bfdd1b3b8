#include "harness/postgres/column_kinds.hpp"

#include "harness/database/table_reader.hpp"
#include "harness/postgres/control.hpp"
#include "harness/postgres/number_in.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

namespace harness::postgres {
namespace {

// Types of pg_catalog whose values have a form of their own; oids below 10000 are fixed for ever
// (src/include/catalog/pg_type.dat).
struct BuiltIn {
    std::uint32_t oid;
    Wire wire;
};
constexpr BuiltIn built_in[] = {
    {16, Wire::boolean},    {17, Wire::bytea},       {18, Wire::character},
    {19, Wire::text},       {20, Wire::int8},        {21, Wire::int2},
    {23, Wire::int4},       {25, Wire::text},        {26, Wire::oid},
    {114, Wire::json},      {700, Wire::float4},     {701, Wire::float8},
    {1042, Wire::bpchar},   {1043, Wire::text},      {1082, Wire::date},
    {1083, Wire::time},     {1114, Wire::timestamp}, {1184, Wire::timestamptz},
    {1186, Wire::interval}, {1266, Wire::timetz},    {1700, Wire::numeric},
    {2950, Wire::uuid},     {3802, Wire::jsonb},
};

}  // namespace

struct ColumnKinds::Type {
    std::string name;
    char type = 'b', category = 'U';
    bool in_catalog = false, has_send = false, variable = false, toastable = false;
    std::uint32_t element = 0, base = 0, relation = 0, subtype = 0;
    std::string qualified;
};

ColumnKinds::Type ColumnKinds::fetch(std::uint32_t oid) {
    // pg_range.rngmultitypid is new in 14: its absence is no error when the row is read as JSON.
    const auto answer =
        ask(control_,
            "SELECT t.typname, t.typtype, t.typcategory, n.nspname = 'pg_catalog', t.typsend <> 0, "
            "t.typlen = -1, t.typstorage <> 'p', t.typelem, t.typbasetype, t.typrelid, "
            "(SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid OR "
            "pg_catalog.to_json(r)->>'rngmultitypid' = t.oid::text), "
            "pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(t.typname) "
            "FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace "
            "WHERE t.oid = " +
                std::to_string(oid));
    if (answer.rows.empty()) {
        throw database::Unreadable{"the catalogue has no type " + std::to_string(oid) +
                                   ": it was dropped meanwhile"};
    }
    const auto& row = answer.rows[0];
    const auto flag = [&](std::size_t i) { return row[i] == "t"; };
    Type type;
    type.name = *row[0];
    type.type = row[1]->at(0);
    type.category = row[2]->at(0);
    type.in_catalog = flag(3);
    type.has_send = flag(4);
    type.variable = flag(5);
    type.toastable = flag(6);
    type.element = number_in<std::uint32_t>(row[7]);
    type.base = number_in<std::uint32_t>(row[8]);
    type.relation = number_in<std::uint32_t>(row[9]);
    type.subtype = number_in<std::uint32_t>(row[10]);
    type.qualified = *row[11];
    return type;
}

const ColumnKind& ColumnKinds::of(std::uint32_t type_oid) {
    const auto found = known_.find(type_oid);
    if (found != known_.end()) {
        return found->second;
    }
    ColumnKind kind = build(type_oid, 0);
    return known_.emplace(type_oid, std::move(kind)).first->second;
}

// A part that has no comparable binary form takes the whole with it.
void ColumnKinds::add_part(ColumnKind& whole, std::uint32_t oid, int depth) {
    ColumnKind part = build(oid, depth + 1);
    whole.as_text = whole.as_text || part.as_text;
    part.field.oid = oid;
    whole.field.parts.push_back(std::move(part.field));
}

ColumnKind ColumnKinds::build(std::uint32_t oid, int depth) {
    if (depth > deepest_nesting) {
        throw database::Unreadable{"a type nests deeper than " + std::to_string(deepest_nesting)};
    }
    const Type type = fetch(oid);
    ColumnKind kind;
    if (type.type == 'd') {
        kind = build(type.base, depth + 1);
        return kind;
    }
    kind.cast_to = type.qualified;
    kind.toastable = type.toastable;
    const auto* known = std::ranges::find(built_in, oid, &BuiltIn::oid);
    // Tags are names that do not say of what: int4[] widened to int8[] keeps its values.
    if (known != std::end(built_in)) {
        kind.field.wire = known->wire;
    } else if (type.type == 'e' || type.name == "citext") {
        kind.field.wire = Wire::text;
    } else if (type.type == 'c') {
        kind.field = {.wire = Wire::composite, .tag = checksum::type_tag("composite"), .parts = {}};
        const auto attributes =
            ask(control_, "SELECT atttypid FROM pg_catalog.pg_attribute WHERE attrelid = " +
                              std::to_string(type.relation) +
                              " AND attnum > 0 AND NOT attisdropped ORDER BY attnum");
        for (const auto& row : attributes.rows) {
            add_part(kind, number_in<std::uint32_t>(row[0]), depth);
        }
    } else if (type.type == 'r' || type.type == 'm') {
        const bool many = type.type == 'm';
        kind.field = {.wire = many ? Wire::multirange : Wire::range,
                      .tag = checksum::type_tag(many ? "multirange" : "range"),
                      .parts = {}};
        add_part(kind, type.subtype, depth);
    } else if (type.category == 'A' && type.element != 0 && type.variable) {
        kind.field = {.wire = Wire::array, .tag = checksum::type_tag("array"), .parts = {}};
        add_part(kind, type.element, depth);
    } else if (!type.has_send || (type.in_catalog && type.name.starts_with("reg"))) {
        // regclass and its like: an oid of this database stands for a name.
        kind.as_text = true;
    } else {
        // Bits of any length are the same bits.
        kind.field = {.wire = Wire::verbatim,
                      .tag = checksum::type_tag(type.name == "varbit" ? "bit" : type.name),
                      .parts = {}};
    }
    if (kind.as_text) {
        kind.field = {};
    }
    return kind;
}

}  // namespace harness::postgres
