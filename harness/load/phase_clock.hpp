// When each phase began: written by the rehearsal, read by every worker.
#pragma once

#include "reports/record.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>

namespace harness::load {

using Clock = std::chrono::steady_clock;

class PhaseClock {
public:
    explicit PhaseClock(Clock::time_point run_start) : run_start_{run_start} {
        for (auto& start : starts_) {
            start.store(never, std::memory_order_relaxed);
        }
    }

    // Phases begin in order; `at` may lie a little in the future, never in the past by more than
    // what an operation takes: what was filed before is not moved.
    void begin(reports::PhaseName phase, Clock::time_point at) {
        starts_[static_cast<std::size_t>(phase)].store(since_start(at).count(),
                                                       std::memory_order_release);
    }

    // The phase of an operation that was due at this time.
    [[nodiscard]] reports::PhaseName at(std::chrono::nanoseconds since_run_start) const noexcept {
        for (std::size_t i = starts_.size(); i-- > 1;) {
            if (since_run_start.count() >= starts_[i].load(std::memory_order_acquire)) {
                return static_cast<reports::PhaseName>(i);
            }
        }
        return reports::PhaseName::warmup;
    }

    // The phase that an operation belongs to: the one in which it was due, but `during` for what
    // the migration met under way. A call that was due a moment before it and died of it is the
    // migration's doing, not part of the baseline.
    [[nodiscard]] reports::PhaseName of(std::chrono::nanoseconds due,
                                        std::chrono::nanoseconds done) const noexcept {
        const auto phase = at(due);
        const auto migration = starts_[static_cast<std::size_t>(reports::PhaseName::during)].load(
            std::memory_order_acquire);
        return phase < reports::PhaseName::during && done.count() >= migration
                   ? reports::PhaseName::during
                   : phase;
    }

    [[nodiscard]] Clock::time_point run_start() const noexcept { return run_start_; }
    [[nodiscard]] std::chrono::nanoseconds since_start(Clock::time_point at) const noexcept {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(at - run_start_);
    }

private:
    static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
    Clock::time_point run_start_;
    std::array<std::atomic<std::int64_t>, reports::phase_count> starts_;
};

}  // namespace harness::load
