#include "workloads/logs/session_objects.hpp"

#include <algorithm>

namespace workloads::logs {
namespace {

bool holds(const std::vector<std::string>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

void add(std::vector<std::string>& names, std::string_view name) {
    if (!holds(names, name) && names.size() < SessionObjects::most) {
        names.emplace_back(name);
    }
}

// An empty name means all of them.
void remove(std::vector<std::string>& names, std::string_view name) {
    if (name.empty()) {
        names.clear();
    } else {
        names.erase(std::remove(names.begin(), names.end(), name), names.end());
    }
}

// A NUL cannot stand in a name.
std::string key_of(std::string_view name, std::string_view portal) {
    return std::string{name} + '\0' + std::string{portal};
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
    add(portals_, key_of(name, portal));
}

bool SessionObjects::has_portal(std::string_view name, std::string_view portal) const {
    return holds(portals_, key_of(name, portal));
}

}  // namespace workloads::logs
