// What one worker measured. Each worker owns one and hands it over whole when the load is over, so
// the hot path takes no lock.
#pragma once

#include "harness/database/error.hpp"
#include "harness/load/phase_clock.hpp"
#include "harness/load/stalls.hpp"
#include "harness/locks/slow_statement.hpp"
#include "reports/record.hpp"
#include "reports/second_log.hpp"
#include "workloads/mix.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <vector>

namespace harness::load {

// One operation's end, however it ended.
struct Completion {
    workloads::OperationId operation = 0;
    workloads::App app = workloads::App::old_version;
    Clock::time_point due, sent, done;  // due <= done; sent <= done
    std::string_view code;              // empty: success
    std::string_view detail = {};
    database::ErrorKind kind = database::ErrorKind::other;
    unsigned retries = 0;
    std::int64_t session = 0;  // 0: never sent
    Clock::time_point slowest_sent{}, slowest_done{};
};

// One second of one worker, for the throttle and the progress display.
struct LiveSecond {
    std::uint32_t second = 0;
    std::uint32_t done = 0, failed = 0, due = 0;
    std::uint64_t backlog = 0;
    reports::Histogram response;  // successes and failures: a failure's wait is felt too
};

// Everything that a worker hands over.
struct Measured {
    std::vector<std::array<std::array<reports::OperationPhase, reports::phase_count>, 2>>
        operations;
    std::vector<StallTracker> stalls;       // per operation
    reports::SecondLog seconds;             // by reports::Series; and all_operations
    std::vector<reports::Second> timeline;  // counts only; the quantiles come from `seconds`
    std::vector<locks::SlowStatement> slow_statements;
    std::chrono::nanoseconds slow_threshold{};  // raised when there were too many
    std::array<reports::Schedule, reports::phase_count> schedule;
    std::map<std::string, database::ErrorKind> error_kinds;       // of every code that was filed
    std::map<std::string, std::string> error_details;             // of a code's first failure
    std::array<std::uint64_t, reports::phase_count> deadlocks{};  // of which it was the victim
    std::array<reports::ReplayOutcomes, reports::phase_count> replayed{};  // of recorded calls
    reports::ReplayHolds holds;  // of calls that waited for their turn
    std::uint64_t finished = 0, reconnects = 0, backlog_max = 0;
    std::uint64_t next_operation =
        0;  // a number that none of those that were sent has, nor a later
    double cpu_s = 0;
    Clock::time_point last_done{};  // of a recording's calls
};

class Recorder {
public:
    static constexpr std::uint32_t all_operations = UINT32_MAX;
    // Beyond it the quicker half is let go: what is kept are the longest.
    static constexpr std::size_t slow_statement_bound = 200'000;

    Recorder(std::size_t operation_count, const PhaseClock& phases);

    // The operation of this number.
    void sent(std::uint64_t number) {
        measured_.next_operation = std::max(measured_.next_operation, number + 1);
    }
    // An operation is due. What lag() and unsent() tell is about the last one.
    void due(std::chrono::nanoseconds since_start);
    // Files a success under its response and service time, and a failure under its code, never
    // among the successes.
    void finished(const Completion& completion);
    // The end of a recorded call that then ended with this code (empty: went through). What fails
    // as it did then is no failure.
    void compared(const Completion& completion, std::string_view then);
    // How late the generator itself was with an operation that had an idle connection.
    void lag(std::chrono::nanoseconds late) { measured_.schedule[due_phase_].lag.record(late); }
    // A call waited so long for others to end; `in_order`: until they had.
    void held(std::chrono::nanoseconds length, bool in_order) {
        measured_.holds.add(std::chrono::duration<double>{length}.count(), in_order);
    }
    void unsent() { ++measured_.schedule[due_phase_].unsent; }
    void reconnected() { ++measured_.reconnects; }
    // A try that ended then, in a deadlock; whether it is tried again or not. However long ago the
    // operation was due: what the migration made of it, it made of it now.
    void deadlock(Clock::time_point done) {
        ++measured_.deadlocks[static_cast<std::size_t>(phases_.at(phases_.since_start(done)))];
    }
    void backlog(std::uint64_t length) {
        measured_.backlog_max = std::max(measured_.backlog_max, length);
    }

    // Closes the second that is over; true when `live` was filled with the last closed one. Called
    // at least every 100 ms.
    bool roll(Clock::time_point now, LiveSecond& live);

    // Hands over everything recorded so far and starts empty.
    [[nodiscard]] Measured take(double cpu_s);

private:
    void note_slow(const Completion& completion);
    void close_second();
    [[nodiscard]] reports::Second& timeline_at(std::uint32_t second);

    const PhaseClock& phases_;
    Measured measured_;
    std::size_t due_phase_ = 0;
    std::uint32_t second_ = 0;                   // the one that is open
    std::vector<reports::Histogram> second_of_;  // per series, of the open second
    std::vector<std::uint32_t> touched_;         // series with something in it
    reports::Histogram second_all_;
    LiveSecond live_;  // the last closed one
    bool live_ready_ = false;
};

}  // namespace harness::load
