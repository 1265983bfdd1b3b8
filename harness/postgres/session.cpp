#include "harness/postgres/session.hpp"

#include "harness/postgres/errors.hpp"
#include "harness/postgres/session_states.hpp"
#include "reports/record.hpp"

#include <algorithm>
#include <cerrno>

#include <libpq-fe.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

namespace harness::postgres {

using workloads::App;

PostgresSession::PostgresSession(std::shared_ptr<const LoadPlan> plan, database::Poller& poller,
                                 database::SessionListener& listener)
    : listener_{listener}, plan_{std::move(plan)}, poller_{poller} {
    first_statement_.reserve(plan_->operations.size());
    std::size_t statements = 0, most_parameters = 0;
    for (const auto& operation : plan_->operations) {
        first_statement_.push_back(static_cast<std::uint32_t>(statements));
        statements += operation.statements.size();
        for (const auto& statement : operation.statements) {
            most_parameters = std::max(most_parameters, statement.parameters.size());
        }
    }
    prepared_.resize(statements);
    parameter_values_.resize(most_parameters);
}

void PostgresSession::connect(App app) {
    close();
    app_ = app;
    std::fill(prepared_.begin(), prepared_.end(), Prepared{});
    tag_statement_ = {};
    recorded_statements_.clear();
    runs_script_ = ended_by_server_ = false;
    connection_.reset(PQconnectStart(plan_->conninfo.c_str()));
    state_ = State::connecting;
    statement_sent_ = awaiting_since_ = Clock::now();
    if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) {
        connection_failed();
        return;
    }
    // The SQLSTATE of a refusal is told only in a verbose message.
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    PQsetNoticeProcessor(
        connection_.get(), [](void*, const char*) {}, nullptr);
    socket_ = PQsocket(connection_.get());
    watched_ = EPOLLOUT;
    poller_.add(socket_, watched_, *this);
}

void PostgresSession::close() {
    if (socket_ >= 0) {
        poller_.remove(socket_, *this);
        socket_ = -1;
    }
    watched_ = 0;
    tls_ = nullptr;
    in_pipeline_ = false;
    queued_.clear();
    if (sleep_timer_) {
        sleep_timer_->stop();
    }
    connection_.reset();
    state_ = State::closed;
}

void PostgresSession::watch(std::uint32_t events) {
    if (events != watched_) {
        watched_ = events;
        poller_.modify(socket_, events, *this);
    }
}

void PostgresSession::continue_connecting() {
    const auto poll = PQconnectPoll(connection_.get());
    // libpq may have gone on to another address with another socket. The number alone does not
    // tell: a closed descriptor's number is reused at once, and the kernel has dropped its
    // registration.
    const int socket = PQsocket(connection_.get());
    poller_.remove(socket_, *this);
    socket_ = -1;
    if (poll == PGRES_POLLING_FAILED || socket < 0) {
        connection_failed();
        return;
    }
    socket_ = socket;
    watched_ = poll == PGRES_POLLING_WRITING   ? EPOLLOUT
               : poll == PGRES_POLLING_READING ? EPOLLIN
                                               : answers;
    poller_.add(socket_, watched_, *this);
    if (poll != PGRES_POLLING_OK) {
        return;
    }
    PQsetnonblocking(connection_.get(), 1);
    tls_ = static_cast<ssl_st*>(PQsslStruct(connection_.get(), "OpenSSL"));
    setup_error_ = {};
    statement_failed_ = statement_answered_ = false;
    awaiting_since_ = Clock::now();
    if (plan_->server) {
        send_simple(plan_->server->query.c_str(), State::verifying);
    } else {
        send_settings();
    }
}

// Before anything else is said: nothing of ours may run on a server that nobody has marked.
void PostgresSession::verify() {
    if (setup_error_.message.empty()) {
        send_settings();
        return;
    }
    close();
    listener_.on_connect_failed(setup_error_);
}

std::string PostgresSession::settings() const {
    std::string text =
        "SET statement_timeout = " + std::to_string(plan_->statement_timeout.count());
    const std::string& extra = plan_->session_sql[static_cast<std::size_t>(app_)];
    return extra.empty() ? text : text + ";\n" + extra;
}

void PostgresSession::send_settings() {
    text_ = settings();
    send_simple(text_.c_str(), State::setting_up);
}

void PostgresSession::connection_failed() {
    const Error error = connect_error(connection_.get());
    close();
    listener_.on_connect_failed(error);
}

