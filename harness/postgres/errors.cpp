#include "harness/postgres/errors.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace harness::postgres {

namespace {

using database::Error;
using database::ErrorKind;

constexpr std::pair<std::string_view, ErrorKind> codes[] = {
    {"08001", ErrorKind::connection_refused},  // sqlclient_unable_to_establish_sqlconnection
    {"08004", ErrorKind::connection_refused},  // sqlserver_rejected_establishment_of_sqlconnection
    {"25P03", ErrorKind::connection_lost},  // idle_in_transaction_session_timeout ends the session
    {"25P04", ErrorKind::connection_lost},  // transaction_timeout (17+) ends the session
    {"40001", ErrorKind::serialization},      {"40002", ErrorKind::constraint},
    {"40P01", ErrorKind::deadlock},           {"42501", ErrorKind::privilege},
    {"44000", ErrorKind::constraint},  // with_check_option_violation
    {"53100", ErrorKind::disk_full},          {"53300", ErrorKind::too_many_connections},
    {"55P03", ErrorKind::lock_timeout},       {"57014", ErrorKind::cancelled},
    {"57P01", ErrorKind::connection_lost},     // admin_shutdown
    {"57P02", ErrorKind::connection_lost},     // crash_shutdown
    {"57P03", ErrorKind::connection_refused},  // cannot_connect_now
    {"57P04", ErrorKind::connection_lost},     // database_dropped
    {"57P05", ErrorKind::connection_lost},     // idle_session_timeout
};

constexpr std::pair<std::string_view, ErrorKind> classes[] = {
    {"08", ErrorKind::connection_lost}, {"23", ErrorKind::constraint},
    {"28", ErrorKind::authentication},  {"3F", ErrorKind::syntax},
    {"42", ErrorKind::syntax},
};

std::string field(const PGresult* result, int code) {
    const char* value = PQresultErrorField(result, code);
    return value == nullptr ? std::string{} : std::string{value};
}

std::string trimmed(std::string_view text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0) {
        text.remove_suffix(1);
    }
    return std::string{text};
}

bool is_sqlstate(std::string_view text) {
    return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
           });
}

// Where the first "FATAL:  53300: " of a verbose message has its SQLSTATE.
std::optional<std::size_t> find_verbose_sqlstate(std::string_view message) {
    for (std::size_t at = message.find(":  "); at != std::string_view::npos;
         at = message.find(":  ", at + 1)) {
        const auto rest = message.substr(at + 3);
        if (rest.size() > 7 && is_sqlstate(rest.substr(0, 5)) && rest.substr(5, 2) == ": ") {
            return at + 3;
        }
    }
    return std::nullopt;
}

// Takes "LOCATION:  routine, file:line" lines and every SQLSTATE out of a verbose message.
std::string without_verbosity(std::string message) {
    while (const auto at = find_verbose_sqlstate(message)) {
        message.erase(*at, 7);
    }
    std::string kept;
    std::size_t start = 0;
    while (start < message.size()) {
        const std::size_t end = std::min(message.find('\n', start), message.size());
        const std::string_view line{message.data() + start, end - start};
        if (line.substr(0, 9) != "LOCATION:") {
            kept += kept.empty() ? "" : "\n";
            kept += line;
        }
        start = end + 1;
    }
    return trimmed(kept);
}

const char* remedy_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::too_many_connections:
            return "the server is full: raise max_connections, lower workload.connections, or "
                   "close "
                   "other sessions";
        case ErrorKind::connection_refused:
            return "is the server running, and are host and port right?";
        case ErrorKind::authentication:
            return "check user, password (PGPASSWORD or PGPASSFILE) and pg_hba.conf";
        default:
            return "";
    }
}

}  // namespace

ErrorKind kind_of(std::string_view sqlstate, std::string_view routine,
                  std::string_view message) noexcept {
    for (const auto& [code, kind] : codes) {
        if (code == sqlstate) {
            return kind;
        }
    }
    // RevalidateCachedQuery in plancache.c has raised it since 8.3; 0A000 alone says nothing.
    if (sqlstate == "0A000" && (routine == "RevalidateCachedQuery" ||
                                message.find("cached plan") != std::string_view::npos)) {
        return ErrorKind::plan_changed;
    }
    for (const auto& [prefix, kind] : classes) {
        if (sqlstate.substr(0, 2) == prefix) {
            return kind;
        }
    }
    return ErrorKind::other;
}

Error error_of(const PGresult* result, const PGconn* connection) {
    Error error;
    error.code = field(result, PG_DIAG_SQLSTATE);
    if (error.code.empty()) {
        // libpq's own errors: almost always the connection ("server closed the connection
        // unexpectedly"); else running out of memory.
        const char* text = result != nullptr ? PQresultErrorMessage(result) : "";
        if (connection != nullptr && (*text == '\0' || PQstatus(connection) == CONNECTION_BAD)) {
            return error_of(connection);
        }
        error.kind = result == nullptr ? ErrorKind::connection_lost : ErrorKind::other;
        error.message = scrub(trimmed(text));
        if (error.message.empty()) {
            error.message = "the server gave no answer";
        }
        return error;
    }
    error.message = field(result, PG_DIAG_MESSAGE_PRIMARY);
    error.kind = kind_of(error.code, field(result, PG_DIAG_SOURCE_FUNCTION), error.message);
    error.message = scrub(error.message);
    error.detail = scrub(field(result, PG_DIAG_MESSAGE_DETAIL));
    error.hint = scrub(field(result, PG_DIAG_MESSAGE_HINT));
    if (const auto context = field(result, PG_DIAG_CONTEXT); !context.empty()) {
        error.detail += (error.detail.empty() ? "" : "\n") + scrub(context);
    }
    if (const auto position = field(result, PG_DIAG_STATEMENT_POSITION); !position.empty()) {
        error.position = std::stoul(position);
    }
    return error;
}

