// One thread of the load generator: its share of the schedule, its connections, its measurements.
#pragma once

#include "harness/database/poller.hpp"
#include "harness/database/session.hpp"
#include "harness/load/backlog.hpp"
#include "harness/load/deployment.hpp"
#include "harness/load/recorder.hpp"
#include "workloads/arrival.hpp"
#include "workloads/mix.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <queue>
#include <span>
#include <vector>

namespace harness::load {

using SessionFactory = std::function<std::unique_ptr<database::Session>(
    database::Poller&, database::SessionListener&)>;

// What all workers of a load share. Immutable while they run.
struct LoadOptions {
    std::span<const workloads::Operation> operations;
    std::size_t connections = 1, workers = 1;
    std::optional<double> rate;  // per second, of all workers together; empty: closed loop
    workloads::ArrivalKind arrival = workloads::ArrivalKind::poisson;
    std::chrono::nanoseconds think_time{0};
    std::uint64_t seed = 0;
    workloads::App first = workloads::App::old_version;  // which version runs at the beginning
    std::uint64_t first_operation = 0;  // the number from which operations get their parameters
    // Due operations that wait, per worker; beyond it they fail as backlog_full.
    std::size_t backlog_bound = 1'000'000;
    // After the end: how long what was due may still take.
    std::chrono::nanoseconds drain{std::chrono::seconds{35}};
};

// Where workers tell the rest of the harness what goes on; called from their threads, rarely.
class LoadEvents {
public:
    virtual void connected(std::int64_t session) = 0;  // each (re)connection
    virtual void connect_failed(const database::Error& error) = 0;
    virtual void second_over(std::size_t worker, const LiveSecond& second) = 0;

protected:
    ~LoadEvents() = default;
};

class Worker {
public:
    Worker(std::size_t number, const LoadOptions& options, const PhaseClock& phases,
           const SessionFactory& sessions, LoadEvents& events);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    // The thread's whole life: connect, send until stopped, drain, hand over.
    void run();

    // From other threads.
    void begin(Clock::time_point first_due);  // all connected: the schedule starts here
    void deploy(const Deployment& deployment);
    void stop(Clock::time_point last_due);  // nothing is due from here on
    void abandon();                         // do not drain
    [[nodiscard]] std::size_t connected() const noexcept { return connected_.load(); }
    // Connections that are open and run this version.
    [[nodiscard]] std::size_t converted_to(workloads::App app) const noexcept {
        return versions_[static_cast<std::size_t>(app)].load();
    }

    // After run() has returned.
    [[nodiscard]] Measured take();

private:
    class Slot;
    struct Timer {
        Clock::time_point at;
        Slot* slot;
        std::uint64_t generation;
        bool operator>(const Timer& other) const { return at > other.at; }
    };
    enum class State : std::uint8_t { connecting, sending, draining };

    void loop_once();
    void take_commands(Clock::time_point now);
    void release(Clock::time_point now);
    void run_timers(Clock::time_point now);
    void tick(Clock::time_point now);
    void convert(Clock::time_point now);
    void move_backlog();
    void serve_backlog(workloads::App app);
    void wait_idle(Slot& slot);
    [[nodiscard]] Clock::time_point next_wake() const;
    [[nodiscard]] bool drained() const;
    [[nodiscard]] bool wants_connection(const Slot& slot, Clock::time_point now) const;
    void file_unfinished(Clock::time_point now);

    // Called by slots.
    void slot_opened();
    void slot_idle(Slot& slot, Clock::time_point now);
    void operation_over(Slot& slot, const database::OperationEnd& end);
    void version_changed(Slot& slot, workloads::App app);
    void count_version(workloads::App app, int change);
    // A deploy may go on with the next connection, as soon as the batch of events is over.
    void convert_soon() { convert_soon_ = true; }
    void reopen(Slot& slot, Clock::time_point now);
    // A session may end inside its own call back: it is destroyed after the batch of events.
    void bury(std::shared_ptr<void> line);

    [[nodiscard]] Slot* pop_idle(workloads::App app);
    // direct: had an idle connection when it was due, so that it is late only by our own fault.
    void send(Slot& slot, const DueOperation& due, bool direct);
    void send_closed_loop(Slot& slot, bool direct);
    [[nodiscard]] std::uint64_t next_index(Slot& slot) const;
    void set_timer(Slot& slot, Clock::time_point at);
    void file_unsent(const DueOperation& due, workloads::App app, std::string_view code,
                     Clock::time_point now);
    [[nodiscard]] workloads::App draw_app(std::uint64_t index) const;
    [[nodiscard]] workloads::OperationId draw_operation(workloads::App app,
                                                        std::uint64_t index) const;

    const std::size_t number_;
    const LoadOptions& options_;
    const PhaseClock& phases_;
    LoadEvents& events_;
    workloads::Mix mix_;
    database::Poller poller_;
    Recorder recorder_;
    LiveSecond live_;
    std::vector<std::unique_ptr<Slot>> slots_;

    State state_ = State::connecting;
    std::optional<workloads::Arrivals> arrivals_;
    workloads::Arrivals::Due next_{};  // the next arrival of this worker's share
    Clock::time_point schedule_start_{}, next_due_{}, next_tick_{}, drain_until_{};
    Clock::time_point last_due_ = Clock::time_point::max();
    Backlog backlog_;
    std::array<std::deque<std::pair<Slot*, std::uint64_t>>, 2>
        idle_;  // with the slot's idle number
    std::array<std::size_t, 2> slots_of_app_{};
    std::size_t in_flight_ = 0, next_to_open_ = 0;
    std::vector<std::shared_ptr<void>> graveyard_;
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
    Deployment deployment_;
    bool deploying_ = false, convert_soon_ = false;
    double cpu_s_ = 0;
    Clock::duration clock_skew_{};  // wall clock minus steady clock, for now()

    std::mutex commands_mutex_;
    std::atomic<bool> commands_ready_{false};
    std::optional<Clock::time_point> begin_command_, stop_command_;
    std::optional<Deployment> deploy_command_;
    std::atomic<bool> abandon_{false};
    std::atomic<std::size_t> connected_{0};
    std::array<std::atomic<std::size_t>, 2> versions_{};  // open sessions of each version
};

}  // namespace harness::load
