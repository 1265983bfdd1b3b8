#include "harness/postgres/connection.hpp"

#include "harness/postgres/errors.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <system_error>

#include <poll.h>

namespace harness::postgres {

namespace {

using Clock = std::chrono::steady_clock;
using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;
using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr int default_connect_timeout_s = 10;

Pairs values_of(const PQconninfoOption* options) {
    Pairs pairs;
    for (; options != nullptr && options->keyword != nullptr; ++options) {
        if (options->val != nullptr) {
            pairs.emplace_back(options->keyword, options->val);
        }
    }
    return pairs;
}

bool is_uri(std::string_view text) {
    return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

// libpq takes the part of a password behind an unescaped / or @ for something else, and then
// repeats it in its message. Such strings are refused before libpq sees them.
void check_uri(std::string_view text) {
    const std::string_view rest = text.substr(text.find("://") + 3);
    const std::size_t user_end = rest.find_first_of("@/");
    const bool has_user = user_end != std::string_view::npos && rest[user_end] == '@';
    const std::string_view place = has_user ? rest.substr(user_end + 1) : rest;
    if (place.substr(0, place.find('?')).find('@') != std::string_view::npos) {
        throw InvalidTarget{
            "the connection URI has an @ or / where none may stand: in user and password write @ "
            "as "
            "%40, / as %2F, : as %3A and % as %25"};
    }
}

void check_ports(std::string_view ports) {
    const bool digits = std::all_of(ports.begin(), ports.end(),
                                    [](char c) { return (c >= '0' && c <= '9') || c == ','; });
    if (!digits) {
        throw InvalidTarget{
            "the connection string's port is not a number (a : or / in a password must be written "
            "as "
            "%3A or %2F)"};
    }
}

// Why libpq refused the string, without the parts of the string that it repeats in quotes.
std::string reason_without_values(const char* message) {
    if (message == nullptr) {
        return "out of memory";
    }
    std::string reason;
    bool quoted = false;
    for (const char* c = message; *c != '\0' && *c != '\n'; ++c) {
        if (*c == '"') {
            reason += quoted ? "...\"" : "\"";
            quoted = !quoted;
        } else if (!quoted) {
            reason += *c;
        }
    }
    return reason;
}

std::string conninfo_literal(std::string_view value) {
    std::string text = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') {
            text += '\\';
        }
        text += c;
    }
    return text + "'";
}

bool has(const Pairs& pairs, std::string_view key) {
    return std::any_of(pairs.begin(), pairs.end(), [&](const auto& p) { return p.first == key; });
}

std::string value_in(const Pairs& pairs, std::string_view key) {
    for (const auto& [name, value] : pairs) {
        if (name == key) {
            return value;
        }
    }
    return {};
}

std::chrono::seconds connect_timeout_of(PGconn* connection) {
    const Options options{PQconninfo(connection), &PQconninfoFree};
    const std::string text = value_in(values_of(options.get()), "connect_timeout");
    if (text.empty()) {
        return std::chrono::seconds{default_connect_timeout_s};
    }
    int seconds = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (failed != std::errc{} || end != text.data() + text.size() || seconds <= 0) {
        return std::chrono::hours{1};  // libpq: no limit
    }
    return std::chrono::seconds{std::max(seconds, 2)};  // libpq's own least
}

[[noreturn]] void throw_timed_out(const PGconn* connection, std::chrono::seconds limit) {
    database::Error error;
    error.kind = database::ErrorKind::connection_refused;
    const char* host = PQhost(connection);
    const char* port = PQport(connection);
    error.message = std::string{"connection to "} + (host == nullptr ? "server" : host) + ":" +
                    (port == nullptr ? "" : port) + " timed out after " +
                    std::to_string(limit.count()) + " s";
    error.hint = "is the server reachable from here, and are host and port right?";
    throw database::Outage{error};
}

// One connection attempt under our own clock: PQconnectdb would hide the SQLSTATE, because its
// verbosity cannot be set.
void finish_connecting(PGconn* connection) {
    const auto limit = connect_timeout_of(connection);
    const auto deadline = Clock::now() + limit;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next == PGRES_POLLING_FAILED || PQstatus(connection) == CONNECTION_BAD) {
            throw database::Outage{connect_error(connection)};
        }
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) {
            throw_timed_out(connection, limit);
        }
        pollfd waited{};
        waited.fd = PQsocket(connection);
        waited.events = static_cast<short>(next == PGRES_POLLING_READING ? POLLIN : POLLOUT);
        const int ready = poll(&waited, 1, static_cast<int>(left.count()) + 1);
        if (ready < 0 && errno != EINTR) {
            throw std::system_error{errno, std::generic_category(), "poll"};
        }
        if (ready > 0) {
            next = PQconnectPoll(connection);
        }
    }
}

void drop_notice(void*, const PGresult*) {}

}  // namespace

