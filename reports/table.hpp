// A table for a terminal. Columns are as wide as their content; where the line is too short, those
// that may shrink do.
#pragma once

#include "reports/text.hpp"

#include <string>
#include <vector>

namespace reports {

enum class Colour : unsigned char { none, red, green, yellow, bold, dim };

// `text` must be one line already; the colour adds nothing to its width.
[[nodiscard]] std::string coloured(const std::string& text, Colour colour, bool enabled);

class Table {
public:
    struct Column {
        std::string heading;
        Align align = Align::left;
        bool shrinks = false;  // down to 8 columns
    };
    struct Cell {
        std::string text;
        Colour colour = Colour::none;
    };

    explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}

    // One cell a column. Texts are made harmless here.
    void add(std::vector<Cell> row);

    [[nodiscard]] bool empty() const noexcept { return rows_.empty(); }

    // Lines of at most `width` columns, each ending in a line feed.
    [[nodiscard]] std::string text(std::size_t width, bool colour) const;

private:
    [[nodiscard]] std::vector<std::size_t> widths(std::size_t width, std::size_t& gap) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace reports
