// The same rehearsal with a migration that does nothing: what the gates say then is a false alarm.
#pragma once

#include "scenarios/scenario.hpp"

#include <chrono>

namespace scenarios {

// One step, which waits for `during`; no way back, no adversaries, nothing verified, and no
// operations (nor gates of such) that only the new application version sends: it never comes.
[[nodiscard]] Scenario placebo_of(const Scenario& scenario, std::chrono::milliseconds during);

}  // namespace scenarios
