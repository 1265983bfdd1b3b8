#include "harness/migration/statement_splitter.hpp"

#include <gtest/gtest.h>

namespace {

using harness::migration::copies_from_stdin;
using harness::migration::first_words;
using harness::migration::Statement;
using harness::migration::StatementSplitter;
using harness::migration::transaction_control;
using harness::migration::TransactionControl;
using Texts = std::vector<std::string>;

struct Cut {
    std::vector<Statement> statements;
    std::string open;
    std::optional<Statement> refused;

    [[nodiscard]] Texts texts() const {
        Texts result;
        for (const auto& statement : statements) {
            result.push_back(statement.sql);
        }
        return result;
    }
};

Cut cut(std::string_view sql, std::size_t chunk = 1'000'000) {
    StatementSplitter splitter;
    Cut result;
    for (std::size_t at = 0; at < sql.size(); at += chunk) {
        splitter.feed(sql.substr(at, chunk), result.statements);
    }
    result.open = splitter.finish(result.statements);
    result.refused = splitter.refused();
    return result;
}

// Whatever the chunks, the statements are the same.
Texts texts(std::string_view sql) {
    const auto whole = cut(sql).texts();
    for (const std::size_t chunk : {1U, 2U, 3U, 7U}) {
        EXPECT_EQ(cut(sql, chunk).texts(), whole) << "in pieces of " << chunk << ": " << sql;
    }
    return whole;
}

TEST(StatementSplitter, CutsAtSemicolonsAndKeepsALastStatementWithoutOne) {
    EXPECT_EQ(texts("SELECT 1; SELECT 2 ;\n\n SELECT 3"),
              (Texts{"SELECT 1", "SELECT 2", "SELECT 3"}));
    EXPECT_EQ(texts(""), Texts{});
    EXPECT_EQ(texts(" ;;\n; "), Texts{});
    EXPECT_EQ(texts("-- nothing\n/* at all */"), Texts{});
}

TEST(StatementSplitter, StringsHideSemicolons) {
    EXPECT_EQ(texts("SELECT 'a;b''c;'; SELECT 2"), (Texts{"SELECT 'a;b''c;'", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT 'a\\'; SELECT 2"), (Texts{"SELECT 'a\\'", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT \"a;\"\"b\"; SELECT 2"), (Texts{"SELECT \"a;\"\"b\"", "SELECT 2"}));
}

TEST(StatementSplitter, EscapeStringsKeepTheirEscapes) {
    EXPECT_EQ(texts("SELECT E'a\\';b'; SELECT 2"), (Texts{"SELECT E'a\\';b'", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT e'a\\\\'; SELECT 2"), (Texts{"SELECT e'a\\\\'", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT E'a''b\\';c'; SELECT 2"), (Texts{"SELECT E'a''b\\';c'", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT E'a'\n  'b\\';c'; SELECT 2"),
              (Texts{"SELECT E'a'\n  'b\\';c'", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT 1 AS line'a\\'; SELECT 2"),
              (Texts{"SELECT 1 AS line'a\\'", "SELECT 2"}))
        << "an E that ends another word is none";
}

TEST(StatementSplitter, DollarQuotesNestByTheirTags) {
    EXPECT_EQ(texts("DO $$ BEGIN PERFORM 1; END $$; SELECT 2"),
              (Texts{"DO $$ BEGIN PERFORM 1; END $$", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT $a$ $$;$b$;$ $a$; SELECT 2"),
              (Texts{"SELECT $a$ $$;$b$;$ $a$", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT $ä$;$ä$; SELECT 2"), (Texts{"SELECT $ä$;$ä$", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT $1; SELECT a$b$c; SELECT 3"),
              (Texts{"SELECT $1", "SELECT a$b$c", "SELECT 3"}))
        << "parameters and dollars in names are no quotes";
}

TEST(StatementSplitter, CommentsHideSemicolonsAndNest) {
    EXPECT_EQ(texts("SELECT 1 -- a; b\n + 2; SELECT 2"),
              (Texts{"SELECT 1 -- a; b\n + 2", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT /* a; /* b; */ c; */ 1; SELECT 2"),
              (Texts{"SELECT /* a; /* b; */ c; */ 1", "SELECT 2"}));
    EXPECT_EQ(texts("/* ' */ SELECT 1; -- '\nSELECT 2"), (Texts{"SELECT 1", "SELECT 2"}));
    EXPECT_EQ(texts("SELECT 5 - -3 / 2 * 1; SELECT 2"),
              (Texts{"SELECT 5 - -3 / 2 * 1", "SELECT 2"}));
    EXPECT_EQ(texts("/***/ SELECT 1"), Texts{"SELECT 1"});
}

TEST(StatementSplitter, ParenthesesHideTheSemicolonsOfARule) {
    EXPECT_EQ(texts("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3"),
              (Texts{"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"}));
    EXPECT_EQ(texts("SELECT 1); SELECT 2"), (Texts{"SELECT 1)", "SELECT 2"}))
        << "one too many is the server's to complain about";
}

TEST(StatementSplitter, TheBodyOfAnSqlFunctionIsOneStatement) {
    const std::string body =
        "create or replace function f(a int) returns int begin atomic"
        " select case when a > 0 then 1 else 2 end; select 3; end";
    EXPECT_EQ(texts(body + "; SELECT 2"), (Texts{body, "SELECT 2"}));
    const std::string procedure = "CREATE PROCEDURE p() BEGIN ATOMIC SELECT 1; END";
    EXPECT_EQ(texts(procedure + "; SELECT 2"), (Texts{procedure, "SELECT 2"}));
    EXPECT_EQ(texts("BEGIN; SELECT 1; END; SELECT 2"),
              (Texts{"BEGIN", "SELECT 1", "END", "SELECT 2"}));
    EXPECT_EQ(texts("CREATE TABLE function_begin (a int); BEGIN; COMMIT"),
              (Texts{"CREATE TABLE function_begin (a int)", "BEGIN", "COMMIT"}));
}

TEST(StatementSplitter, UnicodeNamesAndTextsPassUnharmed) {
    EXPECT_EQ(texts("INSERT INTO größe VALUES ('日本;語'); SELECT \"Ärger;\""),
              (Texts{"INSERT INTO größe VALUES ('日本;語')", "SELECT \"Ärger;\""}));
}

TEST(StatementSplitter, KnowsTheLineOfEachStatement) {
    const auto result =
        cut("\n-- a comment\nSELECT\n1;\n/* x\n y */ SELECT '\n';SELECT 3;\n\nSELECT 4");
    ASSERT_EQ(result.statements.size(), 4U);
    EXPECT_EQ(result.statements[0].line, 3);
    EXPECT_EQ(result.statements[1].line, 6);
    EXPECT_EQ(result.statements[2].line, 7);
    EXPECT_EQ(result.statements[3].line, 9);
}

TEST(StatementSplitter, SaysWhatWasNeverClosed) {
    EXPECT_EQ(cut("SELECT 1;\nSELECT 'a").open, "a string that begins in line 2 is never closed");
    EXPECT_EQ(cut("SELECT E'a\\'").open, "a string that begins in line 1 is never closed");
    EXPECT_EQ(cut("\n\nSELECT \"a").open, "a quoted name that begins in line 3 is never closed");
    EXPECT_EQ(cut("SELECT $x$ $y$ $").open,
              "a dollar-quoted string that begins in line 1 is never closed");
    EXPECT_EQ(cut("/* /* */").open, "a comment that begins in line 1 is never closed");
    EXPECT_EQ(cut("SELECT 1 -- no end").open, "");
}

TEST(StatementSplitter, PsqlCommandsAreRefusedButThoseOfADumpSkipped) {
    const auto result = cut("SELECT 1;\n\\copy t from 'x'\n");
    ASSERT_TRUE(result.refused);
    EXPECT_EQ(result.refused->line, 2);
    EXPECT_EQ(result.refused->sql, "the psql command \\copy");
    EXPECT_EQ(result.texts(), Texts{"SELECT 1"});

    EXPECT_EQ(texts("\\restrict abc123\nSELECT 1;\n\\unrestrict abc123\n"), Texts{"SELECT 1"});
    EXPECT_TRUE(cut("SELECT 1 \\gexec").refused);
}

TEST(StatementSplitter, AFileWithoutALineEndAfterItsLastTokenIsWhole) {
    EXPECT_EQ(texts("SELECT $a$x$a$"), Texts{"SELECT $a$x$a$"});
    EXPECT_EQ(texts("SELECT 'x'"), Texts{"SELECT 'x'"});
    EXPECT_EQ(texts("SELECT -"), Texts{"SELECT -"});
    EXPECT_EQ(texts("SELECT $"), Texts{"SELECT $"});
    EXPECT_EQ(texts("SELECT abc"), Texts{"SELECT abc"});
}

TEST(FirstWords, SkipCommentsAndStopAtAnythingElse) {
    EXPECT_EQ(first_words("/* a */ create -- x\n index concurrently i on t", 3),
              (Texts{"CREATE", "INDEX", "CONCURRENTLY"}));
    EXPECT_EQ(first_words("SELECT(1)", 3), Texts{"SELECT"});
    EXPECT_EQ(first_words("", 3), Texts{});
    EXPECT_EQ(first_words("'BEGIN'", 3), Texts{});
}

TEST(CopiesFromStdin, SeesOnlyTheRealThing) {
    EXPECT_TRUE(copies_from_stdin("COPY t FROM stdin"));
    EXPECT_TRUE(copies_from_stdin("copy public.t (a, \"from\") from STDIN WITH (FORMAT csv)"));
    EXPECT_FALSE(copies_from_stdin("COPY t FROM '/tmp/stdin'"));
    EXPECT_FALSE(copies_from_stdin("COPY (SELECT a FROM stdin) TO '/tmp/x'"));
    EXPECT_FALSE(copies_from_stdin("INSERT INTO t SELECT 'COPY x FROM stdin'"));
    EXPECT_FALSE(copies_from_stdin("COPY t FROM 'never closed"));
}

TEST(TransactionControlOf, NamesWhatBeginsAndWhatEnds) {
    for (const char* sql :
         {"BEGIN", "begin isolation level serializable", "START TRANSACTION", "-- x\nBEGIN WORK"}) {
        EXPECT_EQ(transaction_control(sql), TransactionControl::begin) << sql;
    }
    for (const char* sql :
         {"COMMIT", "END", "rollback", "ABORT", "COMMIT WORK", "COMMIT AND NO CHAIN",
          "ROLLBACK TRANSACTION", "PREPARE TRANSACTION 'x'"}) {
        EXPECT_EQ(transaction_control(sql), TransactionControl::end) << sql;
    }
    for (const char* sql :
         {"SELECT 1", "SAVEPOINT a", "ROLLBACK TO SAVEPOINT a", "ROLLBACK WORK TO a", "RELEASE a",
          "COMMIT PREPARED 'x'", "START_IT", "", "PREPARE p AS SELECT 1"}) {
        EXPECT_EQ(transaction_control(sql), TransactionControl::none) << sql;
    }
    for (const char* sql : {"COMMIT AND CHAIN", "end work and chain", "ROLLBACK AND CHAIN"}) {
        EXPECT_EQ(transaction_control(sql), TransactionControl::chain) << sql;
    }
}

}  // namespace
