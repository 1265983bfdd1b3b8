#include "harness/migration/throttle.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace harness::migration {

using std::chrono::ceil;
using std::chrono::duration;
using std::chrono::milliseconds;

const char* name_of(ThrottleReason reason) noexcept {
    switch (reason) {
        case ThrottleReason::none:
            return "none";
        case ThrottleReason::pause:
            return "pause";
        case ThrottleReason::p99:
            return "p99";
        case ThrottleReason::replica_lag:
            return "replica lag";
        case ThrottleReason::no_p99:
            return "p99 not measured";
        case ThrottleReason::no_replica_lag:
            return "replica lag not measured";
    }
    return "none";
}

Throttle::Answer Throttle::ask(const ThrottleReading& reading, Clock::time_point now) {
    if (last_ != ThrottleReason::none) {
        waited_[static_cast<std::size_t>(last_)] += now - asked_;
    }
    asked_ = now;
    last_ = judge(reading, now);
    if (last_ == ThrottleReason::none) {
        held_since_.reset();
        return {};
    }
    if (last_ == ThrottleReason::pause) {
        return {.wait = ceil<milliseconds>(*batch_end_ + limits_.pause - now), .reason = last_};
    }
    if (!held_since_) {
        held_since_ = now;
    }
    const bool give_up = now - *held_since_ >= longest_hold;
    return {.wait = poll, .reason = last_, .give_up = give_up};
}

ThrottleReason Throttle::judge(const ThrottleReading& reading, Clock::time_point now) {
    if (batch_end_ && now < *batch_end_ + limits_.pause) {
        return ThrottleReason::pause;
    }
    if (limits_.p99) {
        if (held_by_silence(p99_silence_, reading.p99, "the workload's p99", now)) {
            return ThrottleReason::no_p99;
        }
        if (reading.p99 && *reading.p99 > *limits_.p99) {
            return ThrottleReason::p99;
        }
    }
    if (limits_.replica_lag) {
        if (held_by_silence(lag_silence_, reading.replica_lag, "the replica lag", now)) {
            return ThrottleReason::no_replica_lag;
        }
        if (reading.replica_lag && *reading.replica_lag > *limits_.replica_lag) {
            return ThrottleReason::replica_lag;
        }
    }
    return ThrottleReason::none;
}

bool Throttle::held_by_silence(Silence& silence, const Measured& measured, const char* what,
                               Clock::time_point now) {
    if (measured) {
        silence = {};
        return false;
    }
    if (silence.accepted) {
        return false;
    }
    if (!silence.since) {
        silence.since = now;
    }
    if (now - *silence.since < longest_silence) {
        return true;
    }
    silence.accepted = true;
    auto note = std::string{what} + " was not measured for " +
                std::to_string(longest_silence.count()) + " s: the backfill went on without it";
    if (std::find(notes_.begin(), notes_.end(), note) == notes_.end()) {
        notes_.push_back(std::move(note));
    }
    return false;
}

void Throttle::batch_done(Clock::time_point now) noexcept {
    batch_end_ = now;
    held_since_.reset();
}

Clock::duration Throttle::waited(ThrottleReason reason) const noexcept {
    return waited_[static_cast<std::size_t>(reason)];
}

Clock::duration Throttle::waited() const noexcept {
    return std::accumulate(waited_.begin(), waited_.end(), Clock::duration{});
}

std::string Throttle::reasons() const {
    std::string text;
    for (std::size_t i = 0; i < waited_.size(); ++i) {
        if (waited_[i].count() == 0) {
            continue;
        }
        char figure[64];
        std::snprintf(figure, sizeof figure, "%.1f s", duration<double>(waited_[i]).count());
        text += text.empty() ? "" : ", ";
        text += std::string{name_of(static_cast<ThrottleReason>(i))} + " " + figure;
    }
    return text;
}

}  // namespace harness::migration
