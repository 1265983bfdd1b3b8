#include "scenarios/trigger_effects.hpp"

#include "scenarios/plpgsql_body.hpp"
#include "scenarios/sql_tree.hpp"

#include <optional>
#include <utility>

namespace scenarios {
namespace {

// When it fires, in the numbers of the parse tree, which are those of the catalog (pg_trigger.h).
struct Firing {
    enum Event : int { on_insert = 4, on_delete = 8, on_update = 16 };
    enum Timing : int { after = 0, before = 2, instead = 64 };
    bool each_row = false;
    int timing = after, events = 0;
};

std::optional<Firing> firing_of(const std::string& trigger) {
    const auto [kind, statement] = only_statement(sql_tree(trigger));
    if (kind != "CreateTrigStmt") {
        return std::nullopt;
    }
    return Firing{.each_row = statement.value("row", false),
                  .timing = statement.value("timing", 0),
                  .events = statement.value("events", 0)};
}

// Why a row that such a trigger is given may not be written as it leaves it; empty: it is.
std::string may_return_otherwise(const PlpgsqlBody& body, const Firing& firing) {
    if (body.returns_other) {
        return "may return another row than the one that it was given";
    }
    if (body.returns_null) {
        return "may return NULL, which keeps the row from being written";
    }
    const int writes = Firing::on_insert | Firing::on_update;
    if (body.returns_old && (firing.events & writes) != 0) {
        return "may return OLD, which undoes what was sent";
    }
    if (body.returns_new && (firing.events & Firing::on_delete) != 0) {
        return "may return NEW for a row that is deleted, which keeps it";
    }
    return {};
}

}  // namespace

TriggerEffects trigger_effects_of(const std::string& trigger, const std::string& function) {
    TriggerEffects effects;
    const auto firing = firing_of(trigger);
    auto body = read_plpgsql_body(function);
    effects.beside = std::move(body.effects);
    auto& anything = effects.beside.anything;
    if (!firing) {
        anything = "could not be parsed";
    } else {
        // Its WHEN may call functions; writing it cannot.
        for (const auto& name : write_effects_of(trigger).functions) {
            effects.beside.functions.push_back(name);
        }
    }
    if (!anything.empty()) {
        effects.row = anything;
    } else if (firing->timing == Firing::instead) {
        effects.row = "runs instead of what was sent";
    } else if (firing->timing == Firing::before && firing->each_row) {
        effects.columns = std::move(body.assigned);
        effects.row = body.row.empty() ? may_return_otherwise(body, *firing) : body.row;
    }
    return effects;
}

}  // namespace scenarios
