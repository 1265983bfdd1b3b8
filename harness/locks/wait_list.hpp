// The longest waits of a run, one by one, for the reader: who stood behind whom, and until when.
#pragma once

#include "harness/locks/sightings.hpp"
#include "reports/record.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace harness::locks {

class WaitList {
public:
    struct Entry {
        const Sighting* sighting;  // must outlive the list
        Clock::time_point start, end;
        std::string operation;  // empty: not known, or no operation
        bool of_workload = false;
    };

    // `bound`: how many are kept, the longest; the rest is counted. Memory: twice as many.
    explicit WaitList(std::size_t bound) : bound_{bound} {}

    void add(const Entry& entry);
    // Lets the entry that was added last go on, if this one is the same and follows without a
    // break. False: it is another.
    [[nodiscard]] bool prolong(const Entry& entry);
    // One that cannot be listed.
    void drop() noexcept { ++dropped_; }

    // By start; no further entries. `episodes`: from a draft's number to its place in the record.
    [[nodiscard]] std::vector<reports::LockWait> take(
        const Sightings& sightings, const std::unordered_map<std::uint32_t, std::size_t>& episodes,
        Clock::time_point run_start);
    // After take().
    [[nodiscard]] std::uint64_t dropped() const noexcept { return dropped_; }

private:
    void trim();

    std::size_t bound_;
    std::vector<Entry> entries_;
    std::uint64_t dropped_ = 0;
};

}  // namespace harness::locks
