// Who waits for whom, put together from the rows that the server answers.
#pragma once

#include "harness/database/lock_source.hpp"

#include <libpq-fe.h>

namespace harness::postgres {

// The rows of graph_query (see lock_queries.hpp). Whoever waits has somebody in his way: the one
// that the server named, or, where the wait was over when it was asked, whoever held what he wanted
// in the snapshot.
[[nodiscard]] database::LockSample read_lock_graph(const PGresult* rows);

}  // namespace harness::postgres
