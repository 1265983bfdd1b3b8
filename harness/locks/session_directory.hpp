// Which session is whose: what the observer needs to say "the step add_region blocked read_order".
#pragma once

#include "harness/database/lock_source.hpp"

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace harness::locks {

enum class SessionKind : std::uint8_t {
    workload,
    step,  // of the migration
    adversary,
    harness,  // the observer, the verifier
    other,    // not of this rehearsal
    prepared_transaction,
};
[[nodiscard]] const char* name_of(SessionKind) noexcept;  // as reports::Blocker::kind spells it

struct SessionRole {
    SessionKind kind = SessionKind::other;
    std::string name;  // of the step, the adversary or (where the query told it) the operation
    friend bool operator==(const SessionRole&, const SessionRole&) = default;
};

// Told by whoever opens connections; asked by the observer's thread. Thread-safe.
//
// Sessions that were not entered are recognised by their application name: rehearse/workload...,
// rehearse/step..., rehearse/adversary..., any other rehearse/... is the harness's own; what
// follows a second slash is the name. All else is `other`.
class SessionDirectory {
public:
    // From now on (a migration's connection plays one step after another). A session that ends
    // needs no removal: its id is entered again, or recognised anew, when the server reuses it.
    void enter(std::int64_t session, SessionRole role);

    // The statement text of an operation as it is prepared: names a blocker of the workload that is
    // in the middle of that statement.
    void name_statement(std::string text, std::string operation);

    [[nodiscard]] SessionRole role_of(const database::LockSession& session) const;

    // Of the rehearsal itself: not a session of a migration tool.
    [[nodiscard]] bool known(const database::LockSession& session) const;

private:
    [[nodiscard]] std::optional<SessionRole> entered(std::int64_t session) const;
    [[nodiscard]] std::string operation_of(std::string_view query) const;

    mutable std::mutex mutex_;
    std::unordered_map<std::int64_t, SessionRole> roles_;
    std::vector<std::pair<std::string, std::string>> statements_;
};

}  // namespace harness::locks
