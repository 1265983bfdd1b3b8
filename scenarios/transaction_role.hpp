// What a statement means for the transaction that it would run in.
#pragma once

#include "scenarios/sql_statements.hpp"

#include <optional>
#include <string>

namespace scenarios {

// For one statement that starts with its first word. A statement that libpg_query cannot parse
// counts as ordinary: the server will tell. Empty: COPY from or to the client, which no step can
// run. Which statements the server refuses in a transaction block: calls of
// PreventInTransactionBlock in PostgreSQL 10 to 18. Left out are those that depend on what the
// database holds (REINDEX of a partitioned table, DROP SUBSCRIPTION with a slot).
[[nodiscard]] std::optional<TransactionRole> transaction_role(const std::string& statement);

}  // namespace scenarios
