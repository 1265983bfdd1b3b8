// One connection of the load, as the worker sees it: a place in the application's pool whose
// session may be lost, reopened, or replaced by one of another application version.
#pragma once

#include "harness/database/session.hpp"
#include "harness/load/backlog.hpp"
#include "harness/load/worker.hpp"
#include "workloads/operation.hpp"

#include <chrono>
#include <cstdint>
#include <memory>

namespace harness::load {

class Worker::Slot {
public:
    enum class State : std::uint8_t {
        unopened,
        down,  // waits for its reconnect timer
        connecting,
        idle,
        busy,
        retry_wait,  // holds an operation that is tried again
        thinking,    // closed loop
    };

    Slot(Worker& worker, std::size_t index, const SessionFactory& sessions);

    void open(workloads::App app);
    void run_current();
    void timer_fired(Clock::time_point now);

    // A session of another version is opened beside the old one, as a rolling deploy starts the new
    // instance before it ends the old. Where the server has no room for both, in place.
    void start_replacement(workloads::App app);
    [[nodiscard]] bool replacing() const { return replacement_ != nullptr || in_place_; }
    void take_replacement();
    void change_in_place();
    [[nodiscard]] bool has_replacement() const { return replacement_ready_; }
    [[nodiscard]] bool in_place() const { return in_place_; }

    void check_deadline(Clock::time_point now);
    void close();

    // When the running operation's first statement was sent.
    [[nodiscard]] Clock::time_point first_sent() const { return first_sent_; }
    // How the operation that this slot holds ends if nobody waits for it any longer.
    [[nodiscard]] database::OperationEnd given_up(Clock::time_point now,
                                                  std::string_view code) const;
    // Has a session that is connected; what runs in it is `app`.
    [[nodiscard]] bool open_now() const { return open_; }

    const std::size_t index;  // among all connections of the load
    State state = State::unopened;
    workloads::App app;
    DueOperation current;
    workloads::Values values;
    unsigned tries = 0;  // before the one that runs
    // Closed loop: when this user's next operation is due, whether or not there is a connection.
    Clock::time_point next_due{};
    std::int64_t last_session_id = 0;  // known after the session has died, too
    std::uint64_t idle_number = 0, timer_generation = 0, closed_loop_count = 0;

private:
    // A session and the ear that it speaks to; the ear outlives a swap of roles.
    struct Line final : database::SessionListener {
        Line(Slot& owner, const SessionFactory& sessions, bool replaces);
        void on_connected() override;
        void on_connect_failed(const database::Error& error) override;
        void on_operation_end(const database::OperationEnd& end) override;
        void on_lost(const database::Error& error) override;

        Slot& slot;
        bool replacement;
        std::unique_ptr<database::Session> owned;
        database::Session& session;
    };
    void connected();
    void connect_failed(const database::Error& error);
    void operation_ended(const database::OperationEnd& end);
    void lost(const database::Error& error);
    void replacement_ready();
    void replacement_failed(const database::Error& error);
    void reconnect_later();
    void set_open(bool open);

    Worker& worker_;
    const SessionFactory& sessions_;
    std::unique_ptr<Line> session_, replacement_;
    bool open_ = false, replacement_ready_ = false, in_place_ = false;
    workloads::App replacement_app_ = workloads::App::old_version;
    bool ever_connected_ = false;
    std::chrono::milliseconds backoff_{0};
    Clock::time_point first_sent_{};
    // Of the tries before the one that runs: a lock wait counts even if a later try was quick.
    Clock::time_point slowest_sent_{}, slowest_done_{};
};

}  // namespace harness::load
