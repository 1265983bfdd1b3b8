// Text from elsewhere (names, SQL, server messages) on its way into a report: made harmless,
// measured and fitted in columns of a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace reports {

// Well-formed UTF-8 on one line: white space becomes single spaces, control characters (escape
// sequences among them), bidirectional overrides, invisible characters and broken UTF-8 become
// U+FFFD.
[[nodiscard]] std::string one_line(std::string_view text);

// The same, but line feeds stay and tabs become spaces.
[[nodiscard]] std::string many_lines(std::string_view text);

// Terminal columns of a text that went through one of the above: 0 for combining marks, 2 for wide
// East Asian characters and emoji.
[[nodiscard]] std::size_t columns_of(std::string_view text) noexcept;

// At most `width` columns, the end cut off behind an ellipsis.
[[nodiscard]] std::string fitted(std::string_view text, std::size_t width);

enum class Align : unsigned char { left, right };
// Exactly `width` columns: fitted, then filled with spaces.
[[nodiscard]] std::string padded(std::string_view text, std::size_t width,
                                 Align align = Align::left);

// Lines of at most `width` columns, broken at spaces where there are any. `width` at least 2. Never
// empty.
[[nodiscard]] std::vector<std::string> wrapped(std::string_view text, std::size_t width);

}  // namespace reports
