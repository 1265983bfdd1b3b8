#include "harness/database/poller.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <sys/eventfd.h>
#include <unistd.h>

namespace harness::database {
namespace {

[[noreturn]] void fail(const char* what) {
    throw std::system_error{errno, std::generic_category(), what};
}

}  // namespace

Poller::Poller() {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (epoll_ < 0) {
        fail("epoll_create1");
    }
    wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;  // null marks the wake-up descriptor
    if (wake_ < 0 || epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &event) < 0) {
        const int error = errno;
        close(epoll_);
        if (wake_ >= 0) {
            close(wake_);
        }
        errno = error;
        fail("eventfd");
    }
}

Poller::~Poller() {
    close(wake_);
    close(epoll_);
}

void Poller::add(int fd, std::uint32_t events, Pollable& pollable) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &pollable;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) < 0) {
        fail("epoll_ctl add");
    }
}

void Poller::modify(int fd, std::uint32_t events, Pollable& pollable) {
    epoll_event event{};
    event.events = events;
    event.data.ptr = &pollable;
    if (epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) < 0) {
        fail("epoll_ctl mod");
    }
}

void Poller::remove(int fd, Pollable& pollable) {
    // Fails where the descriptor was closed already; then the kernel has forgotten it by itself.
    epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
    for (int i = batch_at_; i < batch_size_; ++i) {
        if (batch_[static_cast<std::size_t>(i)].data.ptr == &pollable) {
            batch_[static_cast<std::size_t>(i)].events = 0;
        }
    }
}

int Poller::fetch(std::chrono::nanoseconds timeout) {
    const auto size = static_cast<int>(batch_.size());
    if (nanosecond_waits_) {
        timespec limit{};
        limit.tv_sec = static_cast<time_t>(timeout.count() / 1'000'000'000);
        limit.tv_nsec = static_cast<long>(timeout.count() % 1'000'000'000);
        const int ready = epoll_pwait2(epoll_, batch_.data(), size,
                                       timeout.count() < 0 ? nullptr : &limit, nullptr);
        // Linux before 5.11, and containers whose filter does not know the call.
        if (ready >= 0 || (errno != ENOSYS && errno != EPERM)) {
            return ready;
        }
        nanosecond_waits_ = false;
    }
    // Rounded up: rather up to a millisecond late, which the generator's lag shows, than busy.
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout).count();
    return epoll_wait(
        epoll_, batch_.data(), size,
        timeout.count() < 0 ? -1 : static_cast<int>(std::min<std::int64_t>(ms, 60'000)));
}

// With hundreds of sockets each one's memory has left the caches by the time it is served again. Of
// the batch at hand it is fetched while the ones before it are served, in two steps: what a
// Pollable points to can only be asked for once the Pollable itself is there.
void Poller::prefetch_ahead() const {
    constexpr int object_ahead = 4, its_memory_ahead = 2;
    constexpr std::size_t lines = 4, line_bytes = 64;
    if (const int at = batch_at_ + object_ahead; at < batch_size_) {
        const auto* object =
            static_cast<const char*>(batch_[static_cast<std::size_t>(at)].data.ptr);
        for (std::size_t line = 0; line < lines; ++line) {
            __builtin_prefetch(object + line * line_bytes, 1);
        }
    }
    if (const int at = batch_at_ + its_memory_ahead; at < batch_size_) {
        const auto& event = batch_[static_cast<std::size_t>(at)];
        if (event.data.ptr != nullptr && event.events != 0) {  // else it may be gone
            static_cast<const Pollable*>(event.data.ptr)->prefetch();
        }
    }
}

int Poller::wait(std::chrono::nanoseconds timeout) {
    const int ready = fetch(timeout);
    if (ready < 0) {
        if (errno == EINTR) {
            return 0;
        }
        fail("epoll_pwait2");
    }
    int served = 0;
    batch_size_ = ready;
    for (batch_at_ = 0; batch_at_ < batch_size_;) {
        const epoll_event event = batch_[static_cast<std::size_t>(batch_at_)];
        ++batch_at_;
        prefetch_ahead();
        if (event.data.ptr == nullptr) {
            std::uint64_t ignored = 0;
            [[maybe_unused]] const ssize_t got = read(wake_, &ignored, sizeof ignored);
        } else if (event.events != 0) {
            static_cast<Pollable*>(event.data.ptr)->on_ready(event.events);
            ++served;
        }
    }
    batch_size_ = batch_at_ = 0;
    return served;
}

void Poller::wake() noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

}  // namespace harness::database
