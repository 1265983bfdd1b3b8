// `workload.synthesize`: the load of a scenario, made from what a running database has counted of
// its statements.
#pragma once

#include "harness/console.hpp"
#include "harness/migration/interruption.hpp"
#include "reports/record.hpp"
#include "scenarios/scenario_file.hpp"

#include <optional>
#include <string>
#include <vector>

namespace harness {

struct SynthesizedLoad {
    std::string file;  // as `rehearse workload synthesize` writes it
    reports::Synthesis described;
    std::vector<std::string> warnings;
};

struct LoadedScenario {
    scenarios::Scenario scenario;
    std::optional<SynthesizedLoad> synthesized;  // empty: the scenario names no source
};

// Where the scenario names a source it is read, which may take as long as its `window`, and the
// scenario is read again with what came of it. Throws InvalidFile, UsageError, database::Outage,
// Interrupted, and std::runtime_error where nothing of the source can be sent.
[[nodiscard]] LoadedScenario with_its_load(scenarios::Scenario written,
                                           const std::vector<scenarios::Override>& overrides,
                                           Console& console,
                                           const migration::Interruption& interruption);

}  // namespace harness
