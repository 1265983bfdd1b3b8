// Where a recorded call gives the values of a statement's $n: as parameters, or as literals of its
// text, which are $n only once their places were taken out of it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::conflicts {

struct ValuePlace {
    enum class Kind : unsigned char {
        nowhere,    // a constant of another kind, TRUE for example
        parameter,  // `index` counts the call's parameters from 0
        literal,    // `index` counts the text's literals as StatementScanner::literals() does
    };
    Kind kind = Kind::nowhere;
    std::size_t index = 0;
    bool negative = false;  // a minus stands before the literal
};

// One for each $n of `normalised` (see synthesis::StatementText), from $1 on, in `text`, from which
// it was made. Empty where the two cannot be laid side by side.
[[nodiscard]] std::vector<ValuePlace> places_of_values(std::string_view text,
                                                       std::string_view normalised);

// What a plain string or number stands for: 'it''s' is it's. Any other literal gives false.
[[nodiscard]] bool read_literal(std::string_view literal, std::string& value);
// A literal as one may write it in SQL.
[[nodiscard]] std::string written_literal(std::string_view value);

}  // namespace workloads::conflicts
