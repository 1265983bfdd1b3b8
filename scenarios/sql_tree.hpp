// The server's own parse trees, as JSON.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

namespace scenarios {

// Null where it does not parse, or where the tree is so deep that walking and copying it could
// exhaust the stack: some 300 terms of one sum are.
[[nodiscard]] nlohmann::json sql_tree(const std::string& sql);
// A parser's text as a tree, by the same rules.
[[nodiscard]] nlohmann::json bounded_tree(std::string_view text);

// The only statement in a tree, with its kind; both empty where there is not exactly one.
[[nodiscard]] std::pair<std::string, nlohmann::json> only_statement(const nlohmann::json& tree);

}  // namespace scenarios
