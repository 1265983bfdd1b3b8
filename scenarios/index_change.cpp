#include "scenarios/index_change.hpp"

#include <vector>

#include <nlohmann/json.hpp>
#include <pg_query.h>

namespace scenarios {
namespace {

using nlohmann::json;

json parsed(const std::string& statement) {
    PgQueryParseResult result = pg_query_parse(statement.c_str());
    json tree;
    if (result.error == nullptr && result.parse_tree != nullptr) {
        tree = json::parse(result.parse_tree, nullptr, false);
    }
    pg_query_free_parse_result(result);
    return tree;
}

std::optional<IndexChange> created(const json& statement) {
    IndexChange change;
    change.name = statement.value("idxname", "");
    // An index lies in its table's schema.
    change.schema = statement.value("relation", json::object()).value("schemaname", "");
    return statement.value("concurrent", false) && !change.name.empty() ? std::optional{change}
                                                                        : std::nullopt;
}

std::optional<IndexChange> dropped(const json& statement) {
    if (statement.value("removeType", "") != "OBJECT_INDEX" ||
        !statement.value("concurrent", false) || statement.at("objects").size() != 1) {
        return std::nullopt;
    }
    std::vector<std::string> names;
    for (const auto& item : statement.at("objects")[0].at("List").at("items")) {
        // "sval" since PostgreSQL 15's grammar.
        const auto& text = item.at("String");
        names.push_back(text.value("sval", text.value("str", "")));
    }
    if (names.empty()) {
        return std::nullopt;
    }
    return IndexChange{.drops = true,
                       .schema = names.size() > 1 ? names[names.size() - 2] : "",
                       .name = names.back()};
}

// The parts of a qualified name: unquoted ones in lower case, quoted ones as they are.
std::vector<std::string> parts_of(std::string_view written) {
    std::vector<std::string> parts(1);
    bool quoted = false;
    for (std::size_t i = 0; i < written.size(); ++i) {
        const char c = written[i];
        if (c == '"' && quoted && i + 1 < written.size() && written[i + 1] == '"') {
            parts.back() += '"';
            ++i;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (c == '.' && !quoted) {
            parts.emplace_back();
        } else {
            const bool plain = !quoted && c >= 'A' && c <= 'Z';
            parts.back() += plain ? static_cast<char>(c - 'A' + 'a') : c;
        }
    }
    return parts;
}

}  // namespace

std::optional<IndexChange> index_change_of(const std::string& statement) {
    const json tree = parsed(statement);
    if (!tree.is_object() || !tree.contains("stmts") || tree["stmts"].size() != 1) {
        return std::nullopt;
    }
    const auto& only = tree["stmts"][0].at("stmt");
    if (const auto create = only.find("IndexStmt"); create != only.end()) {
        return created(*create);
    }
    if (const auto drop = only.find("DropStmt"); drop != only.end()) {
        return dropped(*drop);
    }
    return std::nullopt;
}

bool is_index_of(const IndexChange& change, std::string_view written) {
    const auto parts = parts_of(written);
    return parts.back() == change.name &&
           (parts.size() == 1 || change.schema.empty() || parts[parts.size() - 2] == change.schema);
}

}  // namespace scenarios
