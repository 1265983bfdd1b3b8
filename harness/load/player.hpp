// One thread of a replay: its share of the recorded sessions, each on a connection of its own.
#pragma once

#include "harness/load/load_thread.hpp"
#include "harness/load/recorder.hpp"
#include "workloads/conflicts/order_progress.hpp"
#include "workloads/mix.hpp"
#include "workloads/recording.hpp"
#include "workloads/replay/pipelining.hpp"
#include "workloads/replay/recorded_call.hpp"
#include "workloads/replay/session_play.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <string_view>
#include <vector>

namespace harness::load {

// Reads recorded calls again from where they are kept, for one connection.
class CallReader {
public:
    virtual ~CallReader() = default;
    // What is read from now on belongs to the recording's n-th time, from 0.
    virtual void begin_lap(std::uint32_t /*lap*/) {}
    // No call of it is read any more.
    virtual void end_lap() {}
    // What the call needs of the results of those before it in its session has come. One of which
    // it has not may be read once all those have ended, whatever has become of them.
    [[nodiscard]] virtual bool is_ready(const workloads::Event& /*event*/) { return true; }
    // Valid until the next call of this function, and used until it has ended.
    [[nodiscard]] virtual const workloads::replay::RecordedCall& read(
        const workloads::Event& event) = 0;
};

// What all players of a replay share. Immutable while they run.
struct ReplayOptions {
    const workloads::Recording* recording = nullptr;
    std::span<const std::uint32_t> sessions;  // of the recording, in the order of their beginning
    std::span<const workloads::OperationId> operation_of_shape;
    std::size_t operations = 0;
    std::function<std::unique_ptr<CallReader>()> reader;
    workloads::replay::Tempo tempo;
    std::size_t players = 1;
    // Connections at one time, of all players together: sessions wait until another one is over.
    std::size_t connections = 1;
    // Which calls wait for which transactions; null: none does. With it there is one player, and a
    // connection for each session that was open at the same time.
    const workloads::conflicts::CommitOrder* order = nullptr;
    // Which calls are sent before those ahead of them in their session are answered; null: none.
    const workloads::replay::Pipelining* pipelining = nullptr;
    // After the end: how long what was due may still take.
    std::chrono::nanoseconds drain{std::chrono::seconds{35}};
};

class Player final : public LoadThread {
public:
    Player(std::size_t number, const ReplayOptions& options, const PhaseClock& phases,
           const SessionFactory& sessions, LoadEvents& events);
    ~Player() override;

    // That it opens before the replay begins.
    [[nodiscard]] std::size_t first_connections() const noexcept { return first_connections_; }

    void run() override;
    [[nodiscard]] Measured take() override;

private:
    class Actor;
    struct Timer {
        Clock::time_point at;
        Actor* actor;
        std::uint64_t generation;
        bool operator>(const Timer& other) const { return at > other.at; }
    };
    enum class State : std::uint8_t { connecting, playing, draining };

    [[nodiscard]] std::size_t count_first_connections() const;
    void loop_once();
    void take_commands();
    void run_timers(Clock::time_point now);
    void start_sessions(Clock::time_point now);
    void tick(Clock::time_point now);
    // Those that held a call back and need not any more.
    void release_held();
    void give_up_holding(Clock::time_point now);
    [[nodiscard]] Clock::time_point next_wake() const;
    [[nodiscard]] bool drained() const;
    void file_unfinished(Clock::time_point now);
    void file_never_sent(workloads::replay::SessionPlay play, Clock::time_point until,
                         std::string_view code);

    // A recorded session, and for the how many-th time it is played, from 0.
    struct Turn {
        const workloads::Session* session = nullptr;
        std::uint32_t lap = 0;
    };
    // That is played next; requires that there is one.
    [[nodiscard]] Turn waiting_turn() const;
    // Whether one is left that may begin before `end`.
    [[nodiscard]] bool session_waits(Clock::time_point end) const;
    [[nodiscard]] bool session_waits() const { return session_waits(last_due_); }
    [[nodiscard]] workloads::replay::SessionPlay play_of(Turn turn) const {
        return {options_.recording->events_of(*turn.session), options_.tempo.of_lap(turn.lap)};
    }
    void start_next_session();
    [[nodiscard]] bool is_due_before_the_end(const workloads::replay::SessionPlay& play,
                                             Clock::time_point now) const;

    // Called by actors.
    [[nodiscard]] bool may_go(const workloads::Event& call) const {
        return !order_ || order_->may_go(index_of(call));
    }
    void hold(Actor& actor) { held_.push_back(&actor); }
    // Nobody needs to wait for what is left of it.
    void abandon(workloads::replay::SessionPlay play);
    void opened(bool first);
    void finished(Actor& actor);
    void set_timer(Actor& actor, Clock::time_point at);
    [[nodiscard]] Clock::time_point moment(std::chrono::nanoseconds since_beginning) const {
        return beginning_ + std::chrono::duration_cast<Clock::duration>(since_beginning);
    }
    [[nodiscard]] std::size_t index_of(const workloads::Event& call) const {
        return static_cast<std::size_t>(&call - options_.recording->events.data());
    }
    // What the recording says of the call's end is no failure.
    void file(const workloads::Event& call, Completion completion);
    void file_unsent(const workloads::Event& call, Clock::time_point due, Clock::time_point now,
                     std::string_view code);

    const std::size_t number_;
    const ReplayOptions& options_;
    const PhaseClock& phases_;
    const SessionFactory& sessions_;
    LoadEvents& events_;
    Recorder recorder_;
    LiveSecond live_;
    const std::size_t most_actors_;
    std::vector<std::unique_ptr<Actor>> actors_;
    std::vector<Actor*> free_;
    // In options_.sessions, which are counted on where they start over; every players-th is ours.
    std::size_t next_session_;
    const std::size_t first_connections_;
    std::size_t opening_ = 0;  // connections that are on their way
    std::optional<workloads::conflicts::OrderProgress> order_;
    std::vector<Actor*> held_;      // each once; some of them may be held no more
    Clock::time_point given_up_{};  // when one was let go though nothing had ended

    State state_ = State::connecting;
    Clock::time_point beginning_{}, next_start_{}, next_tick_{}, drain_until_{};
    Clock::time_point last_due_ = Clock::time_point::max();
    std::size_t in_flight_ = 0;
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> timers_;
    double cpu_s_ = 0;
    Clock::time_point last_done_{};
};

}  // namespace harness::load
