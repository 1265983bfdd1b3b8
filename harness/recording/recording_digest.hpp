// What tells one recording from another.
#pragma once

#include "workloads/recording.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace harness::recording {

// XXH3-128 over when each of these sessions' statements began, what it is but for its values, how
// it ended and where in its log it stands; 32 hexadecimal digits. Not over the files' names: a log
// may be copied or packed and is the same.
[[nodiscard]] std::string digest_of(const workloads::Recording& recording,
                                    std::span<const std::uint32_t> sessions);

}  // namespace harness::recording
