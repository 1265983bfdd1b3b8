// The transactions of a recorded session.
#pragma once

#include "workloads/recording.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace workloads::conflicts {

struct Transaction {
    std::uint32_t session = 0;
    std::size_t first = 0, last = 0;  // events, as indices in Recording::events
    // The first and the last of them that are replayed; none: first_sent > last_sent.
    std::size_t first_sent = 1, last_sent = 0;
    std::size_t last_statement = 0;  // that is no COMMIT
    bool committed = false;

    [[nodiscard]] bool is_sent() const noexcept { return first_sent <= last_sent; }
};

// A statement outside of a transaction block is one by itself.
[[nodiscard]] std::vector<Transaction> transactions_of(const Recording& recording,
                                                       std::uint32_t session);

// When a call was over, as far as the log tells; else when it began.
[[nodiscard]] std::int64_t end_of(const Event& event) noexcept;

}  // namespace workloads::conflicts
