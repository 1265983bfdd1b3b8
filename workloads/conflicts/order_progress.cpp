#include "workloads/conflicts/order_progress.hpp"

#include <utility>

namespace workloads::conflicts {

OrderProgress::OrderProgress(const CommitOrder& order)
    : order_{&order}, needs_{order.graph.needs()}, done_(order.graph.nodes(), false) {}

bool OrderProgress::may_go(std::size_t event) const {
    const Node wait = order_->waits[event];
    return wait == no_node || needs_[wait] == 0;
}

void OrderProgress::ended(std::size_t event) {
    const Node ends = order_->ends[event];
    if (ends == no_node || done_[ends]) {
        return;
    }
    done_[ends] = true;
    ready_.push_back(ends);
    // A node that stands for several is over with the last of them, without anybody's doing.
    while (!ready_.empty()) {
        const Node over = ready_.back();
        ready_.pop_back();
        for (const auto& [before, after] : order_->graph.waiting(over)) {
            if (--needs_[after] == 0) {
                released_ = true;
                ready_.push_back(after);
            }
        }
    }
}

bool OrderProgress::take_released() noexcept {
    return std::exchange(released_, false);
}

}  // namespace workloads::conflicts
