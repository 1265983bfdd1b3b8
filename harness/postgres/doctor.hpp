// What a target allows, before a rehearsal finds out the hard way.
#pragma once

#include "harness/database/control.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harness::postgres {

struct Check {
    enum class Status : std::uint8_t {
        ok,
        warn,     // a rehearsal runs, but something of it is less
        missing,  // a rehearsal cannot run, or not honestly
    };
    std::string name;  // "encoding"
    Status status = Status::ok;
    std::string finding;  // "UTF8"
    std::string remedy;   // what to do; empty if ok
};

// What a rehearsal opens with the scenario's default of 16 connections: these and the harness's
// own.
inline constexpr int default_connections = 16 + 14;

// Reads catalogs and settings only. Throws database::Outage if the server does not answer.
[[nodiscard]] std::vector<Check> examine(database::Control& control,
                                         int connections = default_connections);

// One line a check, the remedy below it; ends with a line that sums up.
[[nodiscard]] std::string render(const std::vector<Check>& checks);

// Nothing is missing.
[[nodiscard]] bool usable(const std::vector<Check>& checks);

}  // namespace harness::postgres
