// Expressions.
#include "workloads/synthesis/walk.hpp"

#include <algorithm>

namespace workloads::synthesis {

using nlohmann::json;

namespace {

const json nothing;

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

}  // namespace

Expected Walk::written_to(const Table* table, const std::string& name) {
    if (table == nullptr || table->column(name) == nullptr) {
        return unknown("it is written to a column that is not known");
    }
    return {.role = Role::written, .origin = Origin{table, name, -1}, .function = {}, .reason = {}};
}

std::optional<Origin> Walk::origin_of(const json& value, const Scope& scope) {
    const auto& fields = at(only(bare(value), "ColumnRef"), "fields");
    if (!fields.is_array() || fields.empty()) {
        return std::nullopt;
    }
    return scope.resolve(fields.size() > 1 ? string_of(fields[fields.size() - 2]) : "",
                         last_name(fields));
}

const json& Walk::only_argument(const json& call) {
    const auto& arguments = at(call, "args");
    const bool simple = arguments.is_array() && arguments.size() == 1 && !call.contains("over") &&
                        !call.contains("agg_filter") && !call.contains("agg_distinct");
    return simple ? arguments[0] : nothing;
}

Expected Walk::compared_with(const json& other, Role role, const Scope& scope) {
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
        return unknown("it is compared with " + last_name(at(only(value, "ColumnRef"), "fields")) +
                       ", which is no column of a table that is known");
    }
    if (const auto& query = only(value, "SubLink"); !query.is_null()) {
        return unknown("it is compared with a subquery's result");
    }
    return unknown("it is compared with an expression");
}

bool Walk::is_aggregate(std::string_view name) {
    constexpr std::string_view names[] = {"count", "sum", "avg"};
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

void Walk::expression(const json& node, Scope& scope, const Expected& expected) {
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
        expression(at(value, kind == "BoolExpr" ? "args" : "arg"), scope, plain(Role::constant));
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

void Walk::operation(const json& node, Scope& scope, const Expected& expected) {
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
            compare_right(left, right, name == "=" || name == "<>" ? Role::members : Role::unknown,
                          scope);
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

void Walk::arithmetic(const json& node, const std::string& name, Scope& scope,
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

void Walk::compare(const json& left, const json& right, Role role, Role mirrored, Scope& scope) {
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

void Walk::compare_right(const json& other, const json& value, Role role, Scope& scope) {
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
        const auto& column = last_name(at(same, "funcname")) == name ? only_argument(same) : other;
        constexpr std::string_view harmless[] = {"lower", "upper", "trim", "btrim"};
        if (origin_of(column, scope) &&
            (!same.is_null() ||
             std::find(std::begin(harmless), std::end(harmless), name) != std::end(harmless))) {
            return expression(inner, scope, compared_with(column, role, scope));
        }
    }
    expression(value, scope, unknown("it is part of an expression that is compared"));
}

void Walk::alternatives(const json& list, Scope& scope, const Expected& expected) {
    Expected inner = expected;
    if (inner.role != Role::written && inner.role != Role::amount) {
        inner = plain(Role::constant);
    }
    expression(list, scope, expected.role == Role::unknown ? expected : inner);
}

void Walk::case_of(const json& node, Scope& scope, const Expected& expected) {
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

void Walk::call(const json& node, Scope& scope, const Expected& expected) {
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

void Walk::sublink(const json& node, Scope& scope) {
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

void Walk::rest(const json& node, Scope& scope, const char* why) {
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

void Walk::record(const json& number, const Expected& expected) {
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

}  // namespace workloads::synthesis
