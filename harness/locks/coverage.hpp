// How well the observer looked in each phase of the run. No I/O.
#pragma once

#include "reports/record.hpp"

#include <chrono>
#include <span>
#include <vector>

namespace harness::locks {

using Clock = std::chrono::steady_clock;

// One phase of the run; phases follow each other.
struct Span {
    reports::PhaseName phase;
    Clock::time_point from, to;
};

// When the observer looked, was due to look and did not, and lost its connection; each by time.
struct Looks {
    std::vector<Clock::time_point> taken, lost, connection_losses;
};

// What lies in [from, to). The longest gap is between two samples, one of which may lie outside: a
// lock that came and went there may have reached into the phase. Where there is no such sample the
// phase's own border stands for it.
[[nodiscard]] reports::LockCoverage coverage_of(const Looks& looks, const Span& span);

}  // namespace harness::locks
