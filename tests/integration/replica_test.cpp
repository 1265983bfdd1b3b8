// How far a hot standby is behind, as the standby itself and as its primary tell it.
#include "harness/postgres/doctor.hpp"
#include "harness/postgres/lock_source.hpp"
#include "harness/postgres/replica_probe.hpp"
#include "harness/postgres/server_binaries.hpp"
#include "tests/integration/throwaway.hpp"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using harness::postgres::PostgresThrowaway;
using Clock = std::chrono::steady_clock;

// A hot standby of a throwaway server, on a socket in a folder of its own; stopped at its end.
class Standby {
public:
    explicit Standby(const PostgresThrowaway& primary) : folder_{harness::postgres::server_user()} {
        copy(primary);
        configure(primary);
        const auto options = tests::server_under_test();
        const auto binaries =
            harness::postgres::find_server(options.binaries, options.major_version);
        process_ = std::make_unique<harness::postgres::ServerProcess>(
            harness::postgres::Program{.arguments = {(binaries.folder / "postgres").string(), "-D",
                                                     folder_.data().string()},
                                       .folder = folder_.path(),
                                       .output = folder_.log(),
                                       .user = harness::postgres::server_user()},
            SIGQUIT);
        const auto deadline = std::chrono::steady_clock::now() + 60s;
        while (PQping(target().conninfo("test").c_str()) != PQPING_OK) {
            if (process_->wait_for(20ms) || std::chrono::steady_clock::now() > deadline) {
                throw std::runtime_error{harness::postgres::tail_of(folder_.log(), 20)};
            }
        }
    }
    ~Standby() {
        process_->signal(SIGINT);
        process_->wait_for(10s);
    }
    Standby(const Standby&) = delete;
    Standby& operator=(const Standby&) = delete;

    [[nodiscard]] harness::postgres::Target target() const {
        return harness::postgres::Target::parse(
            "host=" + folder_.path().string() +
            " port=5432 user=postgres dbname=" + std::string{PostgresThrowaway::database_name});
    }

private:
    // An online backup, done by hand: pg_basebackup is not part of every server's package.
    void copy(const PostgresThrowaway& primary) {
        const auto session = harness::postgres::open_control(
            harness::postgres::Target::parse(primary.uri()).conninfo("backup"));
        const bool renamed = tests::server_major() >= 15;
        harness::postgres::ask(*session, renamed
                                             ? "SELECT pg_backup_start('standby', true)"
                                             : "SELECT pg_start_backup('standby', true, false)");
        fs::create_directory(folder_.data());
        for (const auto& entry : fs::directory_iterator{primary.folder() / "data"}) {
            const auto name = entry.path().filename();
            if (name == "pg_stat_tmp") {  // its files come and go
                fs::create_directory(folder_.data() / name);
            } else if (name != "postmaster.pid" && name != "postmaster.opts") {
                fs::copy(entry, folder_.data() / name, fs::copy_options::recursive);
            }
        }
        const auto stopped = harness::postgres::ask(
            *session, renamed ? "SELECT labelfile FROM pg_backup_stop(false)"
                              : "SELECT labelfile FROM pg_stop_backup(false, "
                                "false)");
        std::ofstream{folder_.data() / "backup_label"} << *stopped.rows.at(0).at(0);
    }

    void configure(const PostgresThrowaway& primary) {
        const std::string source = "primary_conninfo = 'host=" + primary.folder().string() +
                                   " port=5432 user=postgres application_name=a_standby'\n";
        std::ofstream settings{folder_.data() / "postgresql.conf", std::ios::app};
        settings << "unix_socket_directories = '" << folder_.path().string() << "'\n"
                 << "hot_standby = on\n"
                 << "wal_receiver_status_interval = 1s\n";
        if (tests::server_major() < 12) {
            std::ofstream{folder_.data() / "recovery.conf"} << "standby_mode = on\n" << source;
        } else {
            settings << source;
            std::ofstream{folder_.data() / "standby.signal"};
        }
        settings.close();
        const auto user = harness::postgres::server_user();
        if (user.drop) {
            for (const auto& entry : fs::recursive_directory_iterator{folder_.data()}) {
                EXPECT_EQ(lchown(entry.path().c_str(), user.uid, user.gid), 0) << entry.path();
            }
            EXPECT_EQ(lchown(folder_.data().c_str(), user.uid, user.gid), 0);
        }
        fs::permissions(folder_.data(), fs::perms::owner_all);
    }

