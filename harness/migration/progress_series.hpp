// How far a backfill came over time, and what held it back, for the report. No I/O.
#pragma once

#include "harness/migration/throttle.hpp"
#include "reports/record.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace harness::migration {

// At most `bound` points, evenly spread however long it takes: when there are as many, every second
// one is dropped and from then on half as many are taken. All figures count from the beginning, so
// that nothing is lost with a point.
class ProgressSeries {
public:
    static constexpr std::size_t bound = 1'000;
    static constexpr std::chrono::milliseconds finest{100};  // between two points
    using Waited = Throttle::Waited;

    explicit ProgressSeries(Clock::time_point began) : began_{began} {}

    // By time. `rows` changed and `waited` until then, since the beginning.
    void add(Clock::time_point at, std::int64_t rows, const Waited& waited);
    // As above; this one is kept in any case, in the place of one that was just before it.
    void end(Clock::time_point at, std::int64_t rows, const Waited& waited);

    [[nodiscard]] std::vector<reports::BackfillPoint> points(Clock::time_point run_start) const;

private:
    struct Mark {
        Clock::time_point at;
        std::int64_t rows;
        Waited waited;
    };

    void push(const Mark& mark);

    Clock::time_point began_;
    Clock::duration spacing_ = finest;
    std::vector<Mark> marks_;
};

}  // namespace harness::migration
