// What the samples told, packed so that hours of contention fit: an hour of 64 sessions that wait
// at every sample would otherwise be eleven million entries.
#pragma once

#include "harness/locks/session_directory.hpp"
#include "reports/record.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace harness::locks {

using Clock = std::chrono::steady_clock;

// One session seen waiting for one lock, behind one other session and one root, in consecutive
// samples.
struct Sighting {
    std::int64_t session = 0;
    std::int64_t behind = 0;            // see Chain
    Clock::time_point since = unknown;  // start of the wait, where the server told it
    std::uint32_t episode = 0;          // number of the draft
    std::uint32_t first = 0, last = 0;  // samples, both included
    std::uint32_t role = 0;             // index into Sightings::roles
    std::uint32_t lock = 0;             // index into Sightings::locks
    bool continues = false;             // the same wait as this session's previous sighting

    static constexpr Clock::time_point unknown = Clock::time_point::min();
    [[nodiscard]] bool since_known() const noexcept { return since != unknown; }
};
static_assert(sizeof(Sighting) == 48, "a million of them are kept");

// What is asked for.
struct AskedLock {
    std::string relation, mode;  // as in reports::LockWait
};

// An episode before the clients' clocks are joined in.
struct Draft {
    std::uint32_t number = 0;
    std::int64_t root = 0;
    SessionRole role;
    reports::Blocker blocker;           // all but step and operation
    std::uint32_t first = 0, last = 0;  // samples
    std::uint32_t max_blocked = 0;
    bool cycle = false;
    double estimated_victim_seconds = 0;  // from the samples alone: decides which episodes are kept
    std::uint32_t query_votes = 0;

    struct Held {
        std::string relation, mode, kind;
        bool operator<(const Held& other) const {
            return std::tie(relation, mode, kind) <
                   std::tie(other.relation, other.mode, other.kind);
        }
    };
    std::map<Held, std::uint64_t> held;  // seen how often; one without mode is what was asked for

    struct Queued {
        reports::Blocker blocker;
        SessionRole role;
        std::string mode;
        std::uint64_t seen = 0;  // waiters behind it, summed over the samples
    };
    std::map<std::int64_t, Queued> queued;  // by session
    std::uint64_t direct = 0;               // waiters with nobody between them and the root, summed

    // Waits beyond the bound of sightings, by role: sampled only.
    std::map<std::uint32_t, reports::Victims> unjoined;
    double unjoined_seconds = 0;
};

struct Sightings {
    std::vector<Clock::time_point> samples;  // by time
    std::vector<std::uint32_t> blocked;      // workload sessions that waited, by sample
    std::vector<std::uint32_t> blocked_any;  // all sessions that waited, by sample
    std::vector<Sighting> waits;
    std::vector<SessionRole> roles;
    std::vector<AskedLock> locks;
    std::vector<Draft> drafts;  // by number; those that were dropped are missing
    std::uint64_t drafts_dropped = 0;
    std::uint64_t waits_unjoined = 0;      // beyond the bound
    double unjoined_workload_seconds = 0;  // over the whole run
    Clock::duration longest_unjoined{0};   // of a workload session
    Clock::duration interval{0};           // between two samples, as asked for
};

}  // namespace harness::locks
