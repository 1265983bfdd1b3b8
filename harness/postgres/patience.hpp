// How long one waits for a server's answer.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace harness::postgres {

// Decides for one wait; told the time and what happened, it answers what to do. A statement may run
// for hours, so silence alone proves nothing. But a server that also leaves a new connection
// without any answer, a refusal being one, is frozen or out of reach.
class Patience {
public:
    using Clock = std::chrono::steady_clock;

    // Silence after which a new connection is tried, and between two tries.
    static constexpr std::chrono::seconds probe_after{10};
    static constexpr std::chrono::seconds probe_again{1};  // after one that failed unanswered
    static constexpr std::chrono::seconds probe_limit{10};
    // No sign of life for this long: the server is taken for gone. Longer than a checkpoint or a
    // virtual machine's move keeps it busy, shorter than anybody's wish to wait.
    static constexpr std::chrono::seconds longest_silence{30};
    // From a cancellation until its answer.
    static constexpr std::chrono::seconds cancel_limit{10};

    enum class Next { wait, probe, drop_probe, give_up };

    // `limit`: of this answer alone, whatever else the server does; empty: none.
    Patience(Clock::time_point now, std::optional<std::chrono::milliseconds> limit)
        : began_{now}, last_sign_{now}, next_probe_{now + probe_after}, limit_{limit} {}

    // `cancelled`: when the statement's cancellation was asked for.
    [[nodiscard]] Next next(Clock::time_point now, std::optional<Clock::time_point> cancelled);
    // When to ask again if nothing happens.
    [[nodiscard]] Clock::time_point wake(std::optional<Clock::time_point> cancelled) const;

    void probe_begun(Clock::time_point now);
    void probe_answered(Clock::time_point now);
    void probe_failed(Clock::time_point now);  // not answered; or dropped

    // After give_up: why, as an error's message.
    [[nodiscard]] const std::string& reason() const { return reason_; }

private:
    Clock::time_point began_, last_sign_, next_probe_;
    std::optional<Clock::time_point> probe_began_;
    std::optional<std::chrono::milliseconds> limit_;
    std::string reason_;
};

}  // namespace harness::postgres
