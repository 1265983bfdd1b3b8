// `workload.pgbench`: scripts of pgbench, each run as one operation.
#pragma once

#include "scenarios/reading.hpp"

namespace scenarios {

[[nodiscard]] const Shape& pgbench_shape();

// Behind the operations, whose names the scripts must not have again. Requires the protocol: it
// says whether a script's variables are parameters or parts of the text. Scripts that are wrong
// keep their names, which other checks refer to.
void read_pgbench(const Reading&, const Node*, Workload&);

}  // namespace scenarios
