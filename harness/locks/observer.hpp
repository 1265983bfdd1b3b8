// Watches the locks from the outside, all through a run: one thread with one connection of its own.
#pragma once

#include "harness/database/error.hpp"
#include "harness/database/lock_source.hpp"
#include "harness/locks/clock_offset.hpp"
#include "harness/locks/episode_builder.hpp"
#include "harness/locks/session_directory.hpp"
#include "harness/locks/step_locks.hpp"
#include "harness/locks/wait_join.hpp"
#include "reports/record.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace harness::locks {

struct ObserverOptions {
    Clock::duration interval = std::chrono::milliseconds{20};
    Clock::duration replica_interval = std::chrono::seconds{1};
    Clock::time_point run_start;  // second 0 of the record
    EpisodeBounds bounds;
    std::function<void(std::string)> sink;  // lines of events.ndjson; called on the observer's
                                            // thread; may be empty
};

// Deadlocks whose victim was the rehearsal itself (the load, the migration): known for certain, and
// when, while the server's counter trails.
struct OwnDeadlocks {
    std::uint64_t before = 0, in_window = 0;
};

// Everything that the observer knows when the run is over.
struct Observation {
    Joined joined;  // joined.locks is complete
    std::vector<std::uint32_t> blocked_per_second;
    reports::Observer observer;
    reports::Replication replication;
    double clock_offset_start_ms = 0, clock_offset_end_ms = 0;  // server's wall clock minus ours
    std::uint64_t clock_steps = 0;       // times that the server's clock was set meanwhile
    std::uint64_t unread_commits = 0;    // before_commit() that got no answer in time
    std::uint64_t replicas_missing = 0;  // looks at which a replica seen before was gone
};

class Observer {
public:
    // The source and the directory must outlive the observer; the source is its alone from start()
    // to stop(). Throws what the source throws when the connection does not answer.
    Observer(database::LockSource& source, SessionDirectory& directory, ObserverOptions options);
    ~Observer();  // stops
    Observer(const Observer&) = delete;
    Observer& operator=(const Observer&) = delete;

    void start();
    // At the end of the query that runs; may be called twice.
    void stop();

    // The migration begins: replica lag is counted from the next tick on.
    void begin_window() noexcept { window_begins_ = true; }

    // The migration's side. One step at a time; callable from any one thread.
    // `session` (if any) is entered in the directory as this step and watched.
    void begin_step(const std::string& name, std::optional<std::int64_t> session);
    void add_step_session(std::int64_t session);
    // A command's own sessions: whoever connected after `server_clock_us` and is not known to the
    // directory (or says that it is rehearse/step...) is taken for the step's, and watched.
    void recognise_sessions(std::int64_t server_clock_us);
    // Just before it is: a lock is attributed to the statement that took it.
    void statement_sent(std::int64_t session, StepStatement statement);
    // Reads what `session` holds, on the observer's connection: call it just before its COMMIT.
    // False: no answer within a second (counted).
    bool before_commit(std::int64_t session);
    [[nodiscard]] std::vector<reports::StepLock> end_step();

    // The locks of one session now, answered by the observer's thread; empty: not within `limit`.
    [[nodiscard]] std::optional<std::vector<database::WatchedLock>> locks_now(
        std::int64_t session, Clock::duration limit = std::chrono::seconds{1});

    // For the progress display and the throttle; from any thread.
    [[nodiscard]] std::uint32_t blocked_now() const noexcept { return blocked_now_.load(); }
    [[nodiscard]] std::optional<std::chrono::microseconds> replica_lag() const noexcept;

    // Joins with the clients' clocks. Requires stop(). Once. Sessions count their deadlocks for the
    // server's statistics when they end, at the latest: close the load's connections first.
    [[nodiscard]] Observation finish(const JoinContext& context, std::size_t seconds,
                                     OwnDeadlocks own = {});

private:
    // A question of another thread. Shared, because that thread may give up waiting.
    struct Request {
        std::int64_t session = 0;
        bool commits = false;
        bool done = false;
        std::optional<std::vector<database::WatchedLock>> locks;
    };

    void run();
    void tick(Clock::time_point due);
    void take_sample();
    void note_step_waits(const database::LockSample& sample, Clock::time_point taken);
    void watch_step();
    void note_statement(const database::LockSession& session);
    void read_replicas();
    void answer_requests();
    [[nodiscard]] std::uint64_t count_deadlocks(OwnDeadlocks own);
    void lose_connection(const database::Outage& outage);
    void try_reconnect();
    template <typename Query>
    auto timed(Query&& query);
    void emit(std::string line);
    [[nodiscard]] double seconds(Clock::time_point at) const;
    [[nodiscard]] double wall_offset_ms() const;
    std::shared_ptr<Request> ask(std::int64_t session, bool commits, Clock::duration limit);

    database::LockSource& source_;
    SessionDirectory& directory_;
    const ObserverOptions options_;

    // The observer's thread alone, between start() and stop().
    EpisodeBuilder builder_;
    ClockOffset clock_;
    reports::Locks counted_;
    reports::Observer observer_;
    reports::Replication replication_;
    std::vector<Clock::time_point> lost_, connection_losses_;
    Clock::duration query_time_{0};
    std::optional<Clock::time_point> last_sample_;
    Clock::time_point next_replicas_{};
    std::uint64_t first_deadlocks_ = 0;
    double first_offset_ms_ = 0;
    bool connected_ = true;
    bool waiters_shown_ = false;
    Clock::time_point next_attempt_{};
    Clock::duration backoff_{0};

    // Shared with the migration's thread.
    std::mutex mutex_;
    std::condition_variable wake_, answered_;
    bool stopping_ = false;
    std::vector<std::shared_ptr<Request>> requests_;
    std::optional<StepLocks> step_;
    std::vector<LockOrigin> origins_;  // of all steps
    std::string step_name_;
    std::vector<std::int64_t> step_sessions_;
    std::optional<std::int64_t> sessions_since_us_;
    std::uint64_t unread_commits_ = 0;

    std::size_t replicas_most_ = 0;
    std::uint64_t replicas_missing_ = 0;

    std::atomic<bool> window_begins_{false};
    std::atomic<std::uint32_t> blocked_now_{0};
    std::atomic<std::int64_t> replica_lag_us_{-1};
    std::thread thread_;
};

}  // namespace harness::locks
