// How far a hot standby is behind, asked on the standby itself and on its primary.
#pragma once

#include "harness/database/control.hpp"
#include "harness/database/engine.hpp"
#include "harness/postgres/connection.hpp"

#include <memory>

namespace harness::postgres {

// Bytes: flushed by the primary and not replayed by the standby. Seconds: since the primary wrote
// the first of them, so that neither an idle primary looks like a lag nor a standby that receives
// or replays nothing like none. Throws database::Refused where the server is no standby,
// database::Outage where one of the two does not answer.
[[nodiscard]] std::unique_ptr<database::ReplicaProbe> open_replica_probe(
    const Target& standby, std::unique_ptr<database::Control> primary);

}  // namespace harness::postgres
