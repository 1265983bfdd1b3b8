#include "harness/migration/interruption.hpp"

namespace harness::migration {

void Interruption::request() {
    {
        const std::lock_guard lock{mutex_};
        level_ = level_ == Level::none ? Level::finish_step : Level::cancel_step;
    }
    changed_.notify_all();
}

Interruption::Level Interruption::level() const {
    const std::lock_guard lock{mutex_};
    return level_;
}

bool Interruption::sleep(Clock::duration length, Level wake_at) const {
    std::unique_lock lock{mutex_};
    return !changed_.wait_for(lock, length, [&] { return level_ >= wake_at; });
}

bool Interruption::wait(Level level, std::stop_token stop) const {
    std::unique_lock lock{mutex_};
    return changed_.wait(lock, stop, [&] { return level_ >= level; });
}

void Interruption::pause(Clock::duration length, std::stop_token stop) const {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, stop, length, [] { return false; });
}

}  // namespace harness::migration
