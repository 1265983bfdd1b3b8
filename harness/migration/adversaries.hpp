// Who else is on the database that day.
#pragma once

#include "harness/migration/migration_hooks.hpp"
#include "reports/record.hpp"
#include "scenarios/scenario.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace harness::migration {

// Each adversary has a thread and a session of its own (application name rehearse/adversary):
//   idle_in_transaction  opens a transaction, reads one row, sits for its time, commits;
//   long_report          runs its SQL in a transaction, then commits;
//   second_migration     runs its SQL in a transaction under its lock_timeout (default:
//                        default_lock_timeout) and commits: it really is another migration, and
//                        what it changes stays;
//   vacuum               VACUUM or VACUUM (FREEZE).
// An adversary is no workload: when it fails (killed by the server's
// idle_in_transaction_session_timeout, say) it is told in its outcome and not tried again. A second
// migration that runs into its lock timeout has done its part.
class Adversaries {
public:
    using Connect = std::function<std::unique_ptr<database::Control>(const std::string&)>;
    // What this session has to do with locks on relations now.
    enum class Locks : std::uint8_t { none, waits_for_one, holds_one };
    // Asked on the thread that calls start(). Left empty: an adversary whose statement was sent is
    // taken to be in place a moment later.
    using AskLocks = std::function<Locks(std::int64_t session)>;

    struct Options {
        Clock::time_point run_start;  // second 0 of the record
        AskLocks locks;
        std::function<void(std::string_view)> log;  // a line of migration.log; from any thread
        std::chrono::milliseconds in_place_limit{10'000};
    };

    Adversaries(std::vector<scenarios::Adversary> adversaries, Connect connect, Options options);
    ~Adversaries();  // stop()
    Adversaries(const Adversaries&) = delete;
    Adversaries& operator=(const Adversaries&) = delete;

    // `from` counts from here. Returns when every adversary with from = 0 is in place (it holds its
    // lock; a second migration stands in the queue for it; or it has ended), or after
    // in_place_limit: then it says so in the adversary's error. An adversary that cannot connect
    // has failed; nothing is thrown.
    void start();

    // Session and adversary's name; all sessions are there when start() returns.
    [[nodiscard]] std::vector<std::pair<std::int64_t, std::string>> sessions() const;

    // The migration is over: an adversary that has not begun has never met it, and says so instead
    // of running alone.
    void migration_over();

    // Cancels what runs, ends what sits, and returns when every thread has ended. One that had not
    // begun never ran. Safe to call twice.
    void stop();

    // By the scenario's order. Complete after stop().
    [[nodiscard]] std::vector<reports::Adversary> outcomes() const;

private:
    struct One;
    std::vector<std::unique_ptr<One>> all_;
    Connect connect_;
    Options options_;
};

}  // namespace harness::migration
