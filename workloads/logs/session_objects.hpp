// What a session has made that later statements depend on: cursors, portals, prepared statements,
// an open transaction, and whether chance aborted it.
#pragma once

#include "workloads/logs/replayability.hpp"
#include "workloads/logs/statement_scan.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace workloads::logs {

// The latest names of each sort are kept; older ones count as not seen, which makes a statement
// that depends on them less replayable, never more.
class SessionObjects {
public:
    static constexpr std::size_t most_names = 256, most_portals = 64;

    // Whether all that the text depends on was seen, or is made by the text itself before.
    void complete(EventFacts& facts, std::span<const ObjectUse> objects) const;

    // After it went through (`sqlstate` is empty), or failed.
    void follow(const StatementScan& scan, std::span<const ObjectUse> objects,
                std::string_view sqlstate);

    void add_portal(std::string_view name, std::string_view portal);
    [[nodiscard]] bool has_portal(std::string_view name, std::string_view portal) const;

private:
    using Names = std::vector<std::string>;

    static void follow_object(const ObjectUse& use, Names& cursors, Names& prepared);
    void follow_transaction(const StatementScan& scan, bool failed);

    Names cursors_, prepared_;
    std::vector<TextHash> portals_;  // a ring once it is full
    std::size_t oldest_portal_ = 0;
    bool in_transaction_ = false, aborted_by_circumstance_ = false;
};

}  // namespace workloads::logs
