// What the catalog says of a table beside its rows, in a form that can be compared without knowing
// the engine: two schemas are equal where their texts are.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace harness::database {

// By name, in the reader's words: "default" -> "0". An empty value is a flag: "NOT NULL". What is
// as the server makes it by itself is not there.
using SchemaProperties = std::map<std::string, std::string>;

struct ColumnSchema {
    std::string name;
    SchemaProperties properties;
};

struct SchemaObject {
    enum class Kind : std::uint8_t {
        index,
        constraint,
        reference,  // a foreign key of another table that points here
        trigger,
        rule,
        policy,
        statistics,
    };
    Kind kind = Kind::index;
    std::string name;        // a reference's with its table
    std::string definition;  // an index's and a constraint's without the name
    bool complete = true;    // an index is valid and maintained, a constraint holds for all rows
    // Not the table's own, or of a kind that is told elsewhere: here only while incomplete.
    bool only_if_incomplete = false;
};

// What gives a column its next value.
struct ColumnSequence {
    std::string column, column_type;
    std::string name, type;
    std::uint64_t identity = 0;
    std::string owner;        // the column that it goes with when that is dropped; empty: none
    bool owned_here = false;  // ... which is this one
    bool ascending = true;
    std::optional<std::int64_t> next;  // empty: the role may not read it
    // Whether the column has values that it has yet to give out; empty: not known, or not to be
    // found out without reading the whole table.
    std::optional<bool> behind;
};

struct TableSchema {
    std::string name;  // qualified, and quoted where it must be
    SchemaProperties properties;
    std::vector<ColumnSchema> columns;
    std::vector<SchemaObject> objects;
    std::set<std::string> privileges;  // of others than the owner: "SELECT to reader"
    std::vector<ColumnSequence> sequences;
};

}  // namespace harness::database
