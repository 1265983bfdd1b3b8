#include "harness/replica_watch.hpp"

#include <algorithm>

namespace harness {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds interval{1};

}  // namespace

ReplicaWatch::ReplicaWatch(std::vector<std::unique_ptr<database::ReplicaProbe>> probes) {
    for (auto& probe : probes) {
        all_.push_back(std::make_unique<Watched>());
        all_.back()->probe = std::move(probe);
    }
    for (auto& watched : all_) {
        watched->thread = std::thread{[this, &watched] { run(*watched); }};
    }
}

ReplicaWatch::~ReplicaWatch() {
    stop();
}

void ReplicaWatch::run(Watched& watched) {
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        lock.unlock();
        std::optional<database::ReplicaLag> read;
        std::string failure;
        try {
            read = watched.probe->read();
        } catch (const std::exception& error) {
            failure = error.what();
        }
        lock.lock();
        if (read) {
            watched.hearing.answered(Clock::now(), *read);
        } else {
            watched.hearing.failed(failure);
        }
        wake_.wait_for(lock, interval, [this] { return stopping_; });
    }
}

std::optional<std::chrono::microseconds> ReplicaWatch::lag() const {
    const std::scoped_lock lock{mutex_};
    double most_s = 0;
    for (const auto& watched : all_) {
        const auto lag_s = watched->hearing.lag_s(Clock::now());
        if (!lag_s) {
            return std::nullopt;
        }
        most_s = std::max(most_s, *lag_s);
    }
    if (all_.empty()) {
        return std::nullopt;
    }
    return std::chrono::microseconds{static_cast<std::int64_t>(most_s * 1e6)};
}

void ReplicaWatch::begin_window() {
    const std::scoped_lock lock{mutex_};
    for (auto& watched : all_) {
        watched->hearing.begin_window();
    }
}

void ReplicaWatch::stop() {
    {
        const std::scoped_lock lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& watched : all_) {
        if (watched->thread.joinable()) {
            watched->thread.join();
        }
    }
}

void ReplicaWatch::finish(reports::Replication& replication, std::vector<std::string>& faults) {
    // Before the threads are waited for: one of them may hang a while in its last question.
    const auto stopped = Clock::now();
    stop();
    for (const auto& watched : all_) {
        const auto& hearing = watched->hearing;
        if (hearing.measured()) {
            replication.measured = true;
            replication.max_lag_s = std::max(replication.max_lag_s, hearing.max_s());
            replication.max_lag_bytes = std::max(replication.max_lag_bytes, hearing.max_bytes());
        }
        if (!hearing.ever_answered() || hearing.was_silent(stopped)) {
            faults.push_back("a replica that the scenario names was silent for more than " +
                             std::to_string(ReplicaHearing::stale.count()) +
                             " s: its lag is not known");
        }
        if (hearing.failures() > 0) {
            faults.push_back("a replica did not answer " + std::to_string(hearing.failures()) +
                             " times; the last reason: " + hearing.last_failure());
        }
    }
}

std::vector<std::unique_ptr<database::ReplicaProbe>> ReplicaWatch::release() {
    std::vector<std::unique_ptr<database::ReplicaProbe>> probes;
    for (auto& watched : all_) {
        probes.push_back(std::move(watched->probe));
    }
    all_.clear();
    return probes;
}

}  // namespace harness
