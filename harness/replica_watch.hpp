// Watches the replicas that the scenario names, each asked once a second on a thread of its own, so
// that one that hangs delays nobody.
#pragma once

#include "harness/database/engine.hpp"
#include "harness/replica_hearing.hpp"
#include "reports/record.hpp"

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace harness {

class ReplicaWatch {
public:
    explicit ReplicaWatch(std::vector<std::unique_ptr<database::ReplicaProbe>> probes);
    ~ReplicaWatch();
    ReplicaWatch(const ReplicaWatch&) = delete;
    ReplicaWatch& operator=(const ReplicaWatch&) = delete;

    [[nodiscard]] bool empty() const noexcept { return all_.empty(); }

    // Of the one furthest behind. Empty: none is named, or one has not answered for five seconds:
    // what nobody measures must not look like no lag.
    [[nodiscard]] std::optional<std::chrono::microseconds> lag() const;

    // The migration begins: what was behind before it does not count.
    void begin_window();

    // Adds what was seen to what the primary told.
    void finish(reports::Replication& replication, std::vector<std::string>& faults);
    // After finish().
    [[nodiscard]] std::vector<std::unique_ptr<database::ReplicaProbe>> release();

private:
    struct Watched {
        std::unique_ptr<database::ReplicaProbe> probe;
        ReplicaHearing hearing{ReplicaHearing::Clock::now()};
        std::thread thread;
    };

    void run(Watched& watched);
    void stop();

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false;
    std::vector<std::unique_ptr<Watched>> all_;
};

}  // namespace harness
