// A walk over a statement's parse tree with what each place expects of a parameter that stands
// there. What the walk does not know expects nothing, and a parameter there is unknown.
#include "workloads/synthesis/analysis.hpp"

#include "workloads/synthesis/scope.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace workloads::synthesis {
namespace {

using nlohmann::json;

const json nothing;

const json& at(const json& node, const char* key) {
    if (!node.is_object()) {
        return nothing;
    }
    const auto found = node.find(key);
    return found == node.end() ? nothing : *found;
}
const json& only(const json& node, const char* kind) {
    return at(node, kind);
}
std::string text_at(const json& node, const char* key) {
    const json& value = at(node, key);
    return value.is_string() ? value.get<std::string>() : std::string{};
}
// "sval" since PostgreSQL 15's grammar.
std::string string_of(const json& node) {
    const json& string = only(node, "String");
    return at(string, "sval").is_string() ? text_at(string, "sval") : text_at(string, "str");
}
std::string last_name(const json& names) {
    return names.is_array() && !names.empty() ? string_of(names.back()) : std::string{};
}

// Casts and collations do not change which column or parameter it is.
const json& bare(const json& node) {
    const json* inner = &node;
    for (;;) {
        if (const auto& cast = only(*inner, "TypeCast"); !cast.is_null()) {
            inner = &at(cast, "arg");
        } else if (const auto& collation = only(*inner, "CollateClause"); !collation.is_null()) {
            inner = &at(collation, "arg");
        } else {
            return *inner;
        }
    }
}

bool is_parameter(const json& node) {
    return !only(bare(node), "ParamRef").is_null();
}

// Functions that a single operation must not call: they act on the server or on other sessions, or
// leave something in the session that the next operation on it would meet.
constexpr std::string_view refused_functions[] = {"currval",
                                                  "dblink",
                                                  "dblink_exec",
                                                  "lastval",
                                                  "lo_export",
                                                  "lo_import",
                                                  "pg_advisory_lock",
                                                  "pg_advisory_lock_shared",
                                                  "pg_advisory_unlock",
                                                  "pg_advisory_unlock_all",
                                                  "pg_advisory_unlock_shared",
                                                  "pg_cancel_backend",
                                                  "pg_create_restore_point",
                                                  "pg_ls_dir",
                                                  "pg_notify",
                                                  "pg_promote",
                                                  "pg_read_binary_file",
                                                  "pg_read_file",
                                                  "pg_reload_conf",
                                                  "pg_rotate_logfile",
                                                  "pg_switch_wal",
                                                  "pg_terminate_backend",
                                                  "pg_try_advisory_lock",
                                                  "pg_try_advisory_lock_shared",
                                                  "pg_wal_replay_pause",
                                                  "pg_wal_replay_resume",
                                                  "set_config",
                                                  "setval"};
constexpr std::string_view refused_prefixes[] = {
    "pg_backup_",      "pg_copy_",  "pg_create_",    "pg_drop_", "pg_logical_",
    "pg_replication_", "pg_start_", "pg_stat_reset", "pg_stop_", "pg_stat_statements_reset"};

bool is_refused(std::string_view name) {
    return std::find(std::begin(refused_functions), std::end(refused_functions), name) !=
               std::end(refused_functions) ||
           std::any_of(std::begin(refused_prefixes), std::end(refused_prefixes),
                       [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// What a parameter at some place would be.
struct Expected {
    Role role = Role::unknown;
    std::optional<Origin> origin;
    std::string function;
    std::string reason = "it is part of an expression";
};

Expected unknown(std::string reason) {
    return {.role = Role::unknown, .origin = {}, .function = {}, .reason = std::move(reason)};
}
Expected plain(Role role) {
    return {.role = role, .origin = {}, .function = {}, .reason = {}};
}

struct Comparison {
    std::string_view name;
    Role role, mirrored;  // of a parameter on the right, and on the left
};
constexpr Comparison comparisons[] = {
    {"=", Role::equal, Role::equal},       {"<>", Role::equal, Role::equal},
    {"<", Role::upper, Role::lower},       {"<=", Role::upper, Role::lower},
    {">", Role::lower, Role::upper},       {">=", Role::lower, Role::upper},
    {"~~", Role::pattern, Role::unknown},  {"!~~", Role::pattern, Role::unknown},
    {"~~*", Role::pattern, Role::unknown}, {"!~~*", Role::pattern, Role::unknown}};

class Walk {
public:
    Walk(const Catalog& catalog, std::span<const std::string> path, Analysis& analysis)
        : catalog_{catalog}, path_{path}, analysis_{analysis} {}

    void statement(const std::string& kind, const json& tree) {
        Scope outermost;
        any_statement(kind, tree, outermost, plain(Role::constant));
    }

private:
    // ---------------------------------------------------------------------------- statements

    Outputs any_statement(const std::string& kind, const json& tree, const Scope& outer,
                          const Expected& returned) {
        if (kind == "SelectStmt") {
            return select(tree, outer, std::vector<Expected>{}, returned);
        }
        Scope scope{&outer, {}, {}};
        with(tree, scope);
        const int written = add_table(at(tree, "relation"), scope);
        const Table* table = scope.sources.at(static_cast<std::size_t>(written)).table;
        if (analysis_.target == nullptr) {
            analysis_.target = table;
        }
        if (kind == "InsertStmt") {
            insert(tree, scope, table);
        } else if (kind == "MergeStmt") {
            from_item(at(tree, "sourceRelation"), scope);
            expression(at(tree, "joinCondition"), scope, unknown("it is a condition of MERGE"));
            for (const auto& clause : at(tree, "mergeWhenClauses")) {
                merge_clause(only(clause, "MergeWhenClause"), scope, table);
            }
        } else {
            for (const char* key : {"fromClause", "usingClause"}) {
                for (const auto& item : at(tree, key)) {
                    from_item(item, scope);
                }
            }
            assignments(at(tree, "targetList"), scope, table);
            expression(at(tree, "whereClause"), scope, plain(Role::constant));
        }
        return targets(at(tree, "returningList"), scope, {}, plain(Role::constant));
    }

    void insert(const json& tree, Scope& scope, const Table* table) {
        std::vector<Expected> columns;
        const auto written = [&](const std::string& name) {
            columns.push_back(written_to(table, name));
        };
        if (const auto& named = at(tree, "cols"); named.is_array()) {
            for (const auto& column : named) {
                written(text_at(only(column, "ResTarget"), "name"));
            }
        } else if (table != nullptr) {
            for (const auto& column : table->columns) {
                written(column.name);
            }
        }
        if (const auto& query = only(at(tree, "selectStmt"), "SelectStmt"); !query.is_null()) {
            select(query, *scope.parent, columns, unknown("it is inserted, nobody knows where"),
                   &scope);
        }
        const auto& conflict = at(tree, "onConflictClause");
        if (conflict.is_null()) {
            return;
        }
        analysis_.on_conflict = true;
        scope.sources.push_back({"excluded", table, {}, static_cast<int>(numbers_++), true});
        assignments(at(conflict, "targetList"), scope, table);
        expression(at(conflict, "whereClause"), scope, plain(Role::constant));
        rest(at(conflict, "infer"), scope);
    }

    void merge_clause(const json& clause, Scope& scope, const Table* table) {
        expression(at(clause, "condition"), scope, plain(Role::constant));
        const auto& values = at(clause, "values");
        if (!values.is_array()) {
            return assignments(at(clause, "targetList"), scope, table);
        }
        std::size_t column = 0;
        for (const auto& value : values) {
            const auto& names = at(clause, "targetList");
            const bool named = names.is_array() && column < names.size();
            expression(value, scope,
                       named ? written_to(table, text_at(only(names[column], "ResTarget"), "name"))
                             : unknown("it is inserted, nobody knows where"));
            ++column;
        }
    }

    // SET a = ..., (b, c) = (..., ...)
    void assignments(const json& list, Scope& scope, const Table* table) {
        if (!list.is_array()) {
            return;
        }
        for (const auto& item : list) {
            const auto& target = only(item, "ResTarget");
            const auto expected = written_to(table, text_at(target, "name"));
            const auto& value = at(target, "val");
            const auto& several = only(value, "MultiAssignRef");
            if (several.is_null()) {
                expression(value, scope,
                           at(target, "indirection").is_array() ? unknown("it is written to a part "
                                                                          "of a column")
                                                                : expected);
                continue;
            }
            const auto& row = at(only(at(several, "source"), "RowExpr"), "args");
            const auto column = at(several, "colno");
            if (row.is_array() && column.is_number_integer() && column.get<int>() >= 1 &&
                column.get<std::size_t>() <= row.size()) {
                expression(row[column.get<std::size_t>() - 1], scope, expected);
            } else if (column == 1) {
                rest(at(several, "source"), scope);
            }
        }
    }

    // `columns`: what the query's columns are for, where it is INSERT's; `returned`: what they are
    // else. `inserting`: whose WITH it may name.
    Outputs select(const json& tree, const Scope& outer, const std::vector<Expected>& columns,
                   const Expected& returned, const Scope* inserting = nullptr) {
        Scope scope{inserting != nullptr ? inserting : &outer, {}, {}};
        // The table that is inserted into is none that the query reads.
        Scope only_with{&outer, {}, {}};
        if (inserting != nullptr) {
            only_with.queries = inserting->queries;
            scope.parent = &only_with;
        }
        with(tree, scope);
        Outputs outputs;
        if (const auto& left = at(tree, "larg"); !left.is_null()) {  // UNION and the like
            outputs = select(left, scope, columns, returned);
            select(at(tree, "rarg"), scope, columns, returned);
        } else if (const auto& lists = at(tree, "valuesLists"); lists.is_array()) {
            values(lists, scope, columns, returned, outputs);
        } else {
            for (const auto& item : at(tree, "fromClause")) {
                from_item(item, scope);
            }
            outputs = targets(at(tree, "targetList"), scope, columns, returned);
            expression(at(tree, "whereClause"), scope, plain(Role::constant));
            expression(at(tree, "havingClause"), scope, plain(Role::constant));
        }
        for (const auto& [key, why] :
             {std::pair{"groupClause", "it stands in GROUP BY, for a column nobody knows"},
              std::pair{"sortClause", "it stands in ORDER BY, for a column nobody knows"},
              std::pair{"distinctClause", "it stands in DISTINCT ON"},
              std::pair{"windowClause", "it stands in a window's definition"}}) {
            rest(at(tree, key), scope, why);
        }
        expression(at(tree, "limitCount"), scope, plain(Role::limit));
        expression(at(tree, "limitOffset"), scope, plain(Role::offset));
        return outputs;
    }

    void values(const json& lists, Scope& scope, const std::vector<Expected>& columns,
                const Expected& returned, Outputs& outputs) {
        for (const auto& list : lists) {
            const auto& items = at(only(list, "List"), "items");
            for (std::size_t i = 0; items.is_array() && i < items.size(); ++i) {
                expression(items[i], scope, i < columns.size() ? columns[i] : returned);
                if (i >= outputs.size()) {
                    outputs.emplace_back("column" + std::to_string(i + 1), std::nullopt);
                }
            }
        }
    }

    Outputs targets(const json& list, Scope& scope, const std::vector<Expected>& columns,
                    const Expected& returned) {
        Outputs outputs;
        if (!list.is_array()) {
            return outputs;
        }
        for (const auto& item : list) {
            const auto& target = only(item, "ResTarget");
            const auto& value = at(target, "val");
            if (is_star(value)) {
                add_star(value, scope, outputs);
                continue;
            }
            expression(value, scope,
                       outputs.size() < columns.size() ? columns[outputs.size()] : returned);
            const auto& fields = at(only(value, "ColumnRef"), "fields");
            auto name = text_at(target, "name");
            outputs.emplace_back(name.empty() ? last_name(fields) : name, origin_of(value, scope));
        }
        return outputs;
    }

    static bool is_star(const json& value) {
        const auto& fields = at(only(value, "ColumnRef"), "fields");
        return fields.is_array() && !fields.empty() && fields.back().contains("A_Star");
    }

    static void add_star(const json& value, const Scope& scope, Outputs& outputs) {
        const auto& fields = at(only(value, "ColumnRef"), "fields");
        const auto alias = fields.size() > 1 ? string_of(fields[fields.size() - 2]) : "";
        for (const auto& source : scope.sources) {
            if ((!alias.empty() && source.alias != alias) || source.only_qualified) {
                continue;
            }
            outputs.insert(outputs.end(), source.outputs.begin(), source.outputs.end());
            if (source.table != nullptr) {
                for (const auto& column : source.table->columns) {
                    outputs.emplace_back(column.name,
                                         Origin{source.table, column.name, source.number});
                }
            }
        }
    }

    // ---------------------------------------------------------------------------------- FROM

    void with(const json& tree, Scope& scope) {
        for (const auto& item : at(at(tree, "withClause"), "ctes")) {
            const auto& query = only(item, "CommonTableExpr");
            const auto name = text_at(query, "ctename");
            scope.queries[name] = {};  // what names itself is known by nothing
            const auto& inner = at(query, "ctequery");
            if (!inner.is_object() || inner.size() != 1) {
                continue;
            }
            const auto kind = inner.begin().key();
            auto outputs = any_statement(kind, inner.begin().value(), scope, plain(Role::constant));
            rename(at(query, "aliascolnames"), outputs);
            scope.queries[name] = std::move(outputs);
        }
    }

    static void rename(const json& names, Outputs& outputs) {
        for (std::size_t i = 0; names.is_array() && i < names.size() && i < outputs.size(); ++i) {
            outputs[i].first = string_of(names[i]);
        }
    }

    // The index of the source that it became.
    int add_table(const json& range, Scope& scope) {
        Source source;
        const auto name = text_at(range, "relname"), schema = text_at(range, "schemaname");
        const auto alias = text_at(at(range, "alias"), "aliasname");
        source.alias = alias.empty() ? name : alias;
        source.number = numbers_++;
        const Outputs* query = schema.empty() ? scope.query(name) : nullptr;
        if (query != nullptr) {
            source.outputs = *query;
        } else {
            source.table = catalog_.find(schema, name, path_);
            if (analysis_.target == nullptr) {
                analysis_.target = source.table;
            }
        }
        const auto& renamed = at(at(range, "alias"), "colnames");
        if (renamed.is_array() && source.table != nullptr) {
            for (const auto& column : source.table->columns) {
                source.outputs.emplace_back(column.name,
                                            Origin{source.table, column.name, source.number});
            }
            source.table = nullptr;
        }
        rename(renamed, source.outputs);
        scope.sources.push_back(std::move(source));
        return static_cast<int>(scope.sources.size()) - 1;
    }

    void from_item(const json& item, Scope& scope) {
        if (const auto& table = only(item, "RangeVar"); !table.is_null()) {
            add_table(table, scope);
        } else if (const auto& join = only(item, "JoinExpr"); !join.is_null()) {
            from_item(at(join, "larg"), scope);
            from_item(at(join, "rarg"), scope);
            expression(at(join, "quals"), scope, plain(Role::constant));
        } else if (const auto& query = only(item, "RangeSubselect"); !query.is_null()) {
            Source source;
            source.alias = text_at(at(query, "alias"), "aliasname");
            source.number = numbers_++;
            source.outputs =
                select(only(at(query, "subquery"), "SelectStmt"), scope, {}, plain(Role::constant));
            rename(at(at(query, "alias"), "colnames"), source.outputs);
            scope.sources.push_back(std::move(source));
        } else if (const auto& sample = only(item, "RangeTableSample"); !sample.is_null()) {
            from_item(at(sample, "relation"), scope);
            expression(at(sample, "args"), scope, unknown("it is the share of TABLESAMPLE"));
        } else {
            rest(item, scope, "it is an argument of a function in FROM");
        }
    }

    // --------------------------------------------------------------------------- expressions

    static Expected written_to(const Table* table, const std::string& name) {
        if (table == nullptr || table->column(name) == nullptr) {
            return unknown("it is written to a column that is not known");
        }
        return {
            .role = Role::written, .origin = Origin{table, name, -1}, .function = {}, .reason = {}};
    }

    static std::optional<Origin> origin_of(const json& value, const Scope& scope) {
        const auto& fields = at(only(bare(value), "ColumnRef"), "fields");
        if (!fields.is_array() || fields.empty()) {
            return std::nullopt;
        }
        return scope.resolve(fields.size() > 1 ? string_of(fields[fields.size() - 2]) : "",
                             last_name(fields));
    }

    // A function of nothing but one column, or of nothing but one parameter.
    static const json& only_argument(const json& call) {
        const auto& arguments = at(call, "args");
        const bool simple = arguments.is_array() && arguments.size() == 1 &&
                            !call.contains("over") && !call.contains("agg_filter") &&
                            !call.contains("agg_distinct");
        return simple ? arguments[0] : nothing;
    }

    // What a parameter is that is compared with this.
    static Expected compared_with(const json& other, Role role, const Scope& scope) {
        if (auto origin = origin_of(other, scope)) {
            return {.role = role, .origin = std::move(origin), .function = {}, .reason = {}};
        }
        const auto& value = bare(other);
        if (const auto& call = only(value, "FuncCall"); !call.is_null()) {
            auto origin = origin_of(only_argument(call), scope);
            const auto name = last_name(at(call, "funcname"));
            if (is_aggregate(name)) {
                return plain(Role::constant);
            }
            if (origin && at(call, "funcname").size() == 1) {
                return {.role = role, .origin = std::move(origin), .function = name, .reason = {}};
            }
            return unknown("it is compared with a function's result, " + name + "()");
        }
        if (!only(value, "ParamRef").is_null() || !only(value, "A_Const").is_null()) {
            return plain(Role::constant);  // WHERE 1 = 1
        }
        if (!only(value, "ColumnRef").is_null()) {
            return unknown("it is compared with " +
                           last_name(at(only(value, "ColumnRef"), "fields")) +
                           ", which is no column of a table that is known");
        }
        if (const auto& query = only(value, "SubLink"); !query.is_null()) {
            return unknown("it is compared with a subquery's result");
        }
        return unknown("it is compared with an expression");
    }

    static bool is_aggregate(std::string_view name) {
        constexpr std::string_view names[] = {"count", "sum", "avg"};
        return std::find(std::begin(names), std::end(names), name) != std::end(names);
    }

    void expression(const json& node, Scope& scope, const Expected& expected) {
        if (node.is_array()) {
            for (const auto& item : node) {
                expression(item, scope, expected);
            }
            return;
        }
        if (!node.is_object() || node.size() != 1) {
            return rest(node, scope);
        }
        const std::string& kind = node.begin().key();
        const json& value = node.begin().value();
        if (kind == "ParamRef") {
            record(at(value, "number"), expected);
        } else if (kind == "TypeCast" || kind == "CollateClause") {
            expression(at(value, "arg"), scope, expected);
        } else if (kind == "A_Expr") {
            operation(value, scope, expected);
        } else if (kind == "BoolExpr" || kind == "BooleanTest" || kind == "NullTest") {
            expression(at(value, kind == "BoolExpr" ? "args" : "arg"), scope,
                       plain(Role::constant));
        } else if (kind == "CoalesceExpr" || kind == "MinMaxExpr") {
            alternatives(at(value, "args"), scope, expected);
        } else if (kind == "CaseExpr") {
            case_of(value, scope, expected);
        } else if (kind == "FuncCall") {
            call(value, scope, expected);
        } else if (kind == "SubLink") {
            sublink(value, scope);
        } else if (kind == "SelectStmt") {
            select(value, scope, {}, plain(Role::constant));
        } else if (kind == "List" || kind == "RowExpr" || kind == "A_ArrayExpr") {
            for (const char* key : {"items", "args", "elements"}) {
                expression(at(value, key), scope,
                           expected.role == Role::constant ? expected
                                                           : unknown("it is part of a "
                                                                     "row or a list"));
            }
        } else {
            rest(value, scope);
        }
    }

    // A condition or an amount.
    void operation(const json& node, Scope& scope, const Expected& expected) {
        const auto kind = text_at(node, "kind");
        const auto name = last_name(at(node, "name"));
        const auto &left = at(node, "lexpr"), &right = at(node, "rexpr");
        if (kind == "AEXPR_BETWEEN" || kind == "AEXPR_NOT_BETWEEN" || kind == "AEXPR_BETWEEN_SYM" ||
            kind == "AEXPR_NOT_BETWEEN_SYM") {
            const auto& bounds = at(only(right, "List"), "items");
            if (bounds.is_array() && bounds.size() == 2) {
                compare(left, bounds[0], Role::lower, Role::upper, scope);
                compare_right(left, bounds[1], Role::upper, scope);
            }
            return;
        }
        if (kind == "AEXPR_IN") {
            const auto& items = at(only(right, "List"), "items");
            for (std::size_t i = 0; items.is_array() && i < items.size(); ++i) {
                i == 0 ? compare(left, items[i], Role::equal, Role::equal, scope)
                       : compare_right(left, items[i], Role::equal, scope);
            }
            return;
        }
        if (kind == "AEXPR_OP_ANY" || kind == "AEXPR_OP_ALL") {
            const auto& elements = at(only(bare(right), "A_ArrayExpr"), "elements");
            if (elements.is_array()) {
                for (const auto& element : elements) {
                    compare_right(left, element, Role::equal, scope);
                }
            } else {
                compare_right(left, right,
                              name == "=" || name == "<>" ? Role::members : Role::unknown, scope);
            }
            return expression(left, scope, unknown("it is looked for in an array"));
        }
        const auto* found =
            std::find_if(std::begin(comparisons), std::end(comparisons),
                         [&](const Comparison& comparison) { return comparison.name == name; });
        if (kind == "AEXPR_DISTINCT" || kind == "AEXPR_NOT_DISTINCT" || kind == "AEXPR_NULLIF") {
            return compare(left, right, Role::equal, Role::equal, scope);
        }
        if (found != std::end(comparisons) && kind != "AEXPR_SIMILAR") {
            return compare(left, right, found->role, found->mirrored, scope);
        }
        arithmetic(node, name, scope, expected);
    }

    void arithmetic(const json& node, const std::string& name, Scope& scope,
                    const Expected& expected) {
        constexpr std::string_view operators[] = {"+", "-", "*", "/", "%", "||"};
        const bool known =
            std::find(std::begin(operators), std::end(operators), name) != std::end(operators);
        Expected inner = unknown("it is an operand of " + name);
        if (known && expected.role == Role::constant) {
            inner = expected;
        } else if (known && (expected.role == Role::written || expected.role == Role::amount)) {
            inner = expected;
            inner.role = Role::amount;
        }
        expression(at(node, "lexpr"), scope, inner);
        expression(at(node, "rexpr"), scope, inner);
    }

    // Both sides; rows pair by pair.
    void compare(const json& left, const json& right, Role role, Role mirrored, Scope& scope) {
        const auto &lefts = at(only(left, "RowExpr"), "args"),
                   &rights = at(only(right, "RowExpr"), "args");
        if (lefts.is_array() && rights.is_array() && lefts.size() == rights.size() &&
            role == Role::equal) {
            for (std::size_t i = 0; i < lefts.size(); ++i) {
                compare(lefts[i], rights[i], role, mirrored, scope);
            }
            return;
        }
        compare_right(left, right, role, scope);
        compare_right(right, left, mirrored, scope);
    }

    // What stands in `value`, as compared with `other`.
    void compare_right(const json& other, const json& value, Role role, Scope& scope) {
        const auto &others = at(only(other, "RowExpr"), "args"),
                   &values = at(only(value, "RowExpr"), "args");
        if (others.is_array() && values.is_array() && others.size() == values.size() &&
            role == Role::equal) {
            for (std::size_t i = 0; i < others.size(); ++i) {
                compare_right(others[i], values[i], role, scope);
            }
            return;
        }
        if (!only(value, "RowExpr").is_null() || role == Role::unknown) {
            return expression(value, scope, unknown("it is compared in a way that is not known"));
        }
        if (is_parameter(value)) {
            return expression(value, scope, compared_with(other, role, scope));
        }
        // lower(email) = lower($1): any email will do.
        const auto &call = only(bare(value), "FuncCall"), &inner = only_argument(call),
                   &same = only(bare(other), "FuncCall");
        if (!inner.is_null() && is_parameter(inner)) {
            const auto name = last_name(at(call, "funcname"));
            const auto& column =
                last_name(at(same, "funcname")) == name ? only_argument(same) : other;
            constexpr std::string_view harmless[] = {"lower", "upper", "trim", "btrim"};
            if (origin_of(column, scope) &&
                (!same.is_null() ||
                 std::find(std::begin(harmless), std::end(harmless), name) != std::end(harmless))) {
                return expression(inner, scope, compared_with(column, role, scope));
            }
        }
        expression(value, scope, unknown("it is part of an expression that is compared"));
    }

    // COALESCE, GREATEST, LEAST: each may be the result.
    void alternatives(const json& list, Scope& scope, const Expected& expected) {
        Expected inner = expected;
        if (inner.role != Role::written && inner.role != Role::amount) {
            inner = plain(Role::constant);
        }
        expression(list, scope, expected.role == Role::unknown ? expected : inner);
    }

    void case_of(const json& node, Scope& scope, const Expected& expected) {
        const auto& subject = at(node, "arg");
        const Expected result = expected.role == Role::written || expected.role == Role::amount ||
                                        expected.role == Role::unknown
                                    ? expected
                                    : plain(Role::constant);
        for (const auto& item : at(node, "args")) {
            const auto& when = only(item, "CaseWhen");
            if (subject.is_null()) {
                expression(at(when, "expr"), scope, plain(Role::constant));
            } else {
                compare_right(subject, at(when, "expr"), Role::equal, scope);
            }
            expression(at(when, "result"), scope, result);
        }
        expression(at(node, "defresult"), scope, result);
        expression(subject, scope, unknown("it is what CASE looks at"));
    }

    void call(const json& node, Scope& scope, const Expected& expected) {
        const auto name = last_name(at(node, "funcname"));
        if (is_refused(name) && analysis_.refusal.empty()) {
            analysis_.refusal =
                "it calls " + name + "(), which acts on the server or the session and not on data";
        }
        const bool passes_on = is_aggregate(name) || name == "min" || name == "max" ||
                               name == "string_agg" || name == "round";
        const Expected inner = passes_on && expected.role == Role::constant
                                   ? expected
                                   : unknown("it is an argument of " + name + "()");
        expression(at(node, "args"), scope, inner);
        expression(at(node, "agg_filter"), scope, plain(Role::constant));
        rest(at(node, "agg_order"), scope);
        rest(at(node, "over"), scope);
    }

    void sublink(const json& node, Scope& scope) {
        auto outputs =
            select(only(at(node, "subselect"), "SelectStmt"), scope, {}, plain(Role::constant));
        const auto& tested = at(node, "testexpr");
        const auto operator_ = last_name(at(node, "operName"));
        const bool equality = operator_.empty() || operator_ == "=";
        if (!tested.is_null() && equality && outputs.size() == 1 && outputs[0].second) {
            return expression(
                tested, scope,
                {.role = Role::equal, .origin = outputs[0].second, .function = {}, .reason = {}});
        }
        expression(tested, scope, unknown("it is looked for in a subquery's result"));
    }

    // What is in it, of which nothing is expected.
    void rest(const json& node, Scope& scope, const char* why = "it is part of an expression") {
        if (node.is_object()) {
            for (const auto& [key, child] : node.items()) {
                if (key == "ParamRef") {
                    record(at(child, "number"), unknown(why));
                } else if (key == "SelectStmt") {
                    select(child, scope, {}, plain(Role::constant));
                } else if (key == "FuncCall") {
                    call(child, scope, unknown(why));
                } else if (key == "SubLink") {
                    sublink(child, scope);
                } else {
                    rest(child, scope, why);
                }
            }
        } else if (node.is_array()) {
            for (const auto& child : node) {
                rest(child, scope, why);
            }
        }
    }

    // The first use that says something counts: of a $n that is used twice, one value must do.
    void record(const json& number, const Expected& expected) {
        const int n = number.is_number_integer() ? number.get<int>() : 0;
        if (n < 1 || static_cast<std::size_t>(n) > analysis_.uses.size()) {
            return;
        }
        auto& use = analysis_.uses[static_cast<std::size_t>(n) - 1];
        const auto weight = [](Role role) {
            return role == Role::unknown ? 0 : role == Role::constant ? 1 : 2;
        };
        if (seen_.insert(n).second || weight(expected.role) > weight(use.role)) {
            use.role = expected.role;
            use.reason = expected.reason;
            use.function = expected.function;
            use.table = expected.origin ? expected.origin->table : nullptr;
            use.column = expected.origin ? expected.origin->column : std::string{};
            use.source = expected.origin ? expected.origin->source : -1;
        }
    }

    const Catalog& catalog_;
    std::span<const std::string> path_;
    Analysis& analysis_;
    int numbers_ = 0;
    std::set<int> seen_;
};

void collect_tables(const json& node, std::set<NamedTable>& tables) {
    if (node.is_object() && node.contains("relname")) {
        tables.insert({text_at(node, "schemaname"), text_at(node, "relname")});
    }
    if (node.is_structured()) {
        for (const auto& child : node) {
            collect_tables(child, tables);
        }
    }
}

bool is_system(const NamedTable& table, const Catalog& catalog, std::span<const std::string> path) {
    // Views of monitoring extensions, wherever they were put.
    if (table.name.starts_with("pg_stat_")) {
        return true;
    }
    if (!table.schema.empty()) {
        return table.schema == "pg_catalog" || table.schema == "information_schema";
    }
    return table.name.starts_with("pg_") && catalog.find({}, table.name, path) == nullptr;
}

}  // namespace

std::vector<NamedTable> tables_named_by(const StatementText& statement) {
    std::set<NamedTable> tables;
    collect_tables(statement.parsed.tree, tables);
    return {tables.begin(), tables.end()};
}

Analysis analyse(const StatementText& statement, const Catalog& catalog,
                 std::span<const std::string> search_path) {
    Analysis analysis;
    const auto& kind = statement.parsed.kind;
    for (char c : kind.substr(0, kind.size() - std::string_view{"Stmt"}.size())) {
        analysis.verb += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    analysis.uses.resize(static_cast<std::size_t>(statement.parameters));
    for (std::size_t i = 0; i < analysis.uses.size(); ++i) {
        analysis.uses[i].number = static_cast<int>(i) + 1;
        analysis.uses[i].reason = "it stands where nothing is known of it";
    }
    Walk{catalog, search_path, analysis}.statement(kind, statement.parsed.tree);
    const auto tables = tables_named_by(statement);
    analysis.only_system =
        !tables.empty() && std::all_of(tables.begin(), tables.end(), [&](const NamedTable& table) {
            return is_system(table, catalog, search_path);
        });
    return analysis;
}

}  // namespace workloads::synthesis
