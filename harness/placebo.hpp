// `rehearse placebo`: what the gates are worth on this machine.
#pragma once

#include "harness/command_line.hpp"

namespace harness {

// Exit codes: 0 measured; 3 no rehearsal could be judged; 6 and the signals' as ever. Throws
// UsageError and what rehearse() throws.
int placebo(const PlaceboCommand& command);

}  // namespace harness
