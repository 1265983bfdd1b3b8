// Wakes a session that waits for a time and not for an answer.
#pragma once

#include "harness/database/poller.hpp"

#include <chrono>
#include <functional>

namespace harness::postgres {

// Of one thread. Its descriptor is made at the first use: most sessions never sleep.
class SleepTimer final : private database::Pollable {
public:
    SleepTimer(database::Poller& poller, std::function<void()> wake)
        : poller_{poller}, wake_{std::move(wake)} {}
    ~SleepTimer();
    SleepTimer(const SleepTimer&) = delete;
    SleepTimer& operator=(const SleepTimer&) = delete;

    // Calls `wake` once, at least `length` from now, from within the poller's wait. A start that
    // has not woken yet is forgotten. Throws std::system_error.
    void start(std::chrono::nanoseconds length);
    void stop() noexcept;

private:
    void on_ready(std::uint32_t events) override;

    database::Poller& poller_;
    std::function<void()> wake_;
    int descriptor_ = -1;
};

}  // namespace harness::postgres
