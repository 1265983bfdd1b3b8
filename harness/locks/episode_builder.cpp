#include "harness/locks/episode_builder.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace harness::locks {
namespace {

using database::LockSession;
using database::LockWaiter;

// A root that answers thousands of different locks or queues in one episode is described by the
// first few of each.
constexpr std::size_t kinds_kept = 64;

// A wait that a sample missed (it was granted to somebody else in between) is still the same one
// when it shows up again soon with the same start.
constexpr std::uint32_t samples_remembered = 3;

Clock::time_point to_ours(std::int64_t server_us, std::int64_t offset_us) {
    return Clock::time_point{std::chrono::microseconds{server_us - offset_us}};
}

// What is waited for, as the report's `relation`.
std::string contended(const LockWaiter& waiter) {
    if (!waiter.relation.empty()) {
        return waiter.relation;
    }
    return waiter.kind == "transactionid" ? "transaction" : waiter.kind;
}

// A session that waits for another's transaction waits for a row that this one has changed.
std::string kind_of(const LockWaiter& waiter) {
    const bool row = waiter.kind == "tuple" || waiter.kind == "transactionid";
    return row && !waiter.relation.empty() ? "row" : waiter.kind;
}

bool of_migration(const SessionRole& role) {
    return role.kind == SessionKind::step || role.kind == SessionKind::adversary;
}

// What the reader must see first: anything that the rehearsal itself put there.
std::tuple<bool, double> severity(const Draft& draft) {
    const bool queue = std::any_of(draft.queued.begin(), draft.queued.end(), [](const auto& entry) {
        return of_migration(entry.second.role);
    });
    return {of_migration(draft.role) || queue, draft.estimated_victim_seconds};
}

// Whether both tell the same of a wait, but for its time.
bool same_place(const Sighting& a, const Sighting& b) {
    return a.episode == b.episode && a.behind == b.behind && a.lock == b.lock && a.role == b.role;
}

void describe(reports::Blocker& blocker, const LockSession& session) {
    blocker.pid = session.session;
    blocker.state = session.state;
}

}  // namespace

// A sample with its sessions found by id.
class EpisodeBuilder::SampleView {
public:
    SampleView(const database::LockSample& sample, const Identify& identify) : sample_{sample} {
        for (const auto& session : sample.sessions) {
            sessions_.emplace(session.session, Entry{&session, identify(session)});
        }
        // A session that ended between two of the sample's queries is still a session.
        const auto ensure = [&](std::int64_t id) {
            if (!sessions_.contains(id)) {
                LockSession session;
                session.session = id;
                ended_.push_back(std::make_unique<LockSession>(std::move(session)));
                sessions_.emplace(id, Entry{ended_.back().get(), identify(*ended_.back())});
            }
        };
        for (const auto& waiter : sample.waiters) {
            ensure(waiter.session);
            std::for_each(waiter.blockers.begin(), waiter.blockers.end(), ensure);
        }
        for (std::size_t i = 0; i < sample.waiters.size(); ++i) {
            waiters_.emplace(sample.waiters[i].session, i);
        }
    }

    [[nodiscard]] const LockWaiter& waiter(const Chain& chain) const {
        return sample_.waiters[chain.waiter];
    }
    [[nodiscard]] const LockSession& session(std::int64_t id) const {
        return *sessions_.at(id).session;
    }
    [[nodiscard]] const SessionRole& role(std::int64_t id) const { return sessions_.at(id).role; }
    [[nodiscard]] const LockWaiter* waiting(std::int64_t id) const {
        const auto found = waiters_.find(id);
        return found == waiters_.end() ? nullptr : &sample_.waiters[found->second];
    }

private:
    struct Entry {
        const LockSession* session;
        SessionRole role;
    };
    const database::LockSample& sample_;
    std::unordered_map<std::int64_t, Entry> sessions_;
    std::unordered_map<std::int64_t, std::size_t> waiters_;
    std::vector<std::unique_ptr<LockSession>> ended_;
};

EpisodeBuilder::EpisodeBuilder(Clock::duration interval, Identify identify, EpisodeBounds bounds)
    : identify_{std::move(identify)}, bounds_{bounds} {
    out_.interval = interval;
}

void EpisodeBuilder::add(const database::LockSample& sample, Clock::time_point taken,
                         std::int64_t offset_us) {
    now_ = static_cast<std::uint32_t>(out_.samples.size());
    // Two readings of a server's clock may be out of order by its slewing; searches rely on order.
    out_.samples.push_back(out_.samples.empty() ? taken : std::max(taken, out_.samples.back()));
    out_.blocked.push_back(0);
    out_.blocked_any.push_back(0);

    const SampleView view{sample, identify_};
    std::unordered_map<std::uint32_t, std::uint32_t> behind;
    for (const auto& chain : follow(sample)) {
        Draft& draft = draft_of(chain, view);
        const auto& waiter = view.waiter(chain);
        const SessionRole& role = view.role(waiter.session);
        vote(draft, chain, view);
        // An operation's name is only known for certain from the client's side.
        const bool workload = role.kind == SessionKind::workload;
        Sighting sighting;
        sighting.session = waiter.session;
        sighting.behind = chain.behind;
        sighting.episode = draft.number;
        sighting.first = sighting.last = now_;
        sighting.role = intern(workload ? SessionRole{SessionKind::workload, ""} : role);
        sighting.lock = intern(AskedLock{contended(waiter), waiter.mode});
        see(sighting, waiter, offset_us);
        draft.max_blocked = std::max(draft.max_blocked, ++behind[draft.number]);
        draft.estimated_victim_seconds += std::chrono::duration<double>(out_.interval).count();
        out_.blocked.back() += workload ? 1 : 0;
        ++out_.blocked_any.back();
    }
    close_unseen();
}

