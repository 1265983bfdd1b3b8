#include "scenarios/sql_tree.hpp"

#include <algorithm>

#include <pg_query.h>

namespace scenarios {
namespace {

using nlohmann::json;

// Levels of objects and arrays; copying 30,000 exhausted a stack of 8 MB.
constexpr int deepest = 1'000;

int depth_of(std::string_view text) {
    int depth = 0, most = 0;
    bool quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (quoted) {
            i += c == '\\' ? 1 : 0;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            most = std::max(most, ++depth);
        } else if (c == '}' || c == ']') {
            --depth;
        }
    }
    return most;
}

}  // namespace

json bounded_tree(std::string_view text) {
    json tree = depth_of(text) > deepest ? json{} : json::parse(text, nullptr, false);
    return tree.is_discarded() ? json{} : tree;
}

json sql_tree(const std::string& sql) {
    const PgQueryParseResult result = pg_query_parse(sql.c_str());
    json tree = result.error == nullptr && result.parse_tree != nullptr
                    ? bounded_tree(result.parse_tree)
                    : json{};
    pg_query_free_parse_result(result);
    return tree;
}

std::pair<std::string, json> only_statement(const json& tree) {
    if (!tree.is_object()) {
        return {};
    }
    const auto all = tree.value("stmts", json::array());
    const auto one = all.size() == 1 ? all.front().value("stmt", json::object()) : json::object();
    return one.size() == 1 ? std::pair{one.begin().key(), one.begin().value()}
                           : std::pair<std::string, json>{};
}

}  // namespace scenarios
