#include "reports/text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace reports {

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view ellipsis = "\xE2\x80\xA6";     // U+2026

struct Decoded {
    char32_t point = 0;
    std::size_t length = 1;
    bool valid = false;
};

// One character at the front of a text that is not empty. Overlong forms, surrogates and what is
// past U+10FFFF are invalid (Unicode, table 3-7).
Decoded decode(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto first = byte(0);
    if (first < 0x80) {
        return {first, 1, true};
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) {
        return {};
    }
    char32_t point = first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80U) {
            return {};
        }
        point = (point << 6) | (byte(i) & 0x3FU);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) {
        return {};
    }
    return {point, length, true};
}

struct Range {
    char32_t first, last;
};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t point) noexcept {
    const auto after =
        std::upper_bound(ranges.begin(), ranges.end(), point,
                         [](char32_t p, const Range& range) { return p < range.first; });
    return after != ranges.begin() && point <= std::prev(after)->last;
}

// What could move the cursor, turn the reading order round or hide.
constexpr std::array<Range, 13> hostile{{{0x00, 0x1F},
                                         {0x7F, 0x9F},
                                         {0xAD, 0xAD},
                                         {0x061C, 0x061C},
                                         {0x180E, 0x180E},
                                         {0x200B, 0x200F},
                                         {0x2028, 0x202E},
                                         {0x2060, 0x206F},
                                         {0xE000, 0xF8FF},
                                         {0xFEFF, 0xFEFF},
                                         {0xFFF9, 0xFFFB},
                                         {0xE0000, 0xE0FFF},
                                         {0xF0000, 0x10FFFF}}};

// Combining marks of the common scripts and variation selectors.
constexpr std::array<Range, 24> zero_width{
    {{0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF}, {0x05C1, 0x05C2},
     {0x05C4, 0x05C5}, {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0670, 0x0670}, {0x06D6, 0x06DC},
     {0x06DF, 0x06E4}, {0x0900, 0x0902}, {0x093A, 0x093A}, {0x093C, 0x093C}, {0x0941, 0x0948},
     {0x094D, 0x094D}, {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF},
     {0x1DC0, 0x1DFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}}};

// East Asian Width W and F (UAX #11), blocks taken whole, and emoji.
constexpr std::array<Range, 20> wide{
    {{0x1100, 0x115F}, {0x231A, 0x231B}, {0x23E9, 0x23EC}, {0x23F0, 0x23F0},   {0x25FD, 0x25FE},
     {0x2614, 0x2615}, {0x2648, 0x2653}, {0x26A1, 0x26A1}, {0x2705, 0x2705},   {0x274C, 0x274C},
     {0x2E80, 0x303E}, {0x3041, 0xA4CF}, {0xA960, 0xA97F}, {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
     {0xFE30, 0xFE6F}, {0xFF00, 0xFF60}, {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}}};

std::size_t width_of(char32_t point) noexcept {
    return within(zero_width, point) ? 0 : within(wide, point) ? 2 : 1;
}

bool is_space(char32_t point) noexcept {
    return point == ' ' || point == '\t' || point == '\n' || point == '\v' || point == '\f' ||
           point == '\r' || point == 0x85 || point == 0xA0 || point == 0x2028 || point == 0x2029;
}

void append_harmless(std::string_view text, const Decoded& next, std::string& out) {
    if (!next.valid || within(hostile, next.point)) {
        out += replacement;
    } else {
        out += text.substr(0, next.length);
    }
}

// Marks without end on one character are a way to overflow a cell without any width.
constexpr int most_marks = 4;

template <typename OnSpace>
std::string harmless(std::string_view text, OnSpace&& on_space) {
    std::string out;
    out.reserve(text.size());
    int marks = 0;
    while (!text.empty()) {
        const auto next = decode(text);
        marks = next.valid && width_of(next.point) == 0 ? marks + 1 : 0;
        if (next.valid && is_space(next.point)) {
            on_space(next.point, out);
        } else if (marks <= most_marks) {
            append_harmless(text, next, out);
        }
        text.remove_prefix(next.length);
    }
    return out;
}

}  // namespace

std::string one_line(std::string_view text) {
    auto out = harmless(text, [](char32_t, std::string& line) {
        if (!line.empty() && line.back() != ' ') {
            line += ' ';
        }
    });
    if (!out.empty() && out.back() == ' ') {
        out.pop_back();
    }
    return out;
}

std::string many_lines(std::string_view text) {
    return harmless(
        text, [](char32_t point, std::string& lines) { lines += point == '\n' ? '\n' : ' '; });
}

std::size_t columns_of(std::string_view text) noexcept {
    std::size_t columns = 0;
    while (!text.empty()) {
        const auto next = decode(text);
        columns += next.valid ? width_of(next.point) : 1;
        text.remove_prefix(next.length);
    }
    return columns;
}

namespace {

// The longest front of `text` that takes at most `width` columns.
std::string_view front_of(std::string_view text, std::size_t width) noexcept {
    std::size_t bytes = 0;
    std::size_t columns = 0;
    while (bytes < text.size()) {
        const auto next = decode(text.substr(bytes));
        columns += next.valid ? width_of(next.point) : 1;
        if (columns > width) {
            break;
        }
        bytes += next.length;
    }
    return text.substr(0, bytes);
}

}  // namespace

std::string fitted(std::string_view text, std::size_t width) {
    if (columns_of(text) <= width) {
        return std::string{text};
    }
    return width == 0 ? std::string{} : std::string{front_of(text, width - 1)}.append(ellipsis);
}

std::string padded(std::string_view text, std::size_t width, Align align) {
    auto cell = fitted(text, width);
    const std::string fill(width - columns_of(cell), ' ');
    return align == Align::left ? cell + fill : fill + cell;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    width = std::max<std::size_t>(width, 2);
    std::vector<std::string> lines;
    while (columns_of(text) > width) {
        auto line = front_of(text, width);
        const bool at_word_end = text[line.size()] == ' ';
        const auto space = line.rfind(' ');
        if (!at_word_end && space != std::string_view::npos && space > 0) {
            line = line.substr(0, space);
        }
        lines.emplace_back(line);
        text.remove_prefix(line.size());
        while (!text.empty() && text.front() == ' ') {
            text.remove_prefix(1);
        }
    }
    if (!text.empty() || lines.empty()) {
        lines.emplace_back(text);
    }
    return lines;
}

}  // namespace reports
