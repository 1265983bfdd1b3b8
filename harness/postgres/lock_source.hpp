// Who waits for whom in a PostgreSQL 10-18 database, sampled over a connection of its own.
#pragma once

#include "harness/database/lock_source.hpp"
#include "harness/postgres/identity.hpp"

#include <memory>
#include <string>

namespace harness::postgres {

// The destination should carry application_name 'rehearse/observer' (Target::conninfo("observer"));
// it is set again after connecting, with lock_timeout and statement_timeout. Throws
// database::Outage when the server cannot be reached, is too old, or another than the
// destination's.
//
// A role without pg_read_all_stats sees neither wait events nor queries of other roles' sessions:
// the waits are then found in pg_locks, which everybody may read, and states and queries stay
// empty.
[[nodiscard]] std::unique_ptr<database::LockSource> open_lock_source(
    const Destination& destination);

}  // namespace harness::postgres
