// Reads what the server counts once a second, on a thread and a connection of its own. It measures
// for the reader alone: what it cannot have is said once and fails nothing.
#pragma once

#include "harness/counter_series.hpp"
#include "harness/database/server_counters.hpp"
#include "reports/record.hpp"

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

namespace harness {

class ServerWatch {
public:
    using Clock = std::chrono::steady_clock;
    struct Source {
        std::function<std::unique_ptr<database::ServerCounters>()> open;        // throws Outage
        std::function<std::optional<std::chrono::microseconds>()> replica_lag;  // from any thread
    };

    // Takes the first reading and the tables' sizes before it returns. `run_start`: second 0.
    ServerWatch(Source source, std::vector<std::string> tables, Clock::time_point run_start);
    ~ServerWatch();  // stops
    ServerWatch(const ServerWatch&) = delete;
    ServerWatch& operator=(const ServerWatch&) = delete;

    // Takes the last reading and the sizes, where the server is still there. Once.
    [[nodiscard]] reports::Server finish(std::vector<std::string>& warnings);

private:
    void run();
    void stop() noexcept;
    template <typename Ask>
    void ask(Ask&& question);
    void read();

    const Source source_;
    const Clock::time_point run_start_;

    // The watch's thread alone, while it runs.
    CounterSeries series_;
    std::uint64_t unanswered_ = 0;
    std::string last_failure_;
    std::vector<std::string> notes_;

    std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false, ended_ = false;
    std::unique_ptr<database::ServerCounters> counters_;  // changed under the mutex; null: lost
    std::thread thread_;
};

}  // namespace harness