std::uint32_t EpisodeBuilder::blocked_now() const noexcept {
    return out_.blocked_any.empty() ? 0 : out_.blocked_any.back();
}

Draft& EpisodeBuilder::draft_of(const Chain& chain, const SampleView& view) {
    const LockSession& root = view.session(chain.root);
    // A session-level advisory lock outlives transactions: such a hold has none.
    const auto& held = root.held;
    const bool advisory =
        !held.empty() && std::all_of(held.begin(), held.end(),
                                     [](const auto& lock) { return lock.kind == "advisory"; });
    Key key{chain.root, advisory ? 0 : root.transaction_start_us};
    if (!active_.contains(key)) {
        key = continued(key, view.waiter(chain)).value_or(key);
    }
    auto [found, added] = active_.try_emplace(key);
    Draft& draft = found->second;
    if (added) {
        draft.number = next_number_++;
        draft.root = chain.root;
        draft.role = view.role(chain.root);
        draft.first = now_;
        draft.last = now_ + 1;  // described below, as at the first look of every sample
    }
    draft.cycle |= chain.cycle;
    if (draft.last != now_) {
        draft.last = now_;
        describe_root(draft, root);
        if (draft.role.name.empty() && view.role(chain.root).kind == draft.role.kind) {
            draft.role.name = view.role(chain.root).name;
        }
    }
    return draft;
}

// A sample is not read in one instant. When the root commits in the middle of it, its locks are
// still there and its transaction is gone already, or is the next one: that is no new episode. So a
// root without a transaction continues the episode that it has, and so does a wait that goes on.
std::optional<EpisodeBuilder::Key> EpisodeBuilder::continued(const Key& key,
                                                             const LockWaiter& waiter) const {
    const auto open = open_.find(waiter.session);
    for (const auto& [other, draft] : active_) {
        if (other.root != key.root) {
            continue;
        }
        const bool same_wait = open != open_.end() && waiter.since_us &&
                               open->second.since_us == waiter.since_us &&
                               open->second.sighting.episode == draft.number;
        if (key.transaction_start_us == 0 || same_wait) {
            return other;
        }
    }
    return std::nullopt;
}

// The query that was seen most (Boyer and Moore's majority): the first one may be the BEGIN.
void EpisodeBuilder::describe_root(Draft& draft, const LockSession& root) const {
    describe(draft.blocker, root);
    if (draft.query_votes == 0) {
        draft.blocker.query = root.query;
    }
    if (draft.blocker.query == root.query) {
        ++draft.query_votes;
    } else {
        --draft.query_votes;
    }
}

void EpisodeBuilder::vote(Draft& draft, const Chain& chain, const SampleView& view) const {
    const LockWaiter& waiter = view.waiter(chain);
    const LockSession& root = view.session(chain.root);
    const auto held = std::find_if(root.held.begin(), root.held.end(), [&](const auto& lock) {
        return lock.kind == waiter.kind &&
               (waiter.kind == "transactionid" || lock.relation == waiter.relation);
    });
    const bool direct = chain.links == 1;
    // Whoever makes a queue stands directly behind the root himself: that one does not count.
    draft.direct += direct ? 1 : 0;
    if (held != root.held.end() || direct) {
        Draft::Held what{contended(waiter), held == root.held.end() ? "" : held->mode,
                         kind_of(waiter)};
        if (draft.held.contains(what) || draft.held.size() < kinds_kept) {
            ++draft.held[std::move(what)];
        }
    }
    if (chain.queued &&
        (draft.queued.contains(*chain.queued) || draft.queued.size() < kinds_kept)) {
        auto& queued = draft.queued[*chain.queued];
        if (queued.seen++ == 0) {
            const LockSession& session = view.session(*chain.queued);
            describe(queued.blocker, session);
            queued.blocker.query = session.query;
            queued.role = view.role(*chain.queued);
            const auto* waits = view.waiting(*chain.queued);
            queued.mode = waits == nullptr ? "" : waits->mode;
        }
    }
}

