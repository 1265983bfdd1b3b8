// The longest span in which an operation was due and none of its kind got through.
//
// Users feel a stall whether the calls hang, queue or fail at once. Two things are kept of each
// operation: the instants of its successes (to the millisecond), and the union of the spans in which
// somebody was waiting for it or was turned away. A stall is the longest part of that union without a
// success in it.
#pragma once

#include "reports/record.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace harness::load {

// One operation's, in one worker; merged when the load is over. Times count from the run's start.
class StallTracker {
public:
    using nanoseconds = std::chrono::nanoseconds;

    // Shorter waits are not kept: a stall is never reported that is shorter than this.
    static constexpr nanoseconds shortest = std::chrono::milliseconds{10};
    // A failed call and the next due one belong to one stall if no more than this lies between them.
    static constexpr nanoseconds bridge = std::chrono::seconds{1};

    void success(nanoseconds due, nanoseconds done);
    void failure(nanoseconds due, nanoseconds done);

    void merge(const StallTracker& other);

    // The longest stall inside [from, to).
    [[nodiscard]] reports::Stall longest(nanoseconds from, nanoseconds to) const;

    [[nodiscard]] std::size_t spans() const noexcept { return waited_.size(); }

private:
    void add_wait(nanoseconds from, nanoseconds to);
    void bridge_from_failure(nanoseconds due);

    std::vector<std::uint64_t> success_ms_;                // one bit a millisecond
    std::map<std::int64_t, std::int64_t> waited_;          // disjoint [start, end) in ns
    std::optional<nanoseconds> last_failure_;
};

}  // namespace harness::load
