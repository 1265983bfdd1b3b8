// One rehearsal, from its scenario to its verdict.
#pragma once

#include "harness/ci_system.hpp"
#include "harness/console.hpp"
#include "harness/migration/interruption.hpp"
#include "harness/run_directory.hpp"
#include "harness/stage.hpp"
#include "harness/stored_run.hpp"
#include "harness/synthesized_load.hpp"
#include "reports/record.hpp"
#include "scenarios/scenario.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace harness {

struct RehearsalOptions {
    StageOptions stage;
    std::uint64_t seed = 0;
    std::vector<std::string> overridden;  // paths of --set; their values may be anybody's secrets
    std::optional<StoredRun> baseline;    // that the run is judged against, too
    std::optional<SynthesizedLoad> synthesized;     // where the scenario's load was made so
    std::optional<reports::PlaceboResult> placebo;  // what the gates were found to be worth
    Ci ci;
};

// A signal came before anything was touched.
struct Interrupted {
    int signal;
};

// Runs the scenario and judges it; everything but the terminal summary is in `out` afterwards. What
// the server does to a rehearsal that has begun (it goes away, it fills its disk) is in the record,
// not thrown; so is what could not be written into the run directory, which is also said on stderr.
// Throws, before anything was touched and leaving nothing in `out`, UsageError, database::Refused,
// database::Outage, Interrupted.
[[nodiscard]] reports::Record rehearse(const scenarios::Scenario& scenario,
                                       const RehearsalOptions& options, RunDirectory& out,
                                       Console& console, migration::Interruption& interruption);

}  // namespace harness
