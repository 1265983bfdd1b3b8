// rehearse workload mask: production's logs without production's values.
#pragma once

#include "harness/command_line.hpp"

namespace harness {

// The exit code.
int mask_workload(const WorkloadMaskCommand& command);

}  // namespace harness
