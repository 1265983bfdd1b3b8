#include "scenarios/relations.hpp"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>
#include <pg_query.h>

namespace scenarios {
namespace {

using nlohmann::json;

// The parse tree may be as deep as an expression is long.
constexpr int deepest = 1'000;

// A name that the server would fold or take apart without its quotes.
bool needs_quotes(const std::string& name) {
    const auto starts = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    const auto goes_on = [&](char c) { return starts(c) || (c >= '0' && c <= '9') || c == '$'; };
    return name.empty() || !starts(name.front()) || !std::all_of(name.begin(), name.end(), goes_on);
}

std::string written(const std::string& name) {
    if (!needs_quotes(name)) {
        return name;
    }
    std::string text = "\"";
    for (const char c : name) {
        text += c == '"' ? "\"\"" : std::string{c};
    }
    return text + '"';
}

void collect(const json& node, std::set<std::string>& names, int depth) {
    if (depth > deepest) {
        return;
    }
    if (node.is_object() && node.contains("relname") && node["relname"].is_string()) {
        names.insert(written_name(node.value("schemaname", ""), node["relname"]));
    }
    if (node.is_structured()) {
        for (const auto& child : node) {
            collect(child, names, depth + 1);
        }
    }
}

}  // namespace

std::string written_name(const std::string& schema, const std::string& relation) {
    return (schema.empty() ? "" : written(schema) + ".") + written(relation);
}

std::vector<std::string> relations_of(const std::string& statement) {
    PgQueryParseResult result = pg_query_parse(statement.c_str());
    std::set<std::string> names;
    if (result.error == nullptr && result.parse_tree != nullptr) {
        const json tree = json::parse(result.parse_tree, nullptr, false);
        if (!tree.is_discarded()) {
            collect(tree, names, 0);
        }
    }
    pg_query_free_parse_result(result);
    return {names.begin(), names.end()};
}

}  // namespace scenarios
