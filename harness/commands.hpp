// What each command does, from its arguments to its exit code.
#pragma once

#include "harness/command_line.hpp"

namespace harness {

// Never throws: whatever goes wrong is printed on stderr and becomes an exit code.
[[nodiscard]] int execute(const Command& command);

}  // namespace harness
