// What the load's transactions say of themselves.
#include "harness/postgres/session.hpp"
#include "tests/integration/load_support.hpp"
#include "tests/integration/session_probe.hpp"
#include "tests/integration/throwaway.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using harness::postgres::LoadPlan;
using scenarios::Protocol;
using tests::compiled;
using tests::SessionProbe;
using tests::statement;
using workloads::OperationSource;

class SessionTag : public tests::FreshDatabase, public testing::WithParamInterface<Protocol> {
protected:
    void SetUp() override {
        FreshDatabase::SetUp();
        sql("CREATE TABLE t (id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, n int);"
            "INSERT INTO t VALUES (1, 0), (2, 0)");
        slot_ = "tags_of_" + database();
        sql("SELECT pg_create_logical_replication_slot('" + slot_ + "', 'test_decoding')");
    }
    void TearDown() override {
        sql("SELECT pg_drop_replication_slot('" + slot_ + "')");
        FreshDatabase::TearDown();
    }
    // Each transaction that changed something or said something: "tag 0, UPDATE", in their order.
    std::vector<std::string> transactions() {
        std::vector<std::string> all;
        const auto answer = sql("SELECT data FROM pg_logical_slot_get_changes('" + slot_ +
                                "', NULL, NULL, 'include-xids', '0')");
        std::string now;
        for (const auto& row : answer.rows) {
            const std::string& line = *row[0];
            if (line == "BEGIN") {
                now.clear();
            } else if (line == "COMMIT") {
                if (!now.empty()) {  // autovacuum's own are decoded, too, as empty ones
                    all.push_back(now);
                }
            } else {
                now += now.empty() ? "" : ", ";
                const auto content = line.find("content:");
                const auto at = line.find(": ");
                now += content != std::string::npos
                           ? "tag " + line.substr(content + 8)
                           : line.substr(at + 2, line.find(':', at + 2) - at - 2);
            }
        }
        return all;
    }
    [[nodiscard]] LoadPlan plan(const std::vector<OperationSource>& operations,
                                std::vector<std::string> tags) const {
        LoadPlan made;
        made.conninfo = conninfo("load");
        for (const auto& source : operations) {
            made.operations.push_back(compiled(source));
        }
        made.protocol = GetParam();
        made.tags = std::move(tags);
        return made;
    }
    static OperationSource transaction(std::vector<OperationSource::Sql> statements) {
        OperationSource source;
        source.name = "transaction";
        source.transaction = true;
        source.statements = std::move(statements);
        return source;
    }

    std::string slot_;
};

INSTANTIATE_TEST_SUITE_P(EachProtocol, SessionTag,
                         testing::Values(Protocol::prepared, Protocol::extended, Protocol::simple),
                         [](const auto& instance) {
                             return instance.param == Protocol::prepared   ? "prepared"
                                    : instance.param == Protocol::extended ? "extended"
                                                                           : "simple";
                         });

using Lines = std::vector<std::string>;

TEST_P(SessionTag, ComesFirstInTheOperationsOwnTransaction) {
    const auto both = transaction(
        {{"UPDATE t SET n = n + 1 WHERE id = 1", {}}, {"UPDATE t SET n = n + 1 WHERE id = 2", {}}});
    SessionProbe probe{plan({statement("UPDATE t SET n = n + 1 WHERE id = 1"), both,
                             statement("UPDATE t SET n = n + 1 WHERE id = 2")},
                            {"0", "1", ""})};
    ASSERT_FALSE(probe.connect());
    for (int round = 0; round < 3; ++round) {  // the prepared statements are used again
        for (std::uint16_t operation = 0; operation < 3; ++operation) {
            EXPECT_EQ(probe.run(operation).code, "");
        }
    }
    const Lines once{"tag 0, UPDATE", "tag 1, UPDATE, UPDATE", "UPDATE"};
    Lines thrice;
    for (int round = 0; round < 3; ++round) {
        thrice.insert(thrice.end(), once.begin(), once.end());
    }
    EXPECT_EQ(transactions(), thrice);
}

