// A call of a recorded session, as it is sent again.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace workloads::replay {

// All views are valid until the next call is read.
struct RecordedCall {
    // Parsed, bound and executed with parameters; else one query string, sent as it stands, be it
    // of several statements.
    bool extended = false;
    std::string_view text;
    std::string_view name;  // of the prepared statement that the application used; empty: unnamed
    std::span<const char* const> parameters;  // in the text format, null: NULL; with `extended`
    std::string_view then;  // sent when it went through, as one call with it; mostly empty
};

}  // namespace workloads::replay
