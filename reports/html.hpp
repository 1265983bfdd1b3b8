// The report that people decide from: one HTML page that opens from disk and asks for nothing.
#pragma once

#include "reports/record.hpp"

#include <cstddef>
#include <string>

namespace reports {

// Bounds of the page, whatever the record holds; what is left out is counted and told.
inline constexpr std::size_t html_statement_bytes_max = 100'000;  // of one statement
inline constexpr std::size_t html_rows_max = 1'000;               // of one table

// Everything but the charts is plain HTML; those are drawn by the page's own script from
// chart_data(). Names, SQL and messages are shown as text, whatever is in them.
[[nodiscard]] std::string to_html(const Record& record);

// What the charts show, aggregated: JSON, as reports/web/src/data.ts reads it. Integers throughout:
// milliseconds of the run's clock, microseconds of response times.
[[nodiscard]] std::string chart_data(const Record& record);

}  // namespace reports
