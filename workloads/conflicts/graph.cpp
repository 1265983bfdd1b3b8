#include "workloads/conflicts/graph.hpp"

#include <algorithm>

namespace workloads::conflicts {

void Graph::close() {
    std::sort(edges_.begin(), edges_.end());
    edges_.erase(std::unique(edges_.begin(), edges_.end()), edges_.end());
    edges_.shrink_to_fit();
    first_.assign(needs_.size() + 1, 0);
    for (const auto& [before, after] : edges_) {
        ++first_[before + 1];
        ++needs_[after];
    }
    for (std::size_t i = 1; i < first_.size(); ++i) {
        first_[i] += first_[i - 1];
    }
}

std::span<const std::pair<Node, Node>> Graph::waiting(Node node) const {
    return std::span{edges_}.subspan(first_[node], first_[node + 1] - first_[node]);
}

}  // namespace workloads::conflicts
