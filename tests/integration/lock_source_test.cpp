// Real sessions that block each other in every way, read by the real queries.

#include "harness/postgres/lock_source.hpp"

#include "harness/locks/episode_builder.hpp"
#include "harness/locks/wait_graph.hpp"
#include "tests/integration/throwaway.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <libpq-fe.h>

namespace harness::postgres {
namespace {

using database::LockSample;
using database::LockSession;
using database::LockWaiter;

// A session that can be left hanging in a statement.
class Client {
public:
    explicit Client(const std::string& conninfo) : connection_{open_connection(conninfo)} {}

    [[nodiscard]] std::int64_t id() const { return PQbackendPID(connection_.get()); }

    void run(const std::string& sql) {
        const Result result{PQexec(connection_.get(), sql.c_str())};
        const auto status = PQresultStatus(result.get());
        ASSERT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
            << sql << ": " << PQerrorMessage(connection_.get());
    }
    void send(const std::string& sql) { ASSERT_EQ(PQsendQuery(connection_.get(), sql.c_str()), 1); }
    void await() {
        while (const Result result{PQgetResult(connection_.get())}) {
            const auto status = PQresultStatus(result.get());
            ASSERT_TRUE(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
                << PQerrorMessage(connection_.get());
        }
    }
    void cancel() {
        PGcancel* const cancel = PQgetCancel(connection_.get());
        char error[256];
        ASSERT_EQ(PQcancel(cancel, error, sizeof error), 1) << error;
        PQfreeCancel(cancel);
        while (const Result result{PQgetResult(connection_.get())}) {
        }
    }

private:
    Connection connection_;
};

const LockWaiter* waiter_of(const LockSample& sample, std::int64_t session) {
    const auto found = std::find_if(sample.waiters.begin(), sample.waiters.end(),
                                    [&](const auto& w) { return w.session == session; });
    return found == sample.waiters.end() ? nullptr : &*found;
}

const LockSession* session_of(const LockSample& sample, std::int64_t session) {
    const auto found = std::find_if(sample.sessions.begin(), sample.sessions.end(),
                                    [&](const auto& s) { return s.session == session; });
    return found == sample.sessions.end() ? nullptr : &*found;
}

locks::Chain chain_of(const LockSample& sample, std::int64_t session) {
    for (const auto& chain : locks::follow(sample)) {
        if (sample.waiters[chain.waiter].session == session) {
            return chain;
        }
    }
    ADD_FAILURE() << "no chain of session " << session;
    return {};
}

bool holds(const LockSample& sample, std::int64_t session, const std::string& kind,
           const std::string& relation, const std::string& mode) {
    const auto* found = session_of(sample, session);
    return found != nullptr &&
           std::any_of(found->held.begin(), found->held.end(), [&](const auto& held) {
               return held.kind == kind && held.relation == relation && held.mode == mode;
           });
}

class LockSource : public tests::FreshDatabase {
protected:
    void SetUp() override {
        FreshDatabase::SetUp();
        sql("CREATE TABLE orders (id int PRIMARY KEY, n int)");
        sql("INSERT INTO orders SELECT i, 0 FROM generate_series(1, 10) i");
        source = open_lock_source(conninfo("observer"));
    }
    void TearDown() override {
        source.reset();
        FreshDatabase::TearDown();
    }

    Client client(std::string_view role = "workload") const { return Client{conninfo(role)}; }
    void until_waiting(const Client& client) {
        ASSERT_TRUE(becomes_true(
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = " +
            std::to_string(client.id())));
    }

