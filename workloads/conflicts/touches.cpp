#include "workloads/conflicts/touches.hpp"

#include "workloads/synthesis/tree_nodes.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

namespace workloads::conflicts {
namespace {

using nlohmann::json;
using synthesis::at;
using synthesis::bare;
using synthesis::only;
using synthesis::string_of;
using synthesis::text_at;

// An entry of FROM that is a relation.
struct Source {
    std::string alias;
    std::size_t relation = 0;
    std::vector<Pin> pins;
};

std::optional<int> parameter_of(const json& node) {
    const auto& parameter = only(bare(node), "ParamRef");
    if (parameter.is_null() || !at(parameter, "number").is_number_integer()) {
        return std::nullopt;
    }
    return at(parameter, "number").get<int>();
}

// {qualifier, name}; none for anything but a column.
std::optional<std::pair<std::string, std::string>> column_of(const json& node) {
    const auto& fields = at(only(node, "ColumnRef"), "fields");
    if (!fields.is_array() || fields.empty() || fields.size() > 2 ||
        string_of(fields.back()).empty()) {
        return std::nullopt;
    }
    return std::pair{fields.size() == 2 ? string_of(fields.front()) : std::string{},
                     string_of(fields.back())};
}

bool is_operator(const json& expression, std::string_view name) {
    const auto& names = at(expression, "name");
    return names.is_array() && names.size() == 1 && string_of(names.front()) == name;
}

// The conditions that all hold where the whole one does.
void conjuncts(const json& condition, std::vector<const json*>& found) {
    const auto& both = only(condition, "BoolExpr");
    if (text_at(both, "boolop") == "AND_EXPR") {
        for (const auto& part : at(both, "args")) {
            conjuncts(part, found);
        }
    } else if (!condition.is_null()) {
        found.push_back(&condition);
    }
}

bool is_data_change(const std::string& kind) {
    return kind == "InsertStmt" || kind == "UpdateStmt" || kind == "DeleteStmt" ||
           kind == "MergeStmt";
}

// FOR UPDATE keeps out those who lock so, too, as a write does. Who skips what is locked waits for
// nobody.
Mode mode_of_locking(const json& clauses) {
    Mode mode = Mode::reads;
    for (const auto& each : clauses) {
        const auto& clause = only(each, "LockingClause");
        const auto strength = text_at(clause, "strength");
        if (text_at(clause, "waitPolicy") == "LockWaitSkip") {
            continue;
        }
        const bool alone = strength == "LCS_FORUPDATE" || strength == "LCS_FORNOKEYUPDATE";
        mode = std::max(mode, alone ? Mode::writes : Mode::locks);
    }
    return mode;
}

class Walk {
public:
    Walk(const Relations& relations, Touches& found) : relations_{relations}, found_{found} {}

