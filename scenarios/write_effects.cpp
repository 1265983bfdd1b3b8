#include "scenarios/write_effects.hpp"

#include "scenarios/sql_tree.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace scenarios {
namespace {

using nlohmann::json;

// Statements that write nothing but what is found inside them (EXPLAIN ANALYZE runs its query).
constexpr std::array<std::string_view, 23> known{
    "SelectStmt",       "InsertStmt",      "UpdateStmt",      "DeleteStmt",
    "MergeStmt",        "TransactionStmt", "VariableSetStmt", "ExplainStmt",
    "VariableShowStmt", "PrepareStmt",     "DeallocateStmt",  "DeclareCursorStmt",
    "FetchStmt",        "ClosePortalStmt", "LockStmt",        "NotifyStmt",
    "ListenStmt",       "UnlistenStmt",    "DiscardStmt",     "ConstraintsSetStmt",
    "VacuumStmt",       "CheckPointStmt",  "TruncateStmt"};

// The parse tree may be as deep as an expression is long.
constexpr int deepest = 1'000;

// "sval" since PostgreSQL 15's grammar.
std::string text_of(const json& node) {
    const auto text = node.value("String", json::object());
    return text.value("sval", text.value("str", ""));
}

// False: there is a reference that names no column.
bool collect_columns(const json& node, int depth, std::vector<std::string>& columns) {
    if (depth > deepest) {
        return false;
    }
    if (node.is_object()) {
        if (const auto reference = node.find("ColumnRef"); reference != node.end()) {
            const auto fields = reference->value("fields", json::array());
            columns.push_back(fields.empty() ? std::string{} : text_of(fields.back()));
            return !columns.back().empty();
        }
    }
    bool named = true;
    if (node.is_structured()) {
        for (const auto& child : node) {
            named = named && collect_columns(child, depth + 1, columns);
        }
    }
    return named;
}

class Collector {
public:
    explicit Collector(WriteEffects& effects) : effects_{effects} {}

    void statement(const json& node) {
        if (!node.is_object() || node.empty()) {
            return;
        }
        const std::string kind = node.begin().key();
        if (std::find(known.begin(), known.end(), kind) == known.end()) {
            anything("runs a statement of kind " + kind);
        }
        walk(node, 0);
    }

    void expression(const json& node) { walk(node, 0); }

    void anything(std::string why) {
        if (effects_.anything.empty()) {
            effects_.anything = std::move(why);
        }
    }

private:
    void walk(const json& node, int depth) {
        if (depth > deepest) {
            anything("is nested too deep to be looked at");
            return;
        }
        if (node.is_object()) {
            for (const auto& [key, child] : node.items()) {
                visit(key, child);
            }
        }
        if (node.is_structured()) {
            for (const auto& child : node) {
                walk(child, depth + 1);
            }
        }
    }

    void visit(const std::string& key, const json& node) {
        if (key == "InsertStmt") {
            write(Write::Kind::insert, node, targets(node, "cols"));
            const auto conflict = node.find("onConflictClause");
            if (conflict != node.end() && conflict->value("action", "") == "ONCONFLICT_UPDATE") {
                write(Write::Kind::update, node, targets(*conflict));
            }
        } else if (key == "UpdateStmt") {
            write(Write::Kind::update, node, targets(node));
        } else if (key == "DeleteStmt") {
            write(Write::Kind::remove, node, {});
        } else if (key == "MergeStmt") {
            merge(node);
        } else if (key == "TruncateStmt") {
            for (const auto& relation : node.value("relations", json::array())) {
                add(Write::Kind::remove, relation.value("RangeVar", json::object()), {});
            }
            if (node.value("behavior", "") == "DROP_CASCADE") {
                anything("truncates with CASCADE");
            }
        } else if (key == "FuncCall") {
            function(node);
        }
    }

