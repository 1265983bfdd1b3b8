// An HdrHistogram interval log (format 1.3), which HistogramLogAnalyzer and others read: one line
// for each operation and interval. Values are microseconds; the maximum column is in milliseconds.
#pragma once

#include "reports/second_log.hpp"

#include <string>
#include <string_view>

namespace reports {

// The lines before the first interval. `start_epoch_s` is the run's start, which the intervals'
// start times count from.
[[nodiscard]] std::string histogram_log_header(double start_epoch_s,
                                               std::string_view start_iso8601);

// One line; tags are made of the operation's name, without what separates fields, and its
// application version; of failures: "place_order/new/failed". Values past the histogram's end have
// no place in the encoding: a comment line counts them.
[[nodiscard]] std::string histogram_log_line(std::string_view operation, const Series& series,
                                             double start_s, double length_s,
                                             const Histogram& histogram);

}  // namespace reports
