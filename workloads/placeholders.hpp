// Finds `:name` placeholders in a statement the way a reader of SQL would.
#pragma once

#include "workloads/values.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace workloads {

// A statement cut at its placeholders: pieces[0] name[0] pieces[1] name[1] ... pieces[n].
struct CutStatement {
    std::vector<std::string> pieces;      // always one more than names
    std::vector<std::string> names;       // in order of appearance, repeated where used again
    std::vector<std::size_t> offsets;     // of each placeholder's colon in the original text

    // The text to prepare: the k-th distinct name becomes $k. `parameters` receives the distinct
    // names in the order of their numbers.
    [[nodiscard]] std::string numbered(std::vector<std::string>& parameters) const;
};

// Placeholders are recognised where an expression may stand: not in literals ('...', E'...', U&'...',
// with their escapes), quoted names, dollar quotes, nested comments, `::` casts, `:=`, or array
// slices such as a[1:2] and a[lo:hi]. Errors: an unterminated literal, name, dollar quote or comment;
// a `$1` in the text (it would clash with the numbers given here).
[[nodiscard]] std::variant<CutStatement, TextError> cut_placeholders(std::string_view sql);

}  // namespace workloads
