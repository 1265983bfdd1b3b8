#include "harness/postgres/write_rules.hpp"

#include <map>
#include <utility>

namespace harness::postgres {
namespace {

using database::Cascade;
using database::Control;
using database::Outcome;
using database::WrittenRelation;

// Temporary relations of other sessions are nobody's business.
constexpr const char* own_schemas =
    " n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'rehearse') "
    "AND n.nspname !~ '^pg_temp_|^pg_toast_temp_' ";

const std::string relations_query =
    std::string{
        "SELECT c.oid::text, n.nspname, c.relname, CASE WHEN c.relkind = 'v' THEN 'is a view' "
        "WHEN c.relkind = 'm' THEN 'is a materialized view' "
        "WHEN c.relkind = 'f' THEN 'is a foreign table' "
        "WHEN c.relhasrules THEN 'has rules' ELSE '' END "
        "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND"} +
    own_schemas;

// A user's trigger that acts, of whatever sessions. Up to 14 what a partition has of its root's is
// internal as well; those of the system belong to a constraint that is no trigger.
constexpr const char* acting_trigger =
    " t.tgenabled <> 'D' AND (NOT t.tgisinternal OR NOT EXISTS ("
    "SELECT 1 FROM pg_catalog.pg_constraint k "
    "WHERE k.oid = t.tgconstraint AND k.contype <> 't')) ";

const std::string triggers_query =
    std::string{"SELECT t.tgrelid::text, t.tgname FROM pg_catalog.pg_trigger t WHERE"} +
    acting_trigger + "ORDER BY t.tgname";

// A trigger's function may be replaced under it.
const std::string hooks_query =
    std::string{
        "SELECT t.tgrelid::text, 'trigger ' || t.tgname, pg_catalog.pg_get_triggerdef(t.oid), "
        "pg_catalog.pg_get_functiondef(t.tgfoid), t.tgenabled::text "
        "FROM pg_catalog.pg_trigger t WHERE"} +
    acting_trigger +
    "UNION ALL SELECT r.ev_class::text, 'rule ' || r.rulename, "
    "pg_catalog.pg_get_ruledef(r.oid), '', r.ev_enabled::text "
    "FROM pg_catalog.pg_rewrite r WHERE r.ev_type <> '1' AND r.ev_enabled <> 'D' ORDER BY 2";

// Any kind that there is or will be; before 12 there is none, and no such column in the catalog.
constexpr const char* generated_query =
    "SELECT a.attrelid::text, a.attname FROM pg_catalog.pg_attribute a "
    "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f') "
    "WHERE a.attnum > 0 AND NOT a.attisdropped "
    "AND coalesce(pg_catalog.to_json(a)->>'attgenerated', '') <> '' ORDER BY a.attname";

constexpr const char* parents_query =
    "SELECT inhrelid::text, inhparent::text FROM pg_catalog.pg_inherits";

// a: no action, r: restrict; c: cascade, n: set null, d: set default.
constexpr const char* cascades_query =
    "SELECT f.oid::text, f.confrelid::text, f.conrelid::text, (f.confdeltype = 'c')::text, "
    "(f.confdeltype IN ('n', 'd'))::text, (f.confupdtype IN ('c', 'n', 'd'))::text, "
    "p.attname, k.attname FROM pg_catalog.pg_constraint f, "
    "LATERAL unnest(f.confkey, f.conkey) AS pair(parent, child), "
    "pg_catalog.pg_attribute p, pg_catalog.pg_attribute k "
    "WHERE f.contype = 'f' AND p.attrelid = f.confrelid AND p.attnum = pair.parent "
    "AND k.attrelid = f.conrelid AND k.attnum = pair.child "
    "AND (f.confdeltype NOT IN ('a', 'r') OR f.confupdtype NOT IN ('a', 'r')) ORDER BY f.oid";

// Compiled functions that change nothing by their own word, and those two extensions' that only
// draw random bytes, are harmless; one in SQL or PL may call another that writes.
const std::string functions_query =
    std::string{
        "SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p "
        "JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace "
        "JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE"} +
    own_schemas +
    "AND NOT (l.lanname IN ('c', 'internal') AND (p.provolatile <> 'v' OR EXISTS ("
    "SELECT 1 FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid "
    "WHERE d.objid = p.oid AND d.classid = 'pg_catalog.pg_proc'::regclass "
    "AND d.refclassid = 'pg_catalog.pg_extension'::regclass "
    "AND e.extname IN ('uuid-ossp', 'pgcrypto'))))";

// Those that return a trigger nobody calls by name: they are compared with their triggers. The
// texts of operators, casts and views do not show whom they call; an aggregate's row does.
const std::string user_functions_query =
    std::string{
        "SELECT p.proname, coalesce((SELECT n.nspname || '(' || "
        "pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' || "
        "pg_catalog.to_json(a)::text FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = p.oid), "
        "CASE WHEN NOT EXISTS (SELECT 1 FROM pg_catalog.pg_aggregate a WHERE a.aggfnoid = p.oid) "
        "THEN pg_catalog.pg_get_functiondef(p.oid) END), "
        "(l.lanname IN ('c', 'internal', 'sql', 'plpgsql'))::text, EXISTS ("
        "SELECT 1 FROM pg_catalog.pg_depend d WHERE d.refobjid = p.oid "
        "AND d.refclassid = 'pg_catalog.pg_proc'::regclass "
        "AND d.classid IN ('pg_catalog.pg_operator'::regclass, 'pg_catalog.pg_cast'::regclass, "
        "'pg_catalog.pg_rewrite'::regclass))::text "
        "FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace "
        "JOIN pg_catalog.pg_language l ON l.oid = p.prolang "
        "WHERE p.prorettype NOT IN ('pg_catalog.trigger'::regtype, "
        "'pg_catalog.event_trigger'::regtype) AND"} +
    own_schemas;

using Row = std::vector<database::Value>;

std::vector<Row> rows_of(Control& control, const std::string& sql) {
    Outcome outcome = control.execute(sql);
    if (outcome.error) {
        throw database::Outage{*outcome.error};
    }
    return std::move(outcome.rows);
}

std::uint64_t number_of(const database::Value& value) {
    return std::stoull(value.value_or("0"));
}

}  // namespace

database::WriteRules read_write_rules(Control& control) {
    database::WriteRules rules;
    std::map<std::uint64_t, std::size_t> places;
    for (const auto& row : rows_of(control, relations_query)) {
        places[number_of(row[0])] = rules.relations.size();
        rules.relations.push_back({.identity = number_of(row[0]),
                                   .schema = *row[1],
                                   .name = *row[2],
                                   .indirect = *row[3],
                                   .triggers = {},
                                   .generated = {},
                                   .parents = {},
                                   .hooks = {}});
    }
    const auto each = [&](const std::string& sql, auto&& add) {
        for (const auto& row : rows_of(control, sql)) {
            if (const auto place = places.find(number_of(row[0])); place != places.end()) {
                add(rules.relations[place->second], row);
            }
        }
    };
    each(triggers_query,
         [](WrittenRelation& relation, const Row& row) { relation.triggers.push_back(*row[1]); });
    each(generated_query,
         [](WrittenRelation& relation, const Row& row) { relation.generated.push_back(*row[1]); });
    each(parents_query, [](WrittenRelation& relation, const Row& row) {
        relation.parents.push_back(number_of(row[1]));
    });
    each(hooks_query, [](WrittenRelation& relation, const Row& row) {
        relation.hooks.push_back(
            {*row[1], row[2].value_or(""), row[3].value_or(""), row[4].value_or("")});
    });
    std::string last;
    for (const auto& row : rows_of(control, cascades_query)) {
        if (*row[0] != last) {
            last = *row[0];
            rules.cascades.push_back({.parent = number_of(row[1]),
                                      .child = number_of(row[2]),
                                      .parent_columns = {},
                                      .child_columns = {},
                                      .deletes = row[3] == "true",
                                      .changes_on_delete = row[4] == "true",
                                      .changes_on_update = row[5] == "true"});
        }
        rules.cascades.back().parent_columns.push_back(*row[6]);
        rules.cascades.back().child_columns.push_back(*row[7]);
    }
    for (const auto& row : rows_of(control, functions_query)) {
        rules.writing_functions.push_back(*row[0]);
    }
    for (const auto& row : rows_of(control, "SELECT DISTINCT proname FROM pg_catalog.pg_proc")) {
        rules.functions.insert(*row[0]);
    }
    for (const auto& row : rows_of(control, user_functions_query)) {
        rules.user_functions.push_back({.name = *row[0],
                                        .definition = row[1].value_or(""),
                                        .legible = row[2] == "true",
                                        .called_unnamed = row[3] == "true"});
    }
    return rules;
}

scenarios::TriggerEffects hook_effects(const database::WriteHook& hook) {
    if (hook.name.starts_with("trigger ")) {
        return scenarios::trigger_effects_of(hook.definition, hook.function);
    }
    return {.columns = {},
            .row = "may put other statements in place of what was sent",
            .beside = scenarios::rule_effects_of(hook.definition)};
}

}  // namespace harness::postgres
