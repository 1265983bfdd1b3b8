// What a database said no with, in terms that hold for every engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace harness::database {

enum class ErrorKind : std::uint8_t {
    lock_timeout,
    deadlock,
    serialization,
    cancelled,  // statement timeout, or cancelled by somebody
    connection_lost,
    connection_refused,
    too_many_connections,
    authentication,
    plan_changed,  // "cached plan must not change result type"
    privilege,
    syntax,  // or an unknown table, column, function: the statement itself is wrong
    constraint,
    disk_full,
    other,
};

// In a reader's words; empty for `other`.
[[nodiscard]] std::string_view meaning_of(ErrorKind) noexcept;

struct Error {
    ErrorKind kind = ErrorKind::other;
    std::string code;     // the engine's own: SQLSTATE; empty where there is none
    std::string message;  // never holds a password
    std::string detail, hint;
    std::optional<std::size_t> position;  // in characters of the statement, from 1

    [[nodiscard]] std::string text() const;  // "message (SQLSTATE 55P03)\n  detail ...\n  hint ..."
};

// Thrown where no answer is possible: the connection cannot be made or was lost on the control
// path.
class Outage : public std::runtime_error {
public:
    explicit Outage(Error error) : std::runtime_error{error.text()}, error_{std::move(error)} {}
    [[nodiscard]] const Error& error() const noexcept { return error_; }

private:
    Error error_;
};

}  // namespace harness::database
