// The server's clock against our monotonic one, from readings of the server's clock that are
// bracketed by two of ours. No I/O: the readings are handed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace harness::locks {

// Each reading says that the offset lies between server - after and server - before. The reading
// with the shortest round trip among the last ten seconds decides (its middle; Cristian 1989):
// older ones are forgotten because the server's clock may be slewed (500 ppm, 5 ms in ten seconds,
// at most). A reading that contradicts it means that a clock was set: everything before is
// forgotten.
class ClockOffset {
public:
    using Clock = std::chrono::steady_clock;
    using microseconds = std::chrono::microseconds;

    static constexpr std::chrono::seconds memory{10};

    // Requires before <= after, and readings in the order of their time.
    void add(Clock::time_point before, std::int64_t server_us, Clock::time_point after);

    [[nodiscard]] bool known() const noexcept { return !readings_.empty(); }
    // Server's clock (microseconds since the Unix epoch) minus ours (since its own epoch).
    // Zero when nothing is known.
    [[nodiscard]] std::int64_t offset_us() const noexcept;
    [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }  // times a clock was set

    [[nodiscard]] Clock::time_point to_ours(std::int64_t server_us) const noexcept;
    [[nodiscard]] std::int64_t to_server_us(Clock::time_point ours) const noexcept;

private:
    struct Reading {
        Clock::time_point at;
        std::int64_t low_us, high_us;  // the offset lies in between
    };
    // By time, each with a longer round trip than the one before: the front is the best.
    std::deque<Reading> readings_;
    std::uint64_t steps_ = 0;
};

}  // namespace harness::locks
