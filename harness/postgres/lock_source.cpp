#include "harness/postgres/lock_source.hpp"

#include "harness/postgres/connection.hpp"
#include "harness/postgres/timed_connection.hpp"
#include "harness/postgres/wal_history.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace harness::postgres {
namespace {

using database::LockSample;
using database::LockSession;
using database::LockWaiter;

// The server's own statement_timeout for these questions is half of it.
constexpr std::chrono::milliseconds longest_answer{10'000};

// ROUND: extract(epoch) is a double before 14, whose product is a fraction of a microsecond off.
constexpr std::string_view clock_us = "round(extract(epoch FROM clock_timestamp()) * 1e6)::bigint";

// The first query of a sample, one row always. Measured with 64 connections: 40-60 us of server
// time. pg_blocking_pids() is not called here, nor is pg_locks read: both take all partitions of
// the lock table, and most of the time nobody waits.
std::string waiting_query(bool sees_all) {
    std::string sql = "SELECT ";
    sql += clock_us;
    if (sees_all) {
        sql +=
            ", EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datid ="
            " (SELECT oid FROM pg_database WHERE datname = current_database()))";
    } else {
        sql += ", EXISTS (SELECT FROM pg_locks WHERE NOT granted)";
    }
    return sql;
}

// The second query, when somebody waits: one snapshot of the lock table, then the blockers of those
// who wait in it. Rows of several kinds, told apart by the first column:
//
//   c: the server's clock
//
//   w: a wait (session, object, kind, relation, mode, since)
//
//   b: who is in the way of those who want this object in this mode (one of them, object, mode,
//      blockers)
//
//   h: a granted lock on an object that somebody waits for (session, object, kind, relation, mode)
//
//   t: a tuple lock held by one who waits for a transaction (session, -, -, relation)
//
//   s: a session (session, application, state, query, transaction start)
//
//   p: a prepared transaction that holds such an object (0, name, -, -, time)
//
// pg_blocking_pids() is asked once for each object and mode, not for each waiter: it costs 30-80 us
// a call, and with 250 waiters a sample took 20 ms. All who want the same have the same holders in
// their way, or, if nobody holds, are behind the same request; so their root is the same.
std::string graph_query(int version) {
    const bool waitstart = version >= 140000;
    const std::string object =
        "concat_ws('/', locktype, database, relation, page, tuple, virtualxid, transactionid,"
        " classid, objid, objsubid)";
    const std::string name =
        "CASE WHEN relation IS NOT NULL THEN relation::regclass::text ELSE '' END";
    std::string sql = "WITH activity AS (SELECT * FROM pg_stat_activity), ";
    sql += "locks AS (SELECT l.*, " + object +
           " AS object FROM pg_locks l WHERE database IS NULL "
           "OR database = 0 OR database = (SELECT oid FROM pg_database "
           "WHERE datname = current_database())), ";
    sql +=
        "waiting AS (SELECT l.* FROM locks l WHERE NOT granted AND pid IN (SELECT pid "
        "FROM activity WHERE datname = current_database())), ";
    sql +=
        "wants AS (SELECT object, mode, max(pid) AS pid FROM waiting GROUP BY object, mode), "
        "blocked AS (SELECT pid, object, mode, pg_blocking_pids(pid) AS blockers FROM wants), ";
    sql +=
        "held AS (SELECT * FROM locks WHERE granted AND object IN (SELECT object FROM waiting)), ";
    sql += "involved AS (SELECT pid FROM waiting UNION SELECT unnest(blockers) FROM blocked) ";
    sql += "SELECT 'c', 0, " + std::string{clock_us} + "::text, '', '', '', '' ";
    sql += "UNION ALL SELECT 'w', w.pid, object, locktype, " + name + ", mode, ";
    sql += waitstart ? "round(extract(epoch FROM waitstart) * 1e6)::bigint::text" : "NULL::text";
    sql += " FROM waiting w ";
    sql += "UNION ALL SELECT 'b', pid, object, mode, blockers::text, '', '' FROM blocked ";
    sql += "UNION ALL SELECT 'h', coalesce(pid, 0), object, locktype, " + name +
           ", mode, '' "
           "FROM held ";
    sql += "UNION ALL SELECT 't', pid, '', '', " + name +
           ", '', '' FROM locks WHERE granted "
           "AND locktype = 'tuple' AND pid IN (SELECT pid FROM waiting "
           "WHERE locktype = 'transactionid') ";
    // 1,000 characters are as many as a reader looks at.
    sql +=
        "UNION ALL SELECT 's', pid, application_name, coalesce(state, ''),"
        " coalesce(left(query, 1000), ''),"
        " round(extract(epoch FROM xact_start) * 1e6)::bigint::text, '' "
        "FROM activity WHERE pid IN (SELECT pid FROM involved) ";
    sql +=
        "UNION ALL SELECT 'p', 0, gid, '', '',"
        " round(extract(epoch FROM prepared) * 1e6)::bigint::text, ''"
        // pg_locks shows it under the virtual transaction of the session that prepared it: what
        // ties the two together is the lock on its own transaction id.
        " FROM pg_prepared_xacts p WHERE EXISTS (SELECT FROM held h JOIN locks x"
        " USING (virtualtransaction) WHERE h.pid IS NULL AND x.pid IS NULL AND"
        " x.locktype = 'transactionid' AND x.transactionid = p.transaction)";
    return sql;
}

// Indexes and tables, but neither the catalog nor what the transaction itself has just created
// (invisible here, and nobody can wait for it).
std::string locks_of_query(int version) {
    std::string sql = "SELECT l.pid, l.relation::regclass::text, l.mode, l.granted, ";
    sql +=
        version >= 140000 ? "round(extract(epoch FROM l.waitstart) * 1e6)::bigint" : "NULL::bigint";
    sql +=
        " FROM pg_locks l JOIN pg_class c ON c.oid = l.relation WHERE l.locktype = 'relation'"
        " AND l.pid = ANY ($1::int[]) AND l.database = (SELECT oid FROM pg_database"
        " WHERE datname = current_database()) AND c.relnamespace NOT IN (SELECT oid FROM"
        " pg_namespace WHERE nspname IN ('pg_catalog', 'pg_toast', 'information_schema'))";
    return sql;
}

constexpr const char* sessions_since_query =
    "SELECT pid, application_name, coalesce(state, ''), coalesce(left(query, 1000), ''),"
    " round(extract(epoch FROM xact_start) * 1e6)::bigint"
    " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    // A role that sees little sees no backend types either; its own sessions it sees whole.
    " AND coalesce(backend_type, 'client backend') = 'client backend'"
    " AND backend_start > timestamptz 'epoch' + $1::bigint * interval '1 microsecond'";

// One row at least: what the server has written is remembered also while it has no replica. Slots
// of the harness's own are no replicas.
constexpr const char* replica_lag_query =
    "SELECT (written - '0/0'::pg_lsn)::bigint, (replay_lsn - '0/0'::pg_lsn)::bigint,"
    " coalesce(nullif(application_name, ''), client_addr::text, pid::text),"
    " extract(epoch FROM replay_lag)::float8"
    " FROM (SELECT CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END AS written) w"
    " LEFT JOIN pg_stat_replication ON application_name NOT LIKE 'rehearse/%'"
    " AND replay_lsn IS NOT NULL";

constexpr const char* deadlocks_query =
    "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";

// Table 13.2 of the manual: bit i of conflicts[m] is set when mode m conflicts with mode i.
constexpr std::array<std::string_view, 8> modes{
    "AccessShareLock", "RowShareLock",          "RowExclusiveLock", "ShareUpdateExclusiveLock",
    "ShareLock",       "ShareRowExclusiveLock", "ExclusiveLock",    "AccessExclusiveLock"};
constexpr std::array<unsigned, 8> conflicts{0x80, 0xc0, 0xf0, 0xf8, 0xec, 0xfc, 0xfe, 0xff};

// Modes that are not in the table (SIReadLock) never block anybody: -1.
int strength(std::string_view mode) noexcept {
    const auto found = std::find(modes.begin(), modes.end(), mode);
    return found == modes.end() ? -1 : static_cast<int>(found - modes.begin());
}

bool conflict(std::string_view a, std::string_view b) noexcept {
    const int i = strength(a);
    const int j = strength(b);
    return i >= 0 && j >= 0 && (conflicts[static_cast<std::size_t>(i)] >> j & 1U) != 0;
}

// One column of one row, as libpq holds it.
class Cell {
public:
    Cell(const PGresult* result, int row, int column)
        : result_{result}, row_{row}, column_{column} {}
    [[nodiscard]] std::string_view text() const {
        return {PQgetvalue(result_, row_, column_),
                static_cast<std::size_t>(PQgetlength(result_, row_, column_))};
    }
    // Empty for NULL and for what is no number.
    [[nodiscard]] std::optional<std::int64_t> number() const {
        const auto digits = text();
        std::int64_t value = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size()) {
            return std::nullopt;
        }
        return value;
    }
    [[nodiscard]] std::int64_t number_or_0() const { return number().value_or(0); }

private:
    const PGresult* result_;
    int row_, column_;
};

// {1,2,3}; parallel workers of one session are told as their leader, several times.
std::vector<std::int64_t> numbers_of_array(std::string_view text) {
    std::vector<std::int64_t> numbers;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end) {
        std::int64_t value = 0;
        const auto [next, error] = std::from_chars(at, end, value);
        if (error == std::errc{}) {
            numbers.push_back(value);
            at = next;
        } else {
            ++at;
        }
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    return numbers;
}

// Puts the rows of graph_query together.
class GraphReader {
public:
    explicit GraphReader(const PGresult* rows) : rows_{rows} {
        for (int row = 0; row < PQntuples(rows); ++row) {
            read(row);
        }
    }

