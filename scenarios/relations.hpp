// Which relations a statement names.
#pragma once

#include <string>
#include <vector>

namespace scenarios {

// As written, without quotes added or folded: "orders", "shop.orders"; each once, sorted. Empty
// where libpg_query cannot parse the statement.
[[nodiscard]] std::vector<std::string> relations_of(const std::string& statement);

}  // namespace scenarios
