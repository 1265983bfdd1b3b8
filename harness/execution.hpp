// A rehearsal while it runs: the load, the observer and the migration side by side on one clock.
#pragma once

#include "harness/console.hpp"
#include "harness/load/engine.hpp"
#include "harness/locks/observer.hpp"
#include "harness/locks/session_directory.hpp"
#include "harness/migration/adversaries.hpp"
#include "harness/migration/migration_runner.hpp"
#include "harness/recording/replay_source.hpp"
#include "harness/replica_watch.hpp"
#include "harness/run_directory.hpp"
#include "harness/server_watch.hpp"
#include "harness/stage.hpp"
#include "harness/verification/data_proof.hpp"
#include "reports/event_log.hpp"
#include "reports/record.hpp"
#include "scenarios/scenario.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace harness {

// Second 0 of all times, and where all that is drawn begins.
struct RunStart {
    std::chrono::steady_clock::time_point at;
    std::uint64_t seed = 0;
    std::uint64_t first_operation = 0;  // the number from which operations get their parameters
    const recording::ReplaySource* replay = nullptr;  // null: the load is a mix of operations
    const reports::Synthesis* synthesis = nullptr;    // null: that mix is the scenario's own
};

// The calls follow the order of the story in rehearsal.cpp. After an interruption each of them
// returns at once, or as soon as the running step is over.
class Execution {
public:
    using Clock = std::chrono::steady_clock;

    // `proof` tells what the load's transactions say of themselves, and hears of each step's end.
    Execution(const scenarios::Scenario& scenario, Stage& stage, verification::DataProof& proof,
              const RunStart& start, RunDirectory& out, Console& console,
              migration::Interruption& interruption);
    ~Execution();
    Execution(const Execution&) = delete;
    Execution& operator=(const Execution&) = delete;

    void observe();
    void load_on();
    // One phase of the load, of this length.
    void hold(reports::PhaseName phase, std::chrono::milliseconds length);
    void migrate();
    void load_off();
    // The harness could not do its work.
    void failed(const std::string& why);

    // Stops whatever still runs and puts the record together; everything but the verdict.
    [[nodiscard]] reports::Record finish();
    // A number that none of the operations that were sent has, nor a later one.
    [[nodiscard]] std::uint64_t next_operation() const;

private:
    [[nodiscard]] double seconds(Clock::time_point at) const;
    void begin_phase(reports::PhaseName phase, Clock::time_point at);
    void end_phase(Clock::time_point at);
    void read_log_position(std::optional<std::int64_t>& bytes);
    // Throws database::Outage when the server is gone for good: then it is not the migration that
    // failed, and there is nothing left to rehearse on.
    void require_server();
    [[nodiscard]] migration::Engine engine();
    [[nodiscard]] migration::Hooks hooks();
    void tell_observer(migration::Hooks& hooks);
    void step_started(std::size_t index, const scenarios::Step& step, std::int64_t session);
    void step_ended(std::size_t index, const reports::Step& step);
    bool deploy(workloads::App app, std::chrono::milliseconds over,
                const migration::Interruption& interruption);
    [[nodiscard]] std::optional<std::chrono::microseconds> live_p99() const;
    [[nodiscard]] std::optional<std::chrono::microseconds> replica_lag() const;
    void show_progress(const migration::BackfillProgress& progress);
    [[nodiscard]] std::unique_ptr<load::Engine> make_load(const RunStart& start);
    void finish_replay();
    void observe_locks(std::chrono::milliseconds interval);
    void finish_observing();
    [[nodiscard]] locks::OwnDeadlocks own_deadlocks() const;
    void estimate_log_bytes();
    void add_doubts();
    [[nodiscard]] std::string status() const;
    void event(Clock::time_point at, std::string_view type,
               std::initializer_list<reports::EventField> fields);

    const scenarios::Scenario& scenario_;
    Stage& stage_;
    verification::DataProof& proof_;
    RunDirectory& out_;
    Console& console_;
    migration::Interruption& interruption_;
    const Clock::time_point run_start_;
    reports::Record record_;
    std::unique_ptr<database::Control> control_;  // for the harness's own questions
    load::PhaseClock phase_clock_;
    locks::SessionDirectory directory_;
    std::unique_ptr<database::LockSource> lock_source_;  // outlives the observer
    std::unique_ptr<locks::Observer> observer_;          // empty: switched off
    std::unique_ptr<ReplicaWatch> replicas_;
    std::unique_ptr<ServerWatch> server_;              // asks both for the replicas' lag
    const recording::ReplaySource* replay_ = nullptr;  // null: the load is a mix of operations
    std::unique_ptr<load::Engine> load_;
    std::unique_ptr<migration::Adversaries> adversaries_;
    std::vector<load::Measured> measured_;
    std::vector<std::vector<reports::StepLock>> step_locks_;  // by step
    Clock::time_point load_over_{};                           // what was due has ended, too
    bool phase_open_ = false;

    std::optional<std::int64_t> log_before_start_, log_before_end_;  // server log bytes of `before`

    mutable std::mutex status_mutex_;  // for the console's thread
    std::string phase_status_, step_status_;
    std::optional<Clock::time_point> phase_until_;
};

}  // namespace harness
