#include "scenarios/text_place.hpp"

#include <algorithm>

namespace scenarios {
namespace {

bool starts_character(char byte) noexcept {
    return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
}

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n';
}

std::size_t skip_spaces(std::string_view text, std::size_t at) {
    while (at < text.size() && is_space(text[at])) {
        ++at;
    }
    return at;
}

// Whether white space that holds a line end starts here: folding and indentation change how much of
// it there is, never that there is some.
bool folds(std::string_view source, std::size_t at) {
    return source.substr(at, skip_spaces(source, at) - at).find('\n') != std::string_view::npos;
}

// The length of the UTF-8 sequence that starts here by its form (RFC 3629); 0: there is none.
std::size_t utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const auto lead = byte(0);
    if (lead < 0x80) {
        return 1;
    }
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) {
        return 0;
    }
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0) != 0x80) {
            return 0;
        }
    }
    const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
    const bool surrogate = lead == 0xED && byte(1) >= 0xA0;
    const bool too_large = lead == 0xF4 && byte(1) >= 0x90;
    return overlong || surrogate || too_large ? 0 : length;
}

// How many bytes of a double-quoted scalar stand for the one byte `value`; 0: something else does.
std::size_t escape_length(std::string_view source, char value) {
    if (source.size() < 2) {
        return 0;
    }
    const char letter = source[1];
    const bool fits = letter == 'n'   ? value == '\n'
                      : letter == 't' ? value == '\t'
                                      : letter == value && (value == '"' || value == '\\');
    return fits ? 2 : 0;
}

}  // namespace

Place place_in(std::string_view text, std::size_t offset) {
    return PlaceCursor{text}.at(offset);
}

Place PlaceCursor::at(std::size_t offset) {
    offset = std::min(offset, text_.size());
    std::size_t from = offset_;
    if (offset < offset_) {
        const auto back = text_.substr(offset, offset_ - offset);
        place_.line -= static_cast<int>(std::count(back.begin(), back.end(), '\n'));
        from = text_.substr(0, offset).rfind('\n') + 1;  // npos + 1 == 0: the first line
        place_.column = 1;
    }
    for (; from < offset; ++from) {
        if (text_[from] == '\n') {
            ++place_.line;
            place_.column = 1;
        } else if (starts_character(text_[from])) {
            ++place_.column;
        }
    }
    offset_ = offset;
    return place_;
}

std::size_t byte_of_character(std::string_view text, std::size_t characters) {
    std::size_t at = 0;
    while (at < text.size()) {
        if (starts_character(text[at])) {
            if (characters == 0) {
                break;
            }
            --characters;
        }
        ++at;
    }
    return at;
}

ScalarCursor::ScalarCursor(std::string_view source, std::size_t start, std::string_view value)
    : source_{source}, value_{value}, start_{start} {
    if (start >= source.size()) {
        lost_ = true;
        return;
    }
    const char first = source[start];
    const bool block = first == '|' || first == '>';
    single_quoted_ = first == '\'';
    double_quoted_ = first == '"';
    at_ = block ? source.find('\n', start) : start + (single_quoted_ || double_quoted_ ? 1 : 0);
    lost_ = at_ == std::string_view::npos;
    if (block && !lost_) {
        at_ = skip_spaces(source, at_);
        in_value_ = skip_spaces(value, 0);
    }
}

std::size_t ScalarCursor::at(std::size_t offset) {
    if (offset > value_.size()) {
        return start_;
    }
    go_to(offset);
    return lost_ ? start_ : at_;
}

void ScalarCursor::go_to(std::size_t offset) {
    while (!lost_ && in_value_ < offset) {
        if (at_ >= source_.size()) {
            lost_ = true;
        } else if (double_quoted_ && source_[at_] == '\\') {
            const auto length = escape_length(source_.substr(at_), value_[in_value_]);
            lost_ = length == 0;
            at_ += length;
            ++in_value_;
        } else if (is_space(value_[in_value_]) && folds(source_, at_)) {
            in_value_ = skip_spaces(value_, in_value_);
            at_ = skip_spaces(source_, at_);
        } else if (value_[in_value_] == source_[at_]) {
            at_ += single_quoted_ && source_[at_] == '\'' ? 2 : 1;
            ++in_value_;
        } else {
            lost_ = true;
        }
    }
}

std::size_t offset_in_source(std::string_view source, std::size_t start, std::string_view value,
                             std::size_t offset) {
    return ScalarCursor{source, start, value}.at(offset);
}

std::string with_plain_line_ends(std::string_view text) {
    text = without_byte_order_mark(text);
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\r') {
            out += text[i];
        } else if (i + 1 == text.size() || text[i + 1] != '\n') {
            out += '\n';
        }
    }
    return out;
}

std::string_view without_byte_order_mark(std::string_view text) {
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    text.remove_prefix(text.starts_with(mark) ? mark.size() : 0);
    return text;
}

std::size_t first_byte_that_is_not_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto length = utf8_length(text.substr(at));
        if (length == 0) {
            return at;
        }
        at += length;
    }
    return std::string_view::npos;
}

}  // namespace scenarios
