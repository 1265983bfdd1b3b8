#include "harness/postgres/recorded_keys.hpp"

#include "harness/postgres/question.hpp"
#include "harness/postgres/timed_connection.hpp"

#include <algorithm>
#include <chrono>

namespace harness::postgres {
namespace {

using workloads::synthesis::Column;
using workloads::synthesis::Table;
using workloads::synthesis::TypeClass;

// The server's own limit for each statement is 30 s.
constexpr std::chrono::milliseconds longest_answer{40'000};
constexpr std::size_t values_at_a_time = 10'000;

TimedConnection open(const Destination& destination) {
    TimedConnection connection{destination};
    connection.set_limit(longest_answer);
    for (const char* setting : {"SET statement_timeout = '30s'", "SET lock_timeout = '5s'",
                                "SET standard_conforming_strings = on"}) {
        static_cast<void>(rows_of(connection, setting));
    }
    return connection;
}

// What it may not read is not known; that nobody answers any more shows with the next question.
std::optional<Rows> rows_if_told(TimedConnection& connection, const std::string& sql) {
    try {
        return rows_of(connection, "/* rehearse */ " + sql);
    } catch (const database::Outage&) {
        return std::nullopt;
    }
}

bool leads_a_key(const Table& table, const Column& column) {
    return std::any_of(table.unique_keys.begin(), table.unique_keys.end(),
                       [&](const auto& key) { return !key.empty() && key.front() == column.name; });
}

}  // namespace

std::optional<std::int64_t> highest_key(const Destination& destination, const Table& table,
                                        const Column& column) {
    auto connection = open(destination);
    std::optional<std::int64_t> highest;
    const auto add = [&](const std::string& sql) {
        const auto rows = rows_if_told(connection, sql);
        if (rows && rows->size() == 1 && !rows->is_null(0, 0)) {
            const auto value = rows->number<std::int64_t>(0, 0);
            highest = std::max(highest.value_or(value), value);
        }
    };
    // One that has given nothing out yet begins after what is before its start.
    const auto sequence = "pg_catalog.pg_get_serial_sequence(" + literal_of(table.sql) + ", " +
                          literal_of(column.name) + ")::pg_catalog.regclass";
    add("SELECT COALESCE(pg_catalog.pg_sequence_last_value(s.seqrelid), s.seqstart - "
        "s.seqincrement) FROM pg_catalog.pg_sequence s WHERE s.seqrelid = " +
        sequence);
    if (leads_a_key(table, column)) {
        add("SELECT pg_catalog.max(" + column.sql + ") FROM " + table.sql);
    }
    return highest;
}

std::optional<std::vector<std::size_t>> absent_keys(const Destination& destination,
                                                    const Table& table, const Column& column,
                                                    std::span<const std::string> values) {
    auto connection = open(destination);
    const std::string type = column.type == TypeClass::uuid      ? "pg_catalog.uuid"
                             : column.type == TypeClass::integer ? "pg_catalog.int8"
                                                                 : "pg_catalog.text";
    std::vector<std::size_t> absent;
    for (std::size_t begin = 0; begin < values.size(); begin += values_at_a_time) {
        std::string listed;
        for (std::size_t i = begin; i < std::min(values.size(), begin + values_at_a_time); ++i) {
            listed += (listed.empty() ? "(" : ", (") + std::to_string(i) + ", " +
                      literal_of(values[i]) + "::" + type + ")";
        }
        const auto rows =
            rows_if_told(connection, "SELECT k.n FROM (VALUES " + listed +
                                         ") k(n, v) WHERE NOT EXISTS (SELECT FROM " + table.sql +
                                         " t WHERE t." + column.sql + " = k.v)");
        if (!rows) {
            return std::nullopt;
        }
        for (int i = 0; i < rows->size(); ++i) {
            absent.push_back(rows->number<std::size_t>(i, 0));
        }
    }
    return absent;
}

}  // namespace harness::postgres
