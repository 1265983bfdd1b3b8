// The parts of a PL/pgSQL trigger function that decide what it may do.
#pragma once

#include "scenarios/write_effects.hpp"

#include <set>
#include <string>

namespace scenarios {

struct PlpgsqlBody {
    std::set<std::string> assigned;  // columns of NEW
    std::string row;                 // why NEW may be anything: "assigns NEW as a whole"; or empty
    // What it may return.
    bool returns_new = false, returns_old = false, returns_null = false, returns_other = false;
    WriteEffects effects;  // of all its statements and expressions
};

// `function`: CREATE FUNCTION as the server spells it out. What is not understood is in
// `effects.anything`.
[[nodiscard]] PlpgsqlBody read_plpgsql_body(const std::string& function);

}  // namespace scenarios