void PostgresSession::prefetch() const noexcept {
    // Numbers, not pointers: what is asked for may lie beside an object, or nowhere.
    constexpr std::uintptr_t line_bytes = 64;
    const auto ask_for = [](const void* around, std::intptr_t from, std::intptr_t to) {
        const auto base = reinterpret_cast<std::uintptr_t>(around);
        for (auto at = base + from; at != base + to; at += line_bytes) {
            __builtin_prefetch(reinterpret_cast<const void*>(at), 1);
        }
    };
    ask_for(connection_.get(), 320, 1024);  // libpq's state behind the connection's options
    // Whoever holds the values has the rest of the connection's state beside them.
    ask_for(values_, -64, 192);
    ask_for(&listener_, 0, 64);
    ask_for(prepared_.data(), 0, 64);
}

void PostgresSession::on_ready(std::uint32_t events) {
    if (state_ == State::connecting) {
        continue_connecting();
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        after_send(1);
        if (state_ == State::closed || state_ == State::connecting) {
            return;  // what the listener did with the answer
        }
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) == 0) {
        return;
    }
    // What arrives is announced once. Whatever an unfinished answer's reading left in the socket
    // must be read now, and so must the end of a connection that came together with an answer: even
    // where the next statement has been sent since. libpq claims that such a sending succeeded, and
    // has taken the server's goodbye behind the answer for a notice.
    const bool ended = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    std::uint64_t sent = 0;
    bool unread = false;
    do {
        sent = sent_;
        read_input();
        // Behind a pipeline's sendings there may be answers to what was sent before.
        unread = ended || sent == sent_ || !queued_.empty();
    } while ((running() && unread && more_to_read()) ||
             ((state_ == State::idle || state_ == State::sleeping) && ended));
}

void PostgresSession::read_input() {
    bool alive = PQconsumeInput(connection_.get()) == 1;
    // TLS is decrypted by whole records, of which libpq may take less than one; what is left of it
    // makes no socket ready.
    while (alive && tls_ != nullptr && SSL_pending(tls_) > 0) {
        alive = PQconsumeInput(connection_.get()) == 1;
    }
    if (!alive && state_ == State::idle) {
        const Error error = error_of(connection_.get());
        close();
        listener_.on_lost(error);
        return;
    }
    if (!alive && state_ == State::sleeping) {
        lost_while_running(error_of(connection_.get()));
        return;
    }
    // Also after a failed read: what the server said before it closed is already in the buffer, and
    // libpq (15 on) is not busy with a connection that it has given up.
    read_results();
}

// The end of the connection is something to read, too, in whichever way it is told: a Unix socket
// whose peer has left what we sent unread says ECONNRESET, once, and never again that it is ready.
bool PostgresSession::more_to_read() const {
    char byte = 0;
    return socket_ >= 0 && (recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
                            (errno != EAGAIN && errno != EWOULDBLOCK));
}

void PostgresSession::set_up(bool failed) {
    if (!failed && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) {
        // Every operation would run in it, and none would ever be committed.
        setup_error_.kind = ErrorKind::other;
        setup_error_.code = "25001";
        setup_error_.message = "the session settings of version '" + std::string{name_of(app_)} +
                               "' leave a transaction open";
        failed = true;
    }
    if (failed) {
        close();
        listener_.on_connect_failed(setup_error_);
    } else {
        state_ = State::idle;
        listener_.on_connected();
    }
}

void PostgresSession::check_deadline(Clock::time_point now) {
    if (state_ >= State::sleeping) {  // whoever listens must not collect notifications for ever
        while (PGnotify* notification = PQnotifies(connection_.get())) {
            PQfreemem(notification);
        }
    }
    const auto patience =
        plan_->answer_grace + (state_ == State::connecting ? std::chrono::milliseconds{10'000}
                                                           : plan_->statement_timeout);
    const bool unlimited = !opening() && plan_->statement_timeout.count() == 0;
    if (state_ == State::closed || state_ == State::idle || state_ == State::sleeping ||
        unlimited || now - awaiting_since_ < patience) {
        return;
    }
    if (opening()) {
        Error error;
        error.kind = ErrorKind::connection_refused;
        error.message =
            "the server did not answer within " + std::to_string(patience.count()) + " ms";
        close();
        listener_.on_connect_failed(error);
        return;
    }
    code_ = reports::error_client_timeout;
    kind_ = ErrorKind::other;
    last_done_ = now;
    close();
    finish_operation();
}

std::unique_ptr<database::Session> make_session(std::shared_ptr<const LoadPlan> plan,
                                                database::Poller& poller,
                                                database::SessionListener& listener) {
    return std::make_unique<PostgresSession>(std::move(plan), poller, listener);
}

}  // namespace harness::postgres
