// In which order the transactions of a recording must be replayed so that those which touched the
// same rows commit in the order in which they did; all others run beside each other.
#pragma once

#include "workloads/conflicts/accesses.hpp"
#include "workloads/conflicts/graph.hpp"
#include "workloads/recording.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace workloads::conflicts {

// An access of one call, with its values: one for each row.
struct RowAccess {
    std::uint32_t space = 0;
    Mode mode = Mode::reads;
    Rows rows = Rows::any;
    std::uint64_t row = 0;  // of `listed`; of `fresh` too where it is known
    bool row_known = true;
};

struct CommitOrder {
    Graph graph;
    // By the index of an event in the recording: the node that must be over before it is sent, and
    // the transaction that is over with it. Mostly no_node.
    std::vector<Node> waits, ends;
    std::uint64_t transactions = 0;  // that others may have to wait for
    std::uint64_t waiting_calls = 0;
    // Calls whose order is a guess: one of them or both are no transaction block's, they wrote the
    // same rows, and their ends lie closer together than a log tells.
    std::uint64_t guessed = 0;
};

// What a call touches: appends to the list. Called once for each event that is replayed and went
// through, in the order in which they ended.
using AccessesOf = std::function<void(const Event& event, std::vector<RowAccess>& found)>;

// Of these sessions of the recording.
[[nodiscard]] CommitOrder commit_order(const Recording& recording,
                                       std::span<const std::uint32_t> sessions,
                                       const AccessesOf& accesses_of);

}  // namespace workloads::conflicts
