#include "harness/locks/clock_offset.hpp"

namespace harness::locks {
namespace {

std::int64_t us_of(ClockOffset::Clock::time_point at) {
    return std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch()).count();
}

// What slewing may have added between two readings at most ten seconds apart, and the clock's own
// granularity.
constexpr std::int64_t slew_us = 6'000;

}  // namespace

void ClockOffset::add(Clock::time_point before, std::int64_t server_us, Clock::time_point after) {
    const Reading reading{after, server_us - us_of(after), server_us - us_of(before)};
    if (!readings_.empty()) {
        const Reading& best = readings_.front();
        if (reading.low_us > best.high_us + slew_us || reading.high_us < best.low_us - slew_us) {
            readings_.clear();
            ++steps_;
        }
    }
    const auto width = [](const Reading& r) { return r.high_us - r.low_us; };
    while (!readings_.empty() && width(readings_.back()) >= width(reading)) {
        readings_.pop_back();
    }
    readings_.push_back(reading);
    while (readings_.front().at + memory < after) {
        readings_.pop_front();
    }
}

std::int64_t ClockOffset::offset_us() const noexcept {
    if (readings_.empty()) {
        return 0;
    }
    const Reading& best = readings_.front();
    return best.low_us + (best.high_us - best.low_us) / 2;
}

ClockOffset::Clock::time_point ClockOffset::to_ours(std::int64_t server_us) const noexcept {
    return Clock::time_point{microseconds{server_us - offset_us()}};
}

std::int64_t ClockOffset::to_server_us(Clock::time_point ours) const noexcept {
    return us_of(ours) + offset_us();
}

}  // namespace harness::locks
