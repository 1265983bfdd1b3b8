#include "harness/postgres/timed_connection.hpp"

#include "harness/postgres/errors.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

namespace harness::postgres {

namespace {

using std::chrono::milliseconds;
using Clock = Patience::Clock;

// A cancellation that is asked for meanwhile is noticed this late, and what GSSAPI has decrypted
// and libpq not taken yet (which makes no socket ready) lies this long.
constexpr milliseconds longest_nap{500};

// A connection on its way, for its answer alone.
class Probe {
public:
    enum class State { under_way, answered, unanswered };

    explicit Probe(const std::string& conninfo)
        : connection_{PQconnectStart((conninfo + " application_name='rehearse/probe'").c_str())} {
        if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) {
            state_ = State::unanswered;
            return;
        }
        PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);  // see connect_error
    }

    [[nodiscard]] State state() const { return state_; }

    [[nodiscard]] pollfd waited() const {
        pollfd waited{};
        waited.fd = PQsocket(connection_.get());
        waited.events = static_cast<short>(next_ == PGRES_POLLING_READING ? POLLIN : POLLOUT);
        return waited;
    }

    void go_on() {
        next_ = PQconnectPoll(connection_.get());
        if (next_ == PGRES_POLLING_OK) {
            state_ = State::answered;
        } else if (next_ == PGRES_POLLING_FAILED) {
            // A refusal with an SQLSTATE ("too many connections") is an answer.
            const auto error = connect_error(connection_.get());
            const bool said =
                !error.code.empty() || error.kind == database::ErrorKind::authentication;
            state_ = said ? State::answered : State::unanswered;
        }
    }

private:
    Connection connection_;
    PostgresPollingStatusType next_ = PGRES_POLLING_WRITING;
    State state_ = State::under_way;
};

void poll_until(pollfd* waited, nfds_t count, Clock::time_point until) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    const auto nap = std::clamp(left, milliseconds{0}, longest_nap);
    if (poll(waited, count, static_cast<int>(nap.count())) < 0 && errno != EINTR) {
        throw std::system_error{errno, std::generic_category(), "poll"};
    }
}

}  // namespace

void CancelMoment::set() noexcept {
    Clock::rep unset = 0;
    at_.compare_exchange_strong(unset, Clock::now().time_since_epoch().count());
}

std::optional<CancelMoment::Clock::time_point> CancelMoment::get() const noexcept {
    const Clock::rep at = at_.load();
    return at == 0 ? std::nullopt : std::optional{Clock::time_point{Clock::duration{at}}};
}

bool is_failure(const PGresult* result) {
    const auto status = PQresultStatus(result);
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK &&
           status != PGRES_SINGLE_TUPLE && status != PGRES_EMPTY_QUERY;
}

TimedConnection::TimedConnection(const Destination& destination)
    : conninfo_{destination.conninfo}, connection_{open_connection(conninfo_)} {
    PQsetnonblocking(connection_.get(), 1);
    tls_ = static_cast<ssl_st*>(PQsslStruct(connection_.get(), "OpenSSL"));
    if (destination.server) {
        const Result answer = execute(destination.server->query);
        if (given_up_) {
            throw database::Outage{*given_up_};
        }
        if (!is_same_server(*destination.server, answer.get())) {
            throw database::Outage{another_server(*destination.server, answer.get())};
        }
    }
}

// Shut, libpq finds the connection closed: every call ends at once from here on, PQfinish too.
void TimedConnection::give_up(const std::string& why) {
    given_up_.emplace();
    given_up_->kind = database::ErrorKind::connection_lost;
    given_up_->message = why;
    shutdown(PQsocket(connection_.get()), SHUT_RDWR);
}

