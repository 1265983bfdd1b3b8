#include "workloads/synthesis/tree_nodes.hpp"

namespace workloads::synthesis {

using nlohmann::json;

namespace {
const json nothing;
}

const json& at(const json& node, const char* key) {
    if (!node.is_object()) {
        return nothing;
    }
    const auto found = node.find(key);
    return found == node.end() ? nothing : *found;
}
const json& only(const json& node, const char* kind) {
    return at(node, kind);
}
std::string text_at(const json& node, const char* key) {
    const json& value = at(node, key);
    return value.is_string() ? value.get<std::string>() : std::string{};
}
// "sval" since PostgreSQL 15's grammar.
std::string string_of(const json& node) {
    const json& string = only(node, "String");
    return at(string, "sval").is_string() ? text_at(string, "sval") : text_at(string, "str");
}
std::string last_name(const json& names) {
    return names.is_array() && !names.empty() ? string_of(names.back()) : std::string{};
}

// Casts and collations do not change which column or parameter it is.
const json& bare(const json& node) {
    const json* inner = &node;
    for (;;) {
        if (const auto& cast = only(*inner, "TypeCast"); !cast.is_null()) {
            inner = &at(cast, "arg");
        } else if (const auto& collation = only(*inner, "CollateClause"); !collation.is_null()) {
            inner = &at(collation, "arg");
        } else {
            return *inner;
        }
    }
}

bool is_parameter(const json& node) {
    return !only(bare(node), "ParamRef").is_null();
}

}  // namespace workloads::synthesis
