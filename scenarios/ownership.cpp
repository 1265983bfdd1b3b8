#include "scenarios/ownership.hpp"

#include "scenarios/relations.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <nlohmann/json.hpp>
#include <pg_query.h>

namespace scenarios {
namespace {

using nlohmann::json;

// They alter nothing that is there, and leave roles, rights and the search path alone.
constexpr std::array<std::string_view, 10> harmless{
    "CommentStmt", "CreateFunctionStmt", "CreateStmt",      "CreateTrigStmt", "DeleteStmt",
    "InsertStmt",  "LockStmt",           "TransactionStmt", "UpdateStmt",     "VacuumStmt"};

json only_statement(const std::string& text) {
    PgQueryParseResult result = pg_query_parse(text.c_str());
    json tree;
    if (result.error == nullptr && result.parse_tree != nullptr) {
        tree = json::parse(result.parse_tree, nullptr, false);
    }
    pg_query_free_parse_result(result);
    const bool one = tree.is_object() && tree.contains("stmts") && tree["stmts"].size() == 1;
    return one ? tree["stmts"][0].value("stmt", json::object()) : json::object();
}

bool changes_owner(const json& alter) {
    const auto commands = alter.value("cmds", json::array());
    return std::any_of(commands.begin(), commands.end(), [](const json& command) {
        return command.value("AlterTableCmd", json::object()).value("subtype", "") ==
               "AT_ChangeOwner";
    });
}

bool sets_who_or_where(const json& set) {
    const auto name = set.value("name", "");
    const auto kind = set.value("kind", "");
    return name == "role" || name == "session_authorization" || name == "search_path" ||
           (kind != "VAR_SET_VALUE" && kind != "VAR_SET_DEFAULT" && kind != "VAR_RESET");
}

}  // namespace

Ownership ownership_needed_by(const std::string& statement) {
    const json tree = only_statement(statement);
    if (tree.size() != 1) {
        return {};
    }
    const std::string kind = tree.begin().key();
    const json& body = tree.begin().value();
    if (kind == "VariableSetStmt") {
        return {.foreseeable = !sets_who_or_where(body), .relation = {}};
    }
    if (std::find(harmless.begin(), harmless.end(), kind) != harmless.end()) {
        return {.foreseeable = true, .relation = {}};
    }
    if ((kind == "AlterTableStmt" || kind == "IndexStmt" || kind == "RenameStmt") &&
        body.contains("relation")) {
        const auto& altered = body.at("relation");
        return {.foreseeable = !changes_owner(body),
                .relation =
                    written_name(altered.value("schemaname", ""), altered.value("relname", ""))};
    }
    return {};
}

}  // namespace scenarios