    std::unique_ptr<database::LockSource> source;
};

TEST_F(LockSource, NobodyWaitsInAQuietDatabase) {
    const auto before = source->sample();
    const auto after = source->sample();

    EXPECT_TRUE(before.waiters.empty());
    EXPECT_TRUE(before.sessions.empty());
    EXPECT_GT(after.server_clock_us, before.server_clock_us);
}

TEST_F(LockSource, ATableLockNamesItsHolderRelationAndMode) {
    auto holder = client("adversary");
    auto reader = client();
    holder.run("BEGIN");
    holder.run("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    reader.send("SELECT count(*) FROM orders");
    until_waiting(reader);

    const auto sample = source->sample();

    const auto* waiter = waiter_of(sample, reader.id());
    ASSERT_NE(waiter, nullptr);
    EXPECT_EQ(waiter->blockers, std::vector<std::int64_t>{holder.id()});
    EXPECT_EQ(waiter->kind, "relation");
    EXPECT_EQ(waiter->relation, "orders");
    EXPECT_EQ(waiter->mode, "AccessShareLock");
    if (source->sample().waiters.at(0).since_us) {  // 14 and later
        EXPECT_LE(*waiter->since_us, sample.server_clock_us);
        EXPECT_GT(*waiter->since_us, sample.server_clock_us - 60'000'000);
    }
    const auto* root = session_of(sample, holder.id());
    ASSERT_NE(root, nullptr);
    EXPECT_EQ(root->application, "rehearse/adversary");
    EXPECT_EQ(root->state, "idle in transaction");
    EXPECT_EQ(root->query, "LOCK TABLE orders IN ACCESS EXCLUSIVE MODE");
    EXPECT_GT(root->transaction_start_us, 0);
    EXPECT_TRUE(holds(sample, holder.id(), "relation", "orders", "AccessExclusiveLock"));
    holder.run("COMMIT");
    reader.await();
    EXPECT_TRUE(source->sample().waiters.empty());
}

TEST_F(LockSource, TheQueueBehindAWaitingAlterLeadsToTheReport) {
    auto report = client();
    auto alter = client("step");
    auto reader = client();
    report.run("BEGIN");
    report.run("SELECT count(*) FROM orders");
    alter.send("ALTER TABLE orders ADD COLUMN x int");
    until_waiting(alter);
    reader.send("SELECT count(*) FROM orders");
    until_waiting(reader);

    const auto sample = source->sample();

    EXPECT_EQ(waiter_of(sample, reader.id())->blockers, std::vector<std::int64_t>{alter.id()});
    const auto chain = chain_of(sample, reader.id());
    EXPECT_EQ(chain.root, report.id());
    EXPECT_EQ(chain.queued, alter.id());
    EXPECT_EQ(waiter_of(sample, alter.id())->mode, "AccessExclusiveLock");
    EXPECT_TRUE(holds(sample, report.id(), "relation", "orders", "AccessShareLock"));
    report.run("COMMIT");
    alter.await();
    reader.await();
}

TEST_F(LockSource, RowLocksNameTheTableAndTheTransactionThatHoldsTheRow) {
    auto holder = client();
    auto first = client();
    auto second = client();
    holder.run("BEGIN");
    holder.run("UPDATE orders SET n = 1 WHERE id = 1");
    first.send("UPDATE orders SET n = 2 WHERE id = 1");
    until_waiting(first);
    second.send("UPDATE orders SET n = 3 WHERE id = 1");
    until_waiting(second);

    const auto sample = source->sample();

    EXPECT_EQ(waiter_of(sample, first.id())->kind, "transactionid");
    EXPECT_EQ(waiter_of(sample, first.id())->relation, "orders");
    EXPECT_EQ(waiter_of(sample, second.id())->kind, "tuple");
    EXPECT_EQ(waiter_of(sample, second.id())->relation, "orders");
    EXPECT_EQ(chain_of(sample, first.id()).root, holder.id());
    EXPECT_EQ(chain_of(sample, second.id()).root, holder.id());
    EXPECT_FALSE(chain_of(sample, second.id()).queued.has_value());
    EXPECT_TRUE(holds(sample, holder.id(), "transactionid", "", "ExclusiveLock"));
    holder.run("COMMIT");
    first.await();
    second.await();
}

TEST_F(LockSource, ManyWhoWantTheSameAllLeadToItsHolder) {
    auto holder = client();
    holder.run("BEGIN");
    holder.run("LOCK TABLE orders IN EXCLUSIVE MODE");
    std::vector<Client> queue;
    for (int i = 0; i < 6; ++i) {  // each is in the way of those behind it
        queue.push_back(client());
        queue.back().send("BEGIN; LOCK TABLE orders IN EXCLUSIVE MODE");
        until_waiting(queue.back());
    }

    const auto sample = source->sample();

    ASSERT_EQ(sample.waiters.size(), 6U);
    for (const auto& waiter : queue) {
        const auto chain = chain_of(sample, waiter.id());
        EXPECT_EQ(chain.root, holder.id());
        EXPECT_EQ(chain.links, 1U);
        const auto& blockers = waiter_of(sample, waiter.id())->blockers;
        EXPECT_EQ(std::count(blockers.begin(), blockers.end(), waiter.id()), 0);
    }
    holder.run("ROLLBACK");
    for (auto& waiter : queue) {
        waiter.cancel();
    }
}

TEST_F(LockSource, AnAdvisoryLockHasNoRelation) {
    auto holder = client();
    auto waiter = client();
    holder.run("SELECT pg_advisory_lock(42)");
    waiter.send("SELECT pg_advisory_lock(42)");
    until_waiting(waiter);

    const auto sample = source->sample();

    EXPECT_EQ(waiter_of(sample, waiter.id())->kind, "advisory");
    EXPECT_EQ(waiter_of(sample, waiter.id())->relation, "");
    EXPECT_TRUE(holds(sample, holder.id(), "advisory", "", "ExclusiveLock"));
    EXPECT_EQ(session_of(sample, holder.id())->transaction_start_us, 0);
    holder.run("SELECT pg_advisory_unlock(42)");
    waiter.await();
}

TEST_F(LockSource, APreparedTransactionIsSessionZeroWithItsName) {
    auto holder = client();
    auto waiter = client();
    holder.run("BEGIN");
    holder.run("LOCK TABLE orders IN EXCLUSIVE MODE");
    holder.run("PREPARE TRANSACTION 'forgotten one'");
    waiter.send("UPDATE orders SET n = 1 WHERE id = 1");
    until_waiting(waiter);

    const auto sample = source->sample();

    EXPECT_EQ(chain_of(sample, waiter.id()).root, 0);
    const auto* prepared = session_of(sample, 0);
    ASSERT_NE(prepared, nullptr);
    EXPECT_EQ(prepared->application, "forgotten one");
    EXPECT_GT(prepared->transaction_start_us, 0);
    EXPECT_TRUE(holds(sample, 0, "relation", "orders", "ExclusiveLock"));
    holder.run("COMMIT PREPARED 'forgotten one'");
    waiter.await();
}

TEST_F(LockSource, AChainOfThreeLinksIsFollowedToItsEnd) {
    sql("CREATE TABLE customers (id int)");
    auto a = client();
    auto b = client();
    auto c = client();
    a.run("BEGIN");
    a.run("LOCK TABLE orders");
    b.run("BEGIN");
    b.run("LOCK TABLE customers");
    b.send("SELECT count(*) FROM orders");
    until_waiting(b);
    c.send("SELECT count(*) FROM customers");
    until_waiting(c);

    const auto sample = source->sample();

    EXPECT_EQ(chain_of(sample, c.id()).root, a.id());
    EXPECT_EQ(chain_of(sample, c.id()).links, 2U);
    EXPECT_EQ(chain_of(sample, c.id()).queued, b.id());
    a.run("COMMIT");
    b.await();
    b.run("COMMIT");
    c.await();
}

TEST_F(LockSource, NamesAreQuotedAndQualifiedAsOneWritesThem) {
    sql("CREATE SCHEMA \"Größe\"");
    sql("CREATE TABLE \"Größe\".\"Bestell \"\"Übersicht\" (id int)");
    auto holder = client();
    auto waiter = client();
    holder.run("BEGIN");
    holder.run("LOCK TABLE \"Größe\".\"Bestell \"\"Übersicht\"");
    waiter.send("SELECT * FROM \"Größe\".\"Bestell \"\"Übersicht\"");
    until_waiting(waiter);

    const auto sample = source->sample();

    EXPECT_EQ(waiter_of(sample, waiter.id())->relation, "\"Größe\".\"Bestell \"\"Übersicht\"");
    holder.run("COMMIT");
    waiter.await();
}

TEST_F(LockSource, OnlyConflictingLocksCountAsHeld) {
    auto writer = client();
    auto reader = client();
    auto indexer = client();
    writer.run("BEGIN");
    writer.run("INSERT INTO orders VALUES (11, 0)");
    reader.run("BEGIN");
    reader.run("SELECT 1 FROM orders");
    indexer.send("CREATE INDEX ON orders (n)");
    until_waiting(indexer);

    const auto sample = source->sample();

    EXPECT_TRUE(holds(sample, writer.id(), "relation", "orders", "RowExclusiveLock"));
    EXPECT_EQ(session_of(sample, reader.id()), nullptr);  // AccessShare is in nobody's way
    writer.run("COMMIT");
    indexer.await();
}

TEST_F(LockSource, ARoleWithoutMonitoringRightsStillSeesWhoWaitsForWhom) {
    sql("CREATE ROLE plain_observer LOGIN");
    auto plain = open_lock_source(conninfo("observer", "plain_observer"));
    auto holder = client("adversary");
    auto reader = client();
    holder.run("BEGIN");
    holder.run("LOCK TABLE orders");
    reader.send("SELECT 1 FROM orders");
    until_waiting(reader);

    const auto sample = plain->sample();

    EXPECT_EQ(chain_of(sample, reader.id()).root, holder.id());
    EXPECT_TRUE(holds(sample, holder.id(), "relation", "orders", "AccessExclusiveLock"));
    EXPECT_EQ(session_of(sample, holder.id())->application, "rehearse/adversary");
    holder.run("COMMIT");
    reader.await();
    plain.reset();
    sql("DROP ROLE plain_observer");
}

TEST_F(LockSource, WaitsInAnotherDatabaseAreNotOurs) {
    sql("CREATE DATABASE elsewhere");
    {
        const auto other = Target::parse(tests::server().uri_of("elsewhere")).conninfo("test");
        Client holder{other};
        Client waiter{other};
        holder.run("SELECT pg_advisory_lock(1)");
        waiter.send("SELECT pg_advisory_lock(1)");
        until_waiting(waiter);

        EXPECT_TRUE(source->sample().waiters.empty());
        waiter.cancel();
    }
    ASSERT_TRUE(
        becomes_true("SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'elsewhere'"));
    sql("DROP DATABASE elsewhere");
}

TEST_F(LockSource, TheLocksOfAStepAreThoseOfTablesAndIndexesOnly) {
    auto step = client("step");
    step.run("BEGIN");
    step.run("ALTER TABLE orders ADD COLUMN x int");
    step.run("CREATE TABLE brand_new (id int)");
    const std::int64_t sessions[] = {step.id()};

    const auto locks = source->locks_of(sessions);

    const auto strongest = std::find_if(locks.begin(), locks.end(), [](const auto& lock) {
        return lock.relation == "orders" && lock.mode == "AccessExclusiveLock";
    });
    ASSERT_NE(strongest, locks.end());
    EXPECT_TRUE(strongest->granted);
    EXPECT_TRUE(std::none_of(locks.begin(), locks.end(), [](const auto& lock) {
        return lock.relation.starts_with("pg_") || lock.relation.find("brand") == 0 ||
               std::isdigit(static_cast<unsigned char>(lock.relation[0])) != 0;
    }));
    step.run("COMMIT");
    EXPECT_TRUE(source->locks_of(sessions).empty());
}

TEST_F(LockSource, SessionsThatBeganLaterAreFound) {
    auto before = client();
    const auto now = source->sample().server_clock_us;
    auto after = client("step");

    const auto sessions = source->sessions_since(now);

    ASSERT_EQ(sessions.size(), 1U);
    EXPECT_EQ(sessions[0].session, after.id());
    EXPECT_EQ(sessions[0].application, "rehearse/step");
}

TEST_F(LockSource, ALostConnectionThrowsAndCanBeOpenedAgain) {
    const auto old = source->session_id();
    sql("SELECT pg_terminate_backend(" + std::to_string(old) + ")");
    ASSERT_TRUE(becomes_true("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = " +
                             std::to_string(old)));

    EXPECT_THROW((void)source->sample(), database::Outage);
    EXPECT_THROW((void)source->sample(), database::Outage);
    source->reconnect();

    EXPECT_NE(source->session_id(), old);
    EXPECT_GT(source->sample().server_clock_us, 0);
}

TEST_F(LockSource, ItsOwnSessionIsNamedAndBounded) {
    const auto ours = "FROM pg_stat_activity WHERE pid = " + std::to_string(source->session_id());

    EXPECT_EQ(value("SELECT application_name " + ours), "rehearse/observer");
    EXPECT_TRUE(source->replica_lag().empty());
    EXPECT_EQ(source->deadlocks(), 0U);
}

}  // namespace
}  // namespace harness::postgres
