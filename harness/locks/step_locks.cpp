#include "harness/locks/step_locks.hpp"

#include <algorithm>
#include <set>

namespace harness::locks {
namespace {

using Clock = StepLocks::Clock;

double seconds_of(Clock::duration d) {
    return std::max(0.0, std::chrono::duration<double>(d).count());
}
Clock::time_point middle(Clock::time_point a, Clock::time_point b) {
    return a + (b - a) / 2;
}

}  // namespace

void StepLocks::statement_sent(std::int64_t session, Clock::time_point at) {
    sent_[session] = at;
}

void StepLocks::observe(Clock::time_point at, std::span<const std::int64_t> sessions,
                        std::span<const database::WatchedLock> locks, std::int64_t offset_us) {
    for (const auto& lock : locks) {
        see(at, lock, offset_us, false);
    }
    const std::set<std::int64_t> watched{sessions.begin(), sessions.end()};
    for (auto it = open_.begin(); it != open_.end();) {
        if (it->second.last_seen != at && watched.contains(it->first.session)) {
            close(it->first, it->second, at);
            it = open_.erase(it);
        } else {
            ++it;
        }
    }
    for (const auto session : sessions) {
        observed_[session] = at;
    }
}

void StepLocks::before_commit(Clock::time_point at, std::int64_t session,
                              std::span<const database::WatchedLock> locks,
                              std::int64_t offset_us) {
    for (const auto& lock : locks) {
        see(at, lock, offset_us, true);
    }
    observed_[session] = at;
}

void StepLocks::note_wait(Clock::time_point at, const database::WatchedLock& wait,
                          std::int64_t offset_us) {
    see(at, wait, offset_us, false);
}

Clock::time_point StepLocks::not_before(std::int64_t session) const {
    auto latest = began_;
    for (const auto* times : {&observed_, &sent_}) {
        if (const auto found = times->find(session); found != times->end()) {
            latest = std::max(latest, found->second);
        }
    }
    return latest;
}

void StepLocks::see(Clock::time_point at, const database::WatchedLock& lock, std::int64_t offset_us,
                    bool committing) {
    const Key key{lock.session, lock.relation, lock.mode};
    auto found = open_.find(key);
    if (found == open_.end()) {
        if (open_.size() >= bound) {
            return;
        }
        found = open_.emplace(key, Open{}).first;
        found->second.last_seen = at;
        if (lock.granted) {
            found->second.held_since = std::min(at, not_before(lock.session));
        }
    }
    if (!lock.granted && found->second.held_since) {
        // It was held, it is waited for again: another transaction's lock.
        close(key, found->second, at);
        found->second = Open{};
        found->second.last_seen = at;
    }
    Open& open = found->second;
    if (!lock.granted && !open.waits_since) {
        open.waits_since = std::min(at, not_before(lock.session));
    }
    if (!lock.granted && lock.since_us) {
        const Clock::time_point since{std::chrono::microseconds{*lock.since_us - offset_us}};
        open.waits_since = std::min(at, std::max(since, began_));
    }
    if (lock.granted && !open.held_since) {
        open.held_since = open.last_seen;  // it still waited then
    }
    open.last_seen = at;
    open.committing = committing && lock.granted;
}

void StepLocks::close(const Key& key, const Open& open, Clock::time_point gone) {
    auto& done = done_[{key.relation, key.mode}];
    done.relation = key.relation;
    done.mode = key.mode;
    const auto end = open.committing ? open.last_seen : middle(open.last_seen, gone);
    if (open.waits_since) {
        done.waited_s += seconds_of(open.held_since.value_or(end) - *open.waits_since);
    }
    if (open.held_since) {
        done.held_s += seconds_of(end - *open.held_since);
    }
}

std::vector<reports::StepLock> StepLocks::end(Clock::time_point at) {
    for (const auto& [key, open] : open_) {
        close(key, open, std::max(at, open.last_seen));
    }
    open_.clear();
    std::vector<reports::StepLock> locks;
    for (auto& [key, lock] : done_) {
        locks.push_back(std::move(lock));
    }
    done_.clear();
    std::stable_sort(locks.begin(), locks.end(),
                     [](const auto& a, const auto& b) { return a.held_s > b.held_s; });
    return locks;
}

}  // namespace harness::locks
