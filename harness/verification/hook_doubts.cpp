#include "harness/verification/hook_doubts.hpp"

#include "harness/verification/changed_functions.hpp"

#include <algorithm>
#include <iterator>

namespace harness::verification {
namespace {

using database::WriteHook;
using database::WriteRules;
using database::WrittenRelation;
using scenarios::TriggerEffects;

const WrittenRelation* find(const WriteRules& rules, std::uint64_t identity) {
    const auto found = std::ranges::find(rules.relations, identity, &WrittenRelation::identity);
    return found == rules.relations.end() ? nullptr : &*found;
}

std::set<std::uint64_t> with_those_above(std::uint64_t relation, const WriteRules& rules) {
    std::vector<std::uint64_t> order{relation};
    std::set<std::uint64_t> all{relation};
    for (std::size_t i = 0; i < order.size(); ++i) {
        if (const auto* known = find(rules, order[i])) {
            std::ranges::copy_if(known->parents, std::back_inserter(order),
                                 [&](std::uint64_t parent) { return all.insert(parent).second; });
        }
    }
    return all;
}

const WriteHook* find_hook(const WriteRules& rules, std::uint64_t relation,
                           const std::string& name) {
    const auto* known = find(rules, relation);
    if (known == nullptr) {
        return nullptr;
    }
    const auto found = std::ranges::find(known->hooks, name, &WriteHook::name);
    return found == known->hooks.end() ? nullptr : &*found;
}

MadeHook made_hook(std::uint64_t relation, const WriteHook& hook, const std::string& how,
                   const WriteRules& now) {
    return {.relations = with_those_above(relation, now),
            .relation = relation,
            .hook = hook,
            .said = "the " + hook.name + ", which " + how + ","};
}

std::string listed(const std::set<std::string>& names) {
    std::string all;
    for (const auto& name : names) {
        all += (all.empty() ? "" : ", ") + name;
    }
    return all;
}

// What it does to the table's rows on their way in.
std::vector<Doubt> doubts_on_the_way(const MadeHook& made, const TriggerEffects& effects,
                                     const GuardedTable& table) {
    if (!effects.row.empty()) {
        return {
            {"what " + made.said + " did to the values that the workload sent: it " + effects.row,
             {}}};
    }
    std::set<std::string> columns;
    std::ranges::set_difference(effects.columns, table.free, std::inserter(columns, columns.end()));
    if (columns.empty()) {
        return {};
    }
    return {{"the values of " + listed(columns) + " that the workload sent: " + made.said +
                 " may assign " + (columns.size() == 1 ? "it" : "them"),
             columns}};
}

}  // namespace

std::vector<MadeHook> hooks_made(const WriteRules& before, const WriteRules& now) {
    std::vector<MadeHook> made;
    for (const auto& relation : now.relations) {
        for (const auto& hook : relation.hooks) {
            const auto* old = find_hook(before, relation.identity, hook.name);
            if (old == nullptr || *old != hook) {
                made.push_back(made_hook(
                    relation.identity, hook,
                    old == nullptr ? "the migration made" : "the migration changed", now));
            }
        }
    }
    return made;
}

std::vector<MadeHook> hooks_that_call_changed(const WriteRules& before, const WriteRules& now,
                                              const EffectsOf& effects_of) {
    const ChangedFunctions changed{before, now};
    std::vector<MadeHook> made;
    for (const auto& relation : now.relations) {
        for (const auto& hook : relation.hooks) {
            const auto* old = find_hook(before, relation.identity, hook.name);
            if (changed.none() || old == nullptr || *old != hook) {
                continue;
            }
            if (const auto function = changed.called_by(effects_of(hook).beside)) {
                made.push_back(made_hook(
                    relation.identity, hook,
                    "may call the function " + *function + " that the migration changed", now));
            }
        }
    }
    return made;
}

GuardedTable guarded(const FollowedTable& table) {
    GuardedTable made{.identity = table.identity, .free = {}};
    const auto& columns = table.columns.columns;
    for (std::size_t i = 0; table.columns.keyed && i < columns.size(); ++i) {
        const bool given = std::ranges::any_of(
            table.operations, [&](const auto& operation) { return operation.may_write(i); });
        if (columns[i].role == checksum::ColumnRole::added && !given) {
            made.free.insert(columns[i].name);
        }
    }
    return made;
}

std::set<std::pair<std::uint64_t, Doubt>> hook_doubts(const WriteRules& before,
                                                      const WriteRules& now,
                                                      std::span<const GuardedTable> tables,
                                                      std::span<const Writer> operations,
                                                      const EffectsOf& effects_of) {
    std::set<std::pair<std::uint64_t, Doubt>> doubts;
    auto hooks = hooks_made(before, now);
    std::ranges::move(hooks_that_call_changed(before, now, effects_of), std::back_inserter(hooks));
    for (const auto& made : hooks) {
        const auto acts_on = [&](const GuardedTable& table) {
            return made.relations.contains(table.identity);
        };
        // On a table that the workload does not write it never acts in its transactions.
        if (std::ranges::none_of(tables, acts_on) &&
            writes_of(made.relation, operations, now).nothing()) {
            continue;
        }
        const auto effects = effects_of(made.hook);
        for (const auto& table : tables) {
            if (acts_on(table)) {
                for (auto& doubt : doubts_on_the_way(made, effects, table)) {
                    doubts.emplace(table.identity, std::move(doubt));
                }
                if (!effects.beside.anything.empty() && !effects.row.empty()) {
                    continue;  // that says it all
                }
            }
            const Writer writer{"it", effects.beside};
            const auto writes = writes_of(table.identity, {&writer, 1}, now);
            if (!writes.nothing()) {
                doubts.emplace(
                    table.identity,
                    Doubt{"what " + made.said + " writes to it in the workload's transactions" +
                              (writes.anything.empty() ? "" : ": " + writes.anything),
                          {}});
            }
        }
    }
    return doubts;
}

}  // namespace harness::verification
