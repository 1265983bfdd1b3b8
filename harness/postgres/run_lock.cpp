#include "harness/postgres/run_lock.hpp"

#include "harness/postgres/control.hpp"

#include <chrono>
#include <thread>
#include <utility>

namespace harness::postgres {

namespace {

using namespace std::chrono_literals;

// "rehearse" in ASCII.
constexpr std::int64_t key = 0x7265686561727365;
// The server notices within milliseconds that a killed client is gone; not at once.
constexpr auto patience = 1s;

std::string holder(database::Control& control) {
    // A bigint key is two halves, with objsubid 1. Without pg_read_all_stats others' rows show
    // little more than pid and application.
    const auto answer =
        ask(control,
            "SELECT l.pid, coalesce(a.application_name, '?'), coalesce(a.usename, '?'), "
            "coalesce(a.client_addr::text, 'local'), "
            "coalesce(a.backend_start::timestamptz(0)::text, '?') "
            "FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid "
            "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
            "AND l.database = (SELECT oid FROM pg_catalog.pg_database "
            "WHERE datname = pg_catalog.current_database()) "
            "AND l.classid::bigint = (" +
                std::to_string(key) + "::bigint >> 32) AND l.objid::bigint = (" +
                std::to_string(key) + "::bigint & 4294967295)");
    if (answer.rows.empty()) {
        return "a session that has just ended: try again";
    }
    const auto& row = answer.rows[0];
    return "session " + *row[0] + " (" + *row[1] + ", user " + *row[2] + ", client " + *row[3] +
           ", since " + *row[4] + ")";
}

class PostgresRunLock final : public database::RunLock {
public:
    explicit PostgresRunLock(std::unique_ptr<database::Control> control)
        : control_{std::move(control)} {}

    // The lock lasts as long as its session; Control never reconnects by itself.
    [[nodiscard]] bool held() override { return control_->execute("SELECT 1").ok(); }

private:
    std::unique_ptr<database::Control> control_;  // its session holds the lock
};

}  // namespace

void take_run_lock(database::Control& control) {
    const std::string try_it =
        "SELECT pg_catalog.pg_try_advisory_lock(" + std::to_string(key) + ")";
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (ask(control, try_it).rows.at(0).at(0) != "t") {
        if (std::chrono::steady_clock::now() > deadline) {
            throw database::Refused{
                "another rehearsal runs on this database: the lock is held by " + holder(control) +
                "\n  wait for it; if its program is dead and the server has not noticed, end the "
                "session with pg_terminate_backend()"};
        }
        std::this_thread::sleep_for(50ms);
    }
}

std::unique_ptr<database::RunLock> lock_for_run(const Destination& destination) {
    ControlOptions options;
    options.statement_timeout =
        5s;  // trivial questions; the last one is asked of a server that may be gone
    auto control = open_control(destination, options);
    take_run_lock(*control);
    return std::make_unique<PostgresRunLock>(std::move(control));
}

}  // namespace harness::postgres
