// Whose owner a migration's statement must be run by, as far as its text tells.
#pragma once

#include <string>

namespace scenarios {

struct Ownership {
    // False: after it roles, rights or the search path may be others (SET ROLE, GRANT, DO ...), so
    // that nothing can be foretold of what follows.
    bool foreseeable = false;
    std::string relation;  // as one writes it in SQL; empty: no owner is asked for
};

// Of the statements that change a relation's shape: ALTER TABLE and its like, CREATE INDEX. What
// libpg_query cannot parse is not foreseeable.
[[nodiscard]] Ownership ownership_needed_by(const std::string& statement);

}  // namespace scenarios
