// One thread of a load, whatever it sends: its own schedule, connections and measurements.
#pragma once

#include "harness/database/poller.hpp"
#include "harness/database/session.hpp"
#include "harness/load/commands.hpp"
#include "harness/load/recorder.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace harness::load {

using SessionFactory = std::function<std::unique_ptr<database::Session>(
    database::Poller&, database::SessionListener&)>;

// Where threads tell the rest of the harness what goes on; called from their threads, rarely.
class LoadEvents {
public:
    virtual void connected(std::int64_t session) = 0;  // each (re)connection
    virtual void connect_failed(const database::Error& error) = 0;
    virtual void second_over(std::size_t worker, const LiveSecond& second) = 0;

protected:
    ~LoadEvents() = default;
};

class LoadThread {
public:
    LoadThread() = default;
    virtual ~LoadThread() = default;
    LoadThread(const LoadThread&) = delete;
    LoadThread& operator=(const LoadThread&) = delete;

    // The thread's whole life: connect, send until stopped, drain, hand over.
    virtual void run() = 0;

    // After run() has returned.
    [[nodiscard]] virtual Measured take() = 0;

    // From other threads.
    void begin(Clock::time_point first_due) {  // all connected: the schedule starts here
        commands_.begin(first_due);
        poller_.wake();
    }
    void deploy(const Deployment& deployment) {
        commands_.deploy(deployment);
        poller_.wake();
    }
    void stop(Clock::time_point last_due) {  // nothing is due from here on
        commands_.stop(last_due);
        poller_.wake();
    }
    void abandon() {  // do not drain
        commands_.abandon();
        poller_.wake();
    }
    [[nodiscard]] std::size_t connected() const noexcept { return connected_.load(); }
    // Connections that are open and run this version.
    [[nodiscard]] std::size_t converted_to(workloads::App app) const noexcept {
        return versions_[static_cast<std::size_t>(app)].load();
    }

protected:
    // Of the calling thread: its name for the reader of a process list, and timers to the
    // microsecond; the default of 50 us would be most of the schedule's lag.
    static void prepare_thread();
    [[nodiscard]] static double thread_cpu_seconds();

    database::Poller poller_;
    Commands commands_;
    std::atomic<std::size_t> connected_{0};
    std::array<std::atomic<std::size_t>, 2> versions_{};  // open sessions of each version
};

}  // namespace harness::load