    harness::postgres::ThrowawayFolder folder_;
    std::unique_ptr<harness::postgres::ServerProcess> process_;
};

class Replica : public testing::Test {
protected:
    void SetUp() override {
        primary = std::make_unique<PostgresThrowaway>(tests::server_under_test());
        standby = std::make_unique<Standby>(*primary);
        on_primary = session_on_primary("test");
        on_standby = harness::postgres::open_control(standby->target().conninfo("test"));
        ask("CREATE TABLE t AS SELECT 0 AS n");
        catch_up();
    }

    [[nodiscard]] std::unique_ptr<harness::database::Control> session_on_primary(
        const std::string& role) const {
        return harness::postgres::open_control(
            harness::postgres::Target::parse(primary->uri()).conninfo(role));
    }
    [[nodiscard]] std::unique_ptr<harness::database::ReplicaProbe> probe() const {
        return harness::postgres::open_replica_probe(standby->target(),
                                                     session_on_primary("watch"));
    }
    [[nodiscard]] std::unique_ptr<harness::database::LockSource> lock_source() const {
        return harness::postgres::open_lock_source(
            harness::postgres::Target::parse(primary->uri()).conninfo("observer"));
    }
    static double seconds(Clock::duration duration) {
        return std::chrono::duration<double>(duration).count();
    }
    std::string ask(const std::string& sql) {
        const auto answer = harness::postgres::ask(*on_primary, sql);
        return answer.rows.empty() ? "" : answer.rows[0].at(0).value_or("");
    }
    bool becomes_true_on_standby(const std::string& query) {
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        while (std::chrono::steady_clock::now() < deadline) {
            const auto answer = on_standby->execute(query);
            if (answer.ok() && answer.rows.at(0).at(0) == "t") {
                return true;
            }
            std::this_thread::sleep_for(5ms);
        }
        return false;
    }
    void catch_up() {
        ASSERT_TRUE(becomes_true_on_standby("SELECT pg_last_wal_replay_lsn() >= '" +
                                            ask("SELECT pg_current_wal_lsn()") + "'"));
    }

    std::unique_ptr<PostgresThrowaway> primary;
    std::unique_ptr<Standby> standby;  // after its primary: stops before it
    std::unique_ptr<harness::database::Control> on_primary, on_standby;
};

TEST_F(Replica, ThatReplaysNothingFallsBehindByWhatItLacksAndByTime) {
    const auto watch = probe();
    const auto source = lock_source();
    const auto told_by_primary = [&] {
        const auto lags = source->replica_lag();
        EXPECT_EQ(lags.size(), 1U);
        return lags.empty() ? harness::database::ReplicaLag{} : lags[0];
    };
    const auto first_look = Clock::now();
    EXPECT_EQ(told_by_primary().name, "a_standby");
    static_cast<void>(watch->read());

    harness::postgres::ask(*on_standby, "SELECT pg_wal_replay_pause()");
    const std::string before = ask("SELECT pg_current_wal_lsn()");
    ask("UPDATE t SET n = n + 1");
    ask("INSERT INTO t SELECT generate_series(1, 20000)");
    const auto written_by = Clock::now();
    const std::string written = ask("SELECT pg_current_wal_lsn()");
    ASSERT_TRUE(becomes_true_on_standby("SELECT pg_last_wal_receive_lsn() >= '" + written + "'"));

    // What pg_stat_replication tells stays what it was: of the last thing that was replayed.
    harness::database::ReplicaLag asked, told;
    auto before_look = Clock::now();
    do {
        before_look = Clock::now();
        asked = watch->read();
        told = told_by_primary();
    } while (before_look - written_by < 1500ms);
    const double at_least = seconds(before_look - written_by);
    const double at_most = seconds(Clock::now() - first_look);
    const auto bytes =
        std::stoll(ask("SELECT pg_wal_lsn_diff('" + written + "', '" + before + "')::bigint"));
    for (const auto& lag : {asked, told}) {
        EXPECT_GE(lag.seconds, at_least);
        EXPECT_LE(lag.seconds, at_most);
        EXPECT_GE(lag.bytes, bytes * 9 / 10) << "of " << bytes;
    }

    harness::postgres::ask(*on_standby, "SELECT pg_wal_replay_resume()");
    catch_up();
    // A server at rest still writes a record now and then.
    auto caught_up = watch->read();
    for (int i = 0; i < 1000 && caught_up.seconds > 0; ++i) {
        caught_up = watch->read();
    }
    EXPECT_EQ(caught_up.seconds, 0);
    EXPECT_EQ(caught_up.bytes, 0);
}

