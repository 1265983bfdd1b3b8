// From byte offsets to the lines and columns that an editor shows.
#pragma once

#include "scenarios/scenario.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace scenarios {

// Line and column (in characters, from 1) of a byte of a UTF-8 text with \n as line end.
[[nodiscard]] Place place_in(std::string_view text, std::size_t offset);

// The same for many bytes of one text, asked for nearly in order: costs the way from one to the
// next.
class PlaceCursor {
public:
    explicit PlaceCursor(std::string_view text) : text_{text} {}
    [[nodiscard]] Place at(std::size_t offset);

private:
    std::string_view text_;
    std::size_t offset_ = 0;
    Place place_{1, 1};
};

// The byte at which the `characters`-th character (from 0) of a UTF-8 text starts.
[[nodiscard]] std::size_t byte_of_character(std::string_view text, std::size_t characters);

// The byte in `source` from which the byte `offset` of a YAML scalar's value was read; `start` is
// where the scalar starts in `source`: at its first letter, its quote, or its `|` or `>`. Follows
// plain, quoted and block scalars over several lines; for what it cannot follow (rare escapes,
// tags) the answer is `start`.
[[nodiscard]] std::size_t offset_in_source(std::string_view source, std::size_t start,
                                           std::string_view value, std::size_t offset);

// The same for many bytes of one scalar, asked for in order: costs the way from one to the next.
class ScalarCursor {
public:
    ScalarCursor(std::string_view source, std::size_t start, std::string_view value);
    [[nodiscard]] std::size_t at(std::size_t offset);  // not before the last one

private:
    void go_to(std::size_t offset);

    std::string_view source_, value_;
    std::size_t start_;
    bool single_quoted_ = false, double_quoted_ = false;
    std::size_t at_ = 0, in_value_ = 0;
    bool lost_ = false;  // from here on every byte is placed at the start
};

// A text made ready for parsers that know neither byte order marks nor \r: the mark is removed, and
// \r\n and \r become \n.
[[nodiscard]] std::string with_plain_line_ends(std::string_view text);

[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

// npos: there is none.
[[nodiscard]] std::size_t first_byte_that_is_not_utf8(std::string_view text);

}  // namespace scenarios
