#include "scenarios/placebo.hpp"

#include <algorithm>

namespace scenarios {

Scenario placebo_of(const Scenario& scenario, std::chrono::milliseconds during) {
    Scenario placebo = scenario;
    placebo.up = {{.name = "nothing", .action = PauseStep{during}, .place = {}}};
    placebo.down.clear();
    placebo.rollback = false;
    placebo.adversaries.clear();
    placebo.verify.reset();
    auto& operations = placebo.workload.operations;
    std::erase_if(operations, [](const auto& operation) {
        return operation.app == workloads::AppFilter::new_version;
    });
    // Those of a recording are not known before it is read, and all of them are there.
    std::erase_if(placebo.gates, [&](const reports::Gate& gate) {
        return !scenario.workload.replay && !gate.operation.empty() &&
               std::none_of(operations.begin(), operations.end(), [&](const auto& operation) {
                   return operation.name == gate.operation;
               });
    });
    return placebo;
}

}  // namespace scenarios
