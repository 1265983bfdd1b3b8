// A number in an answer's text.
#pragma once

#include "harness/database/control.hpp"

#include <charconv>
#include <string_view>

namespace harness::postgres {

// 0 where the text begins with none; what stands behind it is not looked at.
template <typename Number>
[[nodiscard]] Number number_in(std::string_view text) noexcept {
    Number number{};
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

// 0 for NULL, too.
template <typename Number>
[[nodiscard]] Number number_in(const database::Value& value) noexcept {
    return value ? number_in<Number>(std::string_view{*value}) : Number{};
}

}  // namespace harness::postgres
