#include "scenarios/relations.hpp"

#include <memory>
#include <set>

#include <nlohmann/json.hpp>
#include <pg_query.h>

namespace scenarios {
namespace {

using nlohmann::json;

// The parse tree may be as deep as an expression is long.
constexpr int deepest = 1'000;

void collect(const json& node, std::set<std::string>& names, int depth) {
    if (depth > deepest) {
        return;
    }
    if (node.is_object()) {
        if (const auto name = node.find("relname"); name != node.end() && name->is_string()) {
            const auto schema = node.find("schemaname");
            names.insert(schema != node.end() && schema->is_string()
                             ? schema->get<std::string>() + "." + name->get<std::string>()
                             : name->get<std::string>());
        }
    }
    if (node.is_structured()) {
        for (const auto& child : node) {
            collect(child, names, depth + 1);
        }
    }
}

}  // namespace

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
