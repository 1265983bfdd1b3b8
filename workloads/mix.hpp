// Which operation is due: a weighted choice per application version.
#pragma once

#include "workloads/operation.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace workloads {

using OperationId = std::uint16_t;  // index into the scenario's list of operations

class Mix {
public:
    // Operations of weight 0 are never picked. Throws std::invalid_argument for a weight that is
    // negative or not finite, and for more than 65535 operations.
    explicit Mix(std::span<const Operation> operations);

    // True when at least one operation of positive weight is sent by this version.
    [[nodiscard]] bool has(App app) const noexcept;

    // The operation for a uniform 64-bit draw (all of its bits count). Requires has(app).
    [[nodiscard]] OperationId pick(App app, std::uint64_t draw) const noexcept;

private:
    // Walker's alias method: one table look-up a draw, whatever the number of operations.
    struct Column {
        OperationId own, other;
        double own_share;
    };
    static std::vector<Column> columns(std::span<const Operation> operations, App app);
    std::vector<Column> columns_[2];  // by App
};

}  // namespace workloads
