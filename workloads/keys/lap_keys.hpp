// Keys that the application makes, of a recording that is played over and over: each time others.
#pragma once

#include "workloads/keys/key_columns.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace workloads::keys {

// The key of the recording's n-th time, from 0: different ones stay different. `stride`: from one
// time's number to the next. None where none of the column's type can be made, or it would be too
// long.
[[nodiscard]] std::optional<std::string> key_of_lap(std::string_view recorded,
                                                    const KeyColumn& column, std::uint32_t lap,
                                                    std::int64_t stride);

}  // namespace workloads::keys
