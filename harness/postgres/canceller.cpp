#include "harness/postgres/canceller.hpp"

#include "harness/postgres/patience.hpp"

#include <array>
#include <condition_variable>
#include <new>
#include <system_error>
#include <thread>

namespace harness::postgres {

struct Canceller::Delivery {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;

    void deliver(PGcancel* cancel) noexcept {
        std::array<char, 256> message{};
        // A failure means that the server or the connection is gone, which the statement that was
        // to be cancelled reports itself.
        static_cast<void>(PQcancel(cancel, message.data(), static_cast<int>(message.size())));
        {
            const std::lock_guard lock{mutex};
            over = true;
        }
        changed.notify_all();
    }

    bool wait(std::chrono::seconds limit) {
        std::unique_lock lock{mutex};
        return changed.wait_for(lock, limit, [this] { return over; });
    }
};

void Canceller::aim(PGconn* connection) {
    const std::lock_guard lock{mutex_};
    delivery_.reset();
    cancel_ = {connection != nullptr ? PQgetCancel(connection) : nullptr,
               [](PGcancel* cancel) { PQfreeCancel(cancel); }};
}

void Canceller::cancel() noexcept {
    const std::lock_guard lock{mutex_};
    if (!cancel_ || (delivery_ && !delivery_->wait(std::chrono::seconds{0}))) {
        return;
    }
    try {
        delivery_ = std::make_shared<Delivery>();
        std::thread{[delivery = delivery_, cancel = cancel_] {
            delivery->deliver(cancel.get());
        }}.detach();
    } catch (const std::system_error&) {  // no thread to be had: whoever cancels tries again
        delivery_.reset();
    } catch (const std::bad_alloc&) {
        delivery_.reset();
    }
}

bool Canceller::settle() {
    std::shared_ptr<Delivery> delivery;
    {
        const std::lock_guard lock{mutex_};
        delivery = delivery_;
    }
    return !delivery || delivery->wait(Patience::cancel_limit);
}

}  // namespace harness::postgres
