// Turns samples of who waits for whom into lock episodes. No I/O, no clock of its own, no thread.
//
// An episode is a root blocker in one of its transactions and all who wait behind it, from the
// first to the last wait; a sample without waiters behind it ends it. When the root changes (a
// report ends and the ALTER behind it now holds) a new episode begins with the new root.
#pragma once

#include "harness/database/lock_source.hpp"
#include "harness/locks/session_directory.hpp"
#include "harness/locks/sightings.hpp"
#include "harness/locks/wait_graph.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace harness::locks {

struct EpisodeBounds {
    std::size_t episodes = 20'000;      // the worst are kept; the rest is counted
    std::size_t sightings = 1'000'000;  // 48 MB; beyond, waits are estimated from the samples alone
};

class EpisodeBuilder {
public:
    using Identify = std::function<SessionRole(const database::LockSession&)>;

    // `interval`: time between two samples, as asked for.
    EpisodeBuilder(Clock::duration interval, Identify identify, EpisodeBounds bounds = {});

    // One sample, by time. `offset_us`: server's clock minus ours.
    void add(const database::LockSample& sample, Clock::time_point taken, std::int64_t offset_us);

    // Sessions that waited in the last sample.
    [[nodiscard]] std::uint32_t blocked_now() const noexcept;

    // Hands over everything; no further samples.
    [[nodiscard]] Sightings finish();

private:
    struct Key {
        std::int64_t root = 0, transaction_start_us = 0;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept {
            return std::hash<std::int64_t>{}(key.root * 1'000'003 ^ key.transaction_start_us);
        }
    };
    // A session's wait that was seen in the last sample or before.
    struct OpenWait {
        Sighting sighting;
        std::optional<std::int64_t> since_us;  // server clock
        bool sighting_stored = false;          // it ended; kept for a while should it show up again
    };
    class SampleView;

    Draft& draft_of(const Chain& chain, const SampleView& view);
    [[nodiscard]] std::optional<Key> continued(const Key& key,
                                               const database::LockWaiter& waiter) const;
    void describe_root(Draft& draft, const database::LockSession& root) const;
    void vote(Draft& draft, const Chain& chain, const SampleView& view) const;
    void see(Sighting sighting, const database::LockWaiter& waiter, std::int64_t offset_us);
    void store(const Sighting& sighting);
    void estimate(const Sighting& sighting);
    void close_unseen();
    void prune();
    std::uint32_t intern(const SessionRole& role);
    std::uint32_t intern(AskedLock lock);

    Identify identify_;
    EpisodeBounds bounds_;
    Sightings out_;
    std::uint32_t now_ = 0;  // number of the current sample
    std::uint32_t next_number_ = 0;
    std::unordered_map<Key, Draft, KeyHash> active_;
    std::unordered_map<std::int64_t, OpenWait> open_;
    std::unordered_map<std::string, std::uint32_t> role_numbers_, lock_numbers_;
};

}  // namespace harness::locks
