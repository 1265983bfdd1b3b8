// Waits that would never end by themselves.
#include "harness/postgres/timed_connection.hpp"

#include "harness/postgres/lock_source.hpp"
#include "tests/integration/throwaway.hpp"

#include <chrono>
#include <csignal>
#include <future>

#include <unistd.h>

namespace {

using harness::database::ErrorKind;
using harness::database::Outage;
using harness::postgres::is_failure;
using harness::postgres::TimedConnection;
using namespace std::chrono_literals;

class TimedConnections : public tests::FreshDatabase {
protected:
    // A session whose backend takes no more steps; goes on at the test's end.
    class Frozen {
    public:
        explicit Frozen(std::int64_t pid) : pid_{static_cast<pid_t>(pid)} { kill(pid_, SIGSTOP); }
        ~Frozen() { kill(pid_, SIGCONT); }
        Frozen(const Frozen&) = delete;
        Frozen& operator=(const Frozen&) = delete;

    private:
        pid_t pid_;
    };
};

TEST_F(TimedConnections, AnAnswerThatDoesNotComeIsGivenUpAtItsLimit) {
    TimedConnection connection{conninfo()};
    connection.set_limit(300ms);
    const Frozen frozen{PQbackendPID(connection.get())};

    const auto begun = std::chrono::steady_clock::now();
    const auto result = connection.execute("SELECT 1");

    EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
    EXPECT_TRUE(is_failure(result.get()));
    ASSERT_TRUE(connection.given_up());
    EXPECT_EQ(connection.error(result.get()).kind, ErrorKind::connection_lost);
    EXPECT_NE(connection.error().message.find("within 300 ms"), std::string::npos);
}

TEST_F(TimedConnections, AStatementTooBigForTheSocketIsGivenUpToo) {
    TimedConnection connection{conninfo()};
    connection.set_limit(300ms);
    const Frozen frozen{PQbackendPID(connection.get())};
    const auto result = connection.execute("SELECT '" + std::string(8'000'000, 'x') + "'");
    EXPECT_TRUE(is_failure(result.get()));
    EXPECT_TRUE(connection.given_up());
}

TEST_F(TimedConnections, BigStatementsAndAnswersComeThroughWhole) {
    TimedConnection connection{conninfo()};
    const std::string text(8'000'000, 'x');
    const auto result = connection.execute("SELECT '" + text + "'");
    ASSERT_FALSE(is_failure(result.get()));
    EXPECT_EQ(PQgetvalue(result.get(), 0, 0), text);
}

TEST_F(TimedConnections, ACancelledStatementThatGetsNoAnswerIsGivenUp) {
    const auto c = control();
    c->set_statement_timeout(0ms);
    auto running =
        std::async(std::launch::async, [&] { return c->execute("SELECT pg_sleep(600)"); });
    ASSERT_TRUE(
        becomes_true("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                     " AND pid = " +
                     std::to_string(c->session_id()) + ")"));
    const Frozen frozen{c->session_id()};

    c->cancel();
    ASSERT_EQ(running.wait_for(60s), std::future_status::ready);

    const auto ended = running.get();
    ASSERT_FALSE(ended.ok());
    EXPECT_EQ(ended.error->kind, ErrorKind::connection_lost);
    EXPECT_NE(ended.error->message.find("was cancelled"), std::string::npos)
        << ended.error->message;
    EXPECT_EQ(c->execute("SELECT 1").error->kind, ErrorKind::connection_lost);
    c->reconnect();
    EXPECT_TRUE(c->execute("SELECT 1").ok());
}

TEST_F(TimedConnections, TheObserversQuestionsEnd) {
    const auto source = harness::postgres::open_lock_source(conninfo("observer"));
    {
        const Frozen frozen{source->session_id()};
        EXPECT_THROW(static_cast<void>(source->sample()), Outage);
    }
    EXPECT_THROW(static_cast<void>(source->sample()), Outage);
    source->reconnect();
    EXPECT_NO_THROW(static_cast<void>(source->sample()));
}

}  // namespace
