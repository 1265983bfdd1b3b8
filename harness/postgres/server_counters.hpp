// What a PostgreSQL 10-18 server counts of itself, asked over a session of its own.
#pragma once

#include "harness/database/server_counters.hpp"
#include "harness/postgres/identity.hpp"

#include <memory>
#include <string>
#include <vector>

namespace harness::postgres {

// `tables`: as one writes their names in SQL. Throws database::Outage.
//
// Why not on the lock observer's connection: before PostgreSQL 15 whoever reads statistics waits
// until a process of its own has written them to a file, for 10 to 30 ms and up to 10 s, in which
// the observer would lose its samples. The server hears of its sessions' work late, too: as they
// end, or once a second while they run.
[[nodiscard]] std::unique_ptr<database::ServerCounters> open_server_counters(
    const Destination& destination, std::vector<std::string> tables);

}  // namespace harness::postgres