Target Target::parse(std::string_view text) {
    Target target;
    const Options defaults{PQconndefaults(), &PQconninfoFree};
    if (!defaults) {
        throw InvalidTarget{
            "the connection defaults cannot be read: is PGSERVICE set to a service that "
            "pg_service.conf does not have?"};
    }
    target.defaults_ = values_of(defaults.get());
    if (text.empty()) {
        return target;
    }
    const bool uri = is_uri(text);
    if (text.find('\0') != std::string_view::npos) {
        throw InvalidTarget{"the connection string holds a zero byte"};
    }
    if (uri) {
        check_uri(text);
    }
    if (!uri && text.find('=') == std::string_view::npos) {
        throw InvalidTarget{
            "the connection string is neither a URI (postgresql://user@host:port/database) nor "
            "key=value pairs (host=... dbname=...)"};
    }
    char* message = nullptr;
    const Options parsed{PQconninfoParse(std::string{text}.c_str(), &message), &PQconninfoFree};
    if (!parsed) {
        const std::string reason = reason_without_values(message);
        PQfreemem(message);
        throw InvalidTarget{"the connection string cannot be read: " + reason};
    }
    target.given_ = values_of(parsed.get());
    check_ports(value_in(target.given_, "port"));
    return target;
}

std::string Target::conninfo(std::string_view role) const {
    Target own = *this;
    own.set("application_name", "rehearse/" + std::string{role});
    own.set("client_encoding", "UTF8");
    // A socket folder has no address; PGHOSTADDR would lead to another server altogether.
    if (value_in(given_, "host").starts_with('/') && !has(given_, "hostaddr")) {
        own.set("hostaddr", "");
    }
    // A server that vanishes without a word is noticed after a minute instead of two hours, or a
    // quarter of an hour if it owes us an acknowledgement.
    const std::string timeout = std::to_string(default_connect_timeout_s);
    const std::pair<std::string_view, std::string_view> unless_set[] = {
        {"connect_timeout", timeout}, {"keepalives_idle", "30"},     {"keepalives_interval", "10"},
        {"keepalives_count", "3"},    {"tcp_user_timeout", "60000"},
    };
    for (const auto& [key, value] : unless_set) {
        // What a service named in the string says is not known here, and would be overridden.
        if (!has(given_, key) && !has(defaults_, key) && !has(given_, "service")) {
            own.set(key, value);
        }
    }
    std::string text;
    for (const auto& [key, value] : own.given_) {
        text += (text.empty() ? "" : " ") + key + "=" + conninfo_literal(value);
    }
    return text;
}

Target Target::pinned_to(PGconn* connection) const {
    const Options options{PQconninfo(connection), &PQconninfoFree};
    const Pairs used = values_of(options.get());  // a service's, too
    const bool several = std::any_of(used.begin(), used.end(), [](const auto& pair) {
        return (pair.first == "host" || pair.first == "hostaddr" || pair.first == "port") &&
               pair.second.find(',') != std::string::npos;
    });
    Target own = *this;
    if (several) {
        own.set("host", PQhost(connection));
        own.set("port", PQport(connection));
        own.set("hostaddr", value_in(used, "hostaddr").empty() ? "" : PQhostaddr(connection));
    }
    return own;
}

std::string Target::describe() const {
    std::string host = effective("host");
    if (host.empty()) {
        host = effective("hostaddr");
    }
    const std::string service = effective("service");
    if (host.empty() && !service.empty()) {
        return "service " + service;
    }
    const std::string user = effective("user");
    std::string database = effective("dbname");
    if (database.empty()) {
        database = user;  // as libpq does
    }
    const std::string port = effective("port");
    const std::string place = host.empty()          ? "the local socket, port " + port
                              : host.front() == '/' ? "socket " + host + ", port " + port
                                                    : host + ":" + port;
    return "database " + database + " on " + place + " as " + user;
}

std::string Target::effective(std::string_view key) const {
    return has(given_, key) ? value_in(given_, key) : value_in(defaults_, key);
}

void Target::set(std::string_view key, std::string_view value) {
    std::erase_if(given_, [&](const auto& pair) { return pair.first == key; });
    given_.emplace_back(key, value);
}

Connection open_connection(const std::string& conninfo) {
    Connection connection{PQconnectStart(conninfo.c_str())};
    if (!connection || PQstatus(connection.get()) == CONNECTION_BAD) {
        throw database::Outage{connect_error(connection.get())};
    }
    PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);  // see connect_error
    PQsetNoticeReceiver(connection.get(), drop_notice, nullptr);
    finish_connecting(connection.get());
    PQsetErrorVerbosity(connection.get(), PQERRORS_DEFAULT);
    return connection;
}

std::string untested_version(int major) {
    if (major <= newest_tested_major) {
        return {};
    }
    return "tested with PostgreSQL " + std::to_string(oldest_supported_major) + " to " +
           std::to_string(newest_tested_major) + ", not with " + std::to_string(major) +
           ": compare what it says of locks with what you know";
}

}  // namespace harness::postgres