// False: given up, or closed.
bool TimedConnection::wait(short events) {
    Patience patience{Clock::now(), limit_};
    const bool busy = PQisBusy(connection_.get()) == 1;
    std::unique_ptr<Probe> probe;
    const auto drop_probe = [&] {
        probe.reset();
        patience.probe_failed(Clock::now());
    };
    for (;;) {
        const auto cancelled = cancelled_ != nullptr ? cancelled_->get() : std::nullopt;
        switch (patience.next(Clock::now(), cancelled)) {
            case Patience::Next::give_up:
                give_up(patience.reason());
                return false;
            case Patience::Next::probe:
                patience.probe_begun(Clock::now());
                probe = std::make_unique<Probe>(conninfo_);
                break;
            case Patience::Next::drop_probe:
                drop_probe();
                break;
            case Patience::Next::wait:
                break;
        }
        if (probe && probe->state() == Probe::State::unanswered) {
            drop_probe();
        }
        std::array<pollfd, 2> waited{};
        waited[0].fd = PQsocket(connection_.get());
        waited[0].events = events;
        if (waited[0].fd < 0) {
            return false;
        }
        if (probe) {
            waited[1] = probe->waited();
        }
        poll_until(waited.data(), probe ? 2 : 1, patience.wake(cancelled));
        if (waited[0].revents != 0) {
            return true;
        }
        if (busy && PQconsumeInput(connection_.get()) == 1 && PQisBusy(connection_.get()) == 0) {
            return true;
        }
        if (probe && waited[1].revents != 0) {
            probe->go_on();
            if (probe->state() == Probe::State::answered) {
                probe.reset();
                patience.probe_answered(Clock::now());
            }
        }
    }
}

bool TimedConnection::consume() {
    bool alive = PQconsumeInput(connection_.get()) == 1;
    // TLS is decrypted by whole records, of which libpq may take less than one; what is left of it
    // makes no socket ready.
    while (alive && tls_ != nullptr && SSL_pending(tls_) > 0) {
        alive = PQconsumeInput(connection_.get()) == 1;
    }
    return alive;
}

// While the server says things of its own (notices) it may not read: both ways are kept open.
bool TimedConnection::flush() {
    for (;;) {
        const int left = PQflush(connection_.get());
        if (left <= 0) {
            return left == 0;
        }
        if (!wait(POLLIN | POLLOUT) || !consume()) {
            return false;
        }
    }
}

bool TimedConnection::wait_for_input() {
    return wait(POLLIN) && consume();
}

Result TimedConnection::next_result() {
    if (flush()) {
        while (PQisBusy(connection_.get()) == 1 && wait_for_input()) {
        }
    }
    // Does not wait: there is a result, or the connection is lost, or shut.
    return Result{PQgetResult(connection_.get())};
}

bool TimedConnection::refuse_copy_in(const char* why) {
    for (;;) {
        const int sent = PQputCopyEnd(connection_.get(), why);
        if (sent != 0) {
            return sent == 1;
        }
        if (!wait(POLLOUT)) {
            return false;
        }
    }
}

bool TimedConnection::skip_copy_out() {
    for (;;) {
        char* row = nullptr;
        const int length = PQgetCopyData(connection_.get(), &row, 1);
        if (length < 0) {
            return length == -1;
        }
        PQfreemem(row);
        if (length == 0 && !wait_for_input()) {
            return false;
        }
    }
}

Result TimedConnection::to_the_end(int sent) {
    Result kept;
    if (sent == 0) {
        return kept;
    }
    while (Result result = next_result()) {
        if (!kept || !is_failure(kept.get())) {
            kept = std::move(result);
        }
        const auto status = PQresultStatus(kept.get());
        if (PQstatus(connection_.get()) == CONNECTION_BAD || status == PGRES_COPY_IN ||
            status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            break;  // PQgetResult would return the same again
        }
    }
    return kept;
}

Result TimedConnection::execute(const std::string& sql) {
    return to_the_end(PQsendQuery(connection_.get(), sql.c_str()));
}

Result TimedConnection::prepare(const char* name, const std::string& sql) {
    return to_the_end(PQsendPrepare(connection_.get(), name, sql.c_str(), 0, nullptr));
}

Result TimedConnection::run_prepared(const char* name, const std::string* parameter) {
    const char* const value = parameter != nullptr ? parameter->c_str() : nullptr;
    return to_the_end(PQsendQueryPrepared(connection_.get(), name, parameter != nullptr ? 1 : 0,
                                          &value, nullptr, nullptr, 0));
}

database::Error TimedConnection::error(const PGresult* result) const {
    if (given_up_) {
        return *given_up_;
    }
    return result != nullptr ? error_of(result, connection_.get()) : error_of(connection_.get());
}

}  // namespace harness::postgres
