#include "workloads/conflicts/commit_order.hpp"

#include "workloads/conflicts/transactions.hpp"
#include "workloads/replay/session_play.hpp"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

namespace workloads::conflicts {
namespace {

// The record of a COMMIT is written when its locks are gone, so that what waited for them may be
// logged before it; not much before it.
constexpr std::int64_t late_record_us = 20'000;
// Ends closer together than this are in no order that a log tells.
constexpr std::int64_t same_moment_us = 2'000;

constexpr std::uint32_t no_transaction = UINT32_MAX;

// Several nodes that one may have to wait for. Kept few: beyond that they become one.
class Nodes {
public:
    static constexpr std::size_t most = 8;

    // `end_us`: when the last of them is over in the recording.
    void add(Node node, std::vector<std::int64_t>& ends, Graph& graph) {
        if (std::find(nodes_.begin(), nodes_.end(), node) != nodes_.end()) {
            return;
        }
        if (nodes_.size() == most) {
            const Node all = graph.add();
            std::int64_t end = INT64_MIN;
            for (const Node each : nodes_) {
                graph.edge(each, all);
                end = std::max(end, ends[each]);
            }
            ends.push_back(end);
            nodes_.assign(1, all);
        }
        nodes_.push_back(node);
        ++version_;
    }
    // Instead of what was there at that version, for which it has waited.
    void follow(Node node, std::uint32_t version, std::vector<std::int64_t>& ends, Graph& graph) {
        if (version == version_) {
            nodes_.clear();
        }
        add(node, ends, graph);
    }
    [[nodiscard]] std::uint32_t version() const noexcept { return version_; }
    [[nodiscard]] const std::vector<Node>& all() const noexcept { return nodes_; }

private:
    std::vector<Node> nodes_;
    std::uint32_t version_ = 0;  // how often it was added to
};

struct Row {
    Nodes writers, lockers;
    std::uint32_t open_writer = no_transaction;  // that has not committed yet
    std::int64_t written_us = INT64_MIN;         // the end of the last statement by itself
};

struct Space {
    Nodes whole_writers, whole_lockers;  // of any rows
    Nodes row_writers, row_lockers;      // of some
};

// Takes the calls in the order in which they ended. What a transaction did counts for others from
// its commit on: so an edge always leads from what was over to what came later, and there is no
// circle. The exception, a row's next writer that was logged before the COMMIT which let it go on,
// is made only where nothing but that COMMIT is left of the first.
class Builder {
public:
    Builder(const Recording& recording, std::span<const std::uint32_t> sessions)
        : recording_{recording} {
        order_.waits.assign(recording.events.size(), no_node);
        order_.ends.assign(recording.events.size(), no_node);
        transaction_of_.assign(recording.events.size(), no_transaction);
        for (const auto session : sessions) {
            for (auto& transaction : transactions_of(recording, session)) {
                if (!transaction.committed || !transaction.is_sent()) {
                    continue;
                }
                const auto number = static_cast<std::uint32_t>(transactions_.size());
                for (auto event = transaction.first; event <= transaction.last; ++event) {
                    transaction_of_[event] = number;
                    calls_.push_back(static_cast<std::uint32_t>(event));
                }
                transactions_.push_back({transaction, no_node, {}});
            }
        }
        std::sort(calls_.begin(), calls_.end(), [&](std::uint32_t a, std::uint32_t b) {
            return ended_before(recording_.events[a], recording_.events[b]);
        });
    }

    CommitOrder run(const AccessesOf& accesses_of) {
        std::vector<RowAccess> accesses;
        for (const auto call : calls_) {
            const auto& event = recording_.events[call];
            auto& transaction = transactions_[transaction_of_[call]];
            if (replay::is_replayed(event) && event.outcome == Event::went_through) {
                accesses.clear();
                accesses_of(event, accesses);
                statement(call, transaction, accesses);
            }
            if (call == transaction.events.last) {
                commit(transaction);
            }
        }
        order_.graph.close();
        return std::move(order_);
    }

private:
    struct Held {
        RowAccess access;
        std::uint32_t writers = 0;  // the version of its row's when the statement ended
    };
    struct Known {
        Transaction events;
        Node node = no_node;
        std::vector<Held> held;  // until it is committed; none that only read
    };

