#include "harness/locks/wait_join.hpp"

#include "harness/locks/query_text.hpp"
#include "harness/locks/statement_index.hpp"
#include "harness/locks/wait_list.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_map>
#include <utility>

namespace harness::locks {
namespace {

double seconds_of(Clock::duration d) {
    return std::chrono::duration<double>(d).count();
}
double ms_of(Clock::duration d) {
    return std::chrono::duration<double, std::milli>(d).count();
}
Clock::time_point middle(Clock::time_point a, Clock::time_point b) {
    return a + (b - a) / 2;
}

// The part of one wait that one episode caused.
struct Part {
    std::size_t wait;       // the same for all parts of one statement
    std::uint32_t episode;  // number of the draft
    const Sighting* sighting;
    const SlowStatement* statement;
    std::string victim;
    bool workload;
    Clock::time_point start, end;
};

// What the parts add up to in one episode.
struct Sum {
    Clock::time_point start = Clock::time_point::max(), end = Clock::time_point::min();
    double seconds = 0, longest_ms = 0;
    std::map<std::string, reports::Victims> victims;
};

class Join {
public:
    Join(const Sightings& sightings, const JoinContext& context)
        : in_{sightings},
          context_{context},
          index_{context.statements},
          waits_{context.waits_kept} {
        for (const auto& draft : in_.drafts) {
            sums_.emplace(draft.number, Sum{});
        }
    }

    Joined run() {
        std::vector<const Sighting*> waits;
        waits.reserve(in_.waits.size());
        for (const auto& wait : in_.waits) {
            waits.push_back(&wait);
        }
        std::sort(waits.begin(), waits.end(), [](const auto* a, const auto* b) {
            return std::pair{a->session, a->first} < std::pair{b->session, b->first};
        });
        for (std::size_t begin = 0; begin < waits.size();) {
            std::size_t end = begin + 1;
            while (end < waits.size() && waits[end]->session == waits[begin]->session) {
                ++end;
            }
            join_session({waits.data() + begin, end - begin});
            begin = end;
        }
        finish_totals();
        finish_episodes();
        return std::move(out_);
    }

private:
    void join_session(std::span<const Sighting* const> waits) {
        parts_.clear();
        statement_waits_.clear();
        for (std::size_t k = 0; k < waits.size(); ++k) {
            bound(waits, k);
            const Sighting& wait = *waits[k];
            if (wait.since_known()) {
                add_part(wait,
                         index_.running(wait.session, wait.since,
                                        std::max(wait.since, sample(wait.last)), true),
                         wait.first, wait.last);
                continue;
            }
            // Without its start, waits in a row look like one: one part for each statement.
            for (std::uint32_t i = wait.first; i <= wait.last;) {
                const auto* statement = index_.running(wait.session, sample(i), sample(i), false);
                std::uint32_t last = i;
                while (last < wait.last && index_.running(wait.session, sample(last + 1),
                                                          sample(last + 1), false) == statement) {
                    ++last;
                }
                add_part(wait, statement, i, last);
                i = last + 1;
            }
        }
        std::stable_sort(parts_.begin(), parts_.end(),
                         [](const Part& a, const Part& b) { return a.wait < b.wait; });
        for (std::size_t begin = 0; begin < parts_.size();) {
            std::size_t end = begin + 1;
            while (end < parts_.size() && parts_[end].wait == parts_[begin].wait) {
                ++end;
            }
            count_wait({parts_.data() + begin, end - begin});
            begin = end;
        }
    }

    // Sets lower_ and upper_: what the neighbouring sightings of the same session say of this one.
    void bound(std::span<const Sighting* const> waits, std::size_t k) {
        const Sighting& wait = *waits[k];
        lower_.reset();
        upper_.reset();
        seen_before_.reset();
        seen_after_.reset();
        continues_ = wait.continues && k > 0;
        if (continues_) {
            seen_before_ = sample(waits[k - 1]->last);
            lower_ = middle(*seen_before_, sample(wait.first));
        } else if (wait.since_known()) {
            lower_ = wait.since;
        }
        if (k + 1 < waits.size()) {
            const Sighting& next = *waits[k + 1];
            if (next.continues) {
                seen_after_ = sample(next.first);
                upper_ = middle(sample(wait.last), *seen_after_);
            } else if (next.since_known()) {
                upper_ = std::max(next.since, sample(wait.last));
            }
        }
    }

