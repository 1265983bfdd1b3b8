#include "harness/locks/wait_list.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace harness::locks {
namespace {

double seconds_of(Clock::duration d) {
    return std::chrono::duration<double>(d).count();
}

// The same order on every machine, however many have the same length.
bool longer(const WaitList::Entry& a, const WaitList::Entry& b) {
    return std::tuple{b.end - b.start, a.start, a.sighting->session} <
           std::tuple{a.end - a.start, b.start, b.sighting->session};
}

}  // namespace

void WaitList::add(const Entry& entry) {
    entries_.push_back(entry);
    // Twice the bound: an entry is looked at once, on average, however many there are. One more:
    // the last one may still go on.
    if (entries_.size() > 2 * bound_ + 1) {
        trim();
    }
}

bool WaitList::prolong(const Entry& entry) {
    if (entries_.empty()) {
        return false;
    }
    auto& last = entries_.back();
    const auto& a = *last.sighting;
    const auto& b = *entry.sighting;
    if (a.session != b.session || a.behind != b.behind || a.lock != b.lock ||
        a.episode != b.episode || entry.start > last.end) {
        return false;
    }
    last.end = std::max(last.end, entry.end);
    return true;
}

// All but the last one.
void WaitList::trim() {
    Entry last = std::move(entries_.back());
    entries_.pop_back();
    if (entries_.size() > bound_) {
        const auto end_of_kept = entries_.begin() + static_cast<std::ptrdiff_t>(bound_);
        std::nth_element(entries_.begin(), end_of_kept, entries_.end(), longer);
        dropped_ += entries_.size() - bound_;
        entries_.erase(end_of_kept, entries_.end());
    }
    entries_.push_back(std::move(last));
}

std::vector<reports::LockWait> WaitList::take(
    const Sightings& sightings, const std::unordered_map<std::uint32_t, std::size_t>& episodes,
    Clock::time_point run_start) {
    std::sort(entries_.begin(), entries_.end(), longer);
    if (entries_.size() > bound_) {
        dropped_ += entries_.size() - bound_;
        entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(bound_), entries_.end());
    }
    std::sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
        return std::pair{a.start, a.sighting->session} < std::pair{b.start, b.sighting->session};
    });
    std::vector<reports::LockWait> waits;
    waits.reserve(entries_.size());
    for (auto& entry : entries_) {
        const auto& sighting = *entry.sighting;
        const auto& role = sightings.roles[sighting.role];
        const auto& lock = sightings.locks[sighting.lock];
        reports::LockWait wait;
        wait.episode = episodes.at(sighting.episode);
        wait.pid = sighting.session;
        wait.behind = sighting.behind;
        wait.kind = name_of(entry.of_workload ? SessionKind::workload : role.kind);
        wait.name = entry.of_workload ? std::move(entry.operation) : role.name;
        wait.relation = lock.relation;
        wait.mode = lock.mode;
        wait.start_s = seconds_of(entry.start - run_start);
        wait.end_s = seconds_of(entry.end - run_start);
        waits.push_back(std::move(wait));
    }
    entries_.clear();
    return waits;
}

}  // namespace harness::locks
