// One connection of a replay: plays one recorded session after another.
#pragma once

#include "harness/database/session.hpp"
#include "harness/load/player.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

namespace harness::load {

class Player::Actor final : private database::SessionListener {
public:
    Actor(Player& player, const SessionFactory& sessions);

    // Opens a connection for it. `first`: the replay begins when all those are open.
    void start(Turn turn, bool first);
    // The replay has begun, or goes on.
    void go_on(Clock::time_point now);
    void timer_fired(Clock::time_point now);
    void check_deadline(Clock::time_point now) { session_->check_deadline(now); }
    void close() { session_->close(); }
    // A call that is held back goes on if it may, or `anyway`. False: it is held still.
    bool released(bool anyway);
    [[nodiscard]] bool held_before(Clock::time_point at) const {
        return state_ == State::held && held_since_ < at;
    }
    [[nodiscard]] bool holds_locks_since_before(Clock::time_point at) const {
        return held_before(at) && play_->in_transaction();
    }
    // Files what will have no answer. `until`: what was due later is nobody's loss.
    void file_unfinished(Clock::time_point now, Clock::time_point until);

    [[nodiscard]] bool busy() const noexcept { return state_ == State::busy; }
    // Has a call that was due before the end and that it will send: it waits for a connection, or
    // is behind.
    [[nodiscard]] bool has_due_left() const;

    std::uint64_t timer_generation = 0;

private:
    enum class State : std::uint8_t { free, connecting, down, idle, held, busy, lingering };

    void on_connected() override;
    void on_connect_failed(const database::Error& error) override;
    void on_operation_end(const database::OperationEnd& end) override;
    void on_lost(const database::Error& error) override;

    // The next call is due.
    void send_or_hold(Clock::time_point now);
    void send();
    // Calls behind those that are under way, as far as they need not wait for them.
    void send_ahead(Clock::time_point now);
    // The call ahead of it has ended, and it had been sent already.
    void comes_first(Clock::time_point now);
    // `under_way`: calls whose end is not known, the first of which is filed.
    void connection_lost(Clock::time_point now, std::size_t under_way, std::string_view code);
    void reconnect_later(Clock::time_point now);
    void linger(Clock::time_point now);
    void finish();
    [[nodiscard]] Clock::time_point due() const { return player_.moment(play_->due()); }
    // Its transaction goes on after the end, but another one was due before it: nobody may lose
    // that because this session was kept waiting.
    [[nodiscard]] bool is_behind() const;
    [[nodiscard]] bool is_over() const { return due() >= player_.last_due_ && !is_behind(); }
    [[nodiscard]] std::chrono::nanoseconds since_beginning(Clock::time_point at) const;

    Player& player_;
    const std::unique_ptr<CallReader> reader_;
    const std::unique_ptr<database::Session> session_;
    State state_ = State::free;
    bool first_ = false, ever_connected_ = false;
    Turn turn_;
    std::optional<workloads::replay::SessionPlay> play_;
    Clock::time_point due_{}, sent_{};  // of the call that runs, the first of those under way
    std::size_t under_way_ = 0;         // calls that were sent and have not ended
    const workloads::Event* newest_ = nullptr;  // of them
    Clock::time_point idle_since_{};            // or since it need not be held back any more
    Clock::time_point held_since_{};
    Clock::time_point down_since_{};  // since it has had no connection, while it has none
    std::int64_t last_session_id_ = 0;
    std::chrono::milliseconds backoff_{0};
};

}  // namespace harness::load
