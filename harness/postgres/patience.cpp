#include "harness/postgres/patience.hpp"

#include <algorithm>

namespace harness::postgres {

Patience::Next Patience::next(Clock::time_point now, std::optional<Clock::time_point> cancelled) {
    if (limit_ && now - began_ >= *limit_) {
        reason_ = "the server did not answer within " + std::to_string(limit_->count()) +
                  " ms; the connection was given up";
        return Next::give_up;
    }
    if (cancelled && now - *cancelled >= cancel_limit) {
        reason_ = "the statement was cancelled, and the server did not answer within " +
                  std::to_string(cancel_limit.count()) + " s; the connection was given up";
        return Next::give_up;
    }
    if (now - last_sign_ >= longest_silence) {
        reason_ = "the server has answered nobody for " + std::to_string(longest_silence.count()) +
                  " s, neither here nor a new connection: it is frozen or out of reach";
        return Next::give_up;
    }
    if (probe_began_) {
        return now - *probe_began_ >= probe_limit ? Next::drop_probe : Next::wait;
    }
    return now >= next_probe_ ? Next::probe : Next::wait;
}

Patience::Clock::time_point Patience::wake(std::optional<Clock::time_point> cancelled) const {
    auto at = std::min(last_sign_ + longest_silence,
                       probe_began_ ? *probe_began_ + probe_limit : next_probe_);
    if (limit_) {
        at = std::min(at, began_ + std::chrono::duration_cast<Clock::duration>(*limit_));
    }
    if (cancelled) {
        at = std::min(at, *cancelled + cancel_limit);
    }
    return at;
}

void Patience::probe_begun(Clock::time_point now) {
    probe_began_ = now;
}

void Patience::probe_answered(Clock::time_point now) {
    probe_began_.reset();
    last_sign_ = now;
    next_probe_ = now + probe_after;
}

void Patience::probe_failed(Clock::time_point now) {
    probe_began_.reset();
    next_probe_ = now + probe_again;
}

}  // namespace harness::postgres
