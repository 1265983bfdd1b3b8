// The mark of a staging database: one row in rehearse.guard.
#pragma once

#include "harness/database/control.hpp"

#include <functional>
#include <string>

namespace harness::postgres {

// Told what is about to be made or removed, before it is.
using Announce = std::function<void(const std::string&)>;

// Reads nothing but the marker. Throws database::Refused, with what to do, if
// - there is no marker, or this role may not read it;
// - it names another database or another server: a dump of staging was restored here;
// - the server's timeline is not the one that was marked: a copy that was promoted. A failover of
//   staging itself looks the same, and needs marking again;
// - the server is a hot standby.
// Throws database::Outage if the server does not answer.
void check_guard(database::Control& control);

// Marks this database, or marks it again, and lets every role read the mark. Throws
// database::Refused on a hot standby, and database::Outage with the server's reason where the role
// may not. Returns a line for the reader.
std::string mark_as_staging(database::Control& control, const Announce& announce);

// Removes the mark, and the schema if nothing else is in it. No error if there is none.
std::string unmark(database::Control& control, const Announce& announce);

}  // namespace harness::postgres
