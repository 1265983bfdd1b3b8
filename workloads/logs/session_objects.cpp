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

void SessionObjects::complete(EventFacts& facts, std::string_view object) const {
    facts.in_transaction = in_transaction_;
    switch (facts.scan.kind) {
        case StatementKind::fetch_cursor:
            facts.object_seen = holds(cursors_, object);
            break;
        case StatementKind::close_cursor:
            facts.object_seen = object.empty() || holds(cursors_, object);
            break;
        case StatementKind::sql_execute:
            facts.object_seen = holds(prepared_, object);
            facts.prepared_text_known = facts.prepared_text_known || facts.object_seen;
            break;
        default:
            break;
    }
}

void SessionObjects::follow(const StatementScan& scan, std::string_view object, bool failed) {
    follow_transaction(scan, failed);
    if (failed) {
        return;
    }
    switch (scan.kind) {
        case StatementKind::declare_cursor:
            add(cursors_, object);
            break;
        case StatementKind::close_cursor:
            remove(cursors_, object);
            break;
        case StatementKind::sql_prepare:
            add(prepared_, object);
            break;
        case StatementKind::sql_deallocate:
            remove(prepared_, object);
            break;
        case StatementKind::discard:
            prepared_.clear();
            break;
        default:
            break;
    }
}

// A failure aborts a transaction but does not end it; a COMMIT that fails does.
void SessionObjects::follow_transaction(const StatementScan& scan, bool failed) {
    if (scan.has(StatementKind::begin)) {
        in_transaction_ = in_transaction_ || !failed;
    } else if (scan.kind == StatementKind::commit || scan.kind == StatementKind::rollback ||
               scan.kind == StatementKind::prepare_transaction) {
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
