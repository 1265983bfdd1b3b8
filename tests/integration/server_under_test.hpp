// Which server the tests start, and why not another.
#pragma once

#include "harness/database/server.hpp"

#include <cstdlib>

namespace tests {

// The newest one that is installed; REHEARSE_TEST_SERVER=15 asks for that version, and
// REHEARSE_TEST_PG_BIN=DIR for the one whose initdb and postgres are in that folder.
inline harness::database::ThrowawayOptions server_under_test() {
    harness::database::ThrowawayOptions options;
    if (const char* major = std::getenv("REHEARSE_TEST_SERVER")) {
        options.major_version = std::atoi(major);
    }
    if (const char* folder = std::getenv("REHEARSE_TEST_PG_BIN")) {
        options.binaries = folder;
    }
    return options;
}

}  // namespace tests
