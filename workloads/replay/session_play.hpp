// When the calls of one recorded session are due in a replay. Decides, and knows no clock: times
// are what has passed since the replay's beginning.
#pragma once

#include "workloads/recording.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace workloads::replay {

// How the recording's time becomes the replay's.
struct Tempo {
    std::int64_t origin_us = 0;  // the recorded moment with which the replay begins
    double speed = 1;            // recorded seconds a second; 0: nobody waits for anything
    // After so much of it the recording starts over; 0: it does not.
    std::int64_t lap_us = 0;

    // The same for its n-th time, from 0.
    [[nodiscard]] Tempo of_lap(std::uint32_t lap) const noexcept {
        return {origin_us - lap_us * lap, speed, lap_us};
    }

    [[nodiscard]] std::chrono::nanoseconds at(std::int64_t recorded_us) const noexcept;
    [[nodiscard]] std::chrono::nanoseconds length(std::int64_t recorded_us) const noexcept;
};

// What SessionPlay makes of a statement with that reason.
[[nodiscard]] logs::Replay replay_of(logs::Reason reason) noexcept;

// Whether it can be sent again, exactly or not quite.
[[nodiscard]] bool is_replayed(const Event& event) noexcept;

// A transaction is due when it began in the recording, whatever became of the one before it: users
// do not wait for a server to recover. Within a transaction the application waits for each answer
// and thinks as long as it did then, so that one slow statement is not counted as many.
class SessionPlay {
public:
    // What cannot be sent again is passed over.
    SessionPlay(std::span<const Event> events, const Tempo& tempo);

    // Null: all is done.
    [[nodiscard]] const Event* next() const noexcept {
        return events_.empty() ? nullptr : &events_.front();
    }
    // The one behind that call of this session; null: there is none.
    [[nodiscard]] const Event* behind(const Event& call) const noexcept;
    // When it is due. Requires that there is one.
    [[nodiscard]] std::chrono::nanoseconds due() const noexcept { return due_; }

    // When a transaction is due that comes after the one that is open; none: there is none, or none
    // is open, or nothing has its time.
    [[nodiscard]] std::optional<std::chrono::nanoseconds> later_transaction() const;

    // Whether the last call has left a transaction open.
    [[nodiscard]] bool in_transaction() const noexcept { return in_transaction_; }

    // Whether next() leaves one open, by its kind and how it ended: for whoever cannot ask the
    // session. Not of what ends one transaction and begins another.
    [[nodiscard]] bool leaves_transaction_open(bool went_through) const noexcept;

    // The connection is there, for the first time: as fast as possible the first call is due now.
    void begin(std::chrono::nanoseconds now);

    // The call has ended, and left a transaction open or not.
    void ended(std::chrono::nanoseconds done, bool in_transaction);

    // The connection is gone, with the transaction that was open or about to begin: what is left of
    // it must not run by itself. Nor is sent again what was sent already and not answered, the
    // first `under_way` calls: nobody knows what became of them. Passes each of all these to
    // `lost`, in order, but the first that was under way.
    template <typename Lost>
    void connection_lost(std::chrono::nanoseconds now, std::size_t under_way, Lost&& lost) {
        for (std::size_t i = 0; next() != nullptr && (i < under_way || in_transaction_); ++i) {
            if (i > 0 || under_way == 0) {
                lost(*next());
            }
            skip();
        }
        in_transaction_ = false;
        set_due(now);
    }

private:
    void pass_over();
    void go_on();
    void skip();
    void set_due(std::chrono::nanoseconds done);

    std::span<const Event> events_;
    Tempo tempo_;
    std::chrono::nanoseconds due_{0};
    std::int64_t previous_end_us_ = 0;  // in the recording
    bool in_transaction_ = false;
};

}  // namespace workloads::replay
