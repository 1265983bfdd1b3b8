// A backfill's batches on PostgreSQL.
#pragma once

#include "harness/database/control.hpp"
#include "scenarios/scenario.hpp"

#include <memory>
#include <string>
#include <vector>

namespace harness::postgres {

// Batches in the order of the table's primary key (else of a unique index over NOT NULL columns),
// of any number and type of columns, up to the last key that is there at the first next_boundary():
// a workload that inserts faster than the batches go would be followed for ever. A batch is a range
// of the key, (after, upto], so rows that the workload inserts meanwhile are visited if their key
// lies between the last committed one and the end; all others are the new code's business (or a
// default's), as in production.
//
// Each batch is one transaction. If its COMMIT gets no answer because the connection is lost, then
// after reconnect() the same update(after, upto) asks the server what became of it (txid_status)
// and does not do it twice: `SET n = n + 1` is safe too.
//
// `table` is a name as it is written in SQL. Throws database::Outage with kind syntax, privilege or
// other and what to do: no such table, not a table, no key, the SET changes a key column.
//
// The control must outlive the table; its statements run on it, with its timeouts.
[[nodiscard]] std::unique_ptr<database::BackfillTable> open_backfill(
    database::Control& control, const scenarios::BackfillStep& step);

}  // namespace harness::postgres
