#include "workloads/logs/message.hpp"

#include <ostream>
#include <string>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

LogEntry log(std::string_view message) {
    LogEntry entry;
    entry.severity = "LOG";
    entry.sqlstate = "00000";
    entry.message = message;
    return entry;
}

Said read(std::string_view message) {
    return read_message(log(message));
}

struct Case {
    std::string_view message;
    Saying saying;
    std::int64_t duration_us = -1;  // -1: none
    std::string_view name{}, portal{}, text{};
};

// As PostgreSQL 10 to 18 write them (src/backend/tcop/postgres.c, fastpath.c, auto_explain.c).
constexpr Case cases[] = {
    {"statement: SELECT 1", Saying::statement, -1, "", "", "SELECT 1"},
    {"statement: ", Saying::statement, -1, "", "", ""},
    {"statement: BEGIN; UPDATE t SET a = ': b'; COMMIT", Saying::statement, -1, "", "",
     "BEGIN; UPDATE t SET a = ': b'; COMMIT"},
    {"duration: 0.123 ms  statement: SELECT 1", Saying::statement, 123, "", "", "SELECT 1"},
    {"duration: 1234567.890 ms  statement: SELECT\n\t1", Saying::statement, 1234567890, "", "",
     "SELECT\n\t1"},
    {"duration: 0.000 ms", Saying::duration, 0, "", "", ""},
    {"duration: 17.042 ms", Saying::duration, 17042, "", "", ""},
    {"execute <unnamed>: SELECT $1", Saying::execute, -1, "", "", "SELECT $1"},
    {"execute S_1: BEGIN", Saying::execute, -1, "S_1", "", "BEGIN"},
    {"execute <unnamed>/C_2: SELECT * FROM t", Saying::execute, -1, "", "C_2", "SELECT * FROM t"},
    {"execute S_3/C_4: SELECT * FROM t", Saying::execute, -1, "S_3", "C_4", "SELECT * FROM t"},
    {"execute fetch from S_3/C_4: SELECT * FROM t", Saying::fetch, -1, "S_3", "C_4",
     "SELECT * FROM t"},
    {"execute fetch from <unnamed>/C_5: SELECT 1", Saying::fetch, -1, "", "C_5", "SELECT 1"},
    {"execute fetch from <unnamed>: SELECT 1", Saying::fetch, -1, "", "", "SELECT 1"},
    {"duration: 0.022 ms  execute fetch from <unnamed>/C_5: SELECT 1", Saying::fetch, 22, "", "C_5",
     "SELECT 1"},
    {"duration: 1.500 ms  parse <unnamed>: SELECT $1", Saying::parse, 1500, "", "", "SELECT $1"},
    {"duration: 1.500 ms  parse _pg3_0: SELECT $1", Saying::parse, 1500, "_pg3_0", "", "SELECT $1"},
    {"duration: 0.075 ms  bind <unnamed>: INSERT INTO t VALUES ($1)", Saying::bind, 75, "", "",
     "INSERT INTO t VALUES ($1)"},
    {"duration: 0.075 ms  bind S_1/C_2: SELECT 1", Saying::bind, 75, "S_1", "C_2", "SELECT 1"},
    {"duration: 0.192 ms  execute lrupsc_1_0: UPDATE t SET a = $1", Saying::execute, 192,
     "lrupsc_1_0", "", "UPDATE t SET a = $1"},
    // Names of any sort: spaces, colons, slashes, quotes.
    {"execute my statement: SELECT 1", Saying::execute, -1, "my statement", "", "SELECT 1"},
    {"execute a: b: SELECT ': SELECT 2'", Saying::execute, -1, "a: b", "", "SELECT ': SELECT 2'"},
    {"execute a:b: (SELECT 1)", Saying::execute, -1, "a:b", "", "(SELECT 1)"},
    {"execute a/b/c: VALUES (1)", Saying::execute, -1, "a", "b/c", "VALUES (1)"},
    {"execute <unnamed>/p: q: /* hint */ SELECT 1", Saying::execute, -1, "", "p: q",
     "/* hint */ SELECT 1"},
    {"execute p: -- comment: SELECT 2\nSELECT 1", Saying::execute, -1, "p", "",
     "-- comment: SELECT 2\nSELECT 1"},
    {"execute fetch from: SELECT 1", Saying::execute, -1, "fetch from", "", "SELECT 1"},
    {"execute p:   select 1", Saying::execute, -1, "p", "", "  select 1"},
    {"execute p: weird 1: 2", Saying::execute, -1, "p", "", "weird 1: 2"},  // no command known
    {"fastpath function call: \"lo_open\" (OID 952)", Saying::function_call, -1, "", "", "lo_open"},
    {"duration: 0.100 ms  fastpath function call: \"loread\" (OID 954)", Saying::function_call, 100,
     "", "", "loread"},
    {"duration: 3.001 ms  plan:\nQuery Text: SELECT 1\nResult", Saying::plan, 3001, "", "", ""},
    {"connection received: host=[local]", Saying::connection_received},
    {"connection received: host=10.0.0.1 port=50000", Saying::connection_received},
    {"connection authorized: user=app database=shop application_name=psql",
     Saying::connection_authorized},
    {"connection authorized: user=app database=shop SSL enabled (protocol=TLSv1.3)",
     Saying::connection_authorized},
    {"replication connection authorized: user=r", Saying::replication},
    {"received replication command: START_REPLICATION SLOT \"s\" LOGICAL 0/0", Saying::replication},
    {"disconnection: session time: 0:00:00.017 user=u database=d host=[local]",
     Saying::disconnection, 17000},
    {"disconnection: session time: 123:59:58.007 user=u database=d host=h port=1",
     Saying::disconnection, ((123LL * 60 + 59) * 60 + 58) * 1'000'000 + 7000},
    {"unexpected EOF on client connection with an open transaction", Saying::client_lost},
    {"could not receive data from client: Connection reset by peer", Saying::client_lost},
    {"could not send data to client: Broken pipe", Saying::client_lost},
    {"process 12 still waiting for ShareLock on transaction 740 after 1000.123 ms",
     Saying::lock_wait},
    {"process 12 acquired ShareLock on transaction 740 after 2000.123 ms", Saying::lock_wait},
    // What is none of these.
    {"connection authenticated: identity=\"u\" method=trust (hba:1)", Saying::other},
    {"connection ready: setup total=1.0 ms, fork=0.1 ms, authentication=0.1 ms", Saying::other},
    {"temporary file: path \"base/pgsql_tmp/pgsql_tmp1.0\", size 1", Saying::other},
    {"parse p: SELECT 1", Saying::other},  // without a duration nobody writes it
    {"bind p: SELECT 1", Saying::other},
    {"duration: 1 ms", Saying::other},
    {"duration: 1.23 ms", Saying::other},
    {"duration: -1.000 ms", Saying::other},
    {"duration: 99999999999999999999.000 ms", Saying::other},
    {"duration: 1.000 ms ", Saying::other},
    {"duration: 1.000 ms  checkpoint", Saying::other},
    {"execute p", Saying::other},
    {"executed: SELECT 1", Saying::other},
    {"", Saying::other},
};

