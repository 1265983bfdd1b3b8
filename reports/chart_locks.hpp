// Inside of html_data.cpp: the lock episodes and waits that the gantt and the blocking tree show.
#pragma once

#include "reports/chart_writer.hpp"
#include "reports/record.hpp"

namespace reports::charts {

// As "episodes", "victims", "waits" and "culprit" (the worst episode's number, or -1): columns.
void put_locks(const Record& record, Strings& strings, Writer& out);

// Index of the episode that is to blame, see culprit_of(); -1: none is.
[[nodiscard]] std::int64_t culprit_number(const Record& record);

}  // namespace reports::charts
