// How far a replay in the recorded order has come. Of one thread.
#pragma once

#include "workloads/conflicts/commit_order.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace workloads::conflicts {

class OrderProgress {
public:
    // `order` must outlive it.
    explicit OrderProgress(const CommitOrder& order);

    // Whether all that the event, an index in the recording, waits for is over.
    [[nodiscard]] bool may_go(std::size_t event) const;

    // The event has ended, however it did, or never will be sent. Each once; again does nothing.
    void ended(std::size_t event);

    // Whether an event that waited may go since this was asked last.
    [[nodiscard]] bool take_released() noexcept;

private:
    const CommitOrder* order_;
    std::vector<std::uint32_t> needs_;  // by node; over: see done_
    std::vector<bool> done_;
    std::vector<Node> ready_;
    bool released_ = false;
};

}  // namespace workloads::conflicts
