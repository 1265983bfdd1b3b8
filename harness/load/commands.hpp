// What the engine tells a thread of the load, from other threads.
#pragma once

#include "harness/load/deployment.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>

namespace harness::load {

class Commands {
public:
    using Clock = std::chrono::steady_clock;

    struct Given {
        std::optional<Clock::time_point> begin, stop;
        std::optional<Deployment> deploy;
    };

    void begin(Clock::time_point first_due) {
        give([&] { given_.begin = first_due; });
    }
    void deploy(const Deployment& deployment) {
        give([&] { given_.deploy = deployment; });
    }
    void stop(Clock::time_point last_due) {
        give([&] { given_.stop = last_due; });
    }
    void abandon() { abandoned_.store(true); }

    [[nodiscard]] bool abandoned() const { return abandoned_.load(std::memory_order_relaxed); }
    // Whether there is something to take.
    [[nodiscard]] bool ready() const { return ready_.load(std::memory_order_acquire); }
    // What was given since the last call.
    [[nodiscard]] Given take() {
        const std::scoped_lock lock{mutex_};
        ready_.store(false, std::memory_order_relaxed);
        Given taken;
        std::swap(taken, given_);
        return taken;
    }

private:
    template <typename Change>
    void give(Change&& change) {
        const std::scoped_lock lock{mutex_};
        change();
        ready_.store(true, std::memory_order_release);
    }

    std::mutex mutex_;
    std::atomic<bool> ready_{false}, abandoned_{false};
    Given given_;
};

}  // namespace harness::load
