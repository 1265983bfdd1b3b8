// `rehearse workload synthesize`: a workload from the statistics of a running database.
#pragma once

#include "harness/command_line.hpp"
#include "harness/database/engine.hpp"
#include "harness/migration/interruption.hpp"
#include "workloads/synthesis/workload_file.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace harness {

struct Synthesis {
    workloads::synthesis::SynthesizedWorkload workload;
    workloads::synthesis::Provenance provenance;
};

// Reads the source twice, `window` apart, or once where it is 0. Empty where the interruption came
// first, which also ends a question that the source is answering. Throws database::Outage, and
// UsageError where the statistics do not allow what is asked.
[[nodiscard]] std::optional<Synthesis> synthesize_from(
    database::StatementSource& source, const workloads::synthesis::Options& options,
    std::chrono::duration<double> window, const migration::Interruption& interruption,
    const std::function<void(const std::string&)>& note);

int synthesize(const SynthesizeCommand& command);

}  // namespace harness
