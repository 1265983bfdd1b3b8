// When a step that failed is tried again, and after how long.
#pragma once

#include "harness/database/error.hpp"
#include "scenarios/scenario.hpp"
#include "workloads/random.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace harness::migration {

// A statement is run again only where the server has undone it whole and the same thing may
// succeed.
[[nodiscard]] constexpr bool may_retry(database::ErrorKind kind) noexcept {
    return kind == database::ErrorKind::lock_timeout || kind == database::ErrorKind::deadlock ||
           kind == database::ErrorKind::serialization;
}

// A backfill knows its last committed key, so it may go on after an outage too, and after somebody
// cancelled one batch.
[[nodiscard]] constexpr bool may_resume(database::ErrorKind kind) noexcept {
    return may_retry(kind) || kind == database::ErrorKind::connection_lost ||
           kind == database::ErrorKind::connection_refused ||
           kind == database::ErrorKind::too_many_connections ||
           kind == database::ErrorKind::cancelled;
}

// Exponential backoff with full jitter (Brooker, "Exponential Backoff And Jitter", 2015): the n-th
// wait is uniform in [0, min(longest, backoff * 2^(n-1))]. Without jitter several migrations that
// collided once collide again. The same seed gives the same waits.
class RetryPlan {
public:
    static constexpr std::chrono::milliseconds longest{30'000};

    RetryPlan(scenarios::Retries retries, std::uint64_t seed) noexcept
        : retries_{retries}, random_{seed, 0x7265747279U} {}

    // One more failure in a row: how long to wait before the next try; empty: give up.
    [[nodiscard]] std::optional<std::chrono::milliseconds> after_failure() noexcept;

    // The count of failures in a row starts again.
    void succeeded() noexcept { failures_ = 0; }

    [[nodiscard]] int failures_in_a_row() const noexcept { return failures_; }

private:
    scenarios::Retries retries_;
    workloads::Random random_;
    int failures_ = 0;
};

}  // namespace harness::migration
