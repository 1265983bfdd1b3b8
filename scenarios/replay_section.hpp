// `workload.replay`: production's own load, from its logs.
#pragma once

#include "scenarios/reading.hpp"

namespace scenarios {

[[nodiscard]] const Shape& replay_shape();

void read_replay(const Reading& reading, const Node* node, Workload& workload);

// What a recording rules out elsewhere in the scenario. After everything else was read.
void check_replay(const Reading& reading, const Node& root, const Scenario& scenario);

}  // namespace scenarios
