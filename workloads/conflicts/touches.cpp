#include "workloads/conflicts/touches.hpp"

#include "workloads/conflicts/touch_walk.hpp"

#include <algorithm>

namespace workloads::conflicts {

using nlohmann::json;
using synthesis::at;
using synthesis::only;
using synthesis::text_at;

namespace {

bool is_data_change(const std::string& kind) {
    return kind == "InsertStmt" || kind == "UpdateStmt" || kind == "DeleteStmt" ||
           kind == "MergeStmt";
}

void collect_functions(const json& node, std::vector<std::string>& found) {
    if (node.is_array()) {
        for (const auto& item : node) {
            collect_functions(item, found);
        }
    } else if (node.is_object()) {
        for (const auto& [key, child] : node.items()) {
            if (key == "FuncCall") {
                found.push_back(synthesis::last_name(at(child, "funcname")));
            }
            collect_functions(child, found);
        }
    }
}

}  // namespace

void TouchWalk::statement(const std::string& kind, const json& tree) {
    const auto outer = queries_;
    const bool before_with = reads_to_write_;
    reads_to_write_ = before_with || (kind != "SelectStmt" && is_data_change(kind));
    with(tree);
    reads_to_write_ = before_with;
    if (kind == "SelectStmt") {
        select(tree);
    } else if (kind == "InsertStmt") {
        insert(tree);
    } else if (kind == "UpdateStmt" || kind == "DeleteStmt") {
        change(tree, kind == "DeleteStmt");
    } else if (kind == "MergeStmt") {
        add(at(tree, "relation"), {.mode = Mode::writes, .inserts = true, .deletes = true});
        const bool before = std::exchange(reads_to_write_, true);
        rest(tree);
        reads_to_write_ = before;
    } else if (kind == "TruncateStmt") {
        for (const auto& relation : at(tree, "relations")) {
            add(only(relation, "RangeVar"), {.mode = Mode::writes, .deletes = true});
        }
    } else if (kind == "LockStmt") {
        for (const auto& relation : at(tree, "relations")) {
            add(only(relation, "RangeVar"), {.mode = Mode::writes});
        }
    } else if (kind == "CallStmt" || kind == "DoStmt") {
        unseen(kind == "DoStmt" ? "DO" : "CALL");
    } else if (kind == "DeclareCursorStmt" || kind == "ExplainStmt" || kind == "PrepareStmt") {
        rest(tree);
    } else if (kind == "ExecuteStmt") {
        unseen("EXECUTE of SQL");
    } else {
        definition(kind, tree);
    }
    queries_ = outer;
}

void TouchWalk::unseen(std::string why) {
    if (std::find(found_.unseen.begin(), found_.unseen.end(), why) == found_.unseen.end()) {
        found_.unseen.push_back(std::move(why));
    }
}

void TouchWalk::definition(const std::string& kind, const json& tree) {
    static const std::set<std::string> harmless{
        "TransactionStmt",    "VariableSetStmt", "VariableShowStmt", "DiscardStmt",
        "DeallocateStmt",     "ListenStmt",      "UnlistenStmt",     "NotifyStmt",
        "ConstraintsSetStmt", "FetchStmt",       "ClosePortalStmt",  "VacuumStmt",
        "CheckPointStmt"};
    if (harmless.contains(kind)) {
        return;
    }
    written_by_definition_ = true;
    rest(tree);
    written_by_definition_ = false;
}

void TouchWalk::with(const json& tree) {
    const auto& list = at(at(tree, "withClause"), "ctes");
    if (!list.is_array()) {
        return;
    }
    const bool recursive = at(at(tree, "withClause"), "recursive") == true;
    for (const auto& each : list) {
        const auto& query = only(each, "CommonTableExpr");
        if (recursive) {
            queries_.insert(text_at(query, "ctename"));
        }
        rest(at(query, "ctequery"));
        queries_.insert(text_at(query, "ctename"));  // its own query may read a table so named
    }
}

void TouchWalk::rest(const json& node) {
    static const std::set<std::string> statements{"SelectStmt", "InsertStmt", "UpdateStmt",
                                                  "DeleteStmt", "MergeStmt"};
    if (node.is_array()) {
        for (const auto& item : node) {
            rest(item);
        }
        return;
    }
    if (!node.is_object()) {
        return;
    }
    for (const auto& [key, child] : node.items()) {
        if (key == "withClause") {
            continue;  // read already
        }
        if (statements.contains(key)) {
            statement(key, child);
        } else if (key == "RangeVar" || (key == "relation" && child.contains("relname"))) {
            add(child, {.mode = written_by_definition_ ? Mode::writes : mode_of_reading()});
        } else if (key == "FuncCall") {
            call(child);
            rest(child);
        } else {
            rest(child);
        }
    }
}

Mode TouchWalk::mode_of_reading() const {
    return reads_to_write_ ? Mode::depends_on : Mode::reads;
}

void TouchWalk::call(const json& node) {
    const auto name = synthesis::last_name(at(node, "funcname"));
    if (relations_.functions.contains(name)) {
        unseen("function " + name);
    }
}

std::optional<std::size_t> TouchWalk::relation_of(const json& range, bool is_target) {
    const auto schema = text_at(range, "schemaname"), name = text_at(range, "relname");
    if (name.empty() || (!is_target && schema.empty() && queries_.contains(name))) {
        return std::nullopt;
    }
    const auto found = relations_.find(schema, name);
    const bool is_system = schema == "pg_catalog" || schema == "information_schema" ||
                           (schema.empty() && name.starts_with("pg_"));
    if (!found && !is_system) {
        unseen("relation " + name + ", which the target has not");
    }
    return found;
}

void TouchWalk::add(const json& range, Touch touch) {
    if (const auto relation = relation_of(range)) {
        touch.relation = *relation;
        keep(std::move(touch));
    }
}

void TouchWalk::keep(Touch touch) {
    const auto& rules = relations_.rules[touch.relation];
    const bool changes = touch.inserts || touch.deletes || !touch.sets.empty();
    if (changes && rules.has_hooks) {
        unseen("triggers or rules of " + relations_.catalog.tables[touch.relation].name);
    }
    if (!rules.shows.empty()) {
        touch.pins.clear();  // its columns need not be theirs
        touch.made.clear();
        for (const auto shown : rules.shows) {
            auto through = touch;
            through.relation = relations_.rules[shown].whole;
            found_.touches.push_back(std::move(through));
        }
        return;
    }
    if (touch.mode == Mode::writes) {
        add_referenced(touch);
        add_referencing(touch);
    }
    touch.relation = rules.whole;
    found_.touches.push_back(std::move(touch));
}

std::vector<Pin> TouchWalk::renamed(const Touch& touch, const std::vector<std::string>& from,
                                    const std::vector<std::string>& to) {
    std::vector<Pin> pins;
    for (std::size_t i = 0; i < std::min(from.size(), to.size()); ++i) {
        if (const auto* pin = touch.pin(from[i])) {
            pins.push_back({to[i], pin->numbers, pin->is_array});
        }
    }
    return pins;
}

bool TouchWalk::sets_any(const Touch& touch, const std::vector<std::string>& columns) {
    return std::any_of(columns.begin(), columns.end(), [&](const std::string& column) {
        return std::find(touch.sets.begin(), touch.sets.end(), column) != touch.sets.end();
    });
}

void TouchWalk::add_referenced(const Touch& touch) {
    for (const auto& reference : relations_.rules[touch.relation].references) {
        if (!touch.inserts && !sets_any(touch, reference.columns)) {
            continue;
        }
        Touch check{.relation = relations_.rules[reference.relation].whole,
                    .mode = Mode::locks,
                    .checks = reference.referenced};
        if (!sets_any(touch, reference.columns)) {
            check.pins = renamed(touch, reference.columns, reference.referenced);
        }
        found_.touches.push_back(std::move(check));
    }
}

void TouchWalk::add_referencing(const Touch& touch) {
    for (std::size_t i = 0; i < relations_.rules.size(); ++i) {
        for (const auto& reference : relations_.rules[i].references) {
            if (reference.relation != touch.relation ||
                (!touch.deletes && !sets_any(touch, reference.referenced))) {
                continue;
            }
            found_.touches.push_back(
                {.relation = relations_.rules[i].whole,
                 .mode = reference.changes_rows ? Mode::writes : Mode::locks,
                 .pins = renamed(touch, reference.referenced, reference.columns),
                 .deletes = reference.changes_rows,
                 .sets = reference.changes_rows ? reference.columns : std::vector<std::string>{}});
        }
    }
}

const Pin* Touch::pin(const std::string& column) const {
    const auto found = std::find_if(pins.begin(), pins.end(),
                                    [&](const Pin& each) { return each.column == column; });
    return found == pins.end() ? nullptr : &*found;
}

Touches touches_of(const synthesis::StatementText& statement, const Relations& relations) {
    Touches found;
    if (statement.parsed.kind.empty()) {
        found.unseen.emplace_back(unreadable_text);
        return found;
    }
    TouchWalk{relations, found}.statement(statement.parsed.kind, statement.parsed.tree);
    return found;
}

std::vector<std::string> functions_called_by(const synthesis::StatementText& statement) {
    std::vector<std::string> found;
    collect_functions(statement.parsed.tree, found);
    return found;
}

}  // namespace workloads::conflicts
