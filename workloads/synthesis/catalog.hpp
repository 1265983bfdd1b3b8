// What is known of the tables that statements name: read from the source's catalog and statistics.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::synthesis {

// What a value of a type looks like; of `other` nothing is made up.
enum class TypeClass : std::uint8_t {
    integer,
    number,
    boolean,
    text,
    uuid,
    moment,  // date, timestamp
    interval,
    other,
};

struct CommonValue {
    std::string value;     // as text
    double frequency = 0;  // of all rows
};

struct ColumnStatistics {
    double null_fraction = 0;
    double average_width_bytes = 0;
    double correlation = 0;           // -1 to 1: how far rows lie in the order of their values
    std::vector<CommonValue> common;  // read where values may be kept, else empty
    bool common_are_all = false;      // there are no other values
};

struct Column {
    std::string name;  // as the catalog spells it
    std::string sql;   // as one writes it in SQL
    TypeClass type = TypeClass::other;
    int longest = 0;  // characters, of varchar(n); 0: no limit
    std::optional<ColumnStatistics> statistics;
};

struct ForeignKey {
    std::vector<std::string> columns, referenced;  // pairwise, as the catalog spells them
    std::vector<std::string> referenced_sql;       // the latter, as one writes them
    std::string table_sql;
    double rows = -1;  // of the referenced table; below 0: not known
    bool is_partitioned = false;
};

struct Table {
    std::string schema, name;     // as the catalog spells them
    std::string sql;              // with its schema, as one writes it
    bool can_be_sampled = false;  // TABLESAMPLE: no view
    bool is_partitioned = false;  // its rows are counted in its parts
    double rows = -1;             // below 0: not known
    std::vector<Column> columns;  // in order
    std::vector<std::vector<std::string>> unique_keys;
    std::vector<ForeignKey> foreign_keys;

    [[nodiscard]] const Column* column(std::string_view column_name) const;
};

struct Catalog {
    std::vector<Table> tables;

    // Null where there is none. Without a schema: the first on the search path.
    [[nodiscard]] const Table* find(std::string_view schema, std::string_view name,
                                    std::span<const std::string> search_path) const;
};

}  // namespace workloads::synthesis