    static bool ended_before(const Event& a, const Event& b) {
        const auto end_a = end_of(a), end_b = end_of(b);
        if (end_a != end_b) {
            return end_a < end_b;
        }
        const auto place_a = a.place(), place_b = b.place();
        return place_a.file != place_b.file ? place_a.file < place_b.file
                                            : place_a.offset < place_b.offset;
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
                transaction.node = add_node(end_of(recording_.events[transaction.events.last]));
                session_of_[transaction.node] = transaction.events.session;
                order_.ends[transaction.events.last_sent] = transaction.node;
                ++order_.transactions;
            }
            Held held{access};
            if (access.mode == Mode::writes && has_row(access)) {
                auto& row = rows_[key_of(access)];
                row.open_writer = transaction_of_[call];
                held.writers = row.writers.version();
            }
            transaction.held.push_back(held);
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
        if (access.rows == Rows::any) {
            wait_for(call, transaction, space.row_writers);
            if (writes) {
                wait_for(call, transaction, space.row_lockers);
            }
        } else if (has_row(access)) {
            const auto found = rows_.find(key_of(access));
            if (found == rows_.end()) {
                return;
            }
            wait_for(call, transaction, found->second.writers);
            if (writes) {
                wait_for(call, transaction, found->second.lockers);
                count_guess(call, transaction, found->second);
            }
            if (access.mode != Mode::reads) {
                wait_for_open_writer(call, transaction, found->second);
            }
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
        if (ends_us_[node] <= recording_.events[first].start_us) {
            call = static_cast<std::uint32_t>(first);
        }
        auto& wait = order_.waits[call];
        if (wait == no_node) {
            wait = add_node(INT64_MIN);
            ++order_.waiting_calls;
        }
        order_.graph.edge(node, wait);
    }

    void wait_for_open_writer(std::uint32_t call, const Known& transaction, const Row& row) {
        if (row.open_writer == no_transaction) {
            return;
        }
        const auto& writer = transactions_[row.open_writer];
        const auto& event = recording_.events[call];
        if (writer.node == no_node || writer.events.session == transaction.events.session ||
            !ended_before(recording_.events[writer.events.last_statement], event)) {
            return;
        }
        const bool soon_over =
            !event.duration_us() || ends_us_[writer.node] - end_of(event) <= late_record_us;
        if (soon_over) {
            wait_for(call, transaction, writer.node);
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
        const bool by_itself = transaction.events.first == transaction.events.last;
        for (const auto& [access, version] : transaction.held) {
            auto& space = spaces_[access.space];
            const bool writes = access.mode == Mode::writes;
            if (access.rows == Rows::any) {
                add(writes ? space.whole_writers : space.whole_lockers, transaction.node);
                continue;
            }
            add(writes ? space.row_writers : space.row_lockers, transaction.node);
            if (!has_row(access)) {
                continue;
            }
            auto& row = rows_[key_of(access)];
            if (writes) {
                row.writers.follow(transaction.node, version, ends_us_, order_.graph);
                session_of_.resize(ends_us_.size(), UINT32_MAX);
            } else {
                add(row.lockers, transaction.node);
            }
            if (writes && by_itself) {
                row.written_us = end_of(recording_.events[transaction.events.last]);
            }
            if (writes && row.open_writer != no_transaction &&
                &transactions_[row.open_writer] == &transaction) {
                row.open_writer = no_transaction;
            }
        }
        transaction.held = {};
    }

    void add(Nodes& nodes, Node node) {
        nodes.add(node, ends_us_, order_.graph);
        session_of_.resize(ends_us_.size(), UINT32_MAX);
    }
    Node add_node(std::int64_t end_us) {
        const Node node = order_.graph.add();
        ends_us_.push_back(end_us);
        session_of_.push_back(UINT32_MAX);
        return node;
    }

    const Recording& recording_;
    CommitOrder order_;
    std::vector<Known> transactions_;
    std::vector<std::uint32_t> transaction_of_;  // by event
    std::vector<std::uint32_t> calls_;           // events, in the order in which they ended
    std::unordered_map<std::uint32_t, Space> spaces_;
    std::unordered_map<std::uint64_t, Row> rows_;
    std::vector<std::int64_t> ends_us_;      // by node
    std::vector<std::uint32_t> session_of_;  // by node; of several transactions: none
};

}  // namespace

CommitOrder commit_order(const Recording& recording, std::span<const std::uint32_t> sessions,
                         const AccessesOf& accesses_of) {
    return Builder{recording, sessions}.run(accesses_of);
}

}  // namespace workloads::conflicts
