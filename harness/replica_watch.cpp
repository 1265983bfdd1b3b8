#include "harness/replica_watch.hpp"

#include <algorithm>

namespace harness {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds interval{1}, stale{5};

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
            watched.longest_silence = std::max(
                watched.longest_silence, Clock::now() - watched.answered.value_or(Clock::now()));
            watched.last = *read;
            watched.answered = Clock::now();
            watched.max_s = std::max(watched.max_s, read->seconds);
            watched.max_bytes = std::max(watched.max_bytes, read->bytes);
        } else {
            ++watched.failures;
            watched.last_failure = failure;
        }
        wake_.wait_for(lock, interval, [this] { return stopping_; });
    }
}

std::optional<std::chrono::microseconds> ReplicaWatch::lag() const {
    const std::scoped_lock lock{mutex_};
    double most_s = 0;
    for (const auto& watched : all_) {
        if (!watched->answered || Clock::now() - *watched->answered > stale) {
            return std::nullopt;
        }
        most_s = std::max(most_s, watched->last.seconds);
    }
    if (all_.empty()) {
        return std::nullopt;
    }
    return std::chrono::microseconds{static_cast<std::int64_t>(most_s * 1e6)};
}

void ReplicaWatch::begin_window() {
    const std::scoped_lock lock{mutex_};
    for (auto& watched : all_) {
        watched->max_s = 0;
        watched->max_bytes = 0;
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
    stop();
    for (const auto& watched : all_) {
        if (watched->answered) {
            replication.measured = true;
            replication.max_lag_s = std::max(replication.max_lag_s, watched->max_s);
            replication.max_lag_bytes = std::max(replication.max_lag_bytes, watched->max_bytes);
        }
        const auto silence = watched->answered ? std::max(watched->longest_silence,
                                                          Clock::now() - *watched->answered)
                                               : Clock::duration::max();
        if (silence > stale) {
            faults.push_back("a replica that the scenario names was silent for more than " +
                             std::to_string(stale.count()) + " s: its lag is not known");
        }
        if (watched->failures > 0) {
            faults.push_back("a replica did not answer " + std::to_string(watched->failures) +
                             " times; the last reason: " + watched->last_failure);
        }
    }
}

}  // namespace harness
