// Values kept with a record, so that a mismatch can name its row: encoded shortly, shown as text.
#pragma once

#include "checksum/value.hpp"

#include <span>
#include <string>
#include <string_view>

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
// "id=5, name='x'" for as many values as were appended. Cut ones end in "... (N bytes)".
[[nodiscard]] std::string render_shown(std::string_view shown, std::span<const std::string> names);

}  // namespace checksum
