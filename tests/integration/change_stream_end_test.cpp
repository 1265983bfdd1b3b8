// How a change stream ends before its time, and what it refuses to begin with.
#include "harness/database/table_reader.hpp"
#include "harness/postgres/cleanup.hpp"
#include "tests/integration/change_stream_fixture.hpp"

#include <csignal>
#include <stop_token>
#include <thread>

#include <sys/types.h>

namespace {

using namespace std::chrono_literals;
using harness::database::StreamEnded;
using harness::database::StreamOptions;
using tests::ChangeStreams;
using tests::Notes;

TEST_F(ChangeStreams, EndWhereTheTableIsAnotherOneOrGone) {
    sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE shadow (LIKE t INCLUDING ALL)");
    EXPECT_NE(
        ended({"t"}, [this] { sql("ALTER TABLE t RENAME TO old; ALTER TABLE shadow RENAME TO t"); })
            .find("table public.t is another one now"),
        std::string::npos);
    EXPECT_NE(ended({"t"}, [this] { sql("DROP TABLE t"); }).find("table public.t is gone"),
              std::string::npos);
    EXPECT_EQ(left_over(), "0");
}

TEST_F(ChangeStreams, EndWithTheSession) {
    sql("CREATE TABLE t (id int PRIMARY KEY)");
    Notes notes;
    auto stream = open({"t"});
    stream->start(fence());
    sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
        "WHERE database = current_database()");
    try {
        for (int turn = 0; turn < 500; ++turn) {
            stream->follow(notes, 10ms);
        }
        ADD_FAILURE() << "the lost connection was not noticed";
    } catch (const StreamEnded& end) {
        EXPECT_NE(std::string{end.what()}.find("the change stream ended: "), std::string::npos);
    }
    stream.reset();
    EXPECT_EQ(left_over(), "0");
}

// Stopped as a machine stops that has no more time for it; goes on at the end.
class Frozen {
public:
    explicit Frozen(pid_t process) : process_{process} { kill(process_, SIGSTOP); }
    ~Frozen() { kill(process_, SIGCONT); }
    Frozen(const Frozen&) = delete;
    Frozen& operator=(const Frozen&) = delete;

private:
    pid_t process_;
};

TEST_F(ChangeStreams, EndWhileTheyCatchUpWhenThatIsAskedFor) {
    sql("CREATE TABLE t (id int PRIMARY KEY)");
    Notes notes;
    auto stream = open({"t"});
    stream->start(fence());
    const auto sender =
        std::stoi(value("SELECT active_pid FROM pg_replication_slots "
                        "WHERE database = current_database()"));
    std::string why = "whole";
    {
        const Frozen frozen{sender};
        sql("INSERT INTO t VALUES (1)");
        const auto second = fence();
        std::stop_source stop;
        std::jthread asks{[&] {
            // The last that is sent before the rest is waited for.
            EXPECT_TRUE(
                becomes_true("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = "
                             "current_database() AND state = 'idle' "
                             "AND query LIKE '%rehearse.end%')"));
            stop.request_stop();
        }};
        try {
            stream->finish(second, notes, patience, stop.get_token());
        } catch (const StreamEnded& end) {
            why = end.what();
        }
    }
    EXPECT_EQ(why, "interrupted before the change stream had caught up");
    stream.reset();
    EXPECT_EQ(left_over(), "0");
}

TEST_F(ChangeStreams, EndWhereTheServerKeepsTooMuchOfItsLog) {
    sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (x text)");
    Notes notes;
    StreamOptions options;
    options.max_log_kept_bytes = std::uint64_t{4} << 20;
    const auto stream = open({"t"}, options);
    stream->start(fence());
    const auto writer = control();  // keeps the log back: it might belong to what is decoded
    writer->execute("BEGIN; INSERT INTO t VALUES (1)");
    sql("INSERT INTO other SELECT repeat('x', 1000) FROM generate_series(1, 10000)");
    try {
        for (int turn = 0; turn < 500; ++turn) {
            stream->follow(notes, 10ms);
        }
        ADD_FAILURE() << "the kept log was not noticed";
    } catch (const StreamEnded& end) {
        EXPECT_NE(std::string{end.what()}.find("MB of its log back"), std::string::npos)
            << end.what();
    }
}

TEST_F(ChangeStreams, WaitForAWriterOnlySoLongAndNameIt) {
    sql("CREATE TABLE t (id int PRIMARY KEY)");
    const auto writer = control();
    writer->execute("SET application_name = 'a long one'; BEGIN; INSERT INTO t VALUES (1)");
    StreamOptions options;
    options.start_timeout = 1500ms;
    try {
        open({"t"}, options);
        ADD_FAILURE() << "no slot can be made while a transaction writes";
    } catch (const StreamEnded& end) {
        EXPECT_NE(std::string{end.what()}.find("session " + std::to_string(writer->session_id()) +
                                               " (a long one"),
                  std::string::npos)
            << end.what();
    }
    writer->execute("ROLLBACK");
    EXPECT_TRUE(
        becomes_true("SELECT NOT EXISTS (SELECT FROM pg_replication_slots "
                     "WHERE database = current_database())"));
    EXPECT_EQ(left_over(), "0");
}

TEST_F(ChangeStreams, RefuseTablesWhoseUpdatesTheyWouldBreak) {
    sql("CREATE UNLOGGED TABLE fast (a int PRIMARY KEY);"
        "CREATE TABLE parent (a int PRIMARY KEY); CREATE TABLE child () INHERITS (parent);"
        "CREATE VIEW seen AS SELECT 1 AS a");
    EXPECT_NE(ended({"fast"}, [] {}).find("unlogged"), std::string::npos);
    EXPECT_NE(ended({"parent"}, [] {}).find("inherit"), std::string::npos);
    EXPECT_NE(ended({"seen"}, [] {}).find("no table"), std::string::npos);
    EXPECT_THROW(static_cast<void>(open({"nothing"})), harness::database::UnknownName);
    EXPECT_EQ(left_over(), "0");
}

TEST_F(ChangeStreams, SayWhatARoleLacks) {
    sql("CREATE TABLE t (id int PRIMARY KEY); DROP ROLE IF EXISTS weak_one; CREATE ROLE weak_one "
        "LOGIN");
    try {
        static_cast<void>(harness::postgres::open_change_stream(
            conninfo("stream", "weak_one"), std::vector<std::string>{"t"}, {},
            [](const std::string&) {}, checksum::Scale::by_value));
        ADD_FAILURE() << "the role may not replicate";
    } catch (const StreamEnded& end) {
        EXPECT_NE(std::string{end.what()}.find("ALTER ROLE \"weak_one\" REPLICATION"),
                  std::string::npos)
            << end.what();
    }
    sql("DROP ROLE weak_one");
}

// The slot goes with the killed process; the publication is cleaned up, that of a living one stays.
TEST_F(ChangeStreams, LeaveNothingThatCleanupDoesNotRemove) {
    sql("CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION rehearse_1_dead FOR TABLE t;"
        "CREATE PUBLICATION somebodys FOR TABLE t");
    const auto cleanup = harness::postgres::clean_up(
        *harness::postgres::open_control(conninfo("cleanup")), [](const std::string&) {});
    EXPECT_TRUE(cleanup.failed.empty());
    EXPECT_EQ(value("SELECT string_agg(pubname, ' ') FROM pg_publication"), "somebodys");
}

}  // namespace
