#include "scenarios/transaction_role.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

extern "C" {
#include <pg_query.h>
}

namespace scenarios {
namespace {

using nlohmann::json;

// Only these are parsed for a closer look: the tree of a large INSERT is many times its text.
constexpr std::array<std::string_view, 15> suspects{
    "ABORT", "ALTER", "BEGIN",   "CLUSTER", "COMMIT",   "COPY",  "CREATE", "DISCARD",
    "DROP",  "END",   "PREPARE", "REINDEX", "ROLLBACK", "START", "VACUUM"};

// In upper case, one at least; a hint before them is skipped.
std::vector<std::string> first_words(std::string_view statement, std::size_t count) {
    constexpr std::string_view blanks = " \t\r\n";
    if (statement.starts_with("/*+")) {
        const auto end = statement.find("*/");
        statement.remove_prefix(end == std::string_view::npos ? statement.size() : end + 2);
    }
    std::vector<std::string> words;
    do {
        statement.remove_prefix(std::min(statement.find_first_not_of(blanks), statement.size()));
        std::string word;
        for (const char c : statement) {
            if (std::isalpha(static_cast<unsigned char>(c)) == 0) {
                break;
            }
            word += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        }
        statement.remove_prefix(word.size());
        words.push_back(std::move(word));
    } while (words.size() < count && !words.back().empty());
    return words;
}

bool is_suspect(std::string_view statement) {
    return std::find(suspects.begin(), suspects.end(), first_words(statement, 1)[0]) !=
           suspects.end();
}

json tree_of(const std::string& statement) {
    struct Free {
        PgQueryParseResult result;
        ~Free() { pg_query_free_parse_result(result); }
    } const guard{pg_query_parse(statement.c_str())};
    if (guard.result.error != nullptr) {
        return {};
    }
    auto tree = json::parse(guard.result.parse_tree, nullptr, false);
    const bool single = tree.is_object() && tree.contains("stmts") && tree["stmts"].size() == 1;
    return single ? tree["stmts"][0].value("stmt", json{}) : json{};
}

// Whether an option such as `concurrently` is given and not switched off.
bool option_is_on(const json& options, std::string_view name) {
    for (const auto& option : options) {
        const auto& element = option.value("DefElem", json::object());
        if (element.value("defname", "") != name) {
            continue;
        }
        const auto arg = element.value("arg", json::object());
        const auto text = arg.value("String", json::object()).value("sval", "true");
        const bool zero = arg.contains("Integer") && arg["Integer"].value("ival", 0) == 0;
        return text != "false" && text != "off" && !zero;
    }
    return false;
}

bool has_option(const json& options, std::string_view name) {
    return std::any_of(options.begin(), options.end(), [&](const json& option) {
        return option.value("DefElem", json::object()).value("defname", "") == name;
    });
}

TransactionRole role_of_control(const json& statement) {
    const auto kind = statement.value("kind", "");
    if (kind == "TRANS_STMT_BEGIN" || kind == "TRANS_STMT_START") {
        return TransactionRole::begins;
    }
    if (kind == "TRANS_STMT_COMMIT" || kind == "TRANS_STMT_ROLLBACK" ||
        kind == "TRANS_STMT_PREPARE") {
        return TransactionRole::ends;
    }
    const bool prepared =
        kind == "TRANS_STMT_COMMIT_PREPARED" || kind == "TRANS_STMT_ROLLBACK_PREPARED";
    return prepared ? TransactionRole::not_inside : TransactionRole::ordinary;
}

bool detaches_concurrently(const json& statement) {
    const auto commands = statement.value("cmds", json::array());
    return std::any_of(commands.begin(), commands.end(), [](const json& command) {
        return command.value("AlterTableCmd", json::object())
            .value("def", json::object())
            .value("PartitionCmd", json::object())
            .value("concurrent", false);
    });
}

bool reindexes_many_or_concurrently(const json& statement) {
    const auto kind = statement.value("kind", "");
    return (kind != "REINDEX_OBJECT_TABLE" && kind != "REINDEX_OBJECT_INDEX") ||
           option_is_on(statement.value("params", json::array()), "concurrently");
}

bool refused_inside(const std::string& type, const json& statement) {
    const auto options = statement.value("options", json::array());
    if (type == "IndexStmt" || type == "DropStmt") {
        return statement.value("concurrent", false);
    }
    if (type == "AlterTableStmt") {
        return detaches_concurrently(statement);
    }
    if (type == "ReindexStmt") {
        return reindexes_many_or_concurrently(statement);
    }
    if (type == "VacuumStmt") {
        return statement.value("is_vacuumcmd", false);
    }
    if (type == "ClusterStmt") {
        return !statement.contains("relation");  // every table, each in a transaction of its own
    }
    if (type == "AlterDatabaseStmt") {
        return has_option(options, "tablespace");
    }
    if (type == "DiscardStmt") {
        return statement.value("target", "") == "DISCARD_ALL";
    }
    if (type == "CreateSubscriptionStmt") {
        return !has_option(options, "connect") && !has_option(options, "create_slot");
    }
    if (type == "AlterSubscriptionStmt") {
        return statement.value("kind", "") == "ALTER_SUBSCRIPTION_REFRESH";
    }
    constexpr std::array<std::string_view, 5> always{"AlterSystemStmt", "CreatedbStmt",
                                                     "DropdbStmt", "CreateTableSpaceStmt",
                                                     "DropTableSpaceStmt"};
    return std::find(always.begin(), always.end(), type) != always.end();
}

// Of a statement that the grammar at hand does not know (VACUUM ONLY, new in 18), by its first
// words.
TransactionRole role_of_words(const std::string& statement) {
    const auto words = first_words(statement, 4);
    const bool concurrent = (words[0] == "CREATE" || words[0] == "DROP" || words[0] == "REINDEX") &&
                            std::find(words.begin(), words.end(), "CONCURRENTLY") != words.end();
    return words[0] == "VACUUM" || concurrent ? TransactionRole::not_inside
                                              : TransactionRole::ordinary;
}

}  // namespace

std::optional<TransactionRole> transaction_role(const std::string& statement) {
    if (!is_suspect(statement)) {
        return TransactionRole::ordinary;
    }
    const auto tree = tree_of(statement);
    if (!tree.is_object() || tree.empty()) {
        return role_of_words(statement);
    }
    const auto& type = tree.begin().key();
    const auto& node = tree.begin().value();
    if (type == "CopyStmt" && !node.contains("filename")) {
        return std::nullopt;
    }
    if (type == "TransactionStmt") {
        return role_of_control(node);
    }
    return refused_inside(type, node) ? TransactionRole::not_inside : TransactionRole::ordinary;
}

}  // namespace scenarios
