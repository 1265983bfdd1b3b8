// What a write sets off beside itself, from the catalog.
#pragma once

#include "harness/database/control.hpp"
#include "harness/database/write_rules.hpp"
#include "scenarios/trigger_effects.hpp"

namespace harness::postgres {

// Throws Outage.
[[nodiscard]] database::WriteRules read_write_rules(database::Control& control);
// What one of its hooks may do, by its text.
[[nodiscard]] scenarios::TriggerEffects hook_effects(const database::WriteHook& hook);

}  // namespace harness::postgres
