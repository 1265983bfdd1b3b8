#include "harness/postgres/control.hpp"

#include "harness/postgres/canceller.hpp"
#include "harness/postgres/connection.hpp"
#include "harness/postgres/errors.hpp"
#include "harness/postgres/number_in.hpp"
#include "harness/postgres/timed_connection.hpp"

#include <limits>
#include <utility>

namespace harness::postgres {

namespace {

using database::Error;
using database::ErrorKind;
using database::Outage;
using database::Outcome;
using database::Value;
using std::chrono::milliseconds;

// Beyond the server's own statement_timeout, until a question's connection is given up.
constexpr milliseconds answer_grace{5'000};
// For the questions that a step's session is asked between its statements.
constexpr milliseconds question_limit{30'000};
// Of a setting that is cancelled: a cancellation that is repeated comes four times a second.
constexpr int most_tries = 3;

Error error_with(ErrorKind kind, std::string message, std::string hint = {}) {
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    error.hint = std::move(hint);
    return error;
}

class PostgresControl final : public database::Control {
public:
    PostgresControl(Destination destination, ControlOptions options)
        : destination_{std::move(destination)},
          options_{std::move(options)},
          lock_timeout_{options_.lock_timeout},
          statement_timeout_{options_.statement_timeout},
          row_limit_{options_.row_limit} {
        if (statement_timeout_.count() > 0) {
            limit_ = statement_timeout_ + answer_grace;
        }
        open();
    }

    // 0 after a reconnect() that failed.
    [[nodiscard]] std::int64_t session_id() const override {
        return connection_ ? PQbackendPID(pg()) : 0;
    }

    Outcome execute(std::string_view sql, std::span<const Value> parameters) override;

    void set_lock_timeout(milliseconds timeout) override {
        lock_timeout_ = timeout;
        apply_timeouts();
    }
    void set_statement_timeout(milliseconds timeout) override {
        statement_timeout_ = timeout;
        // What runs from now on is the caller's, and may set a timeout of its own.
        limit_.reset();
        apply_timeouts();
    }

    void cancel() noexcept override {
        cancelled_.set();
        canceller_.cancel();
    }

    void reconnect() override { open(); }

    std::map<std::uint64_t, database::Storage> storage() override;
    std::int64_t log_position_bytes() override;
    std::int64_t server_clock_us() override;

private:
    [[nodiscard]] PGconn* pg() const { return connection_->get(); }
    void open();
    bool settled();
    void apply_timeouts();
    Outcome question(std::string_view sql, std::optional<std::size_t> row_limit = {});
    void send(std::string_view sql, std::span<const Value> parameters, Outcome& outcome);
    void collect(Outcome& outcome);
    void take(PGresult* result, Outcome& outcome);
    void take_row(const PGresult* result, Outcome& outcome);
    bool leave_copy(ExecStatusType status);
    void note_loss(Outcome& outcome);

    static void on_notice(void* self, const PGresult* notice);

    const Destination destination_;
    const ControlOptions options_;
    milliseconds lock_timeout_, statement_timeout_;
    // Timeouts set inside a transaction are gone again if it is rolled back.
    bool timeouts_uncertain_ = false;
    bool statement_ended_ = false;  // the next result is another statement's
    std::size_t row_limit_;
    std::optional<milliseconds> limit_;  // of the server's silence
    CancelMoment cancelled_;
    std::unique_ptr<TimedConnection> connection_;
    Canceller canceller_;
    std::optional<Error> lost_;
};

void PostgresControl::open() {
    canceller_.aim(nullptr);
    connection_.reset();
    lost_ = error_with(ErrorKind::connection_lost, "the connection is closed");
    auto connection = std::make_unique<TimedConnection>(destination_);
    const int version = PQserverVersion(connection->get());
    if (version < oldest_supported_major * 10'000) {
        const char* name = PQparameterStatus(connection->get(), "server_version");
        throw Outage{
            error_with(ErrorKind::other, std::string{"the server is PostgreSQL "} +
                                             (name == nullptr ? "?" : name) + "; this needs " +
                                             std::to_string(oldest_supported_major) + " or newer")};
    }
    connection_ = std::move(connection);
    lost_.reset();
    cancelled_.clear();
    connection_->watch(&cancelled_);
    PQsetNoticeReceiver(pg(), &PostgresControl::on_notice, this);
    canceller_.aim(pg());
    apply_timeouts();
    // English messages where the role may have them; a control session that idles through a long
    // phase must outlive the server's idle_session_timeout (14+).
    const Outcome done = execute(
        "SELECT set_config('lc_messages', 'C', false) FROM pg_catalog.pg_roles "
        "WHERE rolname = current_user AND rolsuper "
        "UNION ALL SELECT set_config(name, '0', false) FROM pg_catalog.pg_settings "
        "WHERE name = 'idle_session_timeout'",
        {});
    if (!done.ok()) {
        throw Outage{*done.error};
    }
}

// No cancellation is on its way any longer. False: the connection is lost, and lost_ says why.
bool PostgresControl::settled() {
    if (!lost_ && !canceller_.settle()) {
        // It may reach the server at any time, and hit a statement that it was not meant for.
        lost_ = error_with(ErrorKind::connection_lost,
                           "a cancellation did not come through; the connection was given up");
        connection_.reset();
    }
    cancelled_.clear();
    return !lost_;
}

void PostgresControl::apply_timeouts() {
    if (!settled()) {
        return;  // reconnect() applies them
    }
    const auto transaction = PQtransactionStatus(pg());
    timeouts_uncertain_ = transaction != PQTRANS_IDLE;
    if (transaction == PQTRANS_INERROR) {
        return;  // nothing runs before the rollback; then they are applied
    }
    const std::string settings =
        "SET lock_timeout = " + std::to_string(lock_timeout_.count()) +
        "; SET statement_timeout = " + std::to_string(statement_timeout_.count());
    for (int tries = 1;; ++tries) {
        Outcome done;
        send(settings, {}, done);
        if (done.ok() || done.error->kind == ErrorKind::connection_lost) {
            return;
        }
        if (done.error->kind != ErrorKind::cancelled || tries == most_tries) {
            // Going on without a lock timeout could freeze the whole database.
            throw Outage{*done.error};
        }
        // Whoever cancels means what ran before this, or runs after it.
        if (!settled()) {
            return;
        }
    }
}

Outcome PostgresControl::execute(std::string_view sql, std::span<const Value> parameters) {
    Outcome outcome;
    if (!settled()) {
        outcome.error = lost_;
        return outcome;
    }
    if (sql.find('\0') != std::string_view::npos) {
        outcome.error = error_with(ErrorKind::syntax, "the statement holds a zero byte");
        return outcome;
    }
    send(sql, parameters, outcome);
    if (timeouts_uncertain_ && !lost_ && PQtransactionStatus(pg()) == PQTRANS_IDLE) {
        apply_timeouts();
    }
    return outcome;
}

void PostgresControl::send(std::string_view sql, std::span<const Value> parameters,
                           Outcome& outcome) {
    const std::string text{sql};
    int sent = 0;
    if (parameters.empty()) {
        sent = PQsendQuery(pg(), text.c_str());
    } else {
        std::vector<const char*> values;
        values.reserve(parameters.size());
        for (const Value& value : parameters) {
            values.push_back(value ? value->c_str() : nullptr);
        }
        sent = PQsendQueryParams(pg(), text.c_str(), static_cast<int>(values.size()), nullptr,
                                 values.data(), nullptr, nullptr, 0);
    }
    if (sent == 0) {
        outcome.error = error_of(nullptr, pg());
        note_loss(outcome);
        return;
    }
    PQsetSingleRowMode(pg());
    statement_ended_ = false;
    connection_->set_limit(limit_);
    collect(outcome);
    note_loss(outcome);
}

// Reads everything to the end of the answer; libpq is not ready for the next statement before.
void PostgresControl::collect(Outcome& outcome) {
    while (const Result result = connection_->next_result()) {
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            if (!leave_copy(status)) {
                outcome.error = connection_->error();
                return;
            }
            if (status != PGRES_COPY_OUT && outcome.ok()) {
                outcome.error = error_with(
                    ErrorKind::syntax, "COPY ... FROM STDIN has no data here",
                    "use INSERT, COPY from a file on the server, or a command step with psql");
            }
            continue;
        }
        take(result.get(), outcome);
        if (PQstatus(pg()) == CONNECTION_BAD) {
            return;  // PQgetResult would return the same again
        }
    }
}

void PostgresControl::take(PGresult* result, Outcome& outcome) {
    const ExecStatusType status = PQresultStatus(result);
    if (std::exchange(statement_ended_, status != PGRES_SINGLE_TUPLE)) {
        outcome.rows.clear();  // of an earlier statement in the same string
    }
    switch (status) {
        case PGRES_SINGLE_TUPLE:
            take_row(result, outcome);
            return;
        case PGRES_TUPLES_OK:  // the end of the rows
        case PGRES_COMMAND_OK:
            outcome.rows_affected = number_in<std::int64_t>(std::string_view{PQcmdTuples(result)});
            return;
        case PGRES_EMPTY_QUERY:
        case PGRES_NONFATAL_ERROR:
            return;
        default:
            if (outcome.ok()) {
                auto error = connection_->error(result);
                outcome.error = options_.show_row_values ? std::move(error)
                                                         : without_row_values(std::move(error));
            }
    }
}

void PostgresControl::take_row(const PGresult* result, Outcome& outcome) {
    if (outcome.rows.size() >= row_limit_) {
        return;
    }
    std::vector<Value> row;
    const int columns = PQnfields(result);
    row.reserve(static_cast<std::size_t>(columns));
    for (int column = 0; column < columns; ++column) {
        if (PQgetisnull(result, 0, column) == 1) {
            row.emplace_back();
        } else {
            const auto length = static_cast<std::size_t>(PQgetlength(result, 0, column));
            row.emplace_back(std::string{PQgetvalue(result, 0, column), length});
        }
    }
    outcome.rows.push_back(std::move(row));
}

bool PostgresControl::leave_copy(ExecStatusType status) {
    return status == PGRES_COPY_OUT ? connection_->skip_copy_out()
                                    : connection_->refuse_copy_in("no data");
}

// An error may be the server's goodbye (57P01, 25P03): what counts is whether the connection
// stands.
void PostgresControl::note_loss(Outcome& outcome) {
    if (PQstatus(pg()) == CONNECTION_OK && !connection_->given_up()) {
        return;
    }
    if (outcome.ok()) {
        outcome.error = connection_->error();
    }
    outcome.error->kind = ErrorKind::connection_lost;
    lost_ = outcome.error;
}

void PostgresControl::on_notice(void* self, const PGresult* notice) {
    const auto& control = *static_cast<const PostgresControl*>(self);
    if (control.options_.on_notice) {
        const char* severity = PQresultErrorField(notice, PG_DIAG_SEVERITY);
        const char* message = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
        control.options_.on_notice(std::string{severity == nullptr ? "NOTICE" : severity} + ": " +
                                   scrub(message == nullptr ? "" : message));
    }
}

// The harness's own, which takes no longer than its limit whatever the session is used for.
Outcome PostgresControl::question(std::string_view sql, std::optional<std::size_t> row_limit) {
    const auto limit = std::exchange(limit_, limit_.value_or(question_limit));
    const auto rows = std::exchange(row_limit_, row_limit.value_or(row_limit_));
    Outcome answer = execute(sql, {});
    limit_ = limit;
    row_limit_ = rows;
    if (!answer.ok()) {
        throw Outage{*answer.error};
    }
    return answer;
}

std::map<std::uint64_t, database::Storage> PostgresControl::storage() {
    // A relation left out would be a rewrite unseen.
    const Outcome answer = question(
        "SELECT c.oid, c.relfilenode, c.oid::regclass FROM pg_catalog.pg_class c "
        "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'm', 'i') AND c.relfilenode <> 0 "
        "AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') "
        "AND n.nspname NOT LIKE 'pg\\_temp\\_%' AND n.nspname NOT LIKE 'pg\\_toast\\_temp\\_%'",
        std::numeric_limits<std::size_t>::max());
    std::map<std::uint64_t, database::Storage> storage;
    for (const auto& row : answer.rows) {
        storage[number_in<std::uint64_t>(row[0])] = {*row[2], number_in<std::uint64_t>(row[1])};
    }
    return storage;
}

std::int64_t PostgresControl::log_position_bytes() {
    // The insert position moves at once; the write position waits for a flush.
    return number_in<std::int64_t>(
        question("SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
                 "ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn)::bigint")
            .rows.at(0)
            .at(0));
}

std::int64_t PostgresControl::server_clock_us() {
    return number_in<std::int64_t>(
        question("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            .rows.at(0)
            .at(0));
}

}  // namespace

std::unique_ptr<database::Control> open_control(const Destination& destination,
                                                ControlOptions options) {
    return std::make_unique<PostgresControl>(destination, std::move(options));
}

Outcome ask(database::Control& control, std::string_view sql, std::span<const Value> parameters) {
    Outcome outcome = control.execute(sql, parameters);
    if (!outcome.ok()) {
        throw Outage{*outcome.error};
    }
    return outcome;
}

}  // namespace harness::postgres
