#include "harness/postgres/session.hpp"

#include "harness/postgres/connection.hpp"
#include "harness/postgres/errors.hpp"
#include "reports/record.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <string>

namespace harness::postgres {
namespace {

using database::Clock;
using database::Error;
using database::ErrorKind;
using database::OperationEnd;
using workloads::App;

class PostgresSession final : public database::Session, private database::Pollable {
public:
    PostgresSession(std::shared_ptr<const LoadPlan> plan, database::Poller& poller,
                    database::SessionListener& listener)
        : plan_{std::move(plan)}, poller_{poller}, listener_{listener} {
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
        parameter_lengths_.resize(most_parameters);
    }

    ~PostgresSession() { close(); }
    PostgresSession(const PostgresSession&) = delete;
    PostgresSession& operator=(const PostgresSession&) = delete;

    void connect(App app) override;
    void close() override;
    void run(std::uint16_t operation, workloads::Values& values) override;
    void check_deadline(Clock::time_point now) override;

    [[nodiscard]] Clock::time_point statement_sent() const noexcept override {
        return statement_sent_;
    }

    [[nodiscard]] std::int64_t session_id() const noexcept override {
        return connection_ && state_ != State::connecting ? PQbackendPID(connection_.get()) : 0;
    }

private:
    enum class State : std::uint8_t {
        closed,
        connecting,
        idle,
        // From here on an answer is awaited.
        setting_up,  // session settings
        preparing,
        beginning,
        executing,
        committing,
        rolling_back,
    };
    // One prepared statement of this session. Each preparation gets a new name: the old one may be
    // in any state after an error, and a name costs nothing.
    struct Prepared {
        std::uint32_t generation = 0;
        bool valid = false;
        std::string name;
    };

    void on_ready(std::uint32_t events) override;
    void continue_connecting();
    void read_results();
    bool take_result(PGresult* result);  // false: the session was closed
    void statement_finished();
    void operation_statement_finished();

    void send_statement();
    void send_prepare();
    void send_simple(const char* sql, State state);
    void after_send(int accepted);
    void watch(std::uint32_t events);

    void finish_operation();
    void lost_while_running(const Error& error);
    void connection_failed();

    [[nodiscard]] const workloads::Operation& operation() const {
        return plan_->operations[operation_];
    }
    [[nodiscard]] const workloads::Statement& statement() const {
        return operation().statements[statement_];
    }
    [[nodiscard]] Prepared& prepared() { return prepared_[first_statement_[operation_] + statement_]; }
    [[nodiscard]] bool running() const noexcept { return state_ > State::idle; }

    std::shared_ptr<const LoadPlan> plan_;
    database::Poller& poller_;
    database::SessionListener& listener_;

    Connection connection_;
    int socket_ = -1;
    std::uint32_t watched_ = 0;
    State state_ = State::closed;
    App app_ = App::old_version;

    std::vector<std::uint32_t> first_statement_;  // of each operation, into prepared_
    std::vector<Prepared> prepared_;
    std::vector<const char*> parameter_values_;
    std::vector<int> parameter_lengths_;
    std::string text_;

