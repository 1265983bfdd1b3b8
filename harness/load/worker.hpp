// One thread of the load generator: its share of the schedule, its connections, its measurements.
#pragma once

#include "harness/database/session.hpp"
#include "harness/load/backlog.hpp"
#include "harness/load/deployment.hpp"
#include "harness/load/load_thread.hpp"
#include "harness/load/recorder.hpp"
#include "workloads/arrival.hpp"
#include "workloads/mix.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <vector>

namespace harness::load {

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

class Worker final : public LoadThread {
public:
    Worker(std::size_t number, const LoadOptions& options, const PhaseClock& phases,
           const SessionFactory& sessions, LoadEvents& events);
    ~Worker() override;

    void run() override;
    [[nodiscard]] Measured take() override;

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
};

}  // namespace harness::load
