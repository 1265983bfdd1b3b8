// How many more sessions a server takes.
#pragma once

#include "harness/database/control.hpp"

#include <optional>
#include <string>

namespace harness::postgres {

struct Room {
    int free = 0;        // sessions that this role may still open in this database
    std::string limit;   // what they come up against: "max_connections = 100"
    std::string remedy;  // how to have more
};

// Reads settings and the sessions that are open, the control's own not counted. Empty: a pooler
// stands between, which makes the client's connections none of the server's. Throws
// database::Outage.
[[nodiscard]] std::optional<Room> room_of(database::Control& control);

// Waits a little, because sessions that were just closed take a moment to go. Throws
// database::Refused where `sessions` more do not fit.
void require_room(database::Control& control, int sessions);

}  // namespace harness::postgres
