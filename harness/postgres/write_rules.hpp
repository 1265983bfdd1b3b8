// What a write sets off beside itself, from the catalog.
#pragma once

#include "harness/database/control.hpp"
#include "harness/database/write_rules.hpp"

namespace harness::postgres {

// Throws Outage.
[[nodiscard]] database::WriteRules read_write_rules(database::Control& control);

}  // namespace harness::postgres
