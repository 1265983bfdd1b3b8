// How far the load fell and how long it took to come back. No I/O: reads the record's seconds.
#pragma once

#include "reports/record.hpp"

namespace harness::load {

// Recovered is the first second after the last step's end from which, for `calm_seconds` in a row
// (fewer where the run ends), as many operations got through as in the baseline and the p99 was not
// above the baseline's by more than half and 5 ms. Baseline: the median second of `before`.
//
// Fills record.recovery but for backlog_max. Needs phases, steps and seconds; without a `before`
// phase nothing can be said and recovered_after_s stays empty.
inline constexpr int calm_seconds = 3;
void measure_recovery(reports::Record& record);

}  // namespace harness::load
