// Finds the name that was probably meant.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace scenarios {

// The known name nearest to what was written, by the number of letters to insert, drop, change or
// swap; none where every name is too far away to have been meant.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view written,
                                                      std::span<const std::string_view> known);

// "; did you mean `x`?" or "; known are `a`, `b` and `c`".
[[nodiscard]] std::string suggestion(std::string_view written,
                                     std::span<const std::string_view> known);

// "`a`, `b` and `c`", or with another last word: "`a`, `b` or `c`".
[[nodiscard]] std::string listed(std::span<const std::string_view> names,
                                 std::string_view last_word = "and");

}  // namespace scenarios
