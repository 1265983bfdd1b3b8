#include "harness/postgres/sleep_timer.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include <sys/timerfd.h>
#include <unistd.h>

namespace harness::postgres {

SleepTimer::~SleepTimer() {
    if (descriptor_ >= 0) {
        poller_.remove(descriptor_, *this);
        ::close(descriptor_);
    }
}

void SleepTimer::start(std::chrono::nanoseconds length) {
    if (descriptor_ < 0) {
        descriptor_ = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
        if (descriptor_ < 0) {
            throw std::system_error{errno, std::generic_category(), "timerfd_create"};
        }
        poller_.add(descriptor_, EPOLLIN, *this);
    }
    constexpr std::int64_t second = 1'000'000'000;
    const std::int64_t ns = std::max<std::int64_t>(length.count(), 1);  // 0 would stop it
    const itimerspec once{.it_interval = {},
                          .it_value = {.tv_sec = ns / second, .tv_nsec = ns % second}};
    if (timerfd_settime(descriptor_, 0, &once, nullptr) != 0) {
        throw std::system_error{errno, std::generic_category(), "timerfd_settime"};
    }
}

void SleepTimer::stop() noexcept {
    if (descriptor_ >= 0) {
        const itimerspec never{};
        timerfd_settime(descriptor_, 0, &never, nullptr);
    }
}

void SleepTimer::on_ready(std::uint32_t) {
    std::uint64_t times = 0;
    // Stopped or started anew since the poller saw it, it has nothing to tell.
    if (::read(descriptor_, &times, sizeof times) == sizeof times) {
        wake_();
    }
}

}  // namespace harness::postgres