    void add_part(const Sighting& wait, const SlowStatement* statement, std::uint32_t first,
                  std::uint32_t last) {
        const SessionRole& role = in_.roles[wait.role];
        Part part;
        part.episode = wait.episode;
        part.sighting = &wait;
        part.statement = statement;
        part.workload = role.kind == SessionKind::workload || statement != nullptr;
        if (statement != nullptr) {
            part.victim = name_of_operation(*statement);
            part.wait = statement_waits_.try_emplace(statement, next_wait_).first->second;
            next_wait_ += part.wait == next_wait_ ? 1 : 0;
            part.start = start_in(*statement, first);
            part.end = end_in(*statement, last);
        } else {
            const bool same = continues_ && !parts_.empty() && parts_.back().statement == nullptr;
            part.wait = same ? parts_.back().wait : next_wait_++;
            part.start = lower_.value_or(sample(first));
            const auto gap =
                last + 1 < in_.samples.size() ? sample(last + 1) - sample(last) : in_.interval;
            part.end = sample(last) + std::min(gap, in_.interval) / 2;
            part.victim = name_of_victim(wait, role, part);
        }
        const bool ended = statement != nullptr && seen_after_ && statement->done < *seen_after_;
        if (upper_ && !ended) {
            part.end = std::min(part.end, *upper_);
        }
        part.end = std::max(part.end, part.start);
        parts_.push_back(std::move(part));
    }

    [[nodiscard]] Clock::time_point start_in(const SlowStatement& statement,
                                             std::uint32_t first) const {
        // A sighting that goes on may still be the next statement's: where the server tells no
        // starts, waits in a row look like one.
        const bool its_own = !continues_ || statement.sent <= *seen_before_;
        if (lower_ && its_own) {
            return std::max(statement.sent, *lower_);
        }
        // One sample more than needed: the statement may have been on its way to the server.
        const bool ran_before = first >= 2 && sample(first - 2) > statement.sent;
        return ran_before ? sample(first - 1) : statement.sent;
    }

    [[nodiscard]] Clock::time_point end_in(const SlowStatement& statement,
                                           std::uint32_t last) const {
        // Two samples and not one: when a crowd wakes up, a statement that waited for nothing more
        // takes a while to get its turn, and its client waits for that too.
        const bool ran_on = last + 2 < in_.samples.size() && sample(last + 2) < statement.done;
        return ran_on ? sample(last + 1) : statement.done;
    }

    // Of a victim without a statement of its own.
    std::string name_of_victim(const Sighting& wait, const SessionRole& role, Part& part) const {
        // Not where the operation ended right then: the wait may as well be its successor's.
        const auto seen = std::max(wait.since, sample(wait.first));
        const auto* operation = index_.operation_at(wait.session, seen);
        if (operation != nullptr &&
            operation == index_.operation_at(wait.session, seen + StatementIndex::tolerance)) {
            part.workload = true;
            return name_of_operation(*operation);
        }
        switch (role.kind) {
            case SessionKind::workload:
                return unrecorded_operation;
            case SessionKind::step:
                return role.name.empty() ? "migration" : role.name;
            case SessionKind::adversary:
                return role.name.empty() ? "adversary" : role.name;
            case SessionKind::harness:
                return "rehearse";
            default:
                return other_victims;
        }
    }

    [[nodiscard]] std::string name_of_operation(const SlowStatement& statement) const {
        return statement.operation < context_.operations.size()
                   ? context_.operations[statement.operation]
                   : std::to_string(statement.operation);
    }

    // All parts of one wait: they count once for each episode and once for the totals.
    void count_wait(std::span<const Part> parts) {
        std::map<std::uint32_t, Clock::duration> by_episode;
        Clock::duration whole{0};
        Clock::duration in_window{0};
        bool touches_window = false;
        for (const auto& part : parts) {
            const auto length = part.end - part.start;
            by_episode[part.episode] += length;
            whole += length;
            const auto from = std::max(part.start, context_.window_from);
            const auto to = std::min(part.end, context_.window_to);
            touches_window = touches_window || from < to;
            in_window += std::max(to - from, Clock::duration{0});
            if (const auto sum = sums_.find(part.episode); sum != sums_.end()) {
                sum->second.start = std::min(sum->second.start, part.start);
                sum->second.end = std::max(sum->second.end, part.end);
            }
        }
        list_wait(parts);
        for (const auto& [episode, length] : by_episode) {
            if (const auto sum = sums_.find(episode); sum != sums_.end()) {
                add_victim(sum->second, parts.front().victim, 1, seconds_of(length), ms_of(length));
            }
        }
        if (parts.front().workload && touches_window) {
            out_.locks.max_wait_ms = std::max(out_.locks.max_wait_ms, ms_of(whole));
            out_.locks.victim_seconds += seconds_of(in_window);
        }
        if (parts.front().statement != nullptr) {
            const auto worst =
                std::max_element(by_episode.begin(), by_episode.end(),
                                 [](const auto& a, const auto& b) { return a.second < b.second; });
            keep_stalled({*parts.front().statement, whole, worst->first});
        }
    }

