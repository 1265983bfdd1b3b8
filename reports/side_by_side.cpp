// Two runs of the same change, figure by figure: how the demo ends.
#include "reports/figures.hpp"
#include "reports/findings.hpp"
#include "reports/terminal_parts.hpp"

#include <algorithm>

namespace reports {

namespace {

using namespace terminal;

struct Row {
    std::string label, left, right;
    Colour left_colour = Colour::none, right_colour = Colour::none;
};

struct Side {
    const Record& record;
    KeyFigures key;
    std::optional<Culprit> culprit;
};

Side side_of(const Record& record) {
    return {record, key_figures(record), culprit_of(record)};
}

template <typename Text>
void add(std::vector<Row>& rows, const char* label, const Side& left, const Side& right,
         Text&& text) {
    rows.push_back({.label = label, .left = text(left), .right = text(right)});
}

std::string or_none(const Side& side, std::string Culprit::*part) {
    return side.culprit && !((*side.culprit).*part).empty() ? (*side.culprit).*part : "-";
}

std::vector<Row> rows_of(const Side& left, const Side& right) {
    std::vector<Row> rows;
    rows.push_back({.label = "verdict",
                    .left = upper_case(left.record.verdict),
                    .right = upper_case(right.record.verdict),
                    .left_colour = colour_of(left.record.verdict),
                    .right_colour = colour_of(right.record.verdict)});
    add(rows, "to blame", left, right, [](const Side& s) { return or_none(s, &Culprit::who); });
    add(rows, "statement", left, right,
        [](const Side& s) { return or_none(s, &Culprit::statement); });
    add(rows, "lock", left, right, [](const Side& s) {
        return s.culprit ? s.culprit->mode + " on " + s.culprit->relation : "-";
    });
    add(rows, "longest lock wait", left, right,
        [](const Side& s) { return ms_text(s.record.locks.max_wait_ms); });
    add(rows, "sessions behind it", left, right, [](const Side& s) {
        return s.culprit ? count_text(sessions_behind(s.culprit->episode)) : "0";
    });
    add(rows, "victim-seconds", left, right,
        [](const Side& s) { return decimal_text(s.record.locks.victim_seconds, 1); });
    add(rows, "response p99", left, right, [](const Side& s) {
        return response_text(s.key.p99_before_ms) + " -> " + response_text(s.key.p99_during_ms);
    });
    add(rows, "throughput, lowest", left, right, [](const Side& s) {
        return rate_text(s.key.rate_before) + " -> " + rate_text(s.key.rate_lowest);
    });
    add(rows, "longest stall", left, right,
        [](const Side& s) { return seconds_text(s.key.stall.length_s()); });
    add(rows, "seconds at a standstill", left, right,
        [](const Side& s) { return count_text(s.key.zero_seconds); });
    add(rows, "recovery", left, right, [](const Side& s) { return recovery_text(s.record); });
    add(rows, "migration took", left, right, [](const Side& s) {
        return s.key.migration_s ? seconds_text(*s.key.migration_s) : std::string{"-"};
    });
    add(rows, "failed calls", left, right, [](const Side& s) { return errors_text(s.key.errors); });
    return rows;
}

constexpr std::size_t label_columns = 27;
constexpr std::size_t most_lines = 5;  // of one cell

// One row, its cells wrapped beside each other.
std::string lines_of(const Row& row, const Style& style) {
    const auto width = (style.columns - label_columns - 4) / 2;
    auto left = wrapped(one_line(row.left), width);
    auto right = wrapped(one_line(row.right), width);
    for (auto* lines : {&left, &right}) {
        if (lines->size() > most_lines) {
            lines->resize(most_lines);
            lines->back() = fitted(lines->back() + " \xE2\x80\xA6", width);
        }
    }
    std::string out;
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); ++i) {
        const auto first = i < left.size() ? left[i] : "";
        const auto second = i < right.size() ? right[i] : "";
        auto line = padded(i == 0 ? "  " + row.label : "", label_columns) +
                    coloured(first, row.left_colour, style.colour);
        if (!second.empty()) {
            line += std::string(width - columns_of(first) + 2, ' ') +
                    coloured(second, row.right_colour, style.colour);
        }
        const auto last = line.find_last_not_of(' ');
        out += (last == std::string::npos ? "" : line.substr(0, last + 1)) + '\n';
    }
    return out;
}

}  // namespace

std::string side_by_side(const Record& left, const Record& right, Style style) {
    style = clipped(style);
    auto out = lines_of({.label = "",
                         .left = left.run.scenario,
                         .right = right.run.scenario,
                         .left_colour = Colour::none,
                         .right_colour = Colour::none},
                        style);
    for (const auto& row : rows_of(side_of(left), side_of(right))) {
        out += lines_of(row, style);
    }
    return out;
}

}  // namespace reports
