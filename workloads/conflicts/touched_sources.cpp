#include "workloads/conflicts/touch_walk.hpp"

#include <algorithm>

namespace workloads::conflicts {

using nlohmann::json;
using synthesis::at;
using synthesis::bare;
using synthesis::only;
using synthesis::string_of;
using synthesis::text_at;

namespace {

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

}  // namespace

std::optional<int> parameter_of(const json& node) {
    const auto& parameter = only(bare(node), "ParamRef");
    if (parameter.is_null() || !at(parameter, "number").is_number_integer()) {
        return std::nullopt;
    }
    return at(parameter, "number").get<int>();
}

void TouchWalk::from_item(const json& item, bool filters, std::vector<Source>& sources,
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

void TouchWalk::source(const json& range, std::vector<Source>& sources) {
    if (const auto relation = relation_of(range)) {
        add_source(range, *relation, sources);
    }
}

void TouchWalk::add_source(const json& range, std::size_t relation, std::vector<Source>& sources) {
    const auto alias = text_at(at(range, "alias"), "aliasname");
    sources.push_back({alias.empty() ? text_at(range, "relname") : alias, relation, {}});
}

bool TouchWalk::has_column(const Source& source, const std::string& name) const {
    return relations_.catalog.tables[source.relation].column(name) != nullptr;
}

TouchWalk::Source* TouchWalk::owner(const std::pair<std::string, std::string>& column,
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

void TouchWalk::pin(const json& column, std::vector<int> numbers, bool is_array,
                    std::vector<Source>& sources) const {
    const auto name = column_of(column);
    if (auto* source = name ? owner(*name, sources) : nullptr;
        source != nullptr && !numbers.empty()) {
        source->pins.push_back({name->second, std::move(numbers), is_array});
    }
}

void TouchWalk::pin_from(const json& condition, std::vector<Source>& sources) const {
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

void TouchWalk::select(const json& tree) {
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

void TouchWalk::change(const json& tree, bool deletes) {
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

}  // namespace workloads::conflicts
