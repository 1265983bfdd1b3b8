#include "harness/locks/step_locks.hpp"

#include "harness/locks/query_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <string>
#include <string_view>

namespace harness::locks {
namespace {

using Clock = StepLocks::Clock;

double seconds_of(Clock::duration d) {
    return std::max(0.0, std::chrono::duration<double>(d).count());
}
Clock::time_point middle(Clock::time_point a, Clock::time_point b) {
    return a + (b - a) / 2;
}

// Whether no relation can have been locked by it, or it is not known.
bool locks_nothing(std::string_view statement) {
    const auto end = std::find_if(statement.begin(), statement.end(), [](char c) {
        return std::isalpha(static_cast<unsigned char>(c)) == 0;
    });
    std::string word{statement.begin(), end};
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    constexpr std::array<std::string_view, 6> harmless{"BEGIN", "START", "SET",
                                                       "SHOW",  "RESET", "SAVEPOINT"};
    return statement.empty() || std::find(harmless.begin(), harmless.end(), word) != harmless.end();
}

}  // namespace

void StepLocks::statement_sent(std::int64_t session, StepStatement statement) {
    statements_.sent(session, std::move(statement));
}

void StepLocks::statement_seen(std::int64_t session, Clock::time_point at, std::string_view text,
                               std::int64_t transaction_start_us, std::int64_t offset_us) {
    auto& transaction = seen_transactions_us_[session];
    // Outside a transaction nothing begins: what is seen there is the COMMIT of the last one, whose
    // locks the same look may still show.
    const bool begins = transaction_start_us != 0 && transaction != transaction_start_us;
    if (begins) {
        transaction = transaction_start_us;
    }
    const auto* last = statements_.last(session);
    if (last != nullptr && last->text == text && !begins) {
        return;
    }
    // It may have been sent as soon as its transaction had begun, or just after the last look.
    Clock::time_point sent{std::chrono::microseconds{transaction_start_us - offset_us}};
    if (const auto looked = observed_.find(session); looked != observed_.end()) {
        sent = std::max(sent, looked->second);
    }
    if (last != nullptr) {
        sent = std::max(sent, last->sent);
    }
    statements_.sent(session, {std::min(sent, at), std::string{text}, begins});
}

void StepLocks::observe(Clock::time_point asked, Clock::time_point answered,
                        std::span<const std::int64_t> sessions,
                        std::span<const database::WatchedLock> locks, std::int64_t offset_us) {
    for (const auto& lock : locks) {
        see({asked, answered, offset_us}, lock);
    }
    const std::set<std::int64_t> watched{sessions.begin(), sessions.end()};
    for (auto it = open_.begin(); it != open_.end();) {
        if (it->second.last_seen != answered && watched.contains(it->first.session)) {
            close(it->first, it->second, answered);
            it = open_.erase(it);
        } else {
            ++it;
        }
    }
    for (const auto session : sessions) {
        observed_[session] = asked;
        statements_.forget_before(session, asked);
    }
}

void StepLocks::before_commit(Clock::time_point at, std::int64_t session,
                              std::span<const database::WatchedLock> locks,
                              std::int64_t offset_us) {
    for (const auto& lock : locks) {
        see({at, at, offset_us, true}, lock);
    }
    observed_[session] = at;
}

void StepLocks::note_wait(Clock::time_point at, const database::WatchedLock& wait,
                          std::int64_t offset_us) {
    see({at, at, offset_us}, wait);
}

// A lock that no look showed before.
StepLocks::Open StepLocks::opened(const Look& look, const Key& key) const {
    Open open;
    open.free = began_;
    if (const auto found = observed_.find(key.session); found != observed_.end()) {
        open.free = std::max(open.free, found->second);
    }
    open.asked = look.asked;
    open.answered = open.last_seen = look.answered;
    open.from = std::min(open.free, look.answered);
    attribute(open, key);
    return open;
}

void StepLocks::attribute(Open& open, const Key& key) const {
    const auto* statement =
        statements_.that_locked(key.session, key.relation, open.free, open.asked, open.answered);
    if (statement != nullptr) {
        open.statement = statement->text;
        open.from = std::min(std::max(open.free, statement->sent), open.answered);
    }
}

void StepLocks::see(const Look& look, const database::WatchedLock& lock) {
    const Key key{lock.session, lock.relation, lock.mode};
    auto found = open_.find(key);
    if (found != open_.end()) {
        const auto transaction = statements_.transaction_began(lock.session, look.asked);
        const bool next_transaction = transaction && *transaction > found->second.last_seen;
        // It was held, it is waited for again: another transaction's lock, too.
        if (next_transaction || (!lock.granted && found->second.held_since)) {
            close(key, found->second, next_transaction ? *transaction : look.answered);
            open_.erase(found);
            found = open_.end();
        }
    }
    if (found == open_.end()) {
        if (open_.size() >= bound) {
            return;
        }
        found = open_.emplace(key, opened(look, key)).first;
        if (lock.granted) {
            found->second.held_since = found->second.from;
        }
    } else if (locks_nothing(found->second.statement)) {
        // A tool's sessions are looked at just before their locks: what was sent in between shows
        // only in the next look.
        attribute(found->second, key);
    }
    Open& open = found->second;
    if (!lock.granted && !open.waits_since) {
        open.waits_since = open.from;
    }
    if (!lock.granted && lock.since_us) {
        const Clock::time_point since{std::chrono::microseconds{*lock.since_us - look.offset_us}};
        open.waits_since = std::min(look.answered, std::max(since, began_));
    }
    if (lock.granted && !open.held_since) {
        open.held_since = open.last_seen;  // it still waited then
    }
    open.last_seen = look.answered;
    open.committing = look.committing && lock.granted;
}

void StepLocks::close(const Key& key, const Open& open, Clock::time_point gone) {
    auto& done = done_[{key.relation, key.mode}];
    done.relation = key.relation;
    done.mode = key.mode;
    const auto asked_for = open.waits_since.value_or(open.held_since.value_or(open.from));
    const double start_s = std::chrono::duration<double>(asked_for - run_start_).count();
    done.start_s = std::min(done.start_s.value_or(start_s), start_s);
    const auto end = open.committing ? open.last_seen : middle(open.last_seen, gone);
    if (open.waits_since) {
        done.waited_s += seconds_of(open.held_since.value_or(end) - *open.waits_since);
    }
    if (open.held_since) {
        done.held_s += seconds_of(end - *open.held_since);
    }
    if (!open.statement.empty() && origins_.size() < bound) {
        origins_.push_back(
            {key.session, key.relation, key.mode, shorten_query(open.statement), open.from, gone});
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
