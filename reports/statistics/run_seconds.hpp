// A run's time line, taken apart into what comparisons resample.
#pragma once

#include "reports/second_log.hpp"
#include "reports/statistics/seconds.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace reports::statistics {

// Whole seconds of the run: [first, end).
struct SecondRange {
    std::uint32_t first = 0, end = 0;
};

// A phase of more seconds (eleven days) is a broken record.
inline constexpr std::uint32_t most_seconds = 1'000'000;

// Of each operation (by its number in the record) the seconds of each range, application versions
// together; a second of which the logs know nothing is empty. What belongs to no range or to no
// operation is left out. The ranges may touch but not overlap and stand in order, and
// end by most_seconds; else std::invalid_argument.
[[nodiscard]] std::vector<std::vector<Seconds>> seconds_by_operation(
    const std::vector<const SecondLog*>& logs, std::size_t operations,
    std::span<const SecondRange> ranges);

}  // namespace reports::statistics