TEST_F(Replica, OfAnIdlePrimaryIsNotBehindByTheTimeSinceTheLastCommit) {
    const auto watch = probe();
    const auto source = lock_source();
    ASSERT_TRUE(becomes_true_on_standby(
        "SELECT clock_timestamp() - pg_last_xact_replay_timestamp() > interval '2 s'"));
    const auto first_look = Clock::now();
    EXPECT_LT(watch->read().seconds, 1);
    static_cast<void>(source->replica_lag());

    harness::postgres::ask(*on_standby, "SELECT pg_wal_replay_pause()");
    const std::string written = ask("SELECT pg_create_restore_point('no commit')");
    ASSERT_TRUE(becomes_true_on_standby("SELECT pg_last_wal_receive_lsn() >= '" + written + "'"));

    const auto asked = watch->read();
    const auto told = source->replica_lag().at(0);
    const double at_most = seconds(Clock::now() - first_look);
    for (const auto& lag : {asked, told}) {
        EXPECT_GT(lag.bytes, 0);
        EXPECT_GT(lag.seconds, 0);
        EXPECT_LE(lag.seconds, at_most);
    }
}

TEST_F(Replica, ThatIsCutOffIsNotTakenForOneThatHasCaughtUp) {
    const auto watch = probe();
    static_cast<void>(watch->read());
    std::ofstream{primary->folder() / "data" / "pg_hba.conf"} << "local all all trust\n";
    const auto loaded = ask("SELECT pg_conf_load_time()");
    ask("SELECT pg_reload_conf()");
    while (ask("SELECT pg_conf_load_time()") == loaded) {
    }
    ask("SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
    ASSERT_TRUE(becomes_true_on_standby("SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)"));
    ask("INSERT INTO t VALUES (1)");

    const auto lag = watch->read();
    EXPECT_GT(lag.bytes, 0);
    EXPECT_GT(lag.seconds, 0);
    EXPECT_GT(watch->read().seconds, lag.seconds) << "it grows as long as nothing arrives";
}

TEST_F(Replica, WhosePrimaryIsGoneIsNotMeasured) {
    const auto watch = probe();
    on_primary.reset();
    primary.reset();
    EXPECT_THROW(static_cast<void>(watch->read()), harness::database::Outage);
}

TEST_F(Replica, IsNoPrimaryAndAPrimaryIsNone) {
    EXPECT_THROW(
        static_cast<void>(harness::postgres::open_replica_probe(
            harness::postgres::Target::parse(primary->uri()), session_on_primary("watch"))),
        harness::database::Refused);
    const auto checks = harness::postgres::examine(*on_standby, 10);
    EXPECT_NE(render(checks).find("MISSING  primary"), std::string::npos) << render(checks);
    EXPECT_GT(on_standby->log_position_bytes(), 0);
}

}  // namespace
