#include "reports/table.hpp"

#include <algorithm>
#include <numeric>

namespace reports {

namespace {

constexpr std::size_t indent = 2;
constexpr std::size_t narrowest = 8;

}  // namespace

std::string coloured(const std::string& text, Colour colour, bool enabled) {
    if (!enabled || colour == Colour::none) {
        return text;
    }
    const char* code = "";
    switch (colour) {
        case Colour::none:
            break;
        case Colour::red:
            code = "\x1b[1;31m";
            break;
        case Colour::green:
            code = "\x1b[1;32m";
            break;
        case Colour::yellow:
            code = "\x1b[1;33m";
            break;
        case Colour::bold:
            code = "\x1b[1m";
            break;
        case Colour::dim:
            code = "\x1b[2m";
            break;
    }
    return code + text + "\x1b[0m";
}

void Table::add(std::vector<Cell> row) {
    row.resize(columns_.size());
    for (auto& cell : row) {
        cell.text = one_line(cell.text);
    }
    rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths(std::size_t width, std::size_t& gap) const {
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        auto widest = columns_of(columns_[i].heading);
        for (const auto& row : rows_) {
            widest = std::max(widest, columns_of(row[i].text));
        }
        widths.push_back(widest);
    }
    const auto total = [&] {
        return std::accumulate(widths.begin(), widths.end(), indent) + gap * (widths.size() - 1);
    };
    // First the columns that may shrink, the widest of them first; then the gaps; then whatever is
    // widest, because a line that is too long is worse than a figure that is cut.
    const auto shrink = [&](bool all, std::size_t floor) {
        while (total() > width) {
            std::size_t* widest = nullptr;
            for (std::size_t i = 0; i < widths.size(); ++i) {
                if ((all || columns_[i].shrinks) && widths[i] > floor &&
                    (widest == nullptr || widths[i] > *widest)) {
                    widest = &widths[i];
                }
            }
            if (widest == nullptr) {
                return;
            }
            --*widest;
        }
    };
    shrink(false, 2 * narrowest);
    if (total() > width) {
        gap = 1;
    }
    shrink(false, narrowest);
    shrink(true, 1);
    return widths;
}

std::string Table::text(std::size_t width, bool colour) const {
    std::size_t gap = 2;
    const auto columns = widths(width, gap);
    std::string out;
    const auto add_line = [&](auto&& cell_at) {
        std::string line(indent, ' ');
        std::size_t blanks = 0;  // trailing spaces are left away
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const Cell& cell = cell_at(i);
            auto shown = padded(cell.text, columns[i], columns_[i].align);
            const auto last = shown.find_last_not_of(' ');
            const auto ink = last == std::string::npos ? 0 : last + 1;
            if (ink > 0) {
                line.append(blanks, ' ');
                line += coloured(shown.substr(0, ink), cell.colour, colour);
                blanks = 0;
            }
            blanks += shown.size() - ink + gap;
        }
        out += line + '\n';
    };
    std::vector<Cell> headings;
    for (const auto& column : columns_) {
        headings.push_back({column.heading, Colour::dim});
    }
    add_line([&](std::size_t i) -> const Cell& { return headings[i]; });
    for (const auto& row : rows_) {
        add_line([&](std::size_t i) -> const Cell& { return row[i]; });
    }
    return out;
}

}  // namespace reports