void EpisodeBuilder::see(Sighting sighting, const LockWaiter& waiter, std::int64_t offset_us) {
    if (waiter.since_us) {
        sighting.since = to_ours(*waiter.since_us, offset_us);
    }
    const auto found = open_.find(waiter.session);
    if (found == open_.end()) {
        open_.emplace(waiter.session, OpenWait{sighting, waiter.since_us});
        return;
    }
    OpenWait& open = found->second;
    const bool adjacent = now_ > 0 && open.sighting.last == now_ - 1;
    bool same_wait = adjacent;
    if (open.since_us && waiter.since_us) {
        same_wait = *open.since_us == *waiter.since_us;
    } else if (waiter.since_us) {
        // The server tells the start of a wait an instant late.
        same_wait = adjacent && sighting.since <= out_.samples[open.sighting.first] + out_.interval;
    }
    if (same_wait && adjacent && same_place(open.sighting, sighting)) {
        open.sighting.last = now_;
        if (!open.since_us && waiter.since_us) {
            open.since_us = waiter.since_us;
            open.sighting.since = sighting.since;
        }
        return;
    }
    if (!open.sighting_stored) {
        store(open.sighting);
    }
    sighting.continues = same_wait;
    if (same_wait && open.since_us) {
        sighting.since = open.sighting.since;  // not converted again with a newer offset
    }
    const auto since_us =
        waiter.since_us ? waiter.since_us : (same_wait ? open.since_us : std::nullopt);
    open = OpenWait{sighting, since_us};
}

void EpisodeBuilder::store(const Sighting& sighting) {
    if (out_.waits.size() < bounds_.sightings) {
        out_.waits.push_back(sighting);
    } else {
        estimate(sighting);
    }
}

// From the samples alone: to half an interval after the last one.
void EpisodeBuilder::estimate(const Sighting& sighting) {
    const auto begin = sighting.since_known() && !sighting.continues
                           ? std::min(sighting.since, out_.samples[sighting.first])
                           : out_.samples[sighting.first];
    const auto length = out_.samples[sighting.last] - begin + out_.interval / 2;
    const double seconds = std::chrono::duration<double>(length).count();
    ++out_.waits_unjoined;
    const auto draft = std::find_if(active_.begin(), active_.end(), [&](const auto& entry) {
        return entry.second.number == sighting.episode;
    });
    if (draft != active_.end()) {
        draft->second.unjoined_seconds += seconds;
        auto& victims = draft->second.unjoined[sighting.role];
        ++victims.count;
        victims.longest_wait_ms = std::max(victims.longest_wait_ms, seconds * 1e3);
    }
    if (out_.roles[sighting.role].kind == SessionKind::workload) {
        out_.unjoined_workload_seconds += seconds;
        out_.longest_unjoined = std::max(out_.longest_unjoined, length);
    }
}

// Ends what this sample did not show. Waits first: an estimate looks for its episode.
void EpisodeBuilder::close_unseen() {
    for (auto at = open_.begin(); at != open_.end();) {
        OpenWait& open = at->second;
        if (open.sighting.last != now_ && !open.sighting_stored) {
            store(open.sighting);
            open.sighting_stored = true;
        }
        at = open.sighting.last + samples_remembered < now_ ? open_.erase(at) : std::next(at);
    }
    for (auto at = active_.begin(); at != active_.end();) {
        if (at->second.last == now_) {
            ++at;
            continue;
        }
        out_.drafts.push_back(std::move(at->second));
        at = active_.erase(at);
    }
    // Twice the bound: an episode is looked at once, on average, however many there are.
    if (out_.drafts.size() >= 2 * std::max<std::size_t>(bounds_.episodes, 1)) {
        prune();
    }
}

void EpisodeBuilder::prune() {
    auto& drafts = out_.drafts;
    if (drafts.size() <= bounds_.episodes) {
        return;
    }
    const auto end_of_kept = drafts.begin() + static_cast<std::ptrdiff_t>(bounds_.episodes);
    std::nth_element(drafts.begin(), end_of_kept, drafts.end(), [](const Draft& a, const Draft& b) {
        return severity(a) != severity(b) ? severity(a) > severity(b) : a.number < b.number;
    });
    out_.drafts_dropped += drafts.size() - bounds_.episodes;
    drafts.erase(end_of_kept, drafts.end());
}

Sightings EpisodeBuilder::finish() {
    for (auto& [session, open] : open_) {
        if (!open.sighting_stored) {
            store(open.sighting);
        }
    }
    open_.clear();
    for (auto& [key, draft] : active_) {
        out_.drafts.push_back(std::move(draft));
    }
    active_.clear();
    prune();
    std::sort(out_.drafts.begin(), out_.drafts.end(),
              [](const Draft& a, const Draft& b) { return a.number < b.number; });
    return std::move(out_);
}

std::uint32_t EpisodeBuilder::intern(const SessionRole& role) {
    const std::string key = name_of(role.kind) + ("/" + role.name);
    const auto [found, added] =
        role_numbers_.try_emplace(key, static_cast<std::uint32_t>(out_.roles.size()));
    if (added) {
        out_.roles.push_back(role);
    }
    return found->second;
}

std::uint32_t EpisodeBuilder::intern(AskedLock lock) {
    const auto [found, added] = lock_numbers_.try_emplace(
        lock.mode + " " + lock.relation, static_cast<std::uint32_t>(out_.locks.size()));
    if (added) {
        out_.locks.push_back(std::move(lock));
    }
    return found->second;
}

}  // namespace harness::locks
