#include "harness/postgres/lock_source.hpp"

#include "harness/postgres/cell.hpp"
#include "harness/postgres/connection.hpp"
#include "harness/postgres/lock_graph.hpp"
#include "harness/postgres/lock_queries.hpp"
#include "harness/postgres/timed_connection.hpp"
#include "harness/postgres/wal_history.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace harness::postgres {
namespace {

using database::LockSample;
using database::LockSession;

// The server's own statement_timeout for these questions is half of it.
constexpr std::chrono::milliseconds longest_answer{10'000};

LockSession session_of(const PGresult* result, int row) {
    const auto text = [&](int column) { return std::string{Cell{result, row, column}.text()}; };
    const auto number = [&](int column) { return Cell{result, row, column}.number_or_0(); };
    return {number(0), text(1), text(2), text(3), number(4), {}};
}

class PostgresLockSource final : public database::LockSource {
public:
    explicit PostgresLockSource(Destination destination) : destination_{std::move(destination)} {
        connect();
    }

    LockSample sample() override {
        {
            const Result waiting = run("waiting");
            if (Cell{waiting.get(), 0, 1}.text() == "f") {
                LockSample sample;
                sample.server_clock_us = Cell{waiting.get(), 0, 0}.number_or_0();
                return sample;
            }
        }
        const Result graph = run("graph");
        return read_lock_graph(graph.get());
    }

    std::vector<database::WatchedLock> locks_of(std::span<const std::int64_t> sessions) override {
        std::vector<database::WatchedLock> locks;
        if (sessions.empty()) {
            return locks;
        }
        std::string array = "{";
        for (const auto session : sessions) {
            array += (array.size() > 1 ? "," : "") + std::to_string(session);
        }
        const Result result = run("locks_of", array + "}");
        for (int row = 0; row < PQntuples(result.get()); ++row) {
            const auto cell = [&](int column) { return Cell{result.get(), row, column}; };
            locks.push_back({cell(0).number_or_0(), std::string{cell(1).text()},
                             std::string{cell(2).text()}, cell(3).text() == "t", cell(4).number()});
        }
        return locks;
    }

    std::vector<LockSession> sessions_since(std::int64_t server_clock_us) override {
        const Result result = run("sessions_since", std::to_string(server_clock_us));
        std::vector<LockSession> sessions;
        for (int row = 0; row < PQntuples(result.get()); ++row) {
            sessions.push_back(session_of(result.get(), row));
        }
        return sessions;
    }

    std::vector<database::ReplicaLag> replica_lag() override {
        const Result result = run("replica_lag");
        const auto now = WalHistory::Clock::now();
        std::vector<database::ReplicaLag> lags;
        const auto written = Cell{result.get(), 0, 0}.number();
        if (!written) {  // a standby itself
            return lags;
        }
        written_.add(now, *written);
        for (int row = 0; row < PQntuples(result.get()); ++row) {
            const auto cell = [&](int column) { return Cell{result.get(), row, column}; };
            if (const auto replayed = cell(1).number()) {
                const auto told = cell(3).text();  // ends with a zero byte, as libpq has it
                lags.push_back({std::string{cell(2).text()},
                                written_.seconds_behind(*replayed, now,
                                                        told.empty() ? std::nullopt
                                                                     : std::optional{std::strtod(
                                                                           told.data(), nullptr)}),
                                std::max<std::int64_t>(0, *written - *replayed)});
            }
        }
        return lags;
    }

    std::uint64_t deadlocks() override {
        const Result result = run("deadlocks");
        return PQntuples(result.get()) == 0
                   ? 0
                   : static_cast<std::uint64_t>(Cell{result.get(), 0, 0}.number_or_0());
    }

    void reconnect() override { connect(); }
    [[nodiscard]] std::int64_t session_id() const override { return session_; }

private:
    void connect() {
        connection_.reset();
        connection_ = std::make_unique<TimedConnection>(destination_);
        connection_->set_limit(longest_answer);
        const int version = PQserverVersion(connection_->get());
        if (version < oldest_supported_major * 10000) {
            fail({.kind = database::ErrorKind::other,
                  .code = {},
                  .message = "the server is older than PostgreSQL 10",
                  .detail = {},
                  .hint = {},
                  .position = {}});
        }
        // A compiled plan would cost more than it runs (jit_above_cost: 11 and later).
        execute(
            "SET application_name = 'rehearse/observer'; SET lock_timeout = '2s';"
            " SET statement_timeout = '5s';"
            " SELECT set_config(name, '-1', false) FROM pg_settings WHERE name = 'jit_above_cost'");
        const Result role = execute(
            "SELECT pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'), pg_backend_pid()");
        session_ = Cell{role.get(), 0, 1}.number_or_0();
        prepare("waiting", waiting_query(Cell{role.get(), 0, 0}.text() == "t"));
        prepare("graph", graph_query(version));
        prepare("locks_of", locks_of_query(version));
        prepare("sessions_since", sessions_since_query);
        prepare("replica_lag", replica_lag_query);
        prepare("deadlocks", deadlocks_query);
    }

    void prepare(const char* name, const std::string& sql) {
        check(connection_->prepare(name, sql));
    }
    Result execute(const char* sql) { return check(connection_->execute(sql)); }

    Result run(const char* name) {
        require_connection();
        return check(connection_->run_prepared(name));
    }
    Result run(const char* name, const std::string& parameter) {
        require_connection();
        return check(connection_->run_prepared(name, &parameter));
    }

    // After a reconnect() that failed.
    void require_connection() const {
        if (!connection_) {
            fail({.kind = database::ErrorKind::connection_lost,
                  .code = {},
                  .message = "the connection is closed",
                  .detail = {},
                  .hint = {},
                  .position = {}});
        }
    }

    Result check(Result result) {
        if (is_failure(result.get())) {
            fail(connection_->error(result.get()));
        }
        return result;
    }

    [[noreturn]] static void fail(database::Error error) {
        throw database::Outage{std::move(error)};
    }

    Destination destination_;
    std::unique_ptr<TimedConnection> connection_;
    std::int64_t session_ = 0;
    WalHistory written_;  // by this server
};

}  // namespace

std::unique_ptr<database::LockSource> open_lock_source(const Destination& destination) {
    return std::make_unique<PostgresLockSource>(destination);
}

}  // namespace harness::postgres
