// The control path on PostgreSQL.
//
// On libpq and not on libpqxx, for what libpqxx 6.4 to 7.10 has no calls for: the position, detail
// and hint of an error; the SQLSTATE of a refused connection; the rows of a big answer one by one;
// a cancellation from another thread that touches nothing of the connection. And libpqxx 6
// reconnects by itself, which would drop lock_timeout and advisory locks without a word.
#pragma once

#include "harness/database/control.hpp"
#include "harness/postgres/identity.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace harness::postgres {

struct ControlOptions {
    // For catalog questions; whoever runs migration steps sets his own.
    std::chrono::milliseconds lock_timeout{5'000};
    std::chrono::milliseconds statement_timeout{60'000};
    // Rows beyond it are counted in rows_affected and left out of rows.
    std::size_t row_limit = 100'000;
    // Errors tell what the server quotes of rows; see without_row_values.
    bool show_row_values = true;
    // Called with each notice or warning of the server, on the thread that runs the statement.
    std::function<void(const std::string&)> on_notice;
};

// Opens the connection (see Target::conninfo). Throws database::Outage: the connection cannot be
// made, the server is older than the oldest supported one, or it is another than the destination's.
//
// One thread at a time, except cancel(). A statement is sent with the simple protocol if it has no
// parameters, so one string may hold several; the outcome is then the last one's, or the first
// error.
[[nodiscard]] std::unique_ptr<database::Control> open_control(const Destination& destination,
                                                              ControlOptions options = {});

// For questions that must have an answer: throws Outage if the statement fails.
database::Outcome ask(database::Control& control, std::string_view sql,
                      std::span<const database::Value> parameters = {});

}  // namespace harness::postgres
