// --plan: what a rehearsal would do, in words.
#pragma once

#include "scenarios/scenario.hpp"

#include <string>

namespace harness {

[[nodiscard]] std::string plan_of(const scenarios::Scenario& scenario, const std::string& db);

}  // namespace harness
