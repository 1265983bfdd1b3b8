#include "workloads/synthesis/statement_text.hpp"

#include <gtest/gtest.h>

namespace workloads::synthesis {
namespace {

TEST(StatementText, TellsWhatKindOfStatementItIs) {
    const std::pair<const char*, StatementClass> cases[] = {
        {"SELECT $1", StatementClass::data},
        {"VALUES ($1)", StatementClass::data},
        {"INSERT INTO t VALUES ($1)", StatementClass::data},
        {"WITH x AS (SELECT $1) DELETE FROM t", StatementClass::data},
        {"BEGIN", StatementClass::session_control},
        {"COMMIT", StatementClass::session_control},
        {"SET search_path = shop", StatementClass::session_control},
        {"DEALLOCATE ALL", StatementClass::session_control},
        {"VACUUM t", StatementClass::utility},
        {"COPY t FROM STDIN", StatementClass::utility},
        {"SELECT $1 INTO t", StatementClass::utility},
        {"SELECT FROM WHERE", StatementClass::unreadable},
        {"SELECT $1; DROP TABLE t", StatementClass::unreadable},
        {"", StatementClass::unreadable},
        {"<insufficient privilege>", StatementClass::not_permitted},
        {"/* rehearse */ SELECT $1", StatementClass::own},
    };
    for (const auto& [sql, kind] : cases) {
        EXPECT_EQ(read_statement(sql).kind, kind) << sql;
    }
}

TEST(StatementText, KeepsNoCommentsButHints) {
    EXPECT_EQ(read_statement("/* user 42 */ SELECT $1 -- and 43\n FROM t;").sql,
              "SELECT $1  \n FROM t");
    EXPECT_EQ(read_statement("/*+ SeqScan(t) */ SELECT $1 FROM t").sql,
              "/*+ SeqScan(t) */ SELECT $1 FROM t");
    EXPECT_EQ(read_statement("SELECT '/* x', $1, \"--\" FROM t").sql,
              "SELECT $2, $1, \"--\" FROM t");
    EXPECT_TRUE(read_statement("SELECT * FROM t WHERE a IN ($1 /*, ... */)").lists_are_squashed);
}

TEST(StatementText, LeavesNoConstantThatTheServerLeft) {
    EXPECT_EQ(read_statement("SELECT * FROM t WHERE a = 'secret' AND b = -5 AND c = $1").sql,
              "SELECT * FROM t WHERE a = $2 AND b = $3 AND c = $1");
    EXPECT_EQ(read_statement("SELECT * FROM t WHERE a = E'it\\'s' OR b = B'101'").sql,
              "SELECT * FROM t WHERE a = $1 OR b = $2");
    EXPECT_EQ(read_statement("SELECT x::varchar(20), extract(year FROM d) FROM t").sql,
              "SELECT x::varchar(20), extract(year FROM d) FROM t");
}

TEST(StatementText, KeepsTheNumbersOfColumns) {
    EXPECT_EQ(read_statement("SELECT a, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC, 1").sql,
              "SELECT a, count(*) FROM t GROUP BY 1 ORDER BY 2 DESC, 1");
    EXPECT_EQ(read_statement("SELECT a FROM t WHERE b = 77 ORDER BY 1").sql,
              "SELECT a FROM t WHERE b = $1 ORDER BY 1");
    EXPECT_EQ(read_statement("SELECT a FROM t ORDER BY b = 77").sql,
              "SELECT a FROM t ORDER BY b = $1");
}

TEST(StatementText, MakesTypedConstantsCasts) {
    EXPECT_EQ(read_statement("SELECT now() - interval $1").sql,
              "SELECT now() - CAST($1 AS interval)");
    EXPECT_EQ(read_statement("SELECT date $1, TIMESTAMP WITH TIME ZONE $2").sql,
              "SELECT CAST($1 AS date), CAST($2 AS TIMESTAMP with time zone)");
    EXPECT_EQ(read_statement("SELECT interval $1 day").sql, "SELECT CAST($1 AS interval day)");
    EXPECT_EQ(read_statement("SELECT t.date FROM t WHERE date = $1").sql,
              "SELECT t.date FROM t WHERE date = $1");
}

TEST(StatementText, PutsNamesInPlaceOfNumbers) {
    const auto name = [](int number) { return "p" + std::to_string(number); };
    EXPECT_EQ(with_names("SELECT $1,$2 FROM t WHERE a=$10 AND b='$1' AND \"$2\"=$1::int", name),
              "SELECT :p1,:p2 FROM t WHERE a= :p10 AND b='$1' AND \"$2\"= :p1::int");
    EXPECT_EQ(with_names("SELECT a[$1:$2]", name), "SELECT a[ :p1: :p2]");
    EXPECT_EQ(with_names("SELECT $$ $1 $$, $1", name), "SELECT $$ $1 $$, :p1");
}

TEST(StatementText, EndsOnWhatIsNeverClosed) {
    for (const char* text : {"SELECT '", "SELECT \"", "/*", "SELECT $a$ x", "E'\\", "U&'", "--"}) {
        EXPECT_EQ(read_statement(text).kind, StatementClass::unreadable) << text;
    }
    EXPECT_EQ(read_statement(std::string("SELECT 1\0, 2", 12)).kind, StatementClass::unreadable);
}

}  // namespace
}  // namespace workloads::synthesis
