// One rehearsal per database at a time: an advisory lock, which PostgreSQL keeps per database.
#pragma once

#include "harness/database/control.hpp"
#include "harness/database/engine.hpp"
#include "harness/postgres/identity.hpp"

#include <memory>
#include <string>

namespace harness::postgres {

// Takes the lock on `control`, whose session holds it from then on. Throws database::Refused that
// names the session that has it.
void take_run_lock(database::Control& control);

// The same on a connection of its own. Throws database::Refused, or Outage.
[[nodiscard]] std::unique_ptr<database::RunLock> lock_for_run(const Destination& destination);

}  // namespace harness::postgres
