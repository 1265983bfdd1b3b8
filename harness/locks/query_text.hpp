// Queries as reports may show them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace harness::locks {

inline constexpr std::size_t shown_query_bytes = 300;

// White space folded, cut after shown_query_bytes (never within a UTF-8 character), then "...".
[[nodiscard]] std::string shorten_query(std::string_view query);

// Literals become ?: other people's queries hold row values (and ALTER ROLE a password). Strings of
// all kinds, dollar quotes and numbers; names, comments and $1 stay. An unterminated literal (the
// server cuts long queries) is masked to the end.
[[nodiscard]] std::string mask_literals(std::string_view query);

}  // namespace harness::locks
