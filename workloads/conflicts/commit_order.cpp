#include "workloads/conflicts/commit_order.hpp"

#include "workloads/conflicts/transactions.hpp"
#include "workloads/replay/session_play.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace workloads::conflicts {
namespace {

// The record of a COMMIT is written when its locks are gone, so that what waited for them may be
// logged before it; not much before it.
constexpr std::int64_t late_record_us = 20'000;
// Ends closer together than this are in no order that a log tells.
constexpr std::int64_t same_moment_us = 2'000;
// A record's time is told in whole milliseconds.
constexpr std::int64_t stamp_us = 1'000;
// Of two calls' rows; beyond it nobody guesses.
constexpr std::size_t most_compared = 10'000;

constexpr std::uint32_t no_transaction = UINT32_MAX;

// Several nodes that one may have to wait for. Kept few: beyond that they become one.
class Nodes {
public:
    static constexpr std::size_t most = 8;

    void add(Node node, std::vector<std::uint64_t>& over, Graph& graph) {
        if (std::find(nodes_.begin(), nodes_.end(), node) != nodes_.end()) {
            return;
        }
        if (nodes_.size() == most) {
            const Node all = graph.add();
            std::uint64_t last = 0;
            for (const Node each : nodes_) {
                graph.edge(each, all);
                last = std::max(last, over[each]);
            }
            over.push_back(last);
            nodes_.assign(1, all);
        }
        nodes_.push_back(node);
        ++version_;
    }
    // Instead of what was there at that version, for which it has waited.
    void follow(Node node, std::uint32_t version, std::vector<std::uint64_t>& over, Graph& graph) {
        if (version == version_) {
            nodes_.clear();
        }
        add(node, over, graph);
    }
    [[nodiscard]] std::uint32_t version() const noexcept { return version_; }
    [[nodiscard]] const std::vector<Node>& all() const noexcept { return nodes_; }

private:
    std::vector<Node> nodes_;
    std::uint32_t version_ = 0;  // how often it was added to
};

// A transaction that has touched something, and whose COMMIT is still to come.
struct Open {
    std::uint32_t transaction = no_transaction;
    bool writes = false;
};

struct Row {
    Nodes writers, lockers;
    std::vector<Open> open;
    std::int64_t written_us = INT64_MIN;  // the end of the last statement by itself
};

struct Space {
    Nodes whole_writers, whole_lockers;  // of any rows
    Nodes row_writers, row_lockers;      // of some
    Nodes fresh_writers;                 // of rows whose keys nobody knows
    std::vector<Open> open_whole, open_rows;
};

// Takes the calls in the order in which they ended. What a transaction did counts for others from
// its commit on: so an edge always leads from what was taken earlier to what is taken later, and
// there is no circle. The exception, a row's next writer that was logged before the COMMIT which
// let it go on, is made only where nothing but that COMMIT is left of the first.
class Builder {
public:
    Builder(const Recording& recording, std::span<const std::uint32_t> sessions)
        : recording_{recording} {
        order_.waits.assign(recording.events.size(), no_node);
        order_.ends.assign(recording.events.size(), no_node);
        transaction_of_.assign(recording.events.size(), no_transaction);
        end_us_.assign(recording.events.size(), INT64_MIN);
        for (const auto session : sessions) {
            note_ends(recording.sessions[session]);
            for (auto& transaction : transactions_of(recording, session)) {
                if (!transaction.committed || !transaction.is_sent()) {
                    continue;
                }
                const auto number = static_cast<std::uint32_t>(transactions_.size());
                for (auto event = transaction.first; event <= transaction.last; ++event) {
                    transaction_of_[event] = number;
                    calls_.push_back(static_cast<std::uint32_t>(event));
                }
                transactions_.push_back({transaction, no_node, {}, false, UINT64_MAX});
            }
        }
        std::sort(calls_.begin(), calls_.end(),
                  [&](std::uint32_t a, std::uint32_t b) { return ended_before(a, b); });
    }

