#include "reports/histogram_log.hpp"

#include "reports/figures.hpp"
#include "reports/text.hpp"

namespace reports {

namespace {

// The readers split a line at commas and take a tag up to the first.
std::string tag_of(std::string_view operation, const Series& series) {
    auto tag = one_line(operation);
    for (char& c : tag) {
        if (c == ',' || c == ' ' || c == '"' || c == '=' || c == '#') {
            c = '_';
        }
    }
    return tag.append(series.app == 0 ? "/old" : "/new").append(series.failed ? "/failed" : "");
}

}  // namespace

std::string histogram_log_header(double start_epoch_s, std::string_view start_iso8601) {
    return "#[Histogram log format version 1.3]\n#[StartTime: " + decimal_text(start_epoch_s, 3) +
           " (seconds since epoch), " + one_line(start_iso8601) + "]\n" +
           "#[Values are microseconds, Interval_Max is in milliseconds]\n" +
           "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
           "\"Interval_Compressed_Histogram\"\n";
}

std::string histogram_log_line(std::string_view operation, const Series& series, double start_s,
                               double length_s, const Histogram& histogram) {
    const auto tag = tag_of(operation, series);
    std::string line = "Tag=" + tag + ',' + decimal_text(start_s, 3) + ',' +
                       decimal_text(length_s, 3) + ',' +
                       decimal_text(static_cast<double>(histogram.max_us()) / 1e3, 3) + ',' +
                       histogram.encode_v2_base64() + '\n';
    if (histogram.saturated() > 0) {
        line += "#[" + tag + ": " + std::to_string(histogram.saturated()) +
                " values above one hour are not in the histogram above]\n";
    }
    return line;
}

}  // namespace reports
