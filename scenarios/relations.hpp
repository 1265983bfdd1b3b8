// Which relations a statement names.
#pragma once

#include <string>
#include <vector>

namespace scenarios {

// As one writes them in SQL, in quotes where they need them: orders, shop.orders, "Shop"."Order
// Lines"; each once, sorted. Empty where libpg_query cannot parse the statement.
[[nodiscard]] std::vector<std::string> relations_of(const std::string& statement);

// The same of names as the catalog spells them; the schema may be empty.
[[nodiscard]] std::string written_name(const std::string& schema, const std::string& relation);

}  // namespace scenarios