TEST(Message, SaysWhatTheServerMeansByIt) {
    for (const auto& each : cases) {
        const auto said = read(each.message);
        EXPECT_EQ(static_cast<int>(said.saying), static_cast<int>(each.saying)) << each.message;
        EXPECT_EQ(said.duration_us.value_or(-1), each.duration_us) << each.message;
        EXPECT_EQ(said.name, each.name) << each.message;
        EXPECT_EQ(said.portal, each.portal) << each.message;
        EXPECT_EQ(said.text, each.text) << each.message;
    }
}

TEST(Message, TakesNoStatementFromWhatAFunctionRaises) {
    auto raised = log("statement: DELETE FROM orders");
    raised.context = "PL/pgSQL function f() line 1 at RAISE";
    EXPECT_EQ(read_message(raised).saying, Saying::other);
    raised.message = "duration: 1.000 ms  statement: DELETE FROM orders";
    EXPECT_EQ(read_message(raised).saying, Saying::other);
    raised.message = "duration: 1.000 ms";
    EXPECT_EQ(read_message(raised).saying, Saying::other);

    for (const auto* level : {"WARNING", "NOTICE", "INFO", "DEBUG1"}) {
        auto warning = log("statement: DELETE FROM orders");
        warning.severity = level;
        EXPECT_EQ(read_message(warning).saying, Saying::other) << level;
    }
}

TEST(Message, CountsAPlanOfANestedStatementAsAPlan) {
    auto nested = log("duration: 1.000 ms  plan:\nQuery Text: SELECT 1");
    nested.context = "SQL function \"f\" statement 1";
    EXPECT_EQ(read_message(nested).saying, Saying::plan);
}

TEST(Message, KnowsAFailureByItsSeverityOrInOtherLanguagesByItsState) {
    const auto failure = [](std::string_view severity, std::string_view sqlstate) {
        auto entry = log("division by zero");
        entry.severity = severity;
        entry.sqlstate = sqlstate;
        entry.query = "SELECT 1/0";
        const auto said = read_message(entry);
        EXPECT_TRUE(said.saying != Saying::failure || said.text == "SELECT 1/0");
        return said.saying == Saying::failure;
    };
    EXPECT_TRUE(failure("ERROR", "22012"));
    EXPECT_TRUE(failure("ERROR", ""));
    EXPECT_TRUE(failure("FATAL", "57P01"));
    EXPECT_TRUE(failure("PANIC", "XX000"));
    EXPECT_TRUE(failure("FEHLER", "22012"));
    EXPECT_TRUE(failure("ОШИБКА", "22012"));
    EXPECT_FALSE(failure("LOG", "00000"));
    EXPECT_FALSE(failure("LOG", "08006"));
    EXPECT_FALSE(failure("WARNING", "25P01"));
    EXPECT_FALSE(failure("WARNUNG", "01000"));
    EXPECT_FALSE(failure("HINWEIS", "00000"));
}

TEST(Message, OfAStatementThatFailedLooksLikeAStatementAndIsAFailure) {
    auto raised = log("statement: SELECT 1");
    raised.severity = "ERROR";
    raised.sqlstate = "P0001";
    EXPECT_EQ(read_message(raised).saying, Saying::failure);
}

TEST(Message, OfManyColonsTakesNoQuadraticTime) {
    std::string message = "execute ";
    for (int i = 0; i < 1'000'000; ++i) {
        message += "x: ";
    }
    const auto said = read(message);
    EXPECT_EQ(said.saying, Saying::execute);
    EXPECT_EQ(said.name, "x");
}

TEST(Message, NoStatementRunsForTensOfThousandsOfYears) {
    LogEntry entry;
    entry.severity = "LOG";
    entry.message = "duration: 999999999999999.000 ms  statement: SELECT 1";
    const auto said = read_message(entry);
    EXPECT_EQ(said.saying, Saying::statement);
    EXPECT_EQ(said.text, "SELECT 1");
    EXPECT_EQ(said.duration_us, std::nullopt);
    entry.message = "duration: 999999999999999.000 ms";
    EXPECT_EQ(read_message(entry).saying, Saying::other);
}

}  // namespace
}  // namespace workloads::logs
