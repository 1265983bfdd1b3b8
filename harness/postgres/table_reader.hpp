// One connection that streams chunks of a table in an imported snapshot.
#pragma once

#include "harness/database/table_reader.hpp"
#include "harness/postgres/copy_decoder.hpp"
#include "harness/postgres/copy_stream.hpp"
#include "harness/postgres/identity.hpp"
#include "harness/postgres/table_chunks.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace harness::postgres {

// What all readers of a scan share. Immutable.
struct ReadPlan {
    Destination destination;
    std::string table;     // for messages
    std::string snapshot;  // as pg_export_snapshot() named it
    std::string lock;      // a statement that locks the table
    std::chrono::milliseconds lock_timeout{0};
    std::vector<ChunkSource> sources;
    std::string select;  // what stands between SELECT and FROM
    std::vector<FieldType> fields;
    checksum::Scale scale = checksum::Scale::by_value;
};

// Statements that pin whatever a session's settings could change in what is read, and begin the
// transaction.
[[nodiscard]] std::vector<std::string> session_settings(std::chrono::milliseconds lock_timeout);
inline constexpr const char* begin_snapshot =
    "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY";

// Throws database::Outage.
[[nodiscard]] std::unique_ptr<database::TableReader> open_reader(
    std::shared_ptr<const ReadPlan> plan);

}  // namespace harness::postgres
