// Values kept with a record, so that a mismatch can name its row: encoded shortly, shown as text.
#pragma once

#include "checksum/value.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace checksum {

// Appends a value with its kind and length; of more than `limit` bytes only the first.
void append_shown(std::string& to, const Value& value, std::size_t limit);
// What stands next in `from`, which is moved on; bytes that were cut off are told by `cut`.
struct ShownValue {
    Value value;
    std::size_t full_size = 0;
};
[[nodiscard]] ShownValue take_shown(std::string_view& from);

// One value as text: NULL, 42, -1.50, 'it''s', \xdeadbeef, true, 2026-11-20 12:30:00.000001, ...
[[nodiscard]] std::string render(const Value& value);

struct NamedValue {
    std::string_view name;
    ShownValue shown;
};
// As many as were appended, each under its name. Views into both.
[[nodiscard]] std::vector<NamedValue> take_named(std::string_view shown,
                                                 std::span<const std::string> names);
// "id=5, name='x'". Values that were cut end in "... (N bytes)"; what goes beyond a whole text's
// bound is left out and counted: "... (N more columns)".
[[nodiscard]] std::string render(std::span<const NamedValue> values);
inline constexpr std::size_t most_shown_bytes = 2000;  // of text, beside the first value

}  // namespace checksum
