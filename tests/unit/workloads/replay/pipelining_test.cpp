#include "workloads/replay/pipelining.hpp"

#include "workloads/logs/statement_scan.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace workloads::replay {
namespace {

using logs::Protocol;
using logs::StatementKind;

// What a recording knows of these texts.
class Calls {
public:
    explicit Calls(const std::vector<std::pair<Protocol, std::string>>& calls) {
        logs::Shapes shapes;
        for (const auto& [protocol, text] : calls) {
            const auto found = shapes.find(text);
            Event event;
            event.shape = found.shape;
            event.set_kind(protocol, found.scan.kind);
            recording_.events.push_back(event);
        }
        recording_.shapes = shapes.all();
    }
    [[nodiscard]] Pipelining pipelining() const { return Pipelining{recording_}; }
    [[nodiscard]] const Event& operator[](std::size_t i) const { return recording_.events[i]; }

private:
    Recording recording_;
};

bool shares(Protocol protocol, const std::string& text) {
    const Calls calls{{{protocol, text}}};
    return calls.pipelining().shares(calls[0]);
}

TEST(Pipelining, IsForReplaysAsFastAsPossibleThatKeepNoOrderOfTransactions) {
    EXPECT_TRUE(Pipelining::helps(0, false));
    EXPECT_FALSE(Pipelining::helps(0, true));
    EXPECT_FALSE(Pipelining::helps(1, false));
    EXPECT_FALSE(Pipelining::helps(0.001, false));
}

TEST(Pipelining, TakesSingleStatementsThatReadOrWriteRows) {
    for (const auto* text :
         {"SELECT * FROM t WHERE id = $1", "select 1", "SELECT*FROM t",
          "INSERT INTO t VALUES ($1) RETURNING id", "UPDATE t SET a = $1", "DELETE FROM t",
          "WITH moved AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM moved",
          "VALUES (1)", "/* of the ORM */ SELECT 1 -- here",
          "MERGE INTO t USING s ON t.id = s.id WHEN MATCHED THEN DO NOTHING"}) {
        EXPECT_TRUE(shares(Protocol::extended, text)) << text;
    }
}

TEST(Pipelining, TakesWhatControlsATransactionByEitherProtocol) {
    for (const auto* text :
         {"BEGIN", "begin;", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY", "COMMIT",
          "END", "ROLLBACK", "ABORT", "SAVEPOINT s", "RELEASE SAVEPOINT s", "ROLLBACK TO s"}) {
        EXPECT_TRUE(shares(Protocol::extended, text)) << text;
        EXPECT_TRUE(shares(Protocol::simple, text)) << text;
    }
}

TEST(Pipelining, LeavesQueriesOfTheSimpleProtocolAlone) {
    EXPECT_FALSE(shares(Protocol::simple, "SELECT 1"));
    EXPECT_FALSE(shares(Protocol::simple, "INSERT INTO t VALUES (1)"));
    EXPECT_FALSE(shares(Protocol::simple, "BEGIN; SELECT 1; COMMIT"));
    EXPECT_FALSE(shares(Protocol::simple, "SELECT 1; SELECT 2"));
}

TEST(Pipelining, LeavesAloneWhatMayChangeTheMeaningOfWhatFollows) {
    for (const auto* text : {"SET search_path = shop",
                             "SET LOCAL x.y = 1",
                             "RESET ALL",
                             "SET ROLE app",
                             "DISCARD ALL",
                             "PREPARE p AS SELECT 1",
                             "EXECUTE p",
                             "DEALLOCATE ALL",
                             "DEALLOCATE p",
                             "DECLARE c CURSOR FOR SELECT 1",
                             "FETCH 1 FROM c",
                             "MOVE 1 FROM c",
                             "CLOSE c",
                             "LISTEN l",
                             "UNLISTEN *",
                             "NOTIFY l",
                             "COPY t FROM STDIN",
                             "COPY t TO STDOUT",
                             "COPY t TO '/f'",
                             "CALL p()",
                             "DO $$ BEGIN COMMIT; END $$",
                             "CREATE TABLE t (a int)",
                             "TRUNCATE t",
                             "LOCK TABLE t",
                             "VACUUM t",
                             "EXPLAIN SELECT 1",
                             "SHOW search_path",
                             "TABLE t",
                             "PREPARE TRANSACTION 'x'",
                             "COMMIT PREPARED 'x'",
                             "ROLLBACK PREPARED 'x'",
                             "COMMIT AND CHAIN",
                             "ROLLBACK WORK AND CHAIN",
                             "(SELECT 1)",
                             "",
                             "nonsense"}) {
        EXPECT_FALSE(shares(Protocol::extended, text)) << text;
        EXPECT_FALSE(shares(Protocol::simple, text)) << text;
    }
    EXPECT_FALSE(shares(Protocol::fetch, "SELECT 1"));
    EXPECT_FALSE(shares(Protocol::function_call, "SELECT 1"));
}

TEST(Pipelining, KeepsBothSidesOfWhatIsAloneApart) {
    const Calls calls{{{Protocol::extended, "SELECT 1"},
                       {Protocol::extended, "SET a.b = 1"},
                       {Protocol::extended, "SELECT 2"},
                       {Protocol::extended, "UPDATE t SET a = 1"}}};
    const auto pipelining = calls.pipelining();
    EXPECT_FALSE(pipelining.may_follow(calls[0], 1, calls[1]));
    EXPECT_FALSE(pipelining.may_follow(calls[1], 1, calls[2]));
    EXPECT_TRUE(pipelining.may_follow(calls[2], 1, calls[3]));
}

TEST(Pipelining, IsBoundedInASession) {
    const Calls calls{{{Protocol::extended, "SELECT 1"}, {Protocol::extended, "SELECT 2"}}};
    const auto pipelining = calls.pipelining();
    EXPECT_TRUE(pipelining.may_follow(calls[0], Pipelining::most_under_way - 1, calls[1]));
    EXPECT_FALSE(pipelining.may_follow(calls[0], Pipelining::most_under_way, calls[1]));
}

TEST(Pipelining, MayBeTakenFromACall) {
    const Calls calls{{{Protocol::extended, "SELECT 1"}, {Protocol::extended, "SELECT 2"}}};
    auto pipelining = calls.pipelining();
    pipelining.keep_alone(calls[1]);
    EXPECT_FALSE(pipelining.shares(calls[1]));
    EXPECT_FALSE(pipelining.may_follow(calls[0], 1, calls[1]));
    EXPECT_TRUE(pipelining.shares(calls[0]));
}

}  // namespace
}  // namespace workloads::replay
