// What a report says about its target: version, settings that matter, sizes, what depends on what.
#pragma once

#include "harness/database/control.hpp"
#include "harness/database/engine.hpp"

#include <span>
#include <string>

namespace harness::postgres {

// `tables`: those that the migration touches, as the scenario writes them. One that does not exist
// (yet) is said so. No row values. Throws database::Outage.
[[nodiscard]] database::Facts collect_environment(database::Control& control,
                                                  std::span<const std::string> tables);

}  // namespace harness::postgres