    std::uint16_t operation_ = 0;
    std::size_t statement_ = 0;
    workloads::Values* values_ = nullptr;
    std::string code_;  // of the first failure of the running operation; empty: none
    ErrorKind kind_ = ErrorKind::other;
    Error setup_error_;
    bool statement_failed_ = false;
    bool statement_answered_ = false;  // no answer must never look like success
    Clock::time_point started_, statement_sent_, slowest_sent_, slowest_done_, last_done_;
};

void PostgresSession::connect(App app) {
    close();
    app_ = app;
    std::fill(prepared_.begin(), prepared_.end(), Prepared{});
    connection_.reset(PQconnectStart(plan_->conninfo.c_str()));
    state_ = State::connecting;
    statement_sent_ = Clock::now();
    if (!connection_ || PQstatus(connection_.get()) == CONNECTION_BAD) {
        connection_failed();
        return;
    }
    // The SQLSTATE of a refusal is told only in a verbose message.
    PQsetErrorVerbosity(connection_.get(), PQERRORS_VERBOSE);
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
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
    // libpq may have gone on to another address with another socket. The number alone does not tell:
    // a closed descriptor's number is reused at once, and the kernel has dropped its registration.
    const int socket = PQsocket(connection_.get());
    poller_.remove(socket_, *this);
    socket_ = -1;
    if (poll == PGRES_POLLING_FAILED || socket < 0) {
        connection_failed();
        return;
    }
    socket_ = socket;
    watched_ = poll == PGRES_POLLING_WRITING ? EPOLLOUT : EPOLLIN;
    poller_.add(socket_, watched_, *this);
    if (poll != PGRES_POLLING_OK) {
        return;
    }
    PQsetnonblocking(connection_.get(), 1);
    setup_error_ = {};
    statement_failed_ = statement_answered_ = false;
    text_ = "SET statement_timeout = " + std::to_string(plan_->statement_timeout.count());
    const std::string& extra = plan_->session_sql[static_cast<std::size_t>(app_)];
    if (!extra.empty()) {
        text_ += ";\n" + extra;
    }
    send_simple(text_.c_str(), State::setting_up);
}

void PostgresSession::connection_failed() {
    const Error error = connect_error(connection_.get());
    close();
    listener_.on_connect_failed(error);
}

void PostgresSession::on_ready(std::uint32_t events) {
    if (state_ == State::connecting) {
        continue_connecting();
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        after_send(1);
        if (state_ == State::closed) {
            return;
        }
    }
    if ((events & (EPOLLIN | EPOLLERR | EPOLLHUP)) == 0) {
        return;
    }
    const bool alive = PQconsumeInput(connection_.get()) == 1;
    if (!alive && state_ == State::idle) {
        const Error error = error_of(connection_.get());
        close();
        listener_.on_lost(error);
        return;
    }
    // Also after a failed read: what the server said before it closed is already in the buffer.
    read_results();
}

void PostgresSession::read_results() {
    while (running() && PQisBusy(connection_.get()) == 0) {
        const Result result{PQgetResult(connection_.get())};
        if (result) {
            if (!take_result(result.get())) {
                return;
            }
        } else {
            statement_finished();
        }
    }
    if (state_ == State::idle && PQstatus(connection_.get()) == CONNECTION_BAD) {
        const Error error = error_of(connection_.get());
        close();
        listener_.on_lost(error);
    }
}

bool PostgresSession::take_result(PGresult* result) {
    statement_answered_ = true;
    switch (PQresultStatus(result)) {
        case PGRES_TUPLES_OK:
            if (state_ == State::executing) {
                const auto& into = statement().into;
                for (std::size_t column = 0; column < into.size(); ++column) {
                    const int index = static_cast<int>(column);
                    if (PQntuples(result) == 0 || index >= PQnfields(result) ||
                        PQgetisnull(result, 0, index) != 0) {
                        values_->set_null(into[column]);
                    } else {
                        values_->set(into[column],
                                     {PQgetvalue(result, 0, index),
                                      static_cast<std::size_t>(PQgetlength(result, 0, index))});
                    }
                }
            }
            return true;
        case PGRES_COMMAND_OK:
            // COMMIT of a transaction that was aborted is answered with success and "ROLLBACK".
            if (state_ == State::committing && PQcmdStatus(result)[0] != 'C') {
                code_ = "25P02";
                kind_ = ErrorKind::other;
            }
            return true;
        case PGRES_EMPTY_QUERY:
            return true;
        default:
            break;
    }
    Error error = error_of(result);
    if (const auto status = PQresultStatus(result);
        status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        // The connection cannot leave this mode without data that nobody has.
        error.kind = ErrorKind::connection_lost;
        error.code = "0A000";
        error.message = "COPY cannot be run as part of an operation";
    }
    statement_failed_ = true;
    if (state_ == State::setting_up) {
        setup_error_ = error;
    } else if (code_.empty()) {
        code_ = error.code.empty() ? reports::error_connection_lost : error.code;
        kind_ = error.kind;
    }
    if (error.kind == ErrorKind::connection_lost ||
        PQstatus(connection_.get()) == CONNECTION_BAD) {
        lost_while_running(error);
        return false;
    }
    return true;
}

void PostgresSession::statement_finished() {
    if (!statement_answered_) {
        lost_while_running(error_of(connection_.get()));
        return;
    }
    const bool failed = statement_failed_;
    statement_failed_ = statement_answered_ = false;
    last_done_ = Clock::now();
    switch (state_) {
        case State::setting_up:
            if (failed) {
                close();
                listener_.on_connect_failed(setup_error_);
            } else {
                state_ = State::idle;
                listener_.on_connected();
            }
            return;
        case State::preparing:
            if (failed) {
                operation_statement_finished();
            } else {
                prepared().valid = true;
                send_statement();
            }
            return;
        case State::beginning:
            if (failed) {
                finish_operation();
            } else {
                statement_sent_ = last_done_;
                send_statement();
            }
            return;
        case State::executing:
            operation_statement_finished();
            return;
        case State::committing:
        case State::rolling_back:
            finish_operation();
            return;
        case State::closed:
        case State::connecting:
        case State::idle:
            break;
    }
    assert(false);
}

// One statement of the operation is over, with or without success.
void PostgresSession::operation_statement_finished() {
    if (last_done_ - statement_sent_ > slowest_done_ - slowest_sent_) {
        slowest_sent_ = statement_sent_;
        slowest_done_ = last_done_;
    }
    statement_sent_ = last_done_;
    if (!code_.empty()) {
        if (kind_ == ErrorKind::plan_changed || code_ == "26000") {
            prepared().valid = false;
        }
        if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) {
            send_simple("ROLLBACK", State::rolling_back);
        } else {
            finish_operation();
        }
        return;
    }
    ++statement_;
    if (statement_ < operation().statements.size()) {
        send_statement();
    } else if (operation().transaction) {
        send_simple("COMMIT", State::committing);
    } else if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) {
        // The statement itself opened a transaction (SELECT of a function cannot; BEGIN can).
        code_ = "25001";
        kind_ = ErrorKind::other;
        send_simple("ROLLBACK", State::rolling_back);
    } else {
        finish_operation();
    }
}

