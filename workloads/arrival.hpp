// When operations are due: the open-loop schedule. It never waits for the database.
#pragma once

#include "workloads/random.hpp"

#include <chrono>
#include <cstdint>

namespace workloads {

enum class ArrivalKind : std::uint8_t {
    poisson,   // exponential gaps: independent users
    uniform,   // gaps uniform in [0, 2/rate]
    constant,  // equal gaps
};

// The n-th arrival of a schedule is a function of (kind, rate, seed) alone. Several workers each
// walk the whole schedule and send their share (every k-th), so the arrivals do not depend on how
// many workers there are.
class Arrivals {
public:
    // rate: operations per second, > 0 and finite; throws std::invalid_argument otherwise.
    Arrivals(ArrivalKind kind, double rate, std::uint64_t seed);

    struct Due {
        std::uint64_t index;          // counts from 0
        std::chrono::nanoseconds at;  // since the schedule's start; never decreases
    };

    // The next arrival. After an hour at 1 M/s the accumulated rounding error stays below 1 µs.
    // The first comes at 0 when the gaps are constant, else after a first random gap. Time past the
    // end of int64 nanoseconds (292 years) stands still there.
    [[nodiscard]] Due next();

private:
    void advance(double gap_ns) noexcept;

    ArrivalKind kind_;
    double gap_ns_;
    Random random_;
    std::uint64_t index_ = 0;
    std::int64_t whole_ns_ = 0;
    double fraction_ns_ = 0;
};

}  // namespace workloads
