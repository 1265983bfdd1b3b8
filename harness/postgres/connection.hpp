// Where a PostgreSQL is and how one gets in, and a blocking libpq connection to it.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libpq-fe.h>

namespace harness::postgres {

// A connection string that libpq does not understand. The message never repeats the string: a
// password with an unescaped / or @ in it shows up as a host or a port.
class InvalidTarget : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

class Target {
public:
    // A libpq URI or key/value string; what it leaves out comes from PG* variables, PGSERVICE and
    // PGPASSFILE, as everywhere. Empty: those alone. Throws InvalidTarget.
    [[nodiscard]] static Target parse(std::string_view text);

    // What libpq is given: application_name 'rehearse/<role>' and UTF-8 whatever the user's
    // environment says, a connect_timeout of 10 s and TCP's own timeouts where he set none. Holds
    // the password if the string did: never print it.
    [[nodiscard]] std::string conninfo(std::string_view role) const;

    // Of several hosts, addresses or ports, the one that this connection has found; what names one
    // only stays as it is.
    [[nodiscard]] Target pinned_to(PGconn* connection) const;

    // For the reader: "database shop on db.example:5432 as anna". No credentials.
    [[nodiscard]] std::string describe() const;

private:
    std::vector<std::pair<std::string, std::string>> given_;     // what the string says
    std::vector<std::pair<std::string, std::string>> defaults_;  // what the environment adds

    [[nodiscard]] std::string effective(std::string_view key) const;
    void set(std::string_view key, std::string_view value);
};

struct CloseConnection {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, CloseConnection>;

struct ClearResult {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;

// Opens a connection and waits for it, at most connect_timeout. Throws database::Outage with the
// server's SQLSTATE where it gave one. Notices are dropped.
[[nodiscard]] Connection open_connection(const std::string& conninfo);

// The first release that the harness supports, and the last one it was tested with.
inline constexpr int oldest_supported_major = 10;
inline constexpr int newest_tested_major = 18;

// What to know about a server that is newer than all that were tested; empty for the others.
[[nodiscard]] std::string untested_version(int major);

}  // namespace harness::postgres
