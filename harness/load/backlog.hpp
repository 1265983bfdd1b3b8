// Operations that are due and wait for a connection of their application version.
#pragma once

#include "workloads/mix.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace harness::load {

struct DueOperation {
    std::uint64_t index = 0;  // of the run: gives its parameters
    workloads::OperationId operation = 0;
    std::chrono::steady_clock::time_point due{};
};

// First in, first out, per version; bounded over both. Not thread-safe: each worker owns one.
class Backlog {
public:
    explicit Backlog(std::size_t bound) : bound_{bound} {}

    // False when the bound is reached: the caller files the operation as failed.
    [[nodiscard]] bool push(workloads::App app, const DueOperation& due) {
        if (size() >= bound_) {
            return false;
        }
        queue(app).push_back(due);
        return true;
    }

    [[nodiscard]] std::optional<DueOperation> pop(workloads::App app) {
        auto& waiting = queue(app);
        if (waiting.empty()) {
            return std::nullopt;
        }
        const DueOperation next = waiting.front();
        waiting.pop_front();
        return next;
    }

    [[nodiscard]] std::size_t size() const { return queues_[0].size() + queues_[1].size(); }
    [[nodiscard]] bool empty(workloads::App app) const {
        return queues_[static_cast<std::size_t>(app)].empty();
    }

private:
    std::deque<DueOperation>& queue(workloads::App app) {
        return queues_[static_cast<std::size_t>(app)];
    }
    std::size_t bound_;
    std::array<std::deque<DueOperation>, 2> queues_;
};

}  // namespace harness::load
