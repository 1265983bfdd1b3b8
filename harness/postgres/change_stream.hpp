// The change stream over pgoutput (see harness/database/change_stream.hpp): a publication, a slot
// that goes with its connection, and one more connection for questions.
//
// Streaming of transactions that are still running (protocol 2) is not asked for: a transaction
// comes when it has committed. What does not fit logical_decoding_work_mem until then the server
// spills to its disk; figures() tells how much.
#pragma once

#include "checksum/decimal.hpp"
#include "harness/database/change_stream.hpp"
#include "harness/postgres/guard_table.hpp"
#include "harness/postgres/identity.hpp"

#include <memory>
#include <span>
#include <string>

namespace harness::postgres {

// `tables` as one writes them in SQL; partitioned ones as a whole (13 and later). What is made in
// the database is announced before. Throws StreamEnded with everything that is missing,
// UnknownName, Outage. When it returns, every transaction that was not yet visible is going to be
// delivered: the first scan's snapshot may be taken.
[[nodiscard]] std::unique_ptr<database::ChangeStream> open_change_stream(
    const Destination& destination, std::span<const std::string> tables,
    const database::StreamOptions& options, const Announce& announce, checksum::Scale scale);

}  // namespace harness::postgres
