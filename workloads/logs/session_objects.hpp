// What a session has made that later statements depend on: cursors, portals, prepared statements,
// an open transaction.
#pragma once

#include "workloads/logs/replayability.hpp"
#include "workloads/logs/statement_scan.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::logs {

// The latest names of each sort are kept; older ones count as not seen, which makes a statement
// that depends on them less replayable, never more.
class SessionObjects {
public:
    static constexpr std::size_t most_names = 1'000, most_portals = 64;

    // Whether what the statement depends on was seen. `object`: the cursor or prepared statement
    // that it names.
    void complete(EventFacts& facts, std::string_view object) const;

    // After it went through, or failed.
    void follow(const StatementScan& scan, std::string_view object, bool failed);

    void add_portal(std::string_view name, std::string_view portal);
    [[nodiscard]] bool has_portal(std::string_view name, std::string_view portal) const;

private:
    using Names = std::vector<std::string>;

    void follow_transaction(const StatementScan& scan, bool failed);

    Names cursors_, prepared_;
    std::vector<TextHash> portals_;  // a ring once it is full
    std::size_t oldest_portal_ = 0;
    bool in_transaction_ = false;
};

}  // namespace workloads::logs
