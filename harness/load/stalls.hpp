// The longest span in which an operation was due and none of its kind got through.
//
// Users feel a stall whether the calls hang, queue or fail at once. Two things are kept of each
// operation: the instants of its successes (to the millisecond), and the union of the spans in
// which somebody was waiting for it or was turned away. A stall is the longest part of that union
// without a success in it.
#pragma once

#include "reports/record.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

namespace harness::load {

// One operation's, in one worker; merged when the load is over: the answer does not depend on how
// the calls were spread over workers. Times count from the run's start.
class StallTracker {
public:
    using nanoseconds = std::chrono::nanoseconds;

    // Shorter waits are not kept: a stall is never reported that is shorter than this.
    static constexpr nanoseconds shortest = std::chrono::milliseconds{10};
    // Who was turned away is still without an answer until the next call of the kind gets through,
    // hangs or fails, too, if no more than this lies between.
    static constexpr nanoseconds bridge = std::chrono::seconds{1};

    void success(nanoseconds due, nanoseconds done);
    void failure(nanoseconds due, nanoseconds done);

    void merge(const StallTracker& other);

    // The longest stall inside [from, to). Up to a millisecond too long where it ends with another
    // call's success.
    [[nodiscard]] reports::Stall longest(nanoseconds from, nanoseconds to) const;

private:
    struct Wait {
        std::int64_t end;
        bool failed;  // a failure ended at `end`
    };

    void add_wait(std::int64_t start, Wait wait);
    // Until when users felt a span, at most until `limit`: behind a failure until the next success.
    [[nodiscard]] std::int64_t felt_until(const Wait& wait, std::int64_t limit) const noexcept;

    std::vector<std::uint64_t> success_ms_;  // one bit a millisecond
    std::map<std::int64_t, Wait> waited_;    // by start; disjoint [start, end) in ns
};

}  // namespace harness::load
