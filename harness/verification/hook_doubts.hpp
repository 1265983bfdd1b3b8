// What a trigger or rule that the migration made or changed, itself or in what it calls, may have
// made of what the workload sent.
//
// The ledger carries what arrived. What such a one did to a row on its way in, and what it wrote
// beside, is in the workload's own transactions, and looks like the workload's. It is judged by its
// text. One that only fills added columns, of which no statement of the workload says anything, is
// no doubt: these must equal what was declared for them, whoever filled them.
#pragma once

#include "harness/database/write_rules.hpp"
#include "harness/verification/ledger_writing.hpp"
#include "harness/verification/may_change.hpp"
#include "scenarios/trigger_effects.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace harness::verification {

struct Doubt {
    std::string sentence;           // what is not proved, and why
    std::set<std::string> columns;  // ... of these only; empty: of the table

    auto operator<=>(const Doubt&) const = default;
};

struct MadeHook {
    std::set<std::uint64_t> relations;  // it acts on their rows: its own, and those above it
    std::uint64_t relation = 0;         // its own
    database::WriteHook hook;
    std::string said;  // "the trigger halve, which the migration made,"
};

// The triggers and rules of `now` that were others before or not there.
[[nodiscard]] std::vector<MadeHook> hooks_made(const database::WriteRules& before,
                                               const database::WriteRules& now);

using EffectsOf = std::function<scenarios::TriggerEffects(const database::WriteHook&)>;

// Those that are as they were, but may call a function that the migration changed.
[[nodiscard]] std::vector<MadeHook> hooks_that_call_changed(const database::WriteRules& before,
                                                            const database::WriteRules& now,
                                                            const EffectsOf& effects_of);

struct GuardedTable {
    std::uint64_t identity = 0;
    std::set<std::string> free;  // columns that a trigger may fill
};

// Those that are declared as added and that no operation gives a value; none without a key, where
// the rows that the workload inserted are not told apart.
[[nodiscard]] GuardedTable guarded(const FollowedTable& table);

// By table, of all of `tables`. `operations`: what the workload's transactions send.
[[nodiscard]] std::set<std::pair<std::uint64_t, Doubt>> hook_doubts(
    const database::WriteRules& before, const database::WriteRules& now,
    std::span<const GuardedTable> tables, std::span<const Writer> operations,
    const EffectsOf& effects_of);

}  // namespace harness::verification
