// The load path: one connection that runs operations without ever blocking its thread.
#pragma once

#include "harness/database/error.hpp"
#include "workloads/operation.hpp"
#include "workloads/replay/recorded_call.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace harness::database {

using Clock = std::chrono::steady_clock;

// How one operation ended. `code` is empty for success, else the SQLSTATE or one of the harness
// codes of reports/record.hpp.
struct OperationEnd {
    std::string_view code;  // valid during the call
    // What a harness code alone does not tell: "orders.pgbench:3:1: division by zero". Never a
    // row's value; empty where there is no more to say. Valid during the call.
    std::string_view detail = {};
    ErrorKind kind = ErrorKind::other;
    bool session_usable = true;  // false: the connection is gone; call connect() again
    // A recorded call has left one open; not told while calls are queued behind it.
    bool in_transaction = false;
    // With a session that is not usable: the server ended it in answer to this very call, so what
    // was queued behind it was never begun. Else nobody knows.
    bool rest_not_begun = false;
    Clock::time_point sent, done;
    // The slowest statement of the operation: what a lock wait of this session is matched with.
    Clock::time_point slowest_sent, slowest_done;
};

class SessionListener {
public:
    virtual void on_connected() = 0;
    virtual void on_connect_failed(const Error&) = 0;
    // The session is idle again (or unusable). May start the next operation from within.
    virtual void on_operation_end(const OperationEnd&) = 0;
    // The connection died while idle.
    virtual void on_lost(const Error&) = 0;

protected:
    ~SessionListener() = default;
};

class Session {
public:
    virtual ~Session() = default;

    // Opens the connection and prepares it for one application version (its session settings, its
    // prepared statements). Ends in on_connected or on_connect_failed.
    virtual void connect(workloads::App app) = 0;

    // Closes the connection now, without a call back. Whatever runs is abandoned.
    virtual void close() = 0;

    // Runs one operation. Requires an idle, connected session; `values` must live until the end.
    virtual void run(std::uint16_t operation, workloads::Values& values) = 0;

    // Sends one call of a recorded session. What it leaves behind, an open transaction or settings,
    // stays for the next one. Requires an idle, connected session; `call` must live until the end.
    virtual void run(const workloads::replay::RecordedCall& call) = 0;

    // Sends one call of a recorded session before those ahead of it have been answered. Requires a
    // connected session that is idle or runs queued calls only, and a call of one statement that
    // leaves settings, prepared statements and cursors alone, without `then`; it need not live
    // beyond this function. Each ends by itself, in order, as it would alone, and counts as sent no
    // earlier than the one before it was done. Where the connection is lost the first of them ends,
    // and no other does.
    virtual void queue(const workloads::replay::RecordedCall& call) = 0;

    // Called now and then (every 100 ms) by the worker: gives up operations that the server never
    // answers. Ends in on_operation_end with client_timeout.
    virtual void check_deadline(Clock::time_point now) = 0;

    // When the statement that runs now, or ran last, was sent.
    [[nodiscard]] virtual Clock::time_point statement_sent() const noexcept = 0;

    // As the lock source names it; 0 when not connected.
    [[nodiscard]] virtual std::int64_t session_id() const noexcept = 0;
};

}  // namespace harness::database
