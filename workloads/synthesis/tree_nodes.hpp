// Reading a parse tree: what is not there, or is of another shape, is null or empty.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace workloads::synthesis {

[[nodiscard]] const nlohmann::json& at(const nlohmann::json& node, const char* key);
// The content of a node of this kind: {"ColumnRef": {...}}.
[[nodiscard]] const nlohmann::json& only(const nlohmann::json& node, const char* kind);
[[nodiscard]] std::string text_at(const nlohmann::json& node, const char* key);
[[nodiscard]] std::string string_of(const nlohmann::json& node);
// Of a list of strings: the name without its schema.
[[nodiscard]] std::string last_name(const nlohmann::json& names);
// The expression without the casts and collations around it.
[[nodiscard]] const nlohmann::json& bare(const nlohmann::json& node);
[[nodiscard]] bool is_parameter(const nlohmann::json& node);

}  // namespace workloads::synthesis
