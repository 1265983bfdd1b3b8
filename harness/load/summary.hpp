// Puts what the workers measured into the run's record.
#pragma once

#include "harness/load/recorder.hpp"
#include "reports/record.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace harness::load {

// Fills operations, seconds, latencies, generator and recovery.backlog_max. record.phases must be
// there: stalls are clipped to them.
void summarize(const std::vector<Measured>& measured,
               std::span<const workloads::Operation> operations, reports::Record& record);

// All workers' slow statements, by the time they were sent.
[[nodiscard]] std::vector<locks::SlowStatement> slow_statements(
    const std::vector<Measured>& measured);

// Deadlocks of which the load was the victim, in these phases; those that were tried again, too.
[[nodiscard]] std::uint64_t deadlocks(const std::vector<Measured>& measured,
                                      std::span<const reports::PhaseName> phases);

}  // namespace harness::load
