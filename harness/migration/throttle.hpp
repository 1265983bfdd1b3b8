// Whether a backfill may send its next batch now.
#pragma once

#include "scenarios/scenario.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace harness::migration {

using Clock = std::chrono::steady_clock;

enum class ThrottleReason : std::uint8_t {
    none,
    pause,           // the pause that the scenario wants between two batches
    p99,             // the workload's p99 is above its limit
    replica_lag,     // a replica is further behind than its limit
    no_p99,          // no operation ended in the last second: maybe because none gets through
    no_replica_lag,  // no replica is measured
};
inline constexpr std::size_t throttle_reason_count = 6;
[[nodiscard]] const char* name_of(ThrottleReason) noexcept;

// What is known now; empty: not measured.
struct ThrottleReading {
    std::optional<std::chrono::microseconds> p99;          // of the last second, all operations
    std::optional<std::chrono::microseconds> replica_lag;  // of the replica furthest behind
};

// A limit that nothing is measured for holds the backfill back just as an exceeded one does, since
// silence may mean that nothing gets through at all; but not for ever, because a rehearsal may have
// no replica: after `longest_silence` the backfill goes on and a note says so.
class Throttle {
public:
    static constexpr std::chrono::milliseconds poll{100};
    static constexpr std::chrono::seconds longest_silence{60};
    // A limit that is exceeded this long without one batch in between ends the step: the migration
    // cannot be made under its own limits, and a rehearsal must end.
    static constexpr std::chrono::minutes longest_hold{10};

    explicit Throttle(scenarios::Throttle limits) noexcept : limits_{limits} {}

    struct Answer {
        std::chrono::milliseconds wait{0};  // ask again after this long; 0: go
        ThrottleReason reason = ThrottleReason::none;
        bool give_up = false;
        [[nodiscard]] bool go() const noexcept { return wait.count() == 0 && !give_up; }
    };

    // May the next batch go? The time from an answer that says wait to the next question is counted
    // under that answer's reason.
    [[nodiscard]] Answer ask(const ThrottleReading& reading, Clock::time_point now);

    // A batch has ended: the pause counts from here.
    void batch_done(Clock::time_point now) noexcept;

    [[nodiscard]] Clock::duration waited(ThrottleReason) const noexcept;
    [[nodiscard]] Clock::duration waited() const noexcept;  // all reasons
    using Waited = std::array<Clock::duration, throttle_reason_count>;
    [[nodiscard]] const Waited& waited_by_reason() const noexcept { return waited_; }
    [[nodiscard]] std::string reasons() const;  // "p99 1.2 s, pause 0.5 s"; may be empty

    // What the reader should know, each said once.
    [[nodiscard]] const std::vector<std::string>& notes() const noexcept { return notes_; }

private:
    struct Silence {
        std::optional<Clock::time_point> since;
        bool accepted = false;
    };
    using Measured = std::optional<std::chrono::microseconds>;

    [[nodiscard]] ThrottleReason judge(const ThrottleReading& reading, Clock::time_point now);
    [[nodiscard]] bool held_by_silence(Silence& silence, const Measured& measured, const char* what,
                                       Clock::time_point now);

    scenarios::Throttle limits_;
    Waited waited_{};
    std::optional<Clock::time_point> batch_end_;
    std::optional<Clock::time_point> held_since_;
    Clock::time_point asked_{};
    ThrottleReason last_ = ThrottleReason::none;
    Silence p99_silence_, lag_silence_;
    std::vector<std::string> notes_;
};

}  // namespace harness::migration