TEST_P(SessionTag, IsNoValueOfTheStatements) {
    auto read = statement("SELECT n + 41 FROM t WHERE id = 1");
    read.transaction = true;
    read.statements[0].into = {"seen"};
    read.statements.push_back({"UPDATE t SET n = :seen::int + 1 WHERE id = 2", {}});
    auto alone = statement("UPDATE t SET n = 7 WHERE id = 1 RETURNING n");
    SessionProbe probe{plan({read, alone}, {"0", "1"})};
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run(0).code, "");
    EXPECT_EQ(probe.run(0).code, "");
    EXPECT_EQ(value("SELECT n FROM t WHERE id = 2"), "42");
    EXPECT_EQ(probe.run(1).code, "");
    EXPECT_EQ(value("SELECT n FROM t WHERE id = 1"), "7");
}

TEST_P(SessionTag, GoesWithAStatementThatFails) {
    const auto both = transaction({{"UPDATE t SET n = 1 / (n - n) WHERE id = 1", {}}});
    SessionProbe probe{plan(
        {statement("UPDATE t SET n = 1 / (n - n) WHERE id = 1"), both,
         statement("INSERT INTO t VALUES (1, 5)"), statement("UPDATE t SET n = 9 WHERE id = 1")},
        {"0", "1", "2", "3"})};
    ASSERT_FALSE(probe.connect());
    for (int round = 0; round < 2; ++round) {
        EXPECT_EQ(probe.run(0).code, "22012");
        EXPECT_EQ(probe.run(1).code, "22012");
        const auto end = probe.run(2);
        EXPECT_EQ(end.code, "23505") << "found at commit, behind an answer that looks like success";
        EXPECT_TRUE(end.session_usable);
        EXPECT_EQ(probe.run(3).code, "");
    }
    EXPECT_EQ(transactions(), (Lines{"tag 3, UPDATE", "tag 3, UPDATE"}));
    EXPECT_EQ(value("SELECT count(*) FROM t"), "2");
    EXPECT_EQ(value("SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'"), "0");
}

TEST_P(SessionTag, IsPreparedAgainWhereItsStatementVanished) {
    SessionProbe probe{
        plan({statement("UPDATE t SET n = 1 WHERE id = 1"), statement("DISCARD ALL")}, {"0", ""})};
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run(0).code, "");
    EXPECT_EQ(probe.run(1).code, "");
    static_cast<void>(probe.run(0));  // finds that it is gone (26000), if there was one
    static_cast<void>(probe.run(0));
    EXPECT_EQ(probe.run(0).code, "");
}

// Not what it was without a tag: it stands in a transaction with the tag.
TEST_P(SessionTag, AStatementThatMustRunAloneIsRefused) {
    SessionProbe probe{plan({statement("VACUUM t"), statement("VACUUM t")}, {"0", ""})};
    ASSERT_FALSE(probe.connect());
    EXPECT_EQ(probe.run(1).code, "");
    const auto end = probe.run(0);
    EXPECT_TRUE(end.code == "25001" || (tests::server_major() < 15 && end.ok())) << end.code;
    EXPECT_TRUE(end.session_usable);
}

TEST_P(SessionTag, BelongsToEveryTransactionOfALoad) {
    tests::LoadSetup setup;
    setup.protocol = GetParam();
    setup.operations = {statement("UPDATE t SET n = n + 1 WHERE id = 1"),
                        statement("UPDATE t SET n = n + 1 WHERE id = 2")};
    setup.tags = {"0", "1"};
    tests::Load load{setup, conninfo("load")};
    load.run(std::chrono::milliseconds{300});
    EXPECT_EQ(load.figures().failures(), 0U);
    const auto seen = transactions();
    EXPECT_EQ(seen.size(), load.figures().successes);
    for (const auto& one : seen) {
        EXPECT_TRUE(one == "tag 0, UPDATE" || one == "tag 1, UPDATE") << one;
    }
}

}  // namespace
