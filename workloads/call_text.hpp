// A parameter's text, cut into a function's name and arguments; nothing is looked up here.
#pragma once

#include "workloads/values.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace workloads {

struct Argument {
    std::string text;  // without its quotes, doubled quotes made single
    bool quoted = false;
    std::size_t offset = 0;  // in the whole text
};

struct Call {
    std::string name;
    std::size_t offset = 0;  // of the name
    std::vector<Argument> arguments;
};

// `name(argument, ...)` gives a Call, any other text one Argument: a literal. Arguments and
// literals may stand in '...' or "..."; the quote itself is written twice inside. Whitespace around
// them does not count. Errors: an unclosed quote or parenthesis, text after either, an empty text
// or argument, a NUL byte, a quote or parenthesis inside an argument without quotes.
[[nodiscard]] std::variant<Call, Argument, TextError> read_call(std::string_view text);

}  // namespace workloads
