// result.json: all figures of a rehearsal for other programs, schema "rehearse.result/1".
#pragma once

#include "reports/record.hpp"

#include <string>

namespace reports {

inline constexpr const char* result_schema = "rehearse.result/1";

// Times in seconds since the run's start, latencies in milliseconds. A figure that was not measured
// (a quantile of no calls, a number that is not finite) is null. Always valid UTF-8; ends in a line
// feed. Application versions are listed under `by_app` where both sent an operation.
[[nodiscard]] std::string to_json(const Record& record);

}  // namespace reports