    CommitOrder run(const AccessesOf& accesses_of) {
        for (std::size_t next = 0; next < calls_.size() || !ahead_.empty();) {
            for (; next < calls_.size() &&
                   (ahead_.empty() ||
                    end_of_call(calls_[next]) <= end_of_call(ahead_.front().call) + late_record_us);
                 ++next) {
                ahead_.push_back({calls_[next], {}});
                const auto& event = recording_.events[calls_[next]];
                if (replay::is_replayed(event) && event.outcome == Event::went_through) {
                    accesses_of(event, ahead_.back().accesses);
                }
            }
            take_late_ones();
            take(0);
        }
        order_.graph.close();
        return std::move(order_);
    }

private:
    // A call, and what it touches.
    struct Call {
        std::uint32_t call = 0;
        std::vector<RowAccess> accesses;
    };
    struct Held {
        RowAccess access;
        std::uint32_t writers = 0;  // the version of its row's when the statement ended
    };
    struct Known {
        Transaction events;
        Node node = no_node;
        std::vector<Held> held;  // until it is committed; none that only read
        bool only_commit_is_left = false;
        std::uint64_t began = UINT64_MAX;  // how many calls had been taken before its first
    };

    // A log's clock is coarse, and may be set back: whatever it says, a session's calls ended one
    // after another.
    void note_ends(const Session& session) {
        std::int64_t end = INT64_MIN;
        for (auto i = session.first_event; i < session.first_event + session.events; ++i) {
            end = std::max(end, end_of(recording_.events[i]));
            end_us_[i] = end;
        }
    }

    [[nodiscard]] bool ended_before(std::size_t a, std::size_t b) const {
        if (end_us_[a] != end_us_[b]) {
            return end_us_[a] < end_us_[b];
        }
        const auto &event_a = recording_.events[a], &event_b = recording_.events[b];
        if (event_a.session == event_b.session) {
            return a < b;
        }
        const auto place_a = event_a.place(), place_b = event_b.place();
        return place_a.file != place_b.file ? place_a.file < place_b.file
                                            : place_a.offset < place_b.offset;
    }

    [[nodiscard]] std::int64_t end_of_call(std::size_t call) const { return end_us_[call]; }
    [[nodiscard]] const Transaction& events_of(std::uint32_t call) const {
        return transactions_[transaction_of_[call]].events;
    }
    [[nodiscard]] bool is_by_itself(std::uint32_t call) const {
        return events_of(call).first == events_of(call).last;
    }

    void take(std::size_t index) {
        const Call taken = std::move(ahead_[index]);
        ahead_.erase(ahead_.begin() + static_cast<std::ptrdiff_t>(index));
        auto& transaction = transactions_[transaction_of_[taken.call]];
        ++taken_;
        if (taken.call == transaction.events.first_sent) {
            transaction.began = taken_;
        }
        statement(taken.call, transaction, taken.accesses);
        transaction.only_commit_is_left = taken.call == transaction.events.last_statement;
        if (taken.call == transaction.events.last) {
            commit(transaction);
        }
    }

    // A statement by itself lets its locks go before its record is written, so that what waited for
    // it in another transaction may be logged before it. It is taken first, with what its session
    // did before it.
    void take_late_ones() {
        while (const auto late = find_late_one()) {
            const auto session = events_of(ahead_[*late].call).session;
            const auto call = ahead_[*late].call;
            for (bool more = true; more;) {
                const auto earliest = std::find_if(
                    ahead_.begin(), ahead_.end(),
                    [&](const Call& each) { return events_of(each.call).session == session; });
                more = earliest->call != call;
                take(static_cast<std::size_t>(earliest - ahead_.begin()));
            }
        }
    }

    // That the first of those ahead had waited for.
    std::optional<std::size_t> find_late_one() {
        const auto& first = ahead_.front();
        const auto& its = events_of(first.call);
        const auto duration = recording_.events[first.call].duration_us();
        if (is_by_itself(first.call) || first.accesses.empty() || !duration) {
            return std::nullopt;
        }
        for (std::size_t i = 1; i < ahead_.size(); ++i) {
            const auto call = ahead_[i].call;
            if (call == its.last) {
                break;  // what was logged after its COMMIT came after it
            }
            const auto other = recording_.events[call].duration_us();
            if (!is_by_itself(call) || events_of(call).session == its.session || !other ||
                recording_.events[call].start_us > end_of_call(first.call) + stamp_us ||
                !lock_each_other_out(first.accesses, ahead_[i].accesses) ||
                is_locked_out(ahead_[i].accesses, transactions_[transaction_of_[first.call]])) {
                continue;
            }
            // A transaction that goes on holds its locks: so it must have got them afterwards. If
            // only its COMMIT is left, whoever took longer is the one that waited.
            const bool goes_on = ended_before(call, its.last_statement);
            if (!goes_on && guesses_.emplace(first.call, call).second) {
                ++order_.guessed;
            }
            if (goes_on || *other < *duration) {
                return i;
            }
        }
        return std::nullopt;
    }

