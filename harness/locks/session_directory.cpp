#include "harness/locks/session_directory.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace harness::locks {
namespace {

constexpr std::string_view prefix = "rehearse/";

std::optional<SessionRole> role_of_application(std::string_view application) {
    if (!application.starts_with(prefix)) {
        return std::nullopt;
    }
    auto role = application.substr(prefix.size());
    const auto slash = role.find('/');
    const std::string name{slash == std::string_view::npos ? "" : role.substr(slash + 1)};
    role = role.substr(0, slash);
    if (role == "workload") {
        return SessionRole{SessionKind::workload, ""};
    }
    if (role == "step") {
        return SessionRole{SessionKind::step, name};
    }
    if (role == "adversary") {
        return SessionRole{SessionKind::adversary, name};
    }
    return SessionRole{SessionKind::harness, ""};
}

}  // namespace

const char* name_of(SessionKind kind) noexcept {
    static constexpr std::array names{"operation", "step",  "adversary",
                                      "harness",   "other", "prepared_transaction"};
    return names[static_cast<std::size_t>(kind)];
}

void SessionDirectory::enter(std::int64_t session, SessionRole role) {
    const std::lock_guard lock{mutex_};
    roles_[session] = std::move(role);
}

void SessionDirectory::name_statement(std::string text, std::string operation) {
    const std::lock_guard lock{mutex_};
    statements_.emplace_back(std::move(text), std::move(operation));
}

SessionRole SessionDirectory::role_of(const database::LockSession& session) const {
    if (session.session == 0) {
        return {SessionKind::prepared_transaction, session.application};
    }
    const std::lock_guard lock{mutex_};
    auto role = entered(session.session);
    if (!role) {
        role = role_of_application(session.application);
    }
    if (!role) {
        return {SessionKind::other, ""};
    }
    if (role->kind == SessionKind::workload && role->name.empty()) {
        role->name = operation_of(session.query);
    }
    return *role;
}

bool SessionDirectory::known(const database::LockSession& session) const {
    const std::lock_guard lock{mutex_};
    if (const auto role = entered(session.session)) {
        return role->kind != SessionKind::other;
    }
    const auto role = role_of_application(session.application);
    return role && role->kind != SessionKind::step;
}

std::optional<SessionRole> SessionDirectory::entered(std::int64_t session) const {
    const auto found = roles_.find(session);
    return found == roles_.end() ? std::nullopt : std::optional{found->second};
}

std::string SessionDirectory::operation_of(std::string_view query) const {
    for (const auto& [text, operation] : statements_) {
        if (query == text) {
            return operation;
        }
    }
    // The server keeps no more than track_activity_query_size bytes of a query, never less than 99.
    constexpr std::size_t shortest_cut = 99;
    for (const auto& [text, operation] : statements_) {
        if (query.size() >= shortest_cut && std::string_view{text}.starts_with(query)) {
            return operation;
        }
    }
    return "";
}

}  // namespace harness::locks
