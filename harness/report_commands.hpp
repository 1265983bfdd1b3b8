// The commands that work on stored runs.
#pragma once

#include "harness/command_line.hpp"

namespace harness {

// Each prints its answer and gives the exit code. Throw UsageError where a run or a file of gates
// cannot be read.
int draw_again(const ReportCommand& command);
int judge_again(const GateCommand& command);
int compare_stored(const CompareCommand& command);

}  // namespace harness
