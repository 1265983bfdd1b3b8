#include "workloads/synthesis/sample_query.hpp"

#include <algorithm>
#include <cmath>

namespace workloads::synthesis {
namespace {

constexpr double most_sampled_bytes = 16e6;
constexpr double fewest_sampled_rows = 100;

double wanted_rows(double width_bytes) {
    return std::clamp(std::floor(most_sampled_bytes / std::max(width_bytes, 8.0)),
                      fewest_sampled_rows, most_sampled_rows);
}

std::string whole(double number) {
    return std::to_string(static_cast<long long>(number));
}

std::string sql_literal(const std::string& text) {
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? "''" : std::string{c};
    }
    return out + "'";
}

bool is_big(const Table& table, double width_bytes) {
    return table.can_be_sampled && table.rows > wanted_rows(width_bytes);
}

double width_of(const Column& column) {
    return column.statistics ? column.statistics->average_width_bytes : 0;
}

}  // namespace

std::string sampled(const Table& table, double width_bytes) {
    if (!is_big(table, width_bytes)) {
        return table.sql;
    }
    const auto name = sql_literal(table.sql);
    const auto share = "least(100, " + whole(100 * wanted_rows(width_bytes)) + " / ";
    const std::string count =
        table.is_partitioned
            ? share +
                  "greatest(sum(reltuples), 1)) FROM pg_class WHERE relkind = 'r' AND oid IN "
                  "(SELECT relid FROM pg_partition_tree(" +
                  name + "))"
            : share + "greatest(reltuples, 1)) FROM pg_class WHERE oid = " + name + "::regclass";
    return table.sql + " TABLESAMPLE SYSTEM ((SELECT " + count + "))";
}

std::string sample_of(const Table& table, const std::string& expressions, double width_bytes) {
    constexpr double narrow = 64;
    std::string query = "SELECT " + expressions + " FROM " + sampled(table, width_bytes);
    if (width_bytes > narrow) {
        query += " LIMIT " + whole(wanted_rows(width_bytes));
    }
    return query;
}

std::string ranges_of(const Table& table, const Column& column,
                      const std::vector<const Column*>& same, double rows) {
    // Where rows lie in the order of the column, those of one block follow each other, and blocks
    // are sampled whole.
    constexpr double in_order = 0.9;
    const double width = width_of(column);
    double distance = rows - 1;
    const bool ordered =
        column.statistics && std::abs(column.statistics->correlation) > in_order && same.empty();
    if (is_big(table, width) && !ordered) {
        distance *= wanted_rows(width) / table.rows;
    }
    std::string partition, columns;
    for (const auto* other : same) {
        columns += other->sql + ", ";
        partition += (partition.empty() ? "PARTITION BY " : ", ") + other->sql;
    }
    return "SELECT " + columns + column.sql + ", coalesce(lead(" + column.sql + ", " +
           whole(std::max(0.0, std::round(distance))) + ") OVER w, " + column.sql + ") FROM " +
           sampled(table, width) + " WINDOW w AS (" + partition + (partition.empty() ? "" : " ") +
           "ORDER BY " + column.sql + ")";
}

std::string in_quotes(const std::string& text) {
    const char quote =
        text.find('"') != std::string::npos && text.find('\'') == std::string::npos ? '\'' : '"';
    std::string out{quote};
    for (const char c : text) {
        out += c;
        if (c == quote) {
            out += c;
        }
    }
    return out + quote;
}

}  // namespace workloads::synthesis
