// What was heard of one replica while it was watched. No I/O, no clock of its own.
#pragma once

#include "harness/database/lock_source.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace harness {

class ReplicaHearing {
public:
    using Clock = std::chrono::steady_clock;
    // Who is silent for longer is not measured.
    static constexpr std::chrono::seconds stale{5};

    explicit ReplicaHearing(Clock::time_point begin) : heard_{begin} {}

    void answered(Clock::time_point now, const database::ReplicaLag& lag) {
        longest_silence_ = std::max(longest_silence_, now - heard_);
        heard_ = now;
        measured_ = true;
        last_s_ = lag.seconds;
        max_s_ = std::max(max_s_, lag.seconds);
        max_bytes_ = std::max(max_bytes_, lag.bytes);
    }
    void failed(std::string why) {
        ++failures_;
        last_failure_ = std::move(why);
    }
    // The migration begins: what was before it does not count, but for a silence that reaches into
    // it.
    void begin_window() {
        measured_ = false;
        longest_silence_ = {};
        max_s_ = 0;
        max_bytes_ = 0;
        failures_ = 0;
    }

    // Empty: it has not answered yet, or not lately.
    [[nodiscard]] std::optional<double> lag_s(Clock::time_point now) const {
        return now - heard_ > stale ? std::nullopt : last_s_;
    }
    [[nodiscard]] bool ever_answered() const { return last_s_.has_value(); }
    [[nodiscard]] bool was_silent(Clock::time_point now) const {
        return std::max(longest_silence_, now - heard_) > stale;
    }
    // Since the window began. What follows is of this time, too.
    [[nodiscard]] bool measured() const { return measured_; }
    [[nodiscard]] double max_s() const { return max_s_; }
    [[nodiscard]] std::int64_t max_bytes() const { return max_bytes_; }
    [[nodiscard]] std::uint64_t failures() const { return failures_; }
    [[nodiscard]] const std::string& last_failure() const { return last_failure_; }

private:
    Clock::time_point heard_;  // its last answer; before the first, when the watch began
    Clock::duration longest_silence_{0};
    std::optional<double> last_s_;
    bool measured_ = false;
    double max_s_ = 0;
    std::int64_t max_bytes_ = 0;
    std::uint64_t failures_ = 0;
    std::string last_failure_;
};

}  // namespace harness
