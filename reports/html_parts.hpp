// Inside of html*.cpp: escaped text, tables and the page's sections.
#pragma once

#include "reports/html.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reports::html {

// Harmless and on one line; for text and for attributes in double quotes.
[[nodiscard]] std::string escaped(std::string_view text);

// A name in a table, a sentence in a paragraph: escaped, the end cut off behind an ellipsis.
[[nodiscard]] std::string name_text(std::string_view text);
[[nodiscard]] std::string sentence_text(std::string_view text);

// A statement: short ones whole, long ones behind their beginning, up to html_statement_bytes_max.
[[nodiscard]] std::string statement_text(std::string_view sql);

// For data-v: the figure as result.json has it.
[[nodiscard]] std::string exact(double value);

struct Column {
    const char* heading;
    bool figure = false;     // to the right, and sorted as a number
    const char* title = "";  // what the heading means
    const char* group = "";  // neighbours of one group share a heading above
};

struct Cell {
    std::string html;                  // escaped already
    std::optional<double> value = {};  // what a figure is sorted by
    const char* tone = "";             // pass | fail | inconclusive | quiet
};

// A table in a box that scrolls sideways when it must.
class Grid {
public:
    Grid(std::string label, std::vector<Column> columns, bool sortable = true)
        : label_{std::move(label)}, columns_{std::move(columns)}, sortable_{sortable} {}

    // Asked before a row is built, because a run may have 10,000 steps; counts the row if there is
    // no room: html_rows_max are there.
    [[nodiscard]] bool has_room() noexcept {
        left_out_ += rows_ >= html_rows_max ? 1 : 0;
        return rows_ < html_rows_max;
    }
    void add(std::vector<Cell> row, const char* tone = "");  // one cell a column
    void leave_out(std::size_t rows) { left_out_ += rows; }
    [[nodiscard]] bool empty() const noexcept { return rows_ + left_out_ == 0; }
    [[nodiscard]] std::string text() const;

private:
    [[nodiscard]] std::string head() const;

    std::string label_;
    std::vector<Column> columns_;
    bool sortable_;
    std::string body_;
    std::size_t rows_ = 0, left_out_ = 0;
};

[[nodiscard]] Cell text_cell(std::string_view text, const char* tone = "");
[[nodiscard]] Cell figure_cell(std::string text, double value, const char* tone = "");
[[nodiscard]] Cell no_figure(const char* why = "\xE2\x80\x93");
[[nodiscard]] Cell ms_cell(double ms, const char* tone = "");
[[nodiscard]] Cell seconds_cell(double s, const char* tone = "");
[[nodiscard]] Cell count_cell(std::uint64_t count, const char* tone = "");
[[nodiscard]] Cell quantile_cell(const Histogram& histogram, double q);
[[nodiscard]] Cell verdict_cell(std::string_view verdict);

// A term and what is said of it.
class Terms {
public:
    void add(std::string_view label, std::string html);
    [[nodiscard]] std::string text() const;

private:
    std::string body_;
};

// The migration, or its way back: the same sections one after another.
struct Part {
    const Record& record;
    std::string prefix;      // of ids: "" or "rollback-"
    int level = 2;           // of headings
    std::size_t number = 0;  // in the charts' data
};

[[nodiscard]] std::string heading(const Part& part, int below, std::string_view html);
// Empty when the body is.
[[nodiscard]] std::string section(const Part& part, const char* id, std::string_view title,
                                  const std::string& body);
// Where the script draws; not there without it.
[[nodiscard]] std::string chart(const char* kind, std::string_view label,
                                std::string_view more = "");

// Up to </head>. `title` is escaped here.
[[nodiscard]] std::string page_head(std::string_view title, std::string_view version);
// The verdict in a word, a shape and a colour, in this element ("p", "h1"), and why.
[[nodiscard]] std::string banner(Verdict verdict, const std::vector<std::string>& reasons,
                                 const std::string& element);

[[nodiscard]] std::string verdict_body(const Part& part);
[[nodiscard]] std::string timeline_section(const Part& part);
[[nodiscard]] std::string operations_section(const Part& part);
[[nodiscard]] std::string locks_section(const Part& part);
[[nodiscard]] std::string steps_section(const Part& part);
[[nodiscard]] std::string data_section(const Part& part);
[[nodiscard]] std::string server_section(const Part& part);
[[nodiscard]] std::string honesty_section(const Part& part);

// How much longer the callers waited than they would have at the pace of `before`, summed, and all
// of the time that failed calls took; seconds. Empty: there is no pace to compare with.
[[nodiscard]] std::optional<double> harm_s(const OperationRecord& operation);
// Indices of Record::operations, most harmed first.
[[nodiscard]] std::vector<std::size_t> by_harm(const Record& record);

}  // namespace reports::html
