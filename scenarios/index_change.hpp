// Which index a statement makes or drops without locking out the application.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace scenarios {

// CREATE or DROP INDEX CONCURRENTLY of one named index. Names as the catalog has them.
struct IndexChange {
    bool drops = false;
    std::string schema;  // empty: not named
    std::string name;
};

// Empty: another statement, an index that the server is to name, or what libpg_query cannot parse.
[[nodiscard]] std::optional<IndexChange> index_change_of(const std::string& statement);

// Whether a name as it is written in SQL (quoted where needed, its schema left out where that is on
// the search path) is the change's index.
[[nodiscard]] bool is_index_of(const IndexChange& change, std::string_view written);

}  // namespace scenarios
