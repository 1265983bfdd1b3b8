// The naive and the safe way to make the same change, one after the other.
#pragma once

#include "harness/command_line.hpp"

namespace harness {

// Exit code 0 where the demonstration came out as it should: the naive way failed its gates and the
// phased way passed.
[[nodiscard]] int demo(const DemoCommand& command);

}  // namespace harness
