// The load engine: starts the workers, tells them when phases, deploys and the end come, and puts
// together what they measured.
#pragma once

#include "harness/load/deployment.hpp"
#include "harness/load/phase_clock.hpp"
#include "harness/load/player.hpp"
#include "harness/load/worker.hpp"
#include "reports/record.hpp"

#include <array>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace harness::load {

// The last second that is over, of all workers together.
struct Live {
    std::uint32_t second = 0;
    std::uint32_t done = 0, failed = 0, due = 0;
    std::uint64_t backlog = 0;
    std::optional<double> p99_ms;  // empty: nothing ended in that second
};

class Engine final : private LoadEvents {
public:
    // `on_session` is told each session of the server that the load opens, on the workers' threads.
    Engine(LoadOptions options, const PhaseClock& phases, SessionFactory sessions,
           std::function<void(std::int64_t)> on_session = {});
    // A recording is sent again; it knows no deploys.
    Engine(ReplayOptions options, const PhaseClock& phases, SessionFactory sessions,
           std::function<void(std::int64_t)> on_session = {});
    ~Engine();  // abandons whatever still runs
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Opens all connections; of a recording those that are needed first. Throws database::Outage
    // with the first refusal, or when they are not all open within `patience`. Returns early when
    // `give_up` answers true.
    void connect(std::chrono::seconds patience, const std::function<bool()>& give_up = {});

    // The schedule starts at `first_due`.
    void begin(Clock::time_point first_due);

    // Moves the application to another version, at once or rolling; returns when every connection
    // is open and runs it, when `give_up` answers true, or when it could not be done (the answer
    // says why; the workers go on trying, and a second call waits for them again).
    [[nodiscard]] std::optional<std::string> deploy(workloads::App to,
                                                    std::chrono::milliseconds over,
                                                    const std::function<bool()>& give_up);

    // Nothing is due from `last_due` on; what was due goes on. Safe from any thread.
    void end_schedule(Clock::time_point last_due);
    // The same, unless it was said before; returns when what was due has ended or the drain is
    // over.
    void stop(Clock::time_point last_due);
    // Why a worker ended before its time; what it measured is not to be trusted. After stop().
    [[nodiscard]] std::optional<std::string> fault() const;
    // Makes a stop() that waits return soon. Safe from a signal-handling thread.
    void abandon();

    [[nodiscard]] Live live() const;
    // Connections that could not be opened again, and the last reason.
    [[nodiscard]] std::pair<std::uint64_t, std::string> connect_failures() const;

    // Everything measured, after stop(). One element per worker.
    [[nodiscard]] std::vector<Measured> take();

private:
    void connected(std::int64_t session) override;
    void connect_failed(const database::Error& error) override;
    void second_over(std::size_t worker, const LiveSecond& second) override;
    void join();
    [[nodiscard]] std::string why_not_deployed(std::size_t converted, workloads::App to,
                                               std::uint64_t failures_before) const;

    const LoadOptions options_;   // of a mix: what its workers share
    const ReplayOptions replay_;  // of a recording: what its players share
    const SessionFactory sessions_;
    const std::function<void(std::int64_t)> on_session_;
    std::vector<std::unique_ptr<LoadThread>> workers_;
    std::vector<std::thread> threads_;
    std::size_t connections_ = 0;  // that connect() waits for
    workloads::App version_ = workloads::App::old_version;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<database::Error> first_failure_;
    std::uint64_t failures_ = 0;
    std::string last_failure_;
    // Of each worker the last two: workers close a second up to a tick apart.
    std::vector<std::array<LiveSecond, 2>> live_;
    std::exception_ptr worker_fault_;
};

}  // namespace harness::load
