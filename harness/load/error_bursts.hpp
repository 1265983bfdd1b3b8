// When calls failed: the spans of a run that events.ndjson tells of. No I/O.
#pragma once

#include "reports/record.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace harness::load {

// Seconds of the run in a row, in each of which calls failed.
struct ErrorBurst {
    std::uint32_t from_s = 0, until_s = 0;  // from the start of the first to the end of the last
    std::uint64_t failed = 0;
    std::uint32_t most_in_a_second = 0;
};
[[nodiscard]] std::vector<ErrorBurst> error_bursts(std::span<const reports::Second> seconds);

}  // namespace harness::load