    // By what the transaction has done before.
    static bool is_locked_out(const std::vector<RowAccess>& accesses, const Known& transaction) {
        return accesses.size() * transaction.held.size() <= most_compared &&
               std::any_of(transaction.held.begin(), transaction.held.end(), [&](const Held& held) {
                   return std::any_of(
                       accesses.begin(), accesses.end(),
                       [&](const RowAccess& access) { return lock_out(held.access, access); });
               });
    }

    static bool lock_out(const RowAccess& one, const RowAccess& other) {
        return one.space == other.space && std::min(one.mode, other.mode) >= Mode::locks &&
               std::max(one.mode, other.mode) == Mode::writes &&
               (one.rows == Rows::any || other.rows == Rows::any ||
                (has_row(one) && has_row(other) && one.row == other.row));
    }

    static bool lock_each_other_out(const std::vector<RowAccess>& a,
                                    const std::vector<RowAccess>& b) {
        return a.size() * b.size() <= most_compared &&
               std::any_of(a.begin(), a.end(), [&](const RowAccess& one) {
                   return std::any_of(b.begin(), b.end(),
                                      [&](const RowAccess& other) { return lock_out(one, other); });
               });
    }

    static std::uint64_t key_of(const RowAccess& access) {
        return access.row ^ (access.space + 1) * 0x9e37'79b9'7f4a'7c15U;
    }

    void statement(std::uint32_t call, Known& transaction, const std::vector<RowAccess>& accesses) {
        for (const auto& access : accesses) {
            wait_for_others(call, transaction, access);
        }
        for (const auto& access : accesses) {
            if (access.mode == Mode::reads) {
                continue;
            }
            if (transaction.node == no_node) {
                transaction.node = add_node();
                session_of_[transaction.node] = transaction.events.session;
                order_.ends[transaction.events.last_sent] = transaction.node;
                ++order_.transactions;
            }
            Held held{access};
            const Open open{transaction_of_[call], access.mode == Mode::writes};
            auto& space = spaces_[access.space];
            note_open(access.rows == Rows::any ? space.open_whole : space.open_rows, open);
            if (has_row(access)) {
                auto& row = rows_[key_of(access)];
                note_open(row.open, open);
                held.writers = row.writers.version();
            }
            transaction.held.push_back(held);
        }
    }

    // Each transaction once, however many rows it touches.
    static void note_open(std::vector<Open>& all, const Open& open) {
        const auto found = std::find_if(all.begin(), all.end(), [&](const Open& each) {
            return each.transaction == open.transaction;
        });
        if (found == all.end()) {
            all.push_back(open);
        } else {
            found->writes = found->writes || open.writes;
        }
    }

    static bool has_row(const RowAccess& access) {
        return access.rows != Rows::any && access.row_known;
    }

    void wait_for_others(std::uint32_t call, Known& transaction, const RowAccess& access) {
        auto& space = spaces_[access.space];
        const bool writes = access.mode == Mode::writes;
        wait_for(call, transaction, space.whole_writers);
        if (writes) {
            wait_for(call, transaction, space.whole_lockers);
        }
        wait_for_open(call, transaction, access, space.open_whole);
        if (access.rows == Rows::any) {
            wait_for(call, transaction, space.row_writers);
            if (writes) {
                wait_for(call, transaction, space.row_lockers);
            }
            wait_for_open(call, transaction, access, space.open_rows);
        } else if (has_row(access)) {
            const auto found = rows_.find(key_of(access));
            if (found == rows_.end()) {
                // Nobody has named it before: it may be one of those whose key the server drew.
                wait_for(call, transaction, space.fresh_writers);
                return;
            }
            wait_for(call, transaction, found->second.writers);
            if (writes) {
                wait_for(call, transaction, found->second.lockers);
                count_guess(call, transaction, found->second);
            }
            wait_for_open(call, transaction, access, found->second.open);
        }
    }

    void wait_for(std::uint32_t call, const Known& transaction, const Nodes& nodes) {
        for (const Node node : nodes.all()) {
            if (node != transaction.node) {
                wait_for(call, transaction, node);
            }
        }
    }

    // For what was over when the transaction began it waits before it begins: so it holds no locks
    // meanwhile, and sees what it saw.
    void wait_for(std::uint32_t call, const Known& transaction, Node node) {
        if (session_of_[node] == transaction.events.session) {
            return;  // they follow one another anyway
        }
        const auto first = transaction.events.first_sent;
        if (over_[node] < transaction.began) {
            call = static_cast<std::uint32_t>(first);
        }
        auto& wait = order_.waits[call];
        if (wait == no_node) {
            wait = add_node();
            ++order_.waiting_calls;
        }
        linked_.resize(over_.size(), no_node);
        if (linked_[node] != wait) {
            linked_[node] = wait;
            order_.graph.edge(node, wait);
        }
    }

