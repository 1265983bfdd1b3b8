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
    std::vector<std::string> pieces;   // always one more than names
    std::vector<std::string> names;    // in order of appearance, repeated where used again
    std::vector<std::size_t> offsets;  // of each placeholder's colon in the original text

    // The text to prepare: the k-th distinct name becomes $k. `parameters` receives the distinct
    // names in the order of their numbers.
    [[nodiscard]] std::string numbered(std::vector<std::string>& parameters) const;
};

// Placeholders are recognised where an expression may stand: not in literals ('...', E'...',
// U&'...', with their escapes), quoted names, dollar quotes, nested comments, `::` casts, `:=`, or
// array slices. Names are [A-Za-z_][A-Za-z0-9_]*. Literals are read by standard_conforming_strings
// = on.
//
// Directly inside square brackets a colon after an operand (a name, a number, a literal, a closing
// bracket, another placeholder) is a slice's: in `a[lo:hi]` and `a[1:n]` nothing is a placeholder,
// in `a[:n]`, `a[:lo : :hi]`, `ARRAY[:a, :b]` and `a[CASE WHEN :p THEN :q END]` all are. Everywhere
// else a colon right before a name is a placeholder's: a space keeps `JSON_OBJECT('k' : v)` one
// that is none.
//
// Errors: an unterminated literal, name, dollar quote or comment; a `$1` in the text (it would
// clash with the numbers given here); a letter beyond ASCII or a `$` in a placeholder's name; a NUL
// byte.
[[nodiscard]] std::variant<CutStatement, TextError> cut_placeholders(std::string_view sql);

// Appends a token or a piece, with a space before it where the two would run together:
// `SELECT:id` becomes `SELECT $1`.
void append_apart(std::string& out, std::string_view token);

}  // namespace workloads
