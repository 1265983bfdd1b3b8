// What a change stream needs of a server and of a role, asked before anything is made.
#pragma once

#include "harness/database/control.hpp"
#include "harness/postgres/replica_identity.hpp"

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
    bool keyed = false;
    bool partitioned = false;
    // Itself and its partitions, where their changes would not tell which row goes: they are
    // followed under REPLICA IDENTITY FULL.
    std::vector<FormerIdentity> widened = {};
};

// Throws database::StreamEnded with the reason where it cannot, UnknownName, Outage.
[[nodiscard]] StreamTable table_to_follow(database::Control& control, const std::string& name,
                                          int server_version);

// Of a partitioned table that is FULL: a partition that is not, because it was made or altered
// since it is followed. What it logs is told as if it were whole. Empty: there is none.
[[nodiscard]] std::string part_not_full(database::Control& control, std::uint32_t oid);

}  // namespace harness::postgres
