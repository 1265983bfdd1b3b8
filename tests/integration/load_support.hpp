// What the tests of the load path share: operations written as a scenario says them, and a load
// that checks after each run that everything due was counted exactly once.
#pragma once

#include "harness/load/engine.hpp"
#include "harness/postgres/session.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace tests {

// Throws if it does not compile.
[[nodiscard]] workloads::Operation compiled(const workloads::OperationSource& source);
// One statement.
[[nodiscard]] workloads::OperationSource statement(
    std::string sql, std::vector<std::pair<std::string, std::string>> params = {},
    std::string name = "op");

struct LoadSetup {
    std::vector<workloads::OperationSource> operations;
    std::size_t connections = 4, workers = 1;
    std::optional<double> rate;
    workloads::ArrivalKind arrival = workloads::ArrivalKind::constant;
    std::chrono::milliseconds think_time{0};
    std::uint64_t seed = 7;
    std::size_t backlog_bound = 1'000'000;
    std::chrono::milliseconds drain{20'000};
    scenarios::Protocol protocol = scenarios::Protocol::prepared;
    std::string session_old, session_new;
    std::vector<std::string> tags = {};
    std::chrono::milliseconds statement_timeout{10'000}, answer_grace{5'000};
};

// One operation's figures over all workers, versions and phases; or all operations'.
struct Figures {
    std::uint64_t successes = 0, retries = 0;
    std::map<std::string, std::uint64_t> errors;
    reports::Histogram response, failed_response;
    [[nodiscard]] std::uint64_t failures() const;
    [[nodiscard]] std::uint64_t failed_with(const std::string& code) const;
};

class Load {
public:
    Load(const LoadSetup& setup, const std::string& conninfo);

    // Connects and begins; the schedule starts now.
    void start();
    // Nothing is due `after` the start; returns when all has ended. Checks the books.
    void finish_at(std::chrono::milliseconds after);
    // The same as of now.
    void finish();
    // start and finish_at in one.
    void run(std::chrono::milliseconds length);

    [[nodiscard]] harness::load::Engine& engine() { return *engine_; }
    // Whether the engine told of this session.
    [[nodiscard]] bool owns_session(std::int64_t session) const {
        const std::scoped_lock lock{sessions_mutex_};
        return sessions_.contains(session);
    }
    // All that the engine told of so far.
    [[nodiscard]] std::size_t sessions() const {
        const std::scoped_lock lock{sessions_mutex_};
        return sessions_.size();
    }
    [[nodiscard]] harness::load::Clock::time_point started() const { return started_; }
    // What times in the records count from.
    [[nodiscard]] harness::load::Clock::time_point measured_from() const {
        return phases_.run_start();
    }

    // After finish.
    [[nodiscard]] Figures figures() const;
    [[nodiscard]] Figures figures(std::size_t operation) const;
    [[nodiscard]] Figures figures(std::size_t operation, workloads::App app) const;
    [[nodiscard]] reports::Schedule schedule() const;  // of all workers and phases
    [[nodiscard]] std::uint64_t due() const { return schedule().due; }
    [[nodiscard]] std::uint64_t unsent() const { return schedule().unsent; }
    [[nodiscard]] std::uint64_t reconnects() const {
        return sum(&harness::load::Measured::reconnects);
    }
    [[nodiscard]] std::uint64_t backlog_max() const {
        return sum(&harness::load::Measured::backlog_max);
    }
    [[nodiscard]] reports::Stall longest_stall(std::size_t operation = 0) const;
    [[nodiscard]] const std::vector<harness::load::Measured>& measured() const { return measured_; }

private:
    [[nodiscard]] std::uint64_t sum(std::uint64_t harness::load::Measured::*member) const;
    void add(Figures& figures, std::size_t operation, workloads::App app) const;
    void check_books() const;

    std::shared_ptr<const harness::postgres::LoadPlan> plan_;
    harness::load::Clock::time_point started_ = harness::load::Clock::now();
    harness::load::PhaseClock phases_{started_};
    std::vector<harness::load::Measured> measured_;
    mutable std::mutex sessions_mutex_;
    std::set<std::int64_t> sessions_;
    std::unique_ptr<harness::load::Engine> engine_;  // last: its threads tell of sessions
    bool open_loop_;
};

// Asks again until it is so, at most `limit`; false: it never was.
[[nodiscard]] bool eventually(const std::function<bool()>& is_so,
                              std::chrono::seconds limit = std::chrono::seconds{10});

}  // namespace tests