Error connect_error(const PGconn* connection) {
    Error error;
    if (connection == nullptr) {
        error.kind = ErrorKind::other;
        error.message = "out of memory while connecting";
        return error;
    }
    const std::string message = PQerrorMessage(connection);
    if (const auto at = find_verbose_sqlstate(message)) {
        error.code = message.substr(*at, 5);
        error.kind = kind_of(error.code);
    } else if (PQconnectionNeedsPassword(connection) == 1) {
        error.kind = ErrorKind::authentication;
    } else {
        error.kind = ErrorKind::connection_refused;
    }
    error.message = scrub(without_verbosity(message));
    if (error.message.empty()) {
        error.message = "the connection could not be made";
    }
    // "password authentication failed" and its like may name the user, never the password; but a
    // password that was taken for a host or port comes back in libpq's message.
    const char* password = PQpass(connection);
    if (password != nullptr && std::string_view{password}.size() >= 3) {
        const std::string_view secret{password};
        for (std::size_t at = error.message.find(secret); at != std::string::npos;
             at = error.message.find(secret, at + 3)) {
            error.message.replace(at, secret.size(), "***");
        }
    }
    error.hint = remedy_of(error.kind);
    return error;
}

Error error_of(const PGconn* connection) {
    Error error;
    error.kind = ErrorKind::connection_lost;
    const std::string message = connection == nullptr ? "" : PQerrorMessage(connection);
    if (const auto at = find_verbose_sqlstate(message)) {
        error.code = message.substr(*at, 5);
        const auto kind = kind_of(error.code);
        error.kind = kind == ErrorKind::other ? error.kind : kind;
    }
    error.message = scrub(without_verbosity(message));
    if (error.message.empty()) {
        error.message = "the connection was lost";
    }
    return error;
}

namespace {

// Hides the value that starts at `at`: quoted with ' (\ escapes), else up to white space, & or ".
void hide_value(std::string& text, std::size_t at) {
    std::size_t end = at;
    if (at < text.size() && text[at] == '\'') {
        for (end = at + 1; end < text.size() && text[end] != '\''; ++end) {
            end += text[end] == '\\' ? 1U : 0U;
        }
        end = std::min(end + 1, text.size());
    } else {
        end = std::min(text.find_first_of(" \t\n&\"", at), text.size());
    }
    text.replace(at, end - at, "***");
}

bool matches_at(std::string_view text, std::size_t at, std::string_view word) {
    return text.size() - at >= word.size() &&
           std::equal(word.begin(), word.end(), text.begin() + static_cast<std::ptrdiff_t>(at),
                      [](char a, char b) {
                          return a ==
                                 static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
                      });
}

}  // namespace

namespace {

// Replaces everything between the first opening quotation mark and the last closing one: a value
// may hold marks of its own. The marks of the server's translations.
void hide_quoted(std::string& message) {
    constexpr std::pair<std::string_view, std::string_view> marks[] = {
        {"\"", "\""}, {"»", "«"}, {"«", "»"}, {"„", "“"}, {"“", "”"}, {"「", "」"}};
    std::size_t first = std::string::npos, last = 0;
    for (const auto& [open, close] : marks) {
        const std::size_t start = message.find(open);
        const std::size_t end = message.rfind(close);
        if (start != std::string::npos && end != std::string::npos && end > start) {
            first = std::min(first, start);
            last = std::max(last, end + close.size());
        }
    }
    if (first != std::string::npos) {
        message.replace(first, last - first, "***");
    }
}

}  // namespace

Error without_row_values(Error error) {
    const std::string_view code = error.code;
    const bool data_exception = code.starts_with("22");
    if (!data_exception && !code.starts_with("23") && code != "44000") {
        return error;
    }
    const std::string message = error.message;
    if (data_exception &&
        !error.position) {  // where it stands in the statement, the value is its own
        hide_quoted(error.message);
    }
    if (error.message != message || !error.detail.empty()) {
        error.detail.clear();
        error.hint +=
            (error.hint.empty() ? "" : "\n") +
            std::string{"the row's values are left out of reports; --show-values shows them"};
    }
    return error;
}

std::string scrub(std::string_view original) {
    std::string text{original};
    constexpr std::string_view key = "password";  // and sslpassword
    for (std::size_t at = 0; at + key.size() < text.size(); ++at) {
        if (!matches_at(text, at, key)) {
            continue;
        }
        std::size_t value = at + key.size();
        while (value < text.size() && text[value] == ' ') {
            ++value;
        }
        if (value < text.size() && text[value] == '=') {
            ++value;
            while (value < text.size() && text[value] == ' ') {
                ++value;
            }
            hide_value(text, value);
            at = value;
        }
    }
    for (std::size_t at = text.find("://"); at != std::string::npos;
         at = text.find("://", at + 3)) {
        // Up to the last @ of the word, so that a password with @ or / in it goes whole.
        const std::size_t start = at + 3;
        const std::size_t end = std::min(text.find_first_of(" \t\n\"'", start), text.size());
        const std::size_t sign = text.rfind('@', end == 0 ? 0 : end - 1);
        const std::size_t colon = text.find(':', start);
        if (sign != std::string::npos && sign > start && colon < sign) {
            text.replace(colon + 1, sign - colon - 1, "***");
        }
    }
    return text;
}

}  // namespace harness::postgres
