#include "harness/database/error.hpp"

namespace harness::database {

std::string_view meaning_of(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::lock_timeout:
            return "lock timeout";
        case ErrorKind::deadlock:
            return "deadlock detected";
        case ErrorKind::serialization:
            return "serialization failure";
        case ErrorKind::cancelled:
            return "statement timeout, or cancelled";
        case ErrorKind::connection_lost:
            return "connection lost";
        case ErrorKind::connection_refused:
            return "connection refused";
        case ErrorKind::too_many_connections:
            return "too many connections";
        case ErrorKind::authentication:
            return "authentication failed";
        case ErrorKind::plan_changed:
            return "cached plan must not change result type";
        case ErrorKind::privilege:
            return "privilege missing";
        case ErrorKind::syntax:
            return "the statement no longer fits the schema";
        case ErrorKind::constraint:
            return "constraint violated";
        case ErrorKind::disk_full:
            return "disk full";
        case ErrorKind::other:
            break;
    }
    return {};
}

namespace {

// Details of several lines keep their indentation.
void append_indented(std::string& text, const char* label, const std::string& lines) {
    if (lines.empty()) {
        return;
    }
    text += "\n  ";
    text += label;
    for (const char c : lines) {
        text += c;
        if (c == '\n') {
            text += "    ";
        }
    }
}

}  // namespace

std::string Error::text() const {
    std::string text = message;
    if (!code.empty()) {
        text += " (SQLSTATE " + code + ")";
    }
    if (position) {
        text += " at character " + std::to_string(*position);
    }
    append_indented(text, "detail: ", detail);
    append_indented(text, "hint: ", hint);
    return text;
}

}  // namespace harness::database