    // For the reader: who stood behind whom, and until when.
    void list_wait(std::span<const Part> parts) {
        for (const auto& part : parts) {
            const bool known = part.victim != unrecorded_operation;
            const WaitList::Entry entry{part.sighting, part.start, part.end,
                                        part.workload && known ? part.victim : std::string{},
                                        part.workload};
            if (!sums_.contains(part.episode)) {
                waits_.drop();
            } else if (&part != &parts.front() && waits_.prolong(entry)) {
                continue;
            } else {
                waits_.add(entry);
            }
        }
    }

    static void add_victim(Sum& sum, const std::string& name, std::uint64_t count, double seconds,
                           double longest_ms) {
        auto& victims = sum.victims[name];
        victims.operation = name;
        victims.count += count;
        victims.longest_wait_ms = std::max(victims.longest_wait_ms, longest_ms);
        sum.seconds += seconds;
        sum.longest_ms = std::max(sum.longest_ms, longest_ms);
    }

    // `episode` is the draft's number until finish_episodes().
    void keep_stalled(StalledOperation stalled) {
        out_.stalled.push_back(std::move(stalled));
        if (out_.stalled.size() >= 2 * stalled_kept) {
            sort_stalled();
        }
    }
    void sort_stalled() {
        std::stable_sort(out_.stalled.begin(), out_.stalled.end(),
                         [](const auto& a, const auto& b) { return a.waited > b.waited; });
        out_.stalled.resize(std::min(out_.stalled.size(), stalled_kept));
    }

    void finish_totals() {
        auto& locks = out_.locks;
        locks.sample_interval_ms = ms_of(in_.interval);
        locks.episodes_dropped = in_.drafts_dropped;
        locks.max_wait_ms = std::max(locks.max_wait_ms, ms_of(in_.longest_unjoined));
        locks.victim_seconds += in_.unjoined_workload_seconds;
        for (std::size_t i = 0; i < in_.samples.size(); ++i) {
            if (in_.samples[i] >= context_.window_from && in_.samples[i] <= context_.window_to) {
                locks.max_blocked = std::max(locks.max_blocked, in_.blocked[i]);
            }
        }
        out_.deadlocks_seen = static_cast<std::uint64_t>(
            std::count_if(in_.drafts.begin(), in_.drafts.end(), [this](const Draft& draft) {
                return draft.cycle && sample(draft.last) >= context_.window_from &&
                       sample(draft.first) <= context_.window_to;
            }));
        out_.waits_unjoined = in_.waits_unjoined;
    }

    void finish_episodes() {
        std::unordered_map<std::uint32_t, std::size_t> places;
        std::vector<std::pair<reports::LockEpisode, std::uint32_t>> episodes;
        for (const auto& draft : in_.drafts) {
            episodes.emplace_back(episode_of(draft), draft.number);
        }
        std::stable_sort(episodes.begin(), episodes.end(), [](const auto& a, const auto& b) {
            return a.first.start_s < b.first.start_s;
        });
        for (auto& [episode, number] : episodes) {
            places.emplace(number, out_.locks.episodes.size());
            out_.locks.episodes.push_back(std::move(episode));
        }
        out_.locks.waits = waits_.take(in_, places, context_.run_start);
        out_.locks.waits_dropped = in_.waits_unjoined + waits_.dropped();
        sort_stalled();
        for (auto& stalled : out_.stalled) {
            const auto place = places.find(static_cast<std::uint32_t>(*stalled.episode));
            stalled.episode = place == places.end() ? std::nullopt : std::optional{place->second};
        }
    }