    LockSample take() {
        for (auto& [wait, object] : waits_) {
            // Those who wait for a transaction hold the row's tuple lock meanwhile: its table.
            if (wait.relation.empty()) {
                const auto tuple = tuple_relations_.find(wait.session);
                wait.relation = tuple == tuple_relations_.end() ? "" : tuple->second;
            }
            // Asked for one of them: another may be in its list itself.
            for (const auto blocker : blockers_[object + " " + wait.mode]) {
                if (blocker != wait.session) {
                    wait.blockers.push_back(blocker);
                }
            }
            file_holders(wait, object);
            // Nobody in its way even in the snapshot: it queued behind waiters that are gone now.
            if (!wait.blockers.empty()) {
                sample_.waiters.push_back(std::move(wait));
            }
        }
        for (auto& [id, session] : sessions_) {
            std::stable_sort(
                session.held.begin(), session.held.end(),
                [](const auto& a, const auto& b) { return strength(a.mode) > strength(b.mode); });
            sample_.sessions.push_back(std::move(session));
        }
        return std::move(sample_);
    }

private:
    struct Holder {
        std::int64_t session;
        LockSession::Held lock;
    };

    void read(int row) {
        const auto cell = [&](int column) { return Cell{rows_, row, column}; };
        const auto text = [&](int column) { return std::string{cell(column).text()}; };
        const std::int64_t id = cell(1).number_or_0();
        switch (cell(0).text().front()) {
            case 'c':
                sample_.server_clock_us = cell(2).number_or_0();
                break;
            case 'w':
                waits_.emplace_back(LockWaiter{id, {}, text(3), text(4), text(5), cell(6).number()},
                                    text(2));
                break;
            case 'b':
                blockers_[text(2) + " " + text(3)] = numbers_of_array(cell(4).text());
                break;
            case 'h':
                holders_[text(2)].push_back({id, {text(3), text(4), text(5)}});
                break;
            case 't':
                tuple_relations_[id] = text(4);
                break;
            case 's':
                sessions_[id] = {id, text(2), text(3), text(4), cell(5).number_or_0(), {}};
                break;
            default:  // 'p'; of several, the oldest stands for all: they share session 0
                auto& prepared = sessions_[0];
                const std::int64_t since = cell(5).number_or_0();
                if (prepared.application.empty() || since < prepared.transaction_start_us) {
                    prepared.application = text(2);
                    prepared.state = "prepared transaction";
                    prepared.transaction_start_us = since;
                }
        }
    }

