// What a change stream needs of a server and of a role, asked before anything is made.
#pragma once

#include "harness/database/control.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace harness::postgres {

struct StreamRequirement {
    bool met = false;
    std::string finding;  // "wal_level = replica"
    std::string remedy;   // what to do where it is not met
};

// Of the server and the role. Throws Outage.
[[nodiscard]] std::vector<StreamRequirement> stream_requirements(database::Control& control);

// A table that can be followed, by the name that one writes in SQL.
struct StreamTable {
    std::uint32_t oid = 0;
    std::string name;  // qualified and quoted
};

// Throws database::StreamEnded with the reason where it cannot, UnknownName, Outage.
[[nodiscard]] StreamTable table_to_follow(database::Control& control, const std::string& name,
                                          int server_version);

}  // namespace harness::postgres
