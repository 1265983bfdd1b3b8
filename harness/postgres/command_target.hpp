// What a foreign program is told about a PostgreSQL target.
#pragma once

#include "harness/database/command_target.hpp"

#include <string>

namespace harness::postgres {

// Of a connection string as libpq takes it (Target::conninfo, a URI); what it leaves out comes from
// the PG* variables and PGSERVICE, as everywhere. The URI is a proper one whatever form the string
// has, with user, host and password where libpq-free programs (SQLAlchemy, Prisma) look for them;
// the PG* variables hold every setting but application_name and the harness's own defaults.
// PGSERVICE is removed: a service file wins over PG* variables. Where the string itself names a
// service, its programs are sent there and host and port are not known. Throws InvalidTarget.
[[nodiscard]] database::CommandTarget command_target(const std::string& conninfo);

}  // namespace harness::postgres
