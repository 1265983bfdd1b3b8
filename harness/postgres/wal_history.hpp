// How far behind in time a standby is, from what its primary had written when. No I/O.
//
// What servers say of themselves does not do: pg_stat_replication.replay_lag is NULL or its last
// value while nothing is replayed, and the commit time of a standby's last transaction is an hour
// ago where the primary committed nothing for an hour.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

namespace harness::postgres {

class WalHistory {
public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t bound = 100'000;  // more than a day at a look a second

    // The primary had written `written` bytes at `at`, by time. A position that goes back is
    // another history: everything before is forgotten.
    void add(Clock::time_point at, std::int64_t written);

    // How long ago the primary wrote the first byte that a standby lacks which has replayed up to
    // `replayed`: zero where it lacks nothing. Between two looks the primary is taken to have
    // written evenly. Empty: it lacked something at the first look already.
    [[nodiscard]] std::optional<Clock::duration> behind(std::int64_t replayed,
                                                        Clock::time_point now) const;

    // The same in seconds, with what a server tells of the lag: finer than looks a second apart,
    // but out of date or far too much while nothing is replayed or written. It is believed where
    // the standby has replayed everything of the look before, and where it is more than the time
    // since the first look, at which something was lacking already.
    [[nodiscard]] double seconds_behind(std::int64_t replayed, Clock::time_point now,
                                        std::optional<double> told_s) const;

private:
    struct Look {
        Clock::time_point at;
        std::int64_t written;
    };
    std::deque<Look> looks_;
};

}  // namespace harness::postgres
