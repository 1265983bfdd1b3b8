#include "harness/verification/checksum_report.hpp"

#include "reports/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>

namespace harness::verification {
namespace {

using Json = nlohmann::ordered_json;

std::string fixed(double number, int digits) {
    char text[64];
    std::snprintf(text, sizeof text, "%.*f", digits, number);
    return text;
}

}  // namespace

std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > 0; place -= 3) {
        text.insert(static_cast<std::size_t>(place), 1, ',');
    }
    return text;
}

std::string text_of(const ChecksumReport& report) {
    std::string text;
    for (const auto& table : report.tables) {
        std::size_t width = 0;
        for (const auto& column : table.columns) {
            width = std::max(width, reports::columns_of(reports::one_line(column.name)));
        }
        text += reports::one_line(table.table) + "  " + grouped(table.rows) + " rows  digest " +
                hex(table.digest) + "\n";
        for (const auto& column : table.columns) {
            text += "  " + reports::padded(reports::one_line(column.name), width) + "  " +
                    hex(column.digest) + "  " + reports::one_line(column.type) +
                    (column.is_key ? ", key" : "") + "\n";
        }
        const double rate = table.seconds > 0 ? static_cast<double>(table.rows) / table.seconds : 0;
        text += "  " + fixed(static_cast<double>(table.bytes) / 1e6, 1) + " MB in " +
                fixed(table.seconds, 2) + " s, " + short_count(rate) + " rows/s, " +
                std::to_string(table.chunks) + " x " + table.method + ", " +
                std::to_string(table.workers) + " readers\n";
    }
    return text;
}

std::string json_of(const ChecksumReport& report) {
    Json tables = Json::array();
    for (const auto& table : report.tables) {
        Json columns = Json::array();
        for (const auto& column : table.columns) {
            columns.push_back({{"name", column.name},
                               {"type", column.type},
                               {"key", column.is_key},
                               {"digest", hex(column.digest)}});
        }
        tables.push_back({{"name", table.table},
                          {"rows", table.rows},
                          {"digest", hex(table.digest)},
                          {"columns", std::move(columns)},
                          {"bytes", table.bytes},
                          {"seconds", table.seconds},
                          {"method", table.method},
                          {"chunks", table.chunks},
                          {"readers", table.workers}});
    }
    const Json document{{"schema", "rehearse.checksum/1"},
                        {"target", report.target},
                        {"seed", report.seed},
                        {"strict", report.strict},
                        {"tables", std::move(tables)}};
    // A name in a database without an encoding may be no UTF-8.
    return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace harness::verification