void PostgresSession::run(std::uint16_t operation_index, workloads::Values& values) {
    assert(state_ == State::idle);
    operation_ = operation_index;
    statement_ = 0;
    values_ = &values;
    code_.clear();
    kind_ = ErrorKind::other;
    statement_failed_ = statement_answered_ = false;
    started_ = statement_sent_ = Clock::now();
    slowest_sent_ = slowest_done_ = started_;
    if (operation().transaction) {
        send_simple("BEGIN", State::beginning);
    } else {
        send_statement();
    }
}

void PostgresSession::send_statement() {
    state_ = State::executing;
    const auto& current = statement();
    if (plan_->protocol == scenarios::Protocol::simple) {
        text_.clear();
        workloads::write_literals(current, operation(), *values_, text_);
        after_send(PQsendQuery(connection_.get(), text_.c_str()));
        return;
    }
    if (plan_->protocol == scenarios::Protocol::prepared && !prepared().valid) {
        send_prepare();
        return;
    }
    const std::size_t count = current.parameters.size();
    for (std::size_t i = 0; i < count; ++i) {
        const auto slot = current.parameters[i];
        parameter_values_[i] = values_->is_null(slot) ? nullptr : values_->at(slot).c_str();
    }
    const int parameters = static_cast<int>(count);
    if (plan_->protocol == scenarios::Protocol::prepared) {
        after_send(PQsendQueryPrepared(connection_.get(), prepared().name.c_str(), parameters,
                                       parameter_values_.data(), nullptr, nullptr, 0));
    } else {
        after_send(PQsendQueryParams(connection_.get(), current.numbered.c_str(), parameters,
                                     nullptr, parameter_values_.data(), nullptr, nullptr, 0));
    }
}

void PostgresSession::send_prepare() {
    state_ = State::preparing;
    Prepared& entry = prepared();
    ++entry.generation;
    entry.name = "r" + std::to_string(operation_) + "_" + std::to_string(statement_) + "_" +
                 std::to_string(entry.generation);
    after_send(PQsendPrepare(connection_.get(), entry.name.c_str(), statement().numbered.c_str(), 0,
                             nullptr));
}

void PostgresSession::send_simple(const char* sql, State state) {
    state_ = state;
    after_send(PQsendQuery(connection_.get(), sql));
}

// Sends what libpq still holds.
void PostgresSession::after_send(int accepted) {
    if (accepted != 1) {
        lost_while_running(error_of(connection_.get()));
        return;
    }
    const int left = PQflush(connection_.get());
    if (left < 0) {
        read_results();  // what the server said before it went
        if (running() && PQstatus(connection_.get()) == CONNECTION_BAD) {
            lost_while_running(error_of(connection_.get()));
        }
        return;
    }
    watch(left == 1 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

void PostgresSession::lost_while_running(const Error& error) {
    last_done_ = Clock::now();
    const bool was_setting_up = state_ == State::setting_up;
    close();
    if (was_setting_up) {
        listener_.on_connect_failed(error);
        return;
    }
    if (code_.empty()) {
        code_ = error.code.empty() ? reports::error_connection_lost : error.code;
    }
    kind_ = ErrorKind::connection_lost;
    finish_operation();
}

void PostgresSession::finish_operation() {
    if (state_ != State::closed) {
        state_ = State::idle;
    }
    OperationEnd end;
    end.code = code_;
    end.kind = kind_;
    end.session_usable = state_ == State::idle;
    end.sent = started_;
    end.done = last_done_;
    end.slowest_sent = slowest_sent_;
    end.slowest_done = slowest_done_;
    if (last_done_ - statement_sent_ > slowest_done_ - slowest_sent_) {  // COMMIT may be the slowest
        end.slowest_sent = statement_sent_;
        end.slowest_done = last_done_;
    }
    listener_.on_operation_end(end);
}

void PostgresSession::check_deadline(Clock::time_point now) {
    const auto patience = plan_->answer_grace + (state_ == State::connecting
                                                     ? std::chrono::milliseconds{10'000}
                                                     : plan_->statement_timeout);
    const bool unlimited = state_ != State::connecting && state_ != State::setting_up &&
                           plan_->statement_timeout.count() == 0;
    if (state_ == State::closed || state_ == State::idle || unlimited ||
        now - statement_sent_ < patience) {
        return;
    }
    if (state_ == State::connecting || state_ == State::setting_up) {
        Error error;
        error.kind = ErrorKind::connection_refused;
        error.message = "the server did not answer within " + std::to_string(patience.count()) + " ms";
        close();
        listener_.on_connect_failed(error);
        return;
    }
    code_ = reports::error_client_timeout;
    kind_ = ErrorKind::connection_lost;
    last_done_ = now;
    close();
    finish_operation();
}

}  // namespace

std::unique_ptr<database::Session> make_session(std::shared_ptr<const LoadPlan> plan,
                                                database::Poller& poller,
                                                database::SessionListener& listener) {
    return std::make_unique<PostgresSession>(std::move(plan), poller, listener);
}

}  // namespace harness::postgres