    void statement(const std::string& kind, const json& tree) {
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

private:
    void unseen(std::string why) {
        if (std::find(found_.unseen.begin(), found_.unseen.end(), why) == found_.unseen.end()) {
            found_.unseen.push_back(std::move(why));
        }
    }

    // What changes a relation as a whole, or nothing that rows hold.
    void definition(const std::string& kind, const json& tree) {
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

    void with(const json& tree) {
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

    // Whatever stands in it.
    void rest(const json& node) {
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

    // What a write depends on must be as it was.
    [[nodiscard]] Mode mode_of_reading() const {
        return reads_to_write_ ? Mode::depends_on : Mode::reads;
    }

    void call(const json& node) {
        const auto name = synthesis::last_name(at(node, "funcname"));
        if (relations_.functions.contains(name)) {
            unseen("function " + name);
        }
    }

    // `is_target`: it is written to, so it is no query of WITH.
    [[nodiscard]] std::optional<std::size_t> relation_of(const json& range,
                                                         bool is_target = false) {
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

    void add(const json& range, Touch touch) {
        if (const auto relation = relation_of(range)) {
            touch.relation = *relation;
            keep(std::move(touch));
        }
    }

    // Through views and parts to what holds the rows, with what foreign keys add.
    void keep(Touch touch) {
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

    static std::vector<Pin> renamed(const Touch& touch, const std::vector<std::string>& from,
                                    const std::vector<std::string>& to) {
        std::vector<Pin> pins;
        for (std::size_t i = 0; i < std::min(from.size(), to.size()); ++i) {
            if (const auto* pin = touch.pin(from[i])) {
                pins.push_back({to[i], pin->numbers, pin->is_array});
            }
        }
        return pins;
    }

    static bool sets_any(const Touch& touch, const std::vector<std::string>& columns) {
        return std::any_of(columns.begin(), columns.end(), [&](const std::string& column) {
            return std::find(touch.sets.begin(), touch.sets.end(), column) != touch.sets.end();
        });
    }

    // The rows that a written row refers to must be there. Of a row that is changed only where the
    // reference is; its new value is not looked for.
    void add_referenced(const Touch& touch) {
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

    void add_referencing(const Touch& touch) {
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
                     .sets =
                         reference.changes_rows ? reference.columns : std::vector<std::string>{}});
            }
        }
    }

    // Relations of FROM, and the conditions of its inner joins. Anything else is walked.
    void from_item(const json& item, bool filters, std::vector<Source>& sources,
                   std::vector<const json*>& conditions) {
        if (const auto& range = only(item, "RangeVar"); !range.is_null()) {
            source(range, sources);
        } else if (const auto& join = only(item, "JoinExpr"); !join.is_null()) {
            const bool inner = text_at(join, "jointype") == "JOIN_INNER";
            from_item(at(join, "larg"), filters && inner, sources, conditions);
            from_item(at(join, "rarg"), filters && inner, sources, conditions);
            if (filters && inner) {
                conjuncts(at(join, "quals"), conditions);
            }
            rest(at(join, "quals"));
        } else {
            rest(item);
        }
    }

    void source(const json& range, std::vector<Source>& sources) {
        if (const auto relation = relation_of(range)) {
            add_source(range, *relation, sources);
        }
    }
    static void add_source(const json& range, std::size_t relation, std::vector<Source>& sources) {
        const auto alias = text_at(at(range, "alias"), "aliasname");
        sources.push_back({alias.empty() ? text_at(range, "relname") : alias, relation, {}});
    }

    [[nodiscard]] bool has_column(const Source& source, const std::string& name) const {
        return relations_.catalog.tables[source.relation].column(name) != nullptr;
    }

    // Null where it is none of theirs for certain.
    Source* owner(const std::pair<std::string, std::string>& column,
                  std::vector<Source>& sources) const {
        Source* found = nullptr;
        for (auto& source : sources) {
            if (!has_column(source, column.second) ||
                (!column.first.empty() && source.alias != column.first)) {
                continue;
            }
            if (found != nullptr) {
                return nullptr;
            }
            found = &source;
        }
        return found;
    }

    void pin(const json& column, std::vector<int> numbers, bool is_array,
             std::vector<Source>& sources) const {
        const auto name = column_of(column);
        if (auto* source = name ? owner(*name, sources) : nullptr;
            source != nullptr && !numbers.empty()) {
            source->pins.push_back({name->second, std::move(numbers), is_array});
        }
    }

    void pin_from(const json& condition, std::vector<Source>& sources) const {
        const auto& compared = only(condition, "A_Expr");
        const auto kind = text_at(compared, "kind");
        if (compared.is_null() || !is_operator(compared, "=")) {
            return;
        }
        const auto &left = at(compared, "lexpr"), &right = at(compared, "rexpr");
        if (kind == "AEXPR_OP") {
            if (const auto number = parameter_of(right)) {
                pin(left, {*number}, false, sources);
            } else if (const auto mirrored = parameter_of(left)) {
                pin(right, {*mirrored}, false, sources);
            }
        } else if (kind == "AEXPR_OP_ANY") {
            if (const auto number = parameter_of(right)) {
                pin(left, {*number}, true, sources);
            }
        } else if (kind == "AEXPR_IN") {
            std::vector<int> numbers;
            for (const auto& item : at(only(right, "List"), "items")) {
                const auto number = parameter_of(item);
                if (!number) {
                    return;
                }
                numbers.push_back(*number);
            }
            pin(left, std::move(numbers), false, sources);
        }
    }

    void select(const json& tree) {
        if (const auto& left = at(tree, "larg"); !left.is_null()) {
            statement("SelectStmt", left);
            statement("SelectStmt", at(tree, "rarg"));
            return;
        }
        std::vector<Source> sources;
        std::vector<const json*> conditions;
        for (const auto& item : at(tree, "fromClause")) {
            from_item(item, true, sources, conditions);
        }
        conjuncts(at(tree, "whereClause"), conditions);
        for (const auto* condition : conditions) {
            pin_from(*condition, sources);
        }
        const auto mode = std::max(mode_of_locking(at(tree, "lockingClause")), mode_of_reading());
        for (auto& source : sources) {
            keep({.relation = source.relation, .mode = mode, .pins = std::move(source.pins)});
        }
        for (const auto& [key, child] : tree.items()) {
            if (key != "fromClause" && key != "withClause" && key != "lockingClause") {
                rest(child);
            }
        }
    }

    // UPDATE and DELETE.
    void change(const json& tree, bool deletes) {
        const auto target = relation_of(at(tree, "relation"), true);
        std::vector<Source> sources;
        std::vector<const json*> conditions;
        if (target) {
            add_source(at(tree, "relation"), *target, sources);
        }
        const bool outer = std::exchange(reads_to_write_, true);
        for (const char* key : {"fromClause", "usingClause"}) {
            for (const auto& item : at(tree, key)) {
                from_item(item, true, sources, conditions);
            }
        }
        conjuncts(at(tree, "whereClause"), conditions);
        for (const auto* condition : conditions) {
            pin_from(*condition, sources);
        }
        std::vector<std::string> sets;
        for (const auto& item : at(tree, "targetList")) {
            sets.push_back(text_at(only(item, "ResTarget"), "name"));
        }
        for (std::size_t i = 0; i < sources.size(); ++i) {
            const bool written = target && i == 0;
            keep({.relation = sources[i].relation,
                  .mode = written ? Mode::writes : Mode::depends_on,
                  .pins = std::move(sources[i].pins),
                  .deletes = written && deletes,
                  .sets = written ? sets : std::vector<std::string>{}});
        }
        for (const char* key : {"targetList", "whereClause", "returningList"}) {
            rest(at(tree, key));
        }
        reads_to_write_ = outer;
    }

    void insert(const json& tree) {
        const auto target = relation_of(at(tree, "relation"), true);
        const auto& query = only(at(tree, "selectStmt"), "SelectStmt");
        const bool outer = std::exchange(reads_to_write_, true);
        if (target) {
            Touch touch{.relation = *target, .mode = Mode::writes, .inserts = true};
            inserted_values(tree, query, touch);
            if (const auto& conflict = at(tree, "onConflictClause"); !conflict.is_null()) {
                for (const auto& item : at(conflict, "targetList")) {
                    touch.sets.push_back(text_at(only(item, "ResTarget"), "name"));
                }
                touch.pins = pins_of_conflict(conflict, std::move(touch.pins));
                touch.made.clear();
            }
            keep(std::move(touch));
        }
        for (const char* key : {"onConflictClause", "returningList", "selectStmt"}) {
            rest(at(tree, key));
        }
        reads_to_write_ = outer;
    }

    // A row that is there already is found by the columns that ON CONFLICT names, and may differ in
    // the others.
    static std::vector<Pin> pins_of_conflict(const json& conflict, std::vector<Pin> pins) {
        std::set<std::string> named;
        for (const auto& element : at(at(conflict, "infer"), "indexElems")) {
            named.insert(text_at(only(element, "IndexElem"), "name"));
        }
        std::erase_if(pins, [&](const Pin& pin) { return !named.contains(pin.column); });
        return pins;
    }

    void inserted_values(const json& tree, const json& query, Touch& touch) const {
        const auto& table = relations_.catalog.tables[touch.relation];
        std::vector<std::string> columns;
        if (const auto& named = at(tree, "cols"); named.is_array()) {
            for (const auto& column : named) {
                columns.push_back(text_at(only(column, "ResTarget"), "name"));
            }
        } else {
            for (const auto& column : table.columns) {
                columns.push_back(column.name);
            }
        }
        const auto& rows = at(query, "valuesLists");
        const bool has_rows = rows.is_array() && !rows.empty();
        std::set<std::string> given;
        for (std::size_t i = 0; has_rows && i < columns.size(); ++i) {
            std::vector<int> numbers;
            bool by_default = true, told = true;
            for (const auto& row : rows) {
                const auto& items = at(only(row, "List"), "items");
                const json* item = i < items.size() ? &items[i] : nullptr;
                const bool is_default = item == nullptr || !only(*item, "SetToDefault").is_null();
                const auto number = item == nullptr ? std::nullopt : parameter_of(*item);
                by_default = by_default && is_default;
                told = told && number.has_value();
                numbers.push_back(number.value_or(0));
            }
            if (told) {
                touch.pins.push_back({columns[i], std::move(numbers), false});
            }
            if (!by_default) {
                given.insert(columns[i]);
            }
        }
        if (!has_rows && !query.is_null()) {  // INSERT ... SELECT
            given.insert(columns.begin(), columns.end());
        }
        for (const auto& generated : relations_.rules[touch.relation].generated) {
            if (!given.contains(generated)) {
                touch.made.push_back(generated);
            }
        }
    }

    const Relations& relations_;
    Touches& found_;
    std::set<std::string> queries_;  // WITH
    bool reads_to_write_ = false, written_by_definition_ = false;
};

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
    Walk{relations, found}.statement(statement.parsed.kind, statement.parsed.tree);
    return found;
}

std::vector<std::string> functions_called_by(const synthesis::StatementText& statement) {
    std::vector<std::string> found;
    collect_functions(statement.parsed.tree, found);
    return found;
}

}  // namespace workloads::conflicts