    // Its branches may do all three; what they set is taken together.
    void merge(const json& node) {
        std::vector<std::string> columns;
        for (const auto& clause : node.value("mergeWhenClauses", json::array())) {
            const auto when = clause.value("MergeWhenClause", json::object());
            const auto command = when.value("commandType", "");
            if (command == "CMD_UPDATE") {
                for (auto& column : targets(when)) {
                    columns.push_back(std::move(column));
                }
            } else if (command == "CMD_INSERT") {
                write(Write::Kind::insert, node, targets(when));
            } else if (command == "CMD_DELETE") {
                write(Write::Kind::remove, node, {});
            } else if (command != "CMD_NOTHING") {
                anything("has a MERGE branch of an unknown kind");
            }
        }
        if (!columns.empty()) {
            write(Write::Kind::update, node, std::move(columns));
        }
    }

    std::vector<std::string> targets(const json& node, const char* list = "targetList") {
        std::vector<std::string> columns;
        for (const auto& target : node.value(list, json::array())) {
            const auto name = target.value("ResTarget", json::object()).value("name", "");
            if (name.empty()) {
                anything("sets a column that was not recognised");
            }
            columns.push_back(name);
        }
        return columns;
    }

    void function(const json& node) {
        const auto names = node.find("funcname");
        // The grammar spells some of SQL's own so, such as EXTRACT, by names of its version.
        if (names == node.end() || names->empty() ||
            (names->size() == 2 && text_of(names->front()) == "pg_catalog")) {
            return;
        }
        auto name = text_of(names->back());
        if (std::find(effects_.functions.begin(), effects_.functions.end(), name) ==
            effects_.functions.end()) {
            effects_.functions.push_back(std::move(name));
        }
    }

    void write(Write::Kind kind, const json& node, std::vector<std::string> columns) {
        add(kind, node.value("relation", json::object()), std::move(columns));
    }

    void add(Write::Kind kind, const json& relation, std::vector<std::string> columns) {
        Write made{kind, relation.value("schemaname", ""), relation.value("relname", ""),
                   std::move(columns)};
        if (made.relation.empty()) {
            anything("writes to a relation that was not recognised");
        } else if (std::find(effects_.writes.begin(), effects_.writes.end(), made) ==
                   effects_.writes.end()) {
            effects_.writes.push_back(std::move(made));
        }
    }

    WriteEffects& effects_;
};

}  // namespace

WriteEffects write_effects_of(const std::string& sql) {
    WriteEffects effects;
    Collector collector{effects};
    const json tree = sql_tree(sql);
    if (!tree.is_object()) {
        collector.anything("could not be parsed");
        return effects;
    }
    for (const auto& statement : tree.value("stmts", json::array())) {
        collector.statement(statement.value("stmt", json::object()));
    }
    return effects;
}

WriteEffects write_effects_of(const workloads::Statement& statement) {
    if (statement.unreadable.empty()) {
        return write_effects_of(statement.numbered);
    }
    WriteEffects effects;
    effects.anything = "runs a statement that is not known before (" + statement.unreadable + ")";
    return effects;
}

WriteEffects rule_effects_of(const std::string& rule) {
    WriteEffects effects;
    Collector collector{effects};
    const auto [kind, parts] = only_statement(sql_tree(rule));
    if (kind != "RuleStmt") {
        collector.anything("could not be parsed");
        return effects;
    }
    for (const auto& action : parts.value("actions", json::array())) {
        collector.statement(action);
    }
    collector.expression(parts.value("whereClause", json::object()));
    return effects;
}

bool only_sets(const std::string& sql) {
    const json tree = sql_tree(sql);
    if (!tree.is_object()) {
        return false;
    }
    const auto statements = tree.value("stmts", json::array());
    return statements.size() == 1 &&
           statements[0].value("stmt", json::object()).contains("VariableSetStmt");
}

std::optional<std::vector<std::string>> columns_read_by(const std::string& expression) {
    const json tree = sql_tree("SELECT (" + expression + ")");
    std::vector<std::string> columns;
    if (!tree.is_object() || !collect_columns(tree, 0, columns)) {
        return std::nullopt;
    }
    return columns;
}

}  // namespace scenarios
