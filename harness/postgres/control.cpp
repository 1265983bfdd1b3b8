#include "harness/postgres/control.hpp"

#include "harness/postgres/connection.hpp"
#include "harness/postgres/errors.hpp"

#include <array>
#include <atomic>
#include <charconv>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace harness::postgres {

namespace {

using database::Error;
using database::ErrorKind;
using database::Outage;
using database::Outcome;
using database::Value;
using std::chrono::milliseconds;

struct FreeCancel {
    void operator()(PGcancel* cancel) const noexcept { PQfreeCancel(cancel); }
};

std::int64_t to_int(std::string_view text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Error error_with(ErrorKind kind, std::string message, std::string hint = {}) {
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    error.hint = std::move(hint);
    return error;
}

// Carries cancellations to the server without making the caller wait: PQcancel opens a connection
// of its own and waits for the server's goodbye, which takes as long as the network likes.
class Canceller {
public:
    Canceller() = default;
    Canceller(const Canceller&) = delete;
    Canceller& operator=(const Canceller&) = delete;
    ~Canceller() { settle(); }

    // For the connection that this one belongs to from now on.
    void aim(PGconn* connection) {
        settle();
        const std::lock_guard lock{mutex_};
        cancel_ = {PQgetCancel(connection), FreeCancel{}};
    }

    void cancel() noexcept {
        const std::lock_guard lock{mutex_};
        if (!cancel_ || under_way_) {
            return;
        }
        if (worker_.joinable()) {
            worker_.join();  // at once: it has delivered
        }
        try {
            under_way_ = true;
            worker_ = std::thread{[this, cancel = cancel_] {
                deliver(cancel.get());
                under_way_ = false;
            }};
        } catch (const std::system_error&) {
            deliver(cancel_.get());  // no thread to be had: late is better than never
            under_way_ = false;
        }
    }

    // Returns when no cancellation is on its way, so that none hits the statement after the one it
    // was meant for.
    void settle() {
        std::thread worker;
        {
            const std::lock_guard lock{mutex_};
            worker = std::move(worker_);
        }
        if (worker.joinable()) {
            worker.join();
        }
    }

private:
    static void deliver(PGcancel* cancel) noexcept {
        std::array<char, 256> message{};
        // A failure means that the server or the connection is gone, which the statement that was
        // to be cancelled reports itself.
        static_cast<void>(PQcancel(cancel, message.data(), static_cast<int>(message.size())));
    }

    std::mutex mutex_;
    std::shared_ptr<PGcancel> cancel_;
    std::thread worker_;
    std::atomic<bool> under_way_ = false;
};

class PostgresControl final : public database::Control {
public:
    PostgresControl(std::string conninfo, ControlOptions options)
        : conninfo_{std::move(conninfo)},
          options_{std::move(options)},
          lock_timeout_{options_.lock_timeout},
          statement_timeout_{options_.statement_timeout},
          row_limit_{options_.row_limit} {
        open();
    }

    [[nodiscard]] std::int64_t session_id() const override {
        return PQbackendPID(connection_.get());
    }

    Outcome execute(std::string_view sql, std::span<const Value> parameters) override;

    void set_lock_timeout(milliseconds timeout) override {
        lock_timeout_ = timeout;
        apply_timeouts();
    }
    void set_statement_timeout(milliseconds timeout) override {
        statement_timeout_ = timeout;
        apply_timeouts();
    }

    void cancel() noexcept override { canceller_.cancel(); }

    void reconnect() override { open(); }

    std::map<std::uint64_t, database::Storage> storage() override;
    std::int64_t log_position_bytes() override;
    std::int64_t server_clock_us() override;

private:
    void open();
    void apply_timeouts();
    void send(std::string_view sql, std::span<const Value> parameters, Outcome& outcome);
    void collect(Outcome& outcome);
    void take(PGresult* result, Outcome& outcome);
    void take_row(const PGresult* result, Outcome& outcome);
    bool leave_copy(ExecStatusType status);
    void note_loss(Outcome& outcome);

    static void on_notice(void* self, const PGresult* notice);

    const std::string conninfo_;
    const ControlOptions options_;
    milliseconds lock_timeout_, statement_timeout_;
    // Timeouts set inside a transaction are gone again if it is rolled back.
    bool timeouts_uncertain_ = false;
    bool statement_ended_ = false;  // the next result is another statement's
    std::size_t row_limit_;
    Connection connection_;
    Canceller canceller_;  // after connection_: settles before the connection is closed
    std::optional<Error> lost_;
};

void PostgresControl::open() {
    canceller_.settle();
    connection_.reset();
    lost_ = error_with(ErrorKind::connection_lost, "the connection is closed");
    connection_ = open_connection(conninfo_);
    const int version = PQserverVersion(connection_.get());
    if (version < oldest_supported_major * 10'000) {
        const char* name = PQparameterStatus(connection_.get(), "server_version");
        connection_.reset();
        throw Outage{
            error_with(ErrorKind::other, std::string{"the server is PostgreSQL "} +
                                             (name == nullptr ? "?" : name) + "; this needs " +
                                             std::to_string(oldest_supported_major) + " or newer")};
    }
    lost_.reset();
    PQsetNoticeReceiver(connection_.get(), &PostgresControl::on_notice, this);
    canceller_.aim(connection_.get());
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

void PostgresControl::apply_timeouts() {
    if (lost_) {
        return;  // reconnect() applies them
    }
    const auto transaction = PQtransactionStatus(connection_.get());
    timeouts_uncertain_ = transaction != PQTRANS_IDLE;
    if (transaction == PQTRANS_INERROR) {
        return;  // nothing runs before the rollback; then they are applied
    }
    Outcome done;
    send("SET lock_timeout = " + std::to_string(lock_timeout_.count()) +
             "; SET statement_timeout = " + std::to_string(statement_timeout_.count()),
         {}, done);
    if (!done.ok() && done.error->kind != ErrorKind::connection_lost) {
        // Going on without a lock timeout could freeze the whole database.
        throw Outage{*done.error};
    }
}

Outcome PostgresControl::execute(std::string_view sql, std::span<const Value> parameters) {
    canceller_.settle();
    Outcome outcome;
    if (lost_) {
        outcome.error = lost_;
        return outcome;
    }
    if (sql.find('\0') != std::string_view::npos) {
        outcome.error = error_with(ErrorKind::syntax, "the statement holds a zero byte");
        return outcome;
    }
    send(sql, parameters, outcome);
    if (timeouts_uncertain_ && !lost_ && PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) {
        apply_timeouts();
    }
    return outcome;
}

void PostgresControl::send(std::string_view sql, std::span<const Value> parameters,
                           Outcome& outcome) {
    const std::string text{sql};
    int sent = 0;
    if (parameters.empty()) {
        sent = PQsendQuery(connection_.get(), text.c_str());
    } else {
        std::vector<const char*> values;
        values.reserve(parameters.size());
        for (const Value& value : parameters) {
            values.push_back(value ? value->c_str() : nullptr);
        }
        sent = PQsendQueryParams(connection_.get(), text.c_str(), static_cast<int>(values.size()),
                                 nullptr, values.data(), nullptr, nullptr, 0);
    }
    if (sent == 0) {
        outcome.error = error_of(nullptr, connection_.get());
        note_loss(outcome);
        return;
    }
    PQsetSingleRowMode(connection_.get());
    statement_ended_ = false;
    collect(outcome);
    note_loss(outcome);
}

// Reads everything to the end of the answer; libpq is not ready for the next statement before.
void PostgresControl::collect(Outcome& outcome) {
    while (const Result result{PQgetResult(connection_.get())}) {
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            if (!leave_copy(status)) {
                outcome.error = error_of(connection_.get());
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
        if (PQstatus(connection_.get()) == CONNECTION_BAD) {
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
            outcome.rows_affected = to_int(PQcmdTuples(result));
            return;
        case PGRES_EMPTY_QUERY:
        case PGRES_NONFATAL_ERROR:
            return;
        default:
            if (outcome.ok()) {
                outcome.error = error_of(result, connection_.get());
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
    if (status != PGRES_COPY_OUT) {
        return PQputCopyEnd(connection_.get(), "no data") == 1;
    }
    for (;;) {
        char* row = nullptr;
        const int length = PQgetCopyData(connection_.get(), &row, 0);
        if (length < 0) {
            return length == -1;
        }
        PQfreemem(row);
    }
}

// An error may be the server's goodbye (57P01, 25P03): what counts is whether the connection
// stands.
void PostgresControl::note_loss(Outcome& outcome) {
    if (PQstatus(connection_.get()) == CONNECTION_OK) {
        return;
    }
    if (outcome.ok()) {
        outcome.error = error_of(connection_.get());
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

std::map<std::uint64_t, database::Storage> PostgresControl::storage() {
    // A relation left out would be a rewrite unseen.
    const auto limit = std::exchange(row_limit_, std::numeric_limits<std::size_t>::max());
    const Outcome answer = execute(
        "SELECT c.oid, c.relfilenode, c.oid::regclass FROM pg_catalog.pg_class c "
        "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'm', 'i') AND c.relfilenode <> 0 "
        "AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') "
        "AND n.nspname NOT LIKE 'pg\\_temp\\_%' AND n.nspname NOT LIKE 'pg\\_toast\\_temp\\_%'",
        {});
    row_limit_ = limit;
    if (!answer.ok()) {
        throw Outage{*answer.error};
    }
    std::map<std::uint64_t, database::Storage> storage;
    for (const auto& row : answer.rows) {
        storage[static_cast<std::uint64_t>(to_int(*row[0]))] = {
            *row[2], static_cast<std::uint64_t>(to_int(*row[1]))};
    }
    return storage;
}

std::int64_t PostgresControl::log_position_bytes() {
    // The insert position moves at once; the write position waits for a flush.
    return to_int(*ask(*this,
                       "SELECT (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() "
                       "ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn)::bigint")
                       .rows.at(0)
                       .at(0));
}

std::int64_t PostgresControl::server_clock_us() {
    return to_int(*ask(*this, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
                       .rows.at(0)
                       .at(0));
}

}  // namespace

std::unique_ptr<database::Control> open_control(const std::string& conninfo,
                                                ControlOptions options) {
    return std::make_unique<PostgresControl>(conninfo, std::move(options));
}

Outcome ask(database::Control& control, std::string_view sql, std::span<const Value> parameters) {
    Outcome outcome = control.execute(sql, parameters);
    if (!outcome.ok()) {
        throw Outage{*outcome.error};
    }
    return outcome;
}

}  // namespace harness::postgres
