// The order that `workload.replay.order: recorded` keeps, by what the recording's statements touch
// on the target.
#pragma once

#include "harness/recording/recorded_statements.hpp"
#include "workloads/conflicts/commit_order.hpp"
#include "workloads/conflicts/relations.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <stop_token>
#include <string>

namespace harness::recording {

struct ReplayOrder {
    workloads::conflicts::CommitOrder commits;
    // Calls that may touch more than their text tells, by why: "function transfer".
    std::map<std::string, std::uint64_t> unseen;
};

// Throws Stopped, CutShort.
[[nodiscard]] ReplayOrder recorded_order(const workloads::Recording& recording,
                                         std::span<const std::uint32_t> sessions,
                                         RecordedStatements& statements,
                                         const workloads::conflicts::Relations& relations,
                                         const std::stop_token& stop);

}  // namespace harness::recording
