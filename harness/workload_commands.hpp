// rehearse workload ...: production's own load, looked at before anything runs.
#pragma once

#include "harness/command_line.hpp"

namespace harness {

// The exit code. 2 for what is no log; 0 also where parts cannot be replayed.
int inspect_workload(const WorkloadInspectCommand& command);

}  // namespace harness
