// pg_stat_statements, pg_stats and the catalog as the source of a synthesized workload.
#pragma once

#include "harness/database/statement_source.hpp"
#include "harness/postgres/identity.hpp"

#include <memory>

namespace harness::postgres {

// Extension versions 1.5 (PostgreSQL 10) to 1.12 (18). No superuser is needed: pg_read_all_stats
// for other roles' statements, and SELECT on the tables for what pg_stats knows of them. The
// session is read-only, with timeouts. Throws database::Outage, also where the extension is
// missing.
[[nodiscard]] std::unique_ptr<database::StatementSource> open_statement_source(
    const Destination& destination);

}  // namespace harness::postgres
