// The connection under everything that waits for an answer: the control path, the lock observer,
// the replica probes, the checks before a run. No wait in it is for ever: libpq's own calls have no
// limits, and a server whose processes are stopped, or a network that swallows packets, never ends
// them.
#pragma once

#include "harness/database/error.hpp"
#include "harness/postgres/connection.hpp"
#include "harness/postgres/identity.hpp"
#include "harness/postgres/patience.hpp"

#include <atomic>
#include <chrono>
#include <optional>
#include <string>

#include <libpq-fe.h>

struct ssl_st;  // OpenSSL's SSL

namespace harness::postgres {

// When the running statement's cancellation was asked for; set from any thread.
class CancelMoment {
public:
    using Clock = std::chrono::steady_clock;
    void set() noexcept;  // the first call counts
    void clear() noexcept { at_.store(0); }
    [[nodiscard]] std::optional<Clock::time_point> get() const noexcept;

private:
    std::atomic<Clock::rep> at_{0};
};

// One thread at a time.
class TimedConnection {
public:
    // Connects within connect_timeout (see open_connection). Throws database::Outage, also where
    // another server answers than the destination's.
    explicit TimedConnection(const Destination& destination);

    // For libpq's calls that do not wait (PQsend..., PQstatus, ...). The connection is
    // non-blocking.
    [[nodiscard]] PGconn* get() const noexcept { return connection_.get(); }

    // The longest silence of the server in an answer; empty, as at the start: as long as it answers
    // new connections (see Patience).
    void set_limit(std::optional<std::chrono::milliseconds> limit) { limit_ = limit; }
    // Whoever sets it gives the answer Patience::cancel_limit from there. Must outlive this.
    void watch(const CancelMoment* cancelled) { cancelled_ = cancelled; }

    // The next result of what was sent; null after the last. Where the wait is given up the result
    // is an error, the connection is bad and given_up() says why.
    [[nodiscard]] Result next_result();
    // PQputCopyEnd with an error, and PQgetCopyData until the end of the data. False: failed.
    bool refuse_copy_in(const char* why);
    bool skip_copy_out();

    // As PQexec, PQprepare and PQexecPrepared do: to the end of the answer; the last result, or the
    // first that is an error.
    [[nodiscard]] Result execute(const std::string& sql);
    [[nodiscard]] Result prepare(const char* name, const std::string& sql);
    [[nodiscard]] Result run_prepared(const char* name, const std::string* parameter = nullptr);

    // Until the socket is ready for POLLIN or POLLOUT; the second also lets libpq read. False:
    // given up, or closed.
    bool wait(short events);
    bool wait_for_input();

    // Of a result that is no success, or of the connection: given_up() where there is one.
    [[nodiscard]] database::Error error(const PGresult* result = nullptr) const;
    [[nodiscard]] const std::optional<database::Error>& given_up() const { return given_up_; }

private:
    bool flush();
    bool consume();
    Result to_the_end(int sent);
    void give_up(const std::string& why);

    std::string conninfo_;
    Connection connection_;
    ssl_st* tls_ = nullptr;
    std::optional<std::chrono::milliseconds> limit_;
    const CancelMoment* cancelled_ = nullptr;
    std::optional<database::Error> given_up_;
};

// Of a result: it is neither rows nor a command's completion.
[[nodiscard]] bool is_failure(const PGresult* result);

}  // namespace harness::postgres