    // Those that had nothing but their COMMIT before them when the call ended.
    void wait_for_open(std::uint32_t call, const Known& transaction, const RowAccess& access,
                       const std::vector<Open>& all) {
        if (access.mode == Mode::reads) {
            return;
        }
        const auto& event = recording_.events[call];
        for (const auto& open : all) {
            const auto& other = transactions_[open.transaction];
            if ((!open.writes && access.mode != Mode::writes) || other.node == no_node ||
                other.events.session == transaction.events.session) {
                continue;
            }

            // Without durations a row's next writer is logged when it begins to wait.

            const bool soon_over =
                event.duration_us()
                    ? end_of_call(static_cast<std::uint32_t>(other.events.last)) - end_of(event) <=
                          late_record_us
                    : has_row(access) && &all != &spaces_[access.space].open_whole;

            if (other.only_commit_is_left && soon_over) {
                wait_for(call, transaction, other.node);
            }
        }
    }

    void count_guess(std::uint32_t call, const Known& transaction, const Row& row) {
        const auto& event = recording_.events[call];
        const bool by_itself = transaction.events.first == transaction.events.last;
        if (by_itself && row.written_us != INT64_MIN && event.start_us < row.written_us &&
            end_of(event) - row.written_us < same_moment_us) {
            ++order_.guessed;
        }
    }

    void commit(Known& transaction) {
        if (transaction.node != no_node) {
            over_[transaction.node] = taken_;
        }
        const bool by_itself = transaction.events.first == transaction.events.last;
        for (const auto& [access, version] : transaction.held) {
            auto& space = spaces_[access.space];
            const bool writes = access.mode == Mode::writes;
            close(access.rows == Rows::any ? space.open_whole : space.open_rows, transaction);
            if (access.rows == Rows::any) {
                add(writes ? space.whole_writers : space.whole_lockers, transaction.node);
                continue;
            }
            add(writes ? space.row_writers : space.row_lockers, transaction.node);
            if (access.rows == Rows::fresh) {
                add(space.fresh_writers, transaction.node);
            }
            if (!has_row(access)) {
                continue;
            }
            auto& row = rows_[key_of(access)];
            if (writes) {
                row.writers.follow(transaction.node, version, over_, order_.graph);
                session_of_.resize(over_.size(), UINT32_MAX);
            } else {
                add(row.lockers, transaction.node);
            }
            if (writes && by_itself) {
                row.written_us = end_of(recording_.events[transaction.events.last]);
            }
            close(row.open, transaction);
        }
        transaction.held = {};
    }

    void close(std::vector<Open>& all, const Known& transaction) {
        std::erase_if(all, [&](const Open& open) {
            return &transactions_[open.transaction] == &transaction;
        });
    }
    void add(Nodes& nodes, Node node) {
        nodes.add(node, over_, order_.graph);
        session_of_.resize(over_.size(), UINT32_MAX);
    }
    Node add_node() {
        const Node node = order_.graph.add();
        over_.push_back(UINT64_MAX);
        session_of_.push_back(UINT32_MAX);
        return node;
    }

    const Recording& recording_;
    CommitOrder order_;
    std::vector<Known> transactions_;
    std::set<std::pair<std::uint32_t, std::uint32_t>> guesses_;
    std::vector<std::int64_t> end_us_;           // by event: see note_ends()
    std::vector<std::uint32_t> transaction_of_;  // by event
    std::vector<std::uint32_t> calls_;           // events, in the order in which they ended

    std::deque<Call> ahead_;  // the next ones, as far as records may be late
    std::unordered_map<std::uint32_t, Space> spaces_;
    std::unordered_map<std::uint64_t, Row> rows_;
    std::uint64_t taken_ = 0;  // calls so far
    // By node: how many calls had been taken when it was over. Not the moment of the recording:
    // what was logged late is taken out of its turn.
    std::vector<std::uint64_t> over_;
    std::vector<Node> linked_;               // by node: which wait it was linked with last
    std::vector<std::uint32_t> session_of_;  // by node; of several transactions: none
};

}  // namespace

CommitOrder commit_order(const Recording& recording, std::span<const std::uint32_t> sessions,
                         const AccessesOf& accesses_of) {
    return Builder{recording, sessions}.run(accesses_of);
}

}  // namespace workloads::conflicts
