// What a foreign program is told about the target.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace harness::database {

struct CommandTarget {
    std::string uri;  // holds the password where there is one
    std::string host, port, user, database, password;
    // Variables that the engine's own client programs read (PostgreSQL: PGHOST, PGPORT, ...).
    std::vector<std::pair<std::string, std::string>> environment;
    // Variables that would lead them elsewhere (PostgreSQL: PGSERVICE): removed.
    std::vector<std::string> remove;
    // The variable under which a session says who it is (PostgreSQL: PGAPPNAME); may be empty.
    std::string application_variable;
};

}  // namespace harness::database
