#include "reports/html_parts.hpp"

#include "reports/figures.hpp"
#include "reports/text.hpp"

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

namespace reports::html {

namespace {

constexpr std::size_t name_columns = 200;
constexpr std::size_t sentence_columns = 2'000;
constexpr std::size_t statement_columns = 240;  // shown before it is opened
constexpr std::size_t statement_bytes = 4'800;  // what that is cut from

std::string entities(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string cut(std::string_view text, std::size_t columns) {
    // A character and the marks on it that one_line() lets pass take up to 20 bytes.
    return entities(fitted(one_line(text.substr(0, columns * 20)), columns));
}

std::string with_class(const char* tone) {
    return *tone == 0 ? "" : " class=\"" + std::string{tone} + "\"";
}

}  // namespace

std::string escaped(std::string_view text) {
    return entities(one_line(text));
}

std::string name_text(std::string_view text) {
    return cut(text, name_columns);
}

std::string sentence_text(std::string_view text) {
    return cut(text, sentence_columns);
}

std::string statement_text(std::string_view sql) {
    const auto shown = one_line(sql.substr(0, statement_bytes));
    if (sql.size() <= statement_bytes && columns_of(shown) <= statement_columns) {
        return "<code class=\"sql\">" + entities(shown) + "</code>";
    }
    auto whole = entities(many_lines(sql.substr(0, html_statement_bytes_max)));
    if (sql.size() > html_statement_bytes_max) {
        whole += "\n\xE2\x80\xA6 and " + count_text(sql.size() - html_statement_bytes_max) +
                 " more bytes";
    }
    return "<details class=\"long\"><summary><code class=\"sql\">" +
           entities(fitted(shown, statement_columns)) + "</code></summary><pre tabindex=\"0\">" +
           whole + "</pre></details>";
}

std::string exact(double value) {
    const double rounded = std::round(value * 1e6) / 1e6;
    if (!std::isfinite(rounded)) {
        return value > 0 ? "1e308" : "-1e308";
    }
    std::array<char, 64> buffer{};
    const auto [end, error] =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), rounded == 0 ? 0 : rounded);
    return error == std::errc{} ? std::string(buffer.data(), end) : "0";
}

void Grid::add(std::vector<Cell> row, const char* tone) {
    ++rows_;
    body_ += "<tr" + with_class(tone) + ">";
    for (std::size_t i = 0; i < row.size() && i < columns_.size(); ++i) {
        std::string classes = columns_[i].figure ? "n" : "";
        if (*row[i].tone != 0) {
            classes += (classes.empty() ? "" : " ") + std::string{row[i].tone};
        }
        // A row is about what stands in its first cell.
        const char* element = i == 0 ? "th scope=\"row\"" : "td";
        body_ += '<' + std::string{element} + with_class(classes.c_str());
        body_ += row[i].value ? " data-v=\"" + exact(*row[i].value) + "\"" : "";
        body_ += '>' + row[i].html + (i == 0 ? "</th>" : "</td>");
    }
    body_ += "</tr>\n";
}

std::string Grid::head() const {
    std::string above;
    std::string line;
    bool grouped = false;
    for (std::size_t i = 0; i < columns_.size();) {
        std::size_t width = 1;
        const char* group = columns_[i].group;
        while (*group != 0 && i + width < columns_.size() &&
               std::strcmp(columns_[i + width].group, group) == 0) {
            ++width;
        }
        grouped = grouped || *group != 0;
        above += *group == 0 ? "<td></td>"
                             : "<th scope=\"colgroup\" colspan=\"" + std::to_string(width) + "\">" +
                                   group + "</th>";
        i += width;
    }
    for (const auto& column : columns_) {
        line += "<th scope=\"col\"" + with_class(column.figure ? "n" : "");
        line += *column.title == 0 ? ">" : " title=\"" + escaped(column.title) + "\">";
        line += std::string{column.heading} + "</th>";
    }
    return "<thead>" + (grouped ? "<tr class=\"groups\">" + above + "</tr>" : std::string{}) +
           "<tr>" + line + "</tr></thead>";
}

std::string Grid::text() const {
    // A box that scrolls must be reached with the keyboard.
    std::string out = "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"" + label_ +
                      "\"><table" + (sortable_ ? " class=\"sortable\"" : "") + ">" + head() +
                      "<tbody>\n" + body_ + "</tbody></table></div>\n";
    if (left_out_ > 0) {
        out += "<p class=\"quiet\">\xE2\x80\xA6 and " + count_text(left_out_) +
               " more in <code>result.json</code>.</p>\n";
    }
    return out;
}

Cell text_cell(std::string_view text, const char* tone) {
    return {name_text(text), std::nullopt, tone};
}

Cell figure_cell(std::string text, double value, const char* tone) {
    return {entities(text), value, tone};
}

Cell no_figure(const char* why) {
    return {why, std::nullopt, "quiet"};
}

Cell ms_cell(double ms, const char* tone) {
    return figure_cell(ms_text(ms), ms, tone);
}

Cell seconds_cell(double s, const char* tone) {
    return figure_cell(seconds_text(s), s, tone);
}

Cell count_cell(std::uint64_t count, const char* tone) {
    return figure_cell(count_text(count), static_cast<double>(count), tone);
}

Cell quantile_cell(const Histogram& histogram, double q) {
    if (histogram.count() == 0) {
        return no_figure();
    }
    const auto us = histogram.quantile_us(q);
    const auto ms = static_cast<double>(us) / 1e3;
    // Past the histogram's end the quantile is only known to be longer than that.
    return us > Histogram::highest_us && q < 1 ? figure_cell("> 1 h", ms) : ms_cell(ms);
}

Cell verdict_cell(std::string_view verdict) {
    const bool known =
        verdict == "pass" || verdict == "fail" || verdict == "inconclusive" || verdict == "partial";
    const auto text = escaped(verdict);
    return {"<span class=\"badge " + (known ? text : std::string{"other"}) + "\">" + text +
            "</span>"};
}

void Terms::add(std::string_view label, std::string html) {
    body_ += "<div><dt>" + escaped(label) + "</dt><dd>" + std::move(html) + "</dd></div>\n";
}

std::string Terms::text() const {
    return body_.empty() ? "" : "<dl class=\"terms\">\n" + body_ + "</dl>\n";
}

std::string heading(const Part& part, int below, std::string_view html) {
    const auto level = std::to_string(part.level + below);
    return "<h" + level + ">" + std::string{html} + "</h" + level + ">\n";
}

std::string section(const Part& part, const char* id, std::string_view title,
                    const std::string& body) {
    if (body.empty()) {
        return {};
    }
    const auto whole = part.prefix + id;
    // On the way back: "Rollback Timeline".
    const auto above = part.prefix.empty() ? "" : part.prefix + "h ";
    return "<section id=\"" + whole + "\" aria-labelledby=\"" + above + whole +
           "-h\" data-part=\"" + std::to_string(part.number) + "\">\n<h" +
           std::to_string(part.level) + " id=\"" + whole + "-h\">" + std::string{title} + "</h" +
           std::to_string(part.level) + ">\n" + body + "</section>\n";
}

std::string chart(const char* kind, std::string_view label, std::string_view more) {
    return "<div class=\"chart drawn\" data-chart=\"" + std::string{kind} + "\" data-label=\"" +
           std::string{label} + "\"" + std::string{more} + "></div>\n";
}

}  // namespace reports::html
