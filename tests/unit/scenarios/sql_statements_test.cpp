#include "scenarios/sql_statements.hpp"

#include "tests/unit/scenarios/text_matchers.hpp"

#include <gtest/gtest.h>

namespace scenarios {
namespace {

SqlText cut(std::string_view sql) {
    auto split = split_sql(sql);
    if (const auto* error = std::get_if<SqlError>(&split)) {
        ADD_FAILURE() << sql << "\n" << error->message;
        return {};
    }
    return std::get<SqlText>(std::move(split));
}

std::vector<std::string> texts(std::string_view sql) {
    std::vector<std::string> out;
    for (const auto& statement : cut(sql).statements) {
        out.push_back(statement.text);
    }
    return out;
}

SqlError refusal(std::string_view sql) {
    const auto split = split_sql(sql);
    if (const auto* error = std::get_if<SqlError>(&split)) {
        return *error;
    }
    ADD_FAILURE() << "accepted: " << sql;
    return {};
}

TransactionRole role(std::string_view sql) {
    const auto text = cut(sql);
    EXPECT_EQ(text.statements.size(), 1U) << sql;
    EXPECT_FALSE(text.doubt) << sql;
    return text.statements.at(0).role;
}

TEST(SqlStatements, SemicolonsInQuotesBodiesAndCommentsDoNotCut) {
    EXPECT_THAT(texts("SELECT ';'; SELECT $$;$$ /* ; */; -- ;\n SELECT \";\";"),
                ElementsAre("SELECT ';'", "SELECT $$;$$ /* ; */", "SELECT \";\""));
    EXPECT_THAT(texts("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; "
                      "SELECT 2; END; SELECT 3"),
                ElementsAre(HasSubstr("SELECT 2; END"), "SELECT 3"));
    EXPECT_THAT(texts("CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT 2); SELECT 3"),
                ElementsAre(HasSubstr("SELECT 2)"), "SELECT 3"));
}

TEST(SqlStatements, AStatementStartsAtItsFirstWord) {
    const std::string_view sql = "-- why\n/* more /* nested */ */ SELECT 1;\n\n  SELECT 2;\n;;";
    const auto text = cut(sql);
    ASSERT_EQ(text.statements.size(), 2U);
    EXPECT_EQ(text.statements[0].offset, sql.find("SELECT 1"));
    EXPECT_EQ(text.statements[0].text, "SELECT 1");
    EXPECT_EQ(text.statements[1].offset, sql.find("SELECT 2"));
    EXPECT_THAT(texts("/*+ IndexScan(t) */ SELECT 1"), ElementsAre("/*+ IndexScan(t) */ SELECT 1"));
}

TEST(SqlStatements, NewerSyntaxIsCutAllTheSameAndLeftToTheServer) {
    // PostgreSQL 18; unknown to the grammars of 15 and 17.
    const std::string_view sql =
        "SELECT 1;\nALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (a) VIRTUAL;\nSELECT 2";
    const auto text = cut(sql);
    ASSERT_EQ(text.statements.size(), 3U);
    EXPECT_EQ(text.statements[2].text, "SELECT 2");
    ASSERT_TRUE(text.doubt);
    EXPECT_EQ(text.doubt->offset, sql.find("VIRTUAL"));
}

// What 16 to 18 brought: one statement each, between two that every version knows.
TEST(SqlStatements, EachVersionsNewSyntaxIsOneStatement) {
    for (const std::string sql : {
             "SELECT JSON_OBJECT('a': 1, 'b': 2)",
             "SELECT * FROM t WHERE a IS JSON OBJECT WITH UNIQUE KEYS",
             "SELECT 1_000 + 0x1F + 0o17 + 0b101 + 1_5.2_5 + 1e1_0 FROM t WHERE a > 10_000",
             "SELECT 0x1F FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$')) j, t "
             "WHERE a > 10_000 AND a IS JSON OBJECT",
             "REINDEX DATABASE",
             "MERGE INTO t USING u ON t.a = u.a WHEN NOT MATCHED BY SOURCE THEN DELETE",
             "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN UPDATE SET b = u.b "
             "RETURNING merge_action(), t.*",
             "SELECT * FROM JSON_TABLE('[1]', '$[*]' COLUMNS (a int PATH '$')) j",
             "SELECT JSON_VALUE('1', '$' RETURNING int)",
             "ALTER TABLE t ALTER COLUMN g SET EXPRESSION AS (a + 1)",
             "ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (a) VIRTUAL",
             "ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (a)",
             "ALTER TABLE t ADD CONSTRAINT n NOT NULL a NOT VALID",
             "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED",
             "ALTER TABLE t ALTER CONSTRAINT f ENFORCED",
             "ALTER TABLE t ALTER CONSTRAINT f NOT ENFORCED",
             "ALTER TABLE t ALTER CONSTRAINT n NO INHERIT",
             "ALTER TABLE t VALIDATE CONSTRAINT n",
             "ALTER TABLE t ADD PRIMARY KEY (a, d WITHOUT OVERLAPS)",
             "ALTER TABLE t ADD FOREIGN KEY (a, PERIOD d) REFERENCES u (a, PERIOD d)",
             "UPDATE t SET a = a + 1 RETURNING old.a, new.a",
             "UPDATE t SET a = 1 RETURNING WITH (OLD AS o, NEW AS n) o.a, n.a",
             "COPY t TO '/tmp/t' (FORMAT csv)",
             "VACUUM ONLY t",
         }) {
        EXPECT_THAT(texts("SELECT ';';\n" + sql + ";\nSELECT 2"),
                    ElementsAre("SELECT ';'", sql, "SELECT 2"));
        EXPECT_THAT(texts(sql), ElementsAre(sql));
    }
}

TEST(SqlStatements, ANumberThatAnOlderScannerCannotReadHidesNoMistake) {
    const std::string_view unclosed = "SELECT 1_000 FROM t; SELECT 'abc";
    EXPECT_EQ(refusal(unclosed).offset, unclosed.find("'abc"));
    EXPECT_THAT(refusal("SELECT 0x1F;\n\\i more.sql\n").message, HasSubstr("psql"));
    EXPECT_THAT(refusal("SELECT 0b1; ALTR TABLE x").message, HasSubstr("ALTR"));
}

TEST(SqlStatements, WhatCannotBeInATransactionBlockIsKnownByItsWordsToo) {
    for (const std::string sql :
         {"VACUUM ONLY t", "/*+ hint */ vacuum only t",
          "CREATE INDEX CONCURRENTLY i ON t (a) WHERE a > 1_000 AND b IS JSON OBJECT"}) {
        EXPECT_EQ(cut(sql).statements.at(0).role, TransactionRole::not_inside) << sql;
    }
    EXPECT_EQ(cut("ALTER TABLE t ALTER CONSTRAINT f NOT ENFORCED").statements.at(0).role,
              TransactionRole::ordinary);
}

TEST(SqlStatements, AFunctionBodyBesideNewerSyntaxStaysWhole) {
    EXPECT_THAT(texts("CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT "
                      "2; END; SELECT a b c;"),
                ElementsAre(HasSubstr("SELECT 2; END"), "SELECT a b c"));
}

TEST(SqlStatements, PositionsCountBytesBehindUmlauts) {
    const std::string_view sql = "SELECT '\xC3\xA9\xC3\xA9'; ALTR TABLE x";
    EXPECT_EQ(refusal(sql).offset, sql.find("ALTR"));
}

TEST(SqlStatements, WhatNoServerCouldRunIsAnErrorAtItsPlace) {
    EXPECT_THAT(refusal("SELECT 1; SELECT 'abc").message, HasSubstr("unterminated quoted string"));
    EXPECT_THAT(refusal("SELECT /* abc").message, HasSubstr("unterminated /* comment"));
    EXPECT_THAT(refusal("SELECT $a$ abc").message, HasSubstr("unterminated dollar-quoted"));
    EXPECT_THAT(refusal("ALTR TABLE x").message, HasSubstr("syntax error at or near \"ALTR\""));
    EXPECT_THAT(refusal("SELECT 1;\n\\i more.sql\n").message, HasSubstr("psql"));
    EXPECT_THAT(refusal("  -- nothing\n ; ").message, HasSubstr("no SQL statement"));
    EXPECT_THAT(refusal("").message, HasSubstr("no SQL statement"));
    EXPECT_THAT(refusal(std::string_view{"SELECT\0 1", 9}).message, HasSubstr("NUL"));
}

TEST(SqlStatements, NothingIsLostWhereTheScannerWouldDropIt) {
    // An open parenthesis makes libpg_query's scanner forget all that follows.
    EXPECT_THAT(refusal("SELECT f((1; SELECT 2").message, HasSubstr("syntax error"));
    EXPECT_THAT(refusal("SELECT 1; foo bar").message, HasSubstr("syntax error"));
}

TEST(SqlStatements, CopyWithTheClientsDataIsRefused) {
    EXPECT_THAT(refusal("COPY t FROM STDIN;\n1\t2\n\\.\n").message, HasSubstr("psql"));
    EXPECT_THAT(refusal("COPY t FROM STDIN").message, HasSubstr("COPY from or to the client"));
    EXPECT_THAT(refusal("COPY t TO STDOUT").message, HasSubstr("COPY from or to the client"));
    EXPECT_EQ(role("COPY t FROM '/tmp/x'"), TransactionRole::ordinary);
}

TEST(SqlStatements, WhatTheServerRefusesInATransactionBlockIsKnown) {
    for (const auto* sql : {"CREATE INDEX CONCURRENTLY i ON t (a)",
                            "create unique index concurrently i on t (a)",
                            "DROP INDEX CONCURRENTLY i",
                            "REINDEX INDEX CONCURRENTLY i",
                            "REINDEX (VERBOSE, CONCURRENTLY) TABLE t",
                            "REINDEX SCHEMA s",
                            "REINDEX DATABASE d",
                            "VACUUM",
                            "VACUUM (FULL, ANALYZE) t",
                            "CREATE DATABASE d",
                            "DROP DATABASE d",
                            "ALTER DATABASE d SET TABLESPACE x",
                            "CREATE TABLESPACE x LOCATION '/x'",
                            "DROP TABLESPACE x",
                            "ALTER SYSTEM SET work_mem = '1MB'",
                            "ALTER SYSTEM RESET ALL",
                            "ALTER TABLE t DETACH PARTITION p CONCURRENTLY",
                            "CLUSTER",
                            "COMMIT PREPARED 'x'",
                            "ROLLBACK PREPARED 'x'",
                            "DISCARD ALL",
                            "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
                            "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
                            "/*+ hint */ VACUUM t"}) {
        EXPECT_EQ(role(sql), TransactionRole::not_inside) << sql;
    }
}

TEST(SqlStatements, TheirHarmlessRelativesAreOrdinary) {
    for (const auto* sql :
         {"CREATE INDEX i ON t (a)", "DROP INDEX i", "REINDEX TABLE t",
          "REINDEX (CONCURRENTLY false) TABLE t", "ANALYZE t", "ALTER DATABASE d SET x = 1",
          "ALTER TYPE e ADD VALUE 'x'", "ALTER TABLE t DETACH PARTITION p",
          "ALTER TABLE t DETACH PARTITION p FINALIZE", "CLUSTER t USING i", "SAVEPOINT a",
          "ROLLBACK TO SAVEPOINT a", "RELEASE a", "DISCARD PLANS",
          "REFRESH MATERIALIZED VIEW CONCURRENTLY v", "SELECT 'VACUUM'",
          "CREATE TABLE \"vacuum\" (a int)", "DO $$ BEGIN COMMIT; END $$"}) {
        EXPECT_EQ(role(sql), TransactionRole::ordinary) << sql;
    }
}

TEST(SqlStatements, TransactionsThatAreBegunAndEndedAreKnown) {
    EXPECT_EQ(role("BEGIN"), TransactionRole::begins);
    EXPECT_EQ(role("START TRANSACTION ISOLATION LEVEL SERIALIZABLE"), TransactionRole::begins);
    for (const auto* sql : {"COMMIT", "END", "ROLLBACK", "ABORT", "PREPARE TRANSACTION 'x'"}) {
        EXPECT_EQ(role(sql), TransactionRole::ends) << sql;
    }
}

}  // namespace
}  // namespace scenarios