    reports::LockEpisode episode_of(const Draft& draft) {
        Sum& sum = sums_.at(draft.number);
        for (const auto& [role, victims] : draft.unjoined) {
            Part part;
            part.workload = false;
            Sighting nobody;
            nobody.session = -1;
            nobody.role = role;
            add_victim(sum, name_of_victim(nobody, in_.roles[role], part), victims.count, 0,
                       victims.longest_wait_ms);
        }
        reports::LockEpisode episode;
        const auto start = std::min(sum.start, sample(draft.first));
        const auto end = std::max(sum.end, sample(draft.last));
        episode.start_s = seconds_of(start - context_.run_start);
        episode.end_s = seconds_of(end - context_.run_start);
        episode.blocker =
            blocker_of(draft.blocker, draft.role, middle(sample(draft.first), sample(draft.last)));
        const auto queued = std::max_element(
            draft.queued.begin(), draft.queued.end(),
            [](const auto& a, const auto& b) { return a.second.seen < b.second.seen; });
        // One waiter's own small queue must not hide a root that all the others wait for directly:
        // of those who stand directly behind the root, one sighting in each sample is the queue's
        // maker.
        const std::uint64_t span = draft.last - draft.first + 1;
        const std::uint64_t others = draft.direct - std::min(draft.direct, span);
        if (queued != draft.queued.end() && queued->second.seen >= others) {
            const auto& [session, who] = *queued;
            episode.queued = blocker_of(who.blocker, who.role, sample(draft.first));
            episode.queued_mode = who.mode;
        }
        // What was really seen held goes before what was only asked for.
        const auto held = std::max_element(draft.held.begin(), draft.held.end(),
                                           [](const auto& a, const auto& b) {
                                               return std::pair{!a.first.mode.empty(), a.second} <
                                                      std::pair{!b.first.mode.empty(), b.second};
                                           });
        if (held != draft.held.end()) {
            episode.relation = held->first.relation;
            episode.mode = held->first.mode;
            episode.kind = held->first.kind;
        }
        if (const auto* origin = origin_of(draft, episode)) {
            episode.blocker.query = origin->statement;
        }
        episode.max_blocked = draft.max_blocked;
        episode.victim_seconds = sum.seconds + draft.unjoined_seconds;
        episode.longest_wait_ms = sum.longest_ms;
        for (auto& [name, victims] : sum.victims) {
            episode.victims.push_back(std::move(victims));
        }
        std::stable_sort(
            episode.victims.begin(), episode.victims.end(),
            [](const auto& a, const auto& b) { return a.longest_wait_ms > b.longest_wait_ms; });
        return episode;
    }

    // What the root ran while others waited need not be what took the lock: ALTER TABLE, then a
    // statement of minutes in the same transaction.
    [[nodiscard]] const LockOrigin* origin_of(const Draft& draft,
                                              const reports::LockEpisode& episode) const {
        const LockOrigin* best = nullptr;
        if (draft.role.kind != SessionKind::step) {
            return best;
        }
        for (const auto& origin : context_.origins) {
            if (origin.session != draft.root || origin.relation != episode.relation ||
                origin.from > sample(draft.last) || origin.to < sample(draft.first)) {
                continue;
            }
            // A row's lock goes with one on its table; the last one that was taken before somebody
            // waited is the closest.
            const bool same_mode = origin.mode == episode.mode;
            const bool best_same = best != nullptr && best->mode == episode.mode;
            const bool later = best == nullptr || origin.from > best->from;
            const bool in_time = origin.from <= sample(draft.first);
            if (best == nullptr || (same_mode && !best_same) ||
                (same_mode == best_same && in_time && later)) {
                best = &origin;
            }
        }
        return best;
    }

    [[nodiscard]] reports::Blocker blocker_of(reports::Blocker blocker, const SessionRole& role,
                                              Clock::time_point at) const {
        blocker.kind = name_of(role.kind);
        const bool ours = role.kind == SessionKind::step || role.kind == SessionKind::adversary;
        if (role.kind == SessionKind::workload) {
            const auto* operation = index_.operation_at(blocker.pid, at);
            blocker.operation = operation != nullptr ? name_of_operation(*operation) : role.name;
        } else {
            blocker.step = role.name;
        }
        blocker.query = shorten_query(ours ? blocker.query : mask_literals(blocker.query));
        return blocker;
    }

    [[nodiscard]] Clock::time_point sample(std::uint32_t i) const { return in_.samples[i]; }

    const Sightings& in_;
    const JoinContext& context_;
    StatementIndex index_;
    WaitList waits_;
    Joined out_;
    std::unordered_map<std::uint32_t, Sum> sums_;

    // Of the session at hand.
    std::vector<Part> parts_;
    std::unordered_map<const SlowStatement*, std::size_t> statement_waits_;
    std::size_t next_wait_ = 0;
    std::optional<Clock::time_point> lower_, upper_;
    std::optional<Clock::time_point> seen_before_, seen_after_;  // of the same wait, elsewhere
    bool continues_ = false;
};

}  // namespace

Joined join(const Sightings& sightings, const JoinContext& context) {
    return Join{sightings, context}.run();
}

std::vector<std::uint32_t> blocked_per_second(const Sightings& sightings,
                                              Clock::time_point run_start, std::size_t seconds) {
    std::vector<std::uint32_t> result(seconds, 0);
    for (std::size_t i = 0; i < sightings.samples.size(); ++i) {
        if (sightings.samples[i] < run_start) {
            continue;
        }
        const auto second = static_cast<std::size_t>(
            std::chrono::floor<std::chrono::seconds>(sightings.samples[i] - run_start).count());
        if (second < seconds) {
            result[second] = std::max(result[second], sightings.blocked[i]);
        }
    }
    return result;
}

}  // namespace harness::locks
