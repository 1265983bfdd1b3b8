// Who must have ended before whom: nodes and edges, made once and then only read.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace workloads::conflicts {

using Node = std::uint32_t;
inline constexpr Node no_node = UINT32_MAX;

class Graph {
public:
    Node add() {
        needs_.push_back(0);
        return static_cast<Node>(needs_.size() - 1);
    }
    // `after` is not over before `before` is. Twice is as good as once.
    void edge(Node before, Node after) { edges_.emplace_back(before, after); }

    // After the last edge.
    void close();

    [[nodiscard]] std::size_t nodes() const noexcept { return needs_.size(); }
    [[nodiscard]] std::size_t edges() const noexcept { return edges_.size(); }
    // How many nodes must be over before it.
    [[nodiscard]] const std::vector<std::uint32_t>& needs() const noexcept { return needs_; }
    // Those that wait for it.
    [[nodiscard]] std::span<const std::pair<Node, Node>> waiting(Node node) const;

private:
    std::vector<std::uint32_t> needs_;
    std::vector<std::pair<Node, Node>> edges_;  // sorted once it is closed
    std::vector<std::size_t> first_;            // of each node's edges
};

}  // namespace workloads::conflicts
