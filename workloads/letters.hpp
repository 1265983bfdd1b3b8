// Classes of bytes, as PostgreSQL's scanner (src/backend/parser/scan.l) draws them. <cctype> would
// ask the locale.
#pragma once

#include <string_view>

namespace workloads {

[[nodiscard]] constexpr bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
[[nodiscard]] constexpr bool is_digit(char c) noexcept {
    return c >= '0' && c <= '9';
}

// A placeholder's or a parameter function's name: [A-Za-z_][A-Za-z0-9_]*.
[[nodiscard]] constexpr bool is_name_start(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
[[nodiscard]] constexpr bool is_name_part(char c) noexcept {
    return is_name_start(c) || is_digit(c);
}

// An SQL identifier: letters beyond ASCII count, and digits and $ after the first.
[[nodiscard]] constexpr bool is_identifier_start(char c) noexcept {
    return is_name_start(c) || static_cast<unsigned char>(c) >= 0x80;
}
[[nodiscard]] constexpr bool is_identifier_part(char c) noexcept {
    return is_identifier_start(c) || is_digit(c) || c == '$';
}

// Whether `text` begins with it, which is then taken away.
constexpr bool take(std::string_view& text, std::string_view start) noexcept {
    if (!text.starts_with(start)) {
        return false;
    }
    text.remove_prefix(start.size());
    return true;
}

}  // namespace workloads
