// Ctrl-C, as the migration understands it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace harness::migration {

// Thread-safe. request() is not async-signal-safe: call it from a thread that waits for the signal.
class Interruption {
public:
    using Clock = std::chrono::steady_clock;
    enum class Level : std::uint8_t {
        none,
        finish_step,  // the running step may end, later ones are skipped
        cancel_step,  // the running step is cancelled
    };

    // The first call asks for finish_step, the second for cancel_step; later ones change nothing.
    void request();

    [[nodiscard]] Level level() const;
    [[nodiscard]] bool stop_requested() const { return level() >= Level::finish_step; }
    [[nodiscard]] bool cancel_requested() const { return level() >= Level::cancel_step; }

    // Sleeps; false: `wake_at` was reached before the time had passed.
    bool sleep(Clock::duration length, Level wake_at) const;

    // Waits until `level` is reached or a stop is asked for; true: the level is reached.
    bool wait(Level level, std::stop_token stop) const;

    // Sleeps, whatever the level; ends early when a stop is asked for.
    void pause(Clock::duration length, std::stop_token stop) const;

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable_any changed_;
    Level level_ = Level::none;
};

}  // namespace harness::migration
