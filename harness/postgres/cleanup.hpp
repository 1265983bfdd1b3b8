// What a killed run leaves in a database, and how it goes. Nothing has to be remembered for it: all
// that the harness makes bears its name (schema rehearse, slots and publications rehearse_*,
// applications rehearse/*), and a publication tells what its tables' replica identities were.
#pragma once

#include "harness/database/control.hpp"
#include "harness/postgres/guard_table.hpp"

#include <string>
#include <vector>

namespace harness::postgres {

struct Cleanup {
    std::vector<std::string> removed;  // one line each
    std::vector<std::string> kept;     // left for the reader to decide: INVALID indexes
    std::vector<std::string> failed;   // with the server's reason
};

// Ends the sessions of a killed run, drops its replication slots and publications, puts back the
// replica identities of its tables and drops what is in the schema rehearse (but not the guard).
// Holds the run lock meanwhile: throws database::Refused while a rehearsal
// runs.
[[nodiscard]] Cleanup clean_up(database::Control& control, const Announce& announce);

// Indexes that a failed CREATE INDEX CONCURRENTLY left, except those being built right now (which
// only 12 and newer tell). As regclass spells them, sorted.
[[nodiscard]] std::vector<std::string> invalid_indexes(database::Control& control);

}  // namespace harness::postgres
