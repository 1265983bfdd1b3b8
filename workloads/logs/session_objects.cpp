#include "workloads/logs/session_objects.hpp"

#include <algorithm>

namespace workloads::logs {
namespace {

bool holds(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

void add(std::vector<std::string>& names, std::string_view name) {
    if (holds(names, name)) {
        return;
    }
    if (names.size() >= SessionObjects::most_names) {
        names.erase(names.begin());
    }
    names.emplace_back(name);
}

// An empty name means all of them.
void remove(std::vector<std::string>& names, std::string_view name) {
    if (name.empty()) {
        names.clear();
    } else {
        names.erase(std::remove(names.begin(), names.end(), name), names.end());
    }
}

TextHash key_of(std::string_view name, std::string_view portal) {
    const auto first = hash_of(name), second = hash_of(portal);
    return {first.low ^ (second.low << 1U | second.low >> 63U), first.high ^ second.high};
}

}  // namespace

void SessionObjects::complete(EventFacts& facts, std::span<const ObjectUse> objects) const {
    facts.in_transaction = in_transaction_;
    facts.aborted_by_circumstance = aborted_by_circumstance_;
    if (objects.empty()) {
        return;
    }
    // Only what a text makes for itself needs a copy.
    Names cursors_then, prepared_then;
    const bool several = objects.size() > 1;
    if (several) {
        cursors_then = cursors_;
        prepared_then = prepared_;
    }
    const Names& cursors = several ? cursors_then : cursors_;
    const Names& prepared = several ? prepared_then : prepared_;
    for (const auto& use : objects) {
        const bool cursor = use.kind == StatementKind::fetch_cursor ||
                            (use.kind == StatementKind::close_cursor && !use.name.empty());
        if (cursor && !holds(cursors, use.name)) {
            facts.object_seen = false;
        }
        if (use.kind == StatementKind::sql_execute && !holds(prepared, use.name)) {
            facts.prepare_seen = false;
        }
        if (several) {
            follow_object(use, cursors_then, prepared_then);
        }
    }
    facts.prepared_text_known = facts.prepared_text_known || facts.prepare_seen;
}

void SessionObjects::follow(const StatementScan& scan, std::span<const ObjectUse> objects,
                            std::string_view sqlstate) {
    const bool failed = !sqlstate.empty();
    follow_transaction(scan, failed);
    // Until something goes through again: ROLLBACK, ROLLBACK TO, or a COMMIT that rolls back.
    if (sqlstate != "25P02") {
        aborted_by_circumstance_ = fails_by_circumstance(sqlstate);
    }
    for (const auto& use : objects) {
        if (!failed) {
            follow_object(use, cursors_, prepared_);
        }
    }
}

void SessionObjects::follow_object(const ObjectUse& use, Names& cursors, Names& prepared) {
    switch (use.kind) {
        case StatementKind::declare_cursor:
            add(cursors, use.name);
            break;
        case StatementKind::close_cursor:
            remove(cursors, use.name);
            break;
        case StatementKind::sql_prepare:
            add(prepared, use.name);
            break;
        case StatementKind::sql_deallocate:
        case StatementKind::discard:
            remove(prepared, use.name);
            break;
        default:
            break;
    }
}

// A failure aborts a transaction but does not end it; a COMMIT that fails does. Of several
// statements that failed it is not known which ran: the transaction counts as not seen.
void SessionObjects::follow_transaction(const StatementScan& scan, bool failed) {
    if (scan.transaction == StatementScan::Transaction::untouched) {
        return;
    }
    if (!failed) {
        in_transaction_ = scan.transaction == StatementScan::Transaction::open;
    } else if (scan.kind != StatementKind::begin) {
        in_transaction_ = false;
    }
}

void SessionObjects::add_portal(std::string_view name, std::string_view portal) {
    const auto key = key_of(name, portal);
    if (std::find(portals_.begin(), portals_.end(), key) != portals_.end()) {
        return;
    }
    if (portals_.size() < most_portals) {
        portals_.push_back(key);
    } else {
        portals_[oldest_portal_] = key;
        oldest_portal_ = (oldest_portal_ + 1) % most_portals;
    }
}

bool SessionObjects::has_portal(std::string_view name, std::string_view portal) const {
    return std::find(portals_.begin(), portals_.end(), key_of(name, portal)) != portals_.end();
}

}  // namespace workloads::logs
