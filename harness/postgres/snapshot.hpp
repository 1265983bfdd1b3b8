// Tables read whole, in one consistent view (see harness/database/table_reader.hpp).
#pragma once

#include "harness/database/table_reader.hpp"
#include "harness/postgres/connection.hpp"

#include <memory>
#include <span>
#include <string>

namespace harness::postgres {

// Locks the tables against being rewritten or dropped (ACCESS SHARE) and exports a snapshot
// (REPEATABLE READ, READ ONLY). Each reader imports it, and locks for itself: a lock that waits
// behind somebody's ACCESS EXCLUSIVE would otherwise hang one worker in the middle.
[[nodiscard]] std::unique_ptr<database::Snapshot> open_snapshot(
    const Target& target, std::span<const std::string> tables,
    const database::SnapshotOptions& options);

}  // namespace harness::postgres