    // Notes at each holder what it holds that `wait` asks for. A wait without blockers (they were
    // asked for after the snapshot, and it was over by then) has those holders for its blockers.
    void file_holders(LockWaiter& wait, const std::string& object) {
        const auto found = holders_.find(object);
        if (found == holders_.end()) {
            return;
        }
        const bool granted_since = wait.blockers.empty();
        for (const auto& [session, lock] : found->second) {
            if (session == wait.session || !conflict(wait.mode, lock.mode)) {
                continue;
            }
            if (granted_since) {
                wait.blockers.push_back(session);
            }
            auto& holder = sessions_[session];
            holder.session = session;
            const auto same = [&](const LockSession::Held& held) {
                return held.kind == lock.kind && held.relation == lock.relation &&
                       held.mode == lock.mode;
            };
            if (std::none_of(holder.held.begin(), holder.held.end(), same)) {
                holder.held.push_back(lock);
            }
        }
    }

    const PGresult* rows_;
    LockSample sample_;
    std::vector<std::pair<LockWaiter, std::string>> waits_;
    std::unordered_map<std::string, std::vector<std::int64_t>> blockers_;  // by object and mode
    std::unordered_map<std::string, std::vector<Holder>> holders_;
    std::unordered_map<std::int64_t, std::string> tuple_relations_;
    std::map<std::int64_t, LockSession> sessions_;
};

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
        return GraphReader{graph.get()}.take();
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
