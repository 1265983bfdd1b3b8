// How far a hot standby is behind, asked on the standby itself.
#pragma once

#include "harness/database/engine.hpp"
#include "harness/postgres/connection.hpp"

#include <memory>

namespace harness::postgres {

// Seconds: since the commit time of the last transaction that was replayed, 0 where everything that
// arrived is replayed (an idle primary commits nothing). Bytes: received and not yet replayed. Throws
// database::Refused where the server is no standby, database::Outage where it does not answer.
[[nodiscard]] std::unique_ptr<database::ReplicaProbe> open_replica_probe(const Target& target);

}  // namespace harness::postgres
