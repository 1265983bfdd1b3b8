#include "harness/postgres/lock_graph.hpp"

#include "harness/postgres/cell.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace harness::postgres {
namespace {

using database::LockSample;
using database::LockSession;
using database::LockWaiter;

// Table 13.2 of the manual: bit i of conflicts[m] is set when mode m conflicts with mode i.
constexpr std::array<std::string_view, 8> modes{
    "AccessShareLock", "RowShareLock",          "RowExclusiveLock", "ShareUpdateExclusiveLock",
    "ShareLock",       "ShareRowExclusiveLock", "ExclusiveLock",    "AccessExclusiveLock"};
constexpr std::array<unsigned, 8> conflicts{0x80, 0xc0, 0xf0, 0xf8, 0xec, 0xfc, 0xfe, 0xff};

// Modes that are not in the table (SIReadLock) never block anybody: -1.
int strength(std::string_view mode) noexcept {
    const auto found = std::find(modes.begin(), modes.end(), mode);
    return found == modes.end() ? -1 : static_cast<int>(found - modes.begin());
}

bool conflict(std::string_view a, std::string_view b) noexcept {
    const int i = strength(a);
    const int j = strength(b);
    return i >= 0 && j >= 0 && (conflicts[static_cast<std::size_t>(i)] >> j & 1U) != 0;
}

// {1,2,3}; parallel workers of one session are told as their leader, several times.
std::vector<std::int64_t> numbers_of_array(std::string_view text) {
    std::vector<std::int64_t> numbers;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        std::int64_t value = 0;
        const auto [next, error] = std::from_chars(at, end, value);
        if (error == std::errc{}) {
            numbers.push_back(value);
            at = next;
        } else {
            ++at;
        }
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
}

// Puts the rows of graph_query together.
class GraphReader {
public:
    explicit GraphReader(const PGresult* rows) : rows_{rows} {
        for (int row = 0; row < PQntuples(rows); ++row) {
            read(row);
        }
    }

    LockSample take() {
        for (auto& [wait, object] : waits_) {
            // Those who wait for a transaction hold the row's tuple lock meanwhile: its table.
            if (wait.relation.empty()) {
                const auto tuple = tuple_relations_.find(wait.session);
                wait.relation = tuple == tuple_relations_.end() ? "" : tuple->second;
            }
            // Asked for one of them: another may be in its list itself.
            for (const auto blocker : blockers_[object + " " + wait.mode]) {
                if (blocker != wait.session) {
                    wait.blockers.push_back(blocker);
                }
            }
            file_holders(wait, object);
            // Nobody in its way even in the snapshot: it queued behind waiters that are gone now.
            if (!wait.blockers.empty()) {
                sample_.waiters.push_back(std::move(wait));
            }
        }
        for (auto& [id, session] : sessions_) {
            std::stable_sort(
                session.held.begin(), session.held.end(),
                [](const auto& a, const auto& b) { return strength(a.mode) > strength(b.mode); });
            sample_.sessions.push_back(std::move(session));
        }
        return std::move(sample_);
    }

private:
    struct Holder {
        std::int64_t session;
        LockSession::Held lock;
    };

    void read(int row) {
        const auto cell = [&](int column) { return Cell{rows_, row, column}; };
        const auto text = [&](int column) { return std::string{cell(column).text()}; };
        const std::int64_t id = cell(1).number_or_0();
        switch (cell(0).text().front()) {
            case 'c':
                sample_.server_clock_us = cell(2).number_or_0();
                break;
            case 'w':
                waits_.emplace_back(LockWaiter{id, {}, text(3), text(4), text(5), cell(6).number()},
                                    text(2));
                break;
            case 'b':
                blockers_[text(2) + " " + text(3)] = numbers_of_array(cell(4).text());
                break;
            case 'h':
                holders_[text(2)].push_back({id, {text(3), text(4), text(5)}});
                break;
            case 't':
                tuple_relations_[id] = text(4);
                break;
            case 's':
                sessions_[id] = {id, text(2), text(3), text(4), cell(5).number_or_0(), {}};
                break;
            default:  // 'p'; of several, the oldest stands for all: they share session 0
                auto& prepared = sessions_[0];
                const std::int64_t since = cell(5).number_or_0();
                if (prepared.application.empty() || since < prepared.transaction_start_us) {
                    prepared.application = text(2);
                    prepared.state = "prepared transaction";
                    prepared.transaction_start_us = since;
                }
        }
    }

    // Notes at each holder what it holds that `wait` asks for. A wait without blockers (they were
    // asked for after the snapshot, and it was over by then) has those holders for its blockers.
    void file_holders(LockWaiter& wait, const std::string& object) {
        const auto found = holders_.find(object);
        if (found == holders_.end()) {
            return;
        }
        const bool granted_since = wait.blockers.empty();
        for (const auto& [session, lock] : found->second) {
            if (session == wait.session || !conflict(wait.mode, lock.mode)) {
                continue;
            }
            if (granted_since) {
                wait.blockers.push_back(session);
            }
            auto& holder = sessions_[session];
            holder.session = session;
            const auto same = [&](const LockSession::Held& held) {
                return held.kind == lock.kind && held.relation == lock.relation &&
                       held.mode == lock.mode;
            };
            if (std::none_of(holder.held.begin(), holder.held.end(), same)) {
                holder.held.push_back(lock);
            }
        }
    }

    const PGresult* rows_;
    LockSample sample_;
    std::vector<std::pair<LockWaiter, std::string>> waits_;
    std::unordered_map<std::string, std::vector<std::int64_t>> blockers_;  // by object and mode
    std::unordered_map<std::string, std::vector<Holder>> holders_;
    std::unordered_map<std::int64_t, std::string> tuple_relations_;
    std::map<std::int64_t, LockSession> sessions_;
};

}  // namespace

LockSample read_lock_graph(const PGresult* rows) {
    return GraphReader{rows}.take();
}

}  // namespace harness::postgres
