// What PostgreSQL says no with, in the harness's terms: SQLSTATE to kind, and the ways an error
// comes in (a libpq result, a connection that failed).
#pragma once

#include "harness/database/error.hpp"

#include <string>
#include <string_view>

#include <libpq-fe.h>

namespace harness::postgres {

// The table of SQLSTATEs (PostgreSQL's appendix A). `routine` is the server's function that raised
// the error: the only sign of a changed plan that survives a localised message.
[[nodiscard]] database::ErrorKind kind_of(std::string_view sqlstate, std::string_view routine = {},
                                          std::string_view message = {}) noexcept;

// Of a result that holds an error. A result that is null, or an error without SQLSTATE on a dead
// connection, is a lost connection.
[[nodiscard]] database::Error error_of(const PGresult* result, const PGconn* connection = nullptr);

// Of a connection that could not be made. libpq keeps the SQLSTATE to itself, but writes it into
// the message if the connection was started with PQsetErrorVerbosity(PQERRORS_VERBOSE) (between
// PQconnectStart and PQconnectPoll); it is taken out of the message again here.
[[nodiscard]] database::Error connect_error(const PGconn* connection);

// Of a connection that died while it was used: connection_lost, unless it was started as verbose as
// connect_error asks for and the server's last word carries another SQLSTATE.
[[nodiscard]] database::Error error_of(const PGconn* connection);

// Leaves out what the server quotes of rows: the values in a data exception's message ("invalid
// input syntax for type integer: ***"), and the detail of a violated constraint ("Failing row
// contains
// (...)"). Says so in the hint. Whatever the language of the server's messages.
[[nodiscard]] database::Error without_row_values(database::Error error);

// Takes passwords out of a text: `password=...` in key/value form and `scheme://user:...@` in URIs.
[[nodiscard]] std::string scrub(std::string_view text);

}  // namespace harness::postgres
