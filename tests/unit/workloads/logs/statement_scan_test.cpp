#include "workloads/logs/statement_scan.hpp"

#include <string>

#include <gtest/gtest.h>

namespace workloads::logs {
namespace {

using Kind = StatementKind;

StatementScan scan(std::string_view text) {
    StatementScanner scanner;
    return scanner.scan(text);
}

std::string masked(std::string_view text) {
    StatementScanner scanner;
    const auto found = scanner.scan(text);
    EXPECT_EQ(found.masked_bytes, scanner.masked().size()) << text;
    return std::string{scanner.masked()};
}

std::string object(std::string_view text) {
    StatementScanner scanner;
    (void)scanner.scan(text);
    return scanner.objects().empty() ? "" : scanner.objects()[0].name;
}

TEST(StatementScan, TellsTheKindByTheFirstWords) {
    struct Case {
        std::string_view text;
        Kind kind;
    };
    constexpr Case cases[] = {
        {"SELECT 1", Kind::query},
        {"select 1;", Kind::query},
        {"  -- why\n /* a /* b */ */ WITH x AS (SELECT 1) SELECT * FROM x", Kind::query},
        {"(SELECT 1) UNION (SELECT 2)", Kind::query},
        {"INSERT INTO t VALUES (1)", Kind::query},
        {"CALL p(1)", Kind::query},
        {"DO $$BEGIN COMMIT; END$$", Kind::query},
        {"TRUNCATE t", Kind::query},
        {"EXPLAIN ANALYZE SELECT 1", Kind::query},
        {"BEGIN", Kind::begin},
        {"BEGIN ISOLATION LEVEL SERIALIZABLE", Kind::begin},
        {"START TRANSACTION READ ONLY", Kind::begin},
        {"COMMIT", Kind::commit},
        {"END", Kind::commit},
        {"COMMIT AND CHAIN", Kind::commit},
        {"ROLLBACK", Kind::rollback},
        {"ABORT", Kind::rollback},
        {"SAVEPOINT a", Kind::savepoint},
        {"RELEASE SAVEPOINT a", Kind::release},
        {"ROLLBACK TO a", Kind::rollback_to},
        {"ROLLBACK TO SAVEPOINT a", Kind::rollback_to},
        {"ROLLBACK WORK TO a", Kind::rollback_to},
        {"PREPARE TRANSACTION 'x'", Kind::prepare_transaction},
        {"COMMIT PREPARED 'x'", Kind::finish_prepared},
        {"ROLLBACK PREPARED 'x'", Kind::finish_prepared},
        {"COPY t FROM STDIN", Kind::copy_from_client},
        {"COPY t (a, \"FROM\") FROM stdin WITH (FORMAT binary)", Kind::copy_from_client},
        {"COPY t TO STDOUT", Kind::copy_to_client},
        {"COPY (SELECT * FROM t) TO STDOUT (FORMAT csv)", Kind::copy_to_client},
        {"COPY (SELECT * FROM stdin) TO STDOUT", Kind::copy_to_client},
        {"COPY t FROM '/tmp/x'", Kind::copy_server_file},
        {"COPY t TO '/tmp/x'", Kind::copy_server_file},
        {"COPY t FROM PROGRAM 'cat'", Kind::copy_server_file},
        {"COPY t FROM E'/tmp/x'", Kind::copy_server_file},
        {"PREPARE p AS SELECT $1", Kind::sql_prepare},
        {"EXECUTE p(1)", Kind::sql_execute},
        {"EXPLAIN EXECUTE p(1)", Kind::sql_execute},
        {"EXPLAIN (ANALYZE, BUFFERS) EXECUTE p(1)", Kind::sql_execute},
        {"CREATE TABLE x AS EXECUTE p(1)", Kind::sql_execute},
        {"CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()", Kind::definition},
        {"DEALLOCATE p", Kind::sql_deallocate},
        {"DECLARE c CURSOR FOR SELECT 1", Kind::declare_cursor},
        {"FETCH 5 FROM c", Kind::fetch_cursor},
        {"MOVE c", Kind::fetch_cursor},
        {"CLOSE c", Kind::close_cursor},
        {"LISTEN x", Kind::listen},
        {"UNLISTEN *", Kind::listen},
        {"NOTIFY x, 'y'", Kind::notify},
        {"SET search_path = a", Kind::set},
        {"SET LOCAL work_mem = '1MB'", Kind::set},
        {"RESET ALL", Kind::set},
        {"SET ROLE x", Kind::set_role},
        {"SET LOCAL ROLE x", Kind::set_role},
        {"SET SESSION AUTHORIZATION x", Kind::set_role},
        {"SET TRANSACTION READ ONLY", Kind::set},
        {"DISCARD ALL", Kind::discard},
        {"CREATE TABLE t (a int)", Kind::definition},
        {"ALTER TABLE t ADD b int", Kind::definition},
        {"GRANT ALL ON t TO x", Kind::definition},
        {"CREATE USER MAPPING FOR x SERVER y", Kind::definition},
        {"VACUUM t", Kind::maintenance},
        {"REINDEX TABLE CONCURRENTLY t", Kind::maintenance},
        {"ALTER SYSTEM SET work_mem = '1MB'", Kind::server_command},
        {"CREATE DATABASE x", Kind::server_command},
        {"DROP ROLE x", Kind::server_command},
        {"ALTER USER x PASSWORD 'secret'", Kind::server_command},
        {"CHECKPOINT", Kind::server_command},
        {"", Kind::empty},
        {" ; ; -- nothing\n", Kind::empty},
        {"selekt 1", Kind::unknown},
        {"'a'", Kind::unknown},
        {"\"SELECT\" 1", Kind::unknown},
    };
    for (const auto& each : cases) {
        EXPECT_STREQ(name_of(scan(each.text).kind), name_of(each.kind)) << each.text;
    }
}

TEST(StatementScan, CountsTheStatementsOfAText) {
    const auto statements = [](std::string_view text) { return scan(text).statements; };
    EXPECT_EQ(statements("SELECT 1"), 1U);
    EXPECT_EQ(statements("SELECT 1;;"), 1U);
    EXPECT_EQ(statements("SELECT ';'; SELECT $$;$$; SELECT \";\" -- ;\n"), 3U);
    EXPECT_EQ(statements("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)"), 1U);
    EXPECT_EQ(statements("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN "
                         "true THEN 1 END; END; SELECT 2"),
              2U);
    EXPECT_EQ(statements("BEGIN; SELECT CASE WHEN true THEN 1 END; COMMIT"), 3U);
    const auto many = scan("BEGIN; COPY t FROM STDIN; COMMIT");
    EXPECT_EQ(many.kind, Kind::multiple);
    EXPECT_TRUE(many.has(Kind::copy_from_client));
    EXPECT_TRUE(many.has(Kind::begin));
    EXPECT_FALSE(many.has(Kind::rollback));
}

TEST(StatementScan, MasksEveryLiteral) {
    EXPECT_EQ(masked("SELECT 'a', 42, -1.5e+3, .5, 0xFF, 1_000"), "SELECT ?, ?, -?, ?, ?, ?");
    EXPECT_EQ(masked("SELECT 'it''s', E'a\\'b', B'01', x'1F', N'n', U&'d\\0061', u&'x'"),
              "SELECT ?, ?, ?, ?, ?, ?, ?");
    EXPECT_EQ(masked("SELECT $$secret$$, $a$ $$ $b$ $a$"), "SELECT ?, ?");
    EXPECT_EQ(masked("SELECT E'a'\n  'it\\'s'"), "SELECT ?");
    EXPECT_EQ(masked("SELECT 'a'\n'secret'"), "SELECT ? ?");
    EXPECT_EQ(masked("SELECT /* secret */ 1 -- secret\n + 2"), "SELECT ? + ?");
    EXPECT_EQ(masked("  SELECT\t1\n\n;  "), "SELECT ? ;");
    EXPECT_EQ(masked("SELECT a1, t.b2, \"c'3\", U&\"d4\", f5(6), $7, größe8"),
              "SELECT a1, t.b2, \"c'3\", U&\"d4\", f5(?), $7, größe8");
    EXPECT_EQ(masked("SELECT a[1:2], x::int4, 5::text"), "SELECT a[?:?], x::int4, ?::text");
    EXPECT_EQ(masked("SELECT 'never closed"), "SELECT ?");
    EXPECT_EQ(masked("SELECT $tag$never closed"), "SELECT ?");
    EXPECT_EQ(masked("SELECT E'a\\"), "SELECT ?");
    EXPECT_EQ(masked("ALTER USER x PASSWORD 'secret'"), "ALTER USER x PASSWORD ?");
}

TEST(StatementScan, HasOneHashForTextsThatDifferInValues) {
    EXPECT_EQ(scan("SELECT * FROM t WHERE a = 1").masked_hash,
              scan("SELECT  * FROM t\nWHERE a = 22 -- x").masked_hash);
    EXPECT_NE(scan("SELECT a FROM t").masked_hash, scan("SELECT b FROM t").masked_hash);
}

TEST(StatementScan, TellsHugeTextsApartInBoundedMemory) {
    std::string text = "SELECT a";
    for (int i = 0; i < 300'000; ++i) {
        text += ", b";
    }
    StatementScanner scanner;
    const auto one = scanner.scan(text + " FROM t");
    EXPECT_EQ(scanner.masked().size(), 64U * 1024);
    EXPECT_EQ(one.masked_bytes, text.size() + 7);
    EXPECT_NE(one.masked_hash, scanner.scan(text + " FROM u").masked_hash);
    EXPECT_EQ(one.masked_hash, scanner.scan(text + " FROM t").masked_hash);
}

TEST(StatementScan, FindsTheHighestParameter) {
    EXPECT_EQ(scan("SELECT 1").parameters, 0U);
    EXPECT_EQ(scan("SELECT $2, $10, $1").parameters, 10U);
    EXPECT_EQ(scan("SELECT '$3', \"$4\", $$ $5 $$, a$6 -- $7").parameters, 0U);
    EXPECT_LE(scan("SELECT $99999999999999999999").parameters, 100'000'000U);
}

TEST(StatementScan, SeesWhatActsOutsideOfItsSession) {
    EXPECT_TRUE(scan("SELECT lo_open(1, 2)").large_objects);
    EXPECT_TRUE(scan("select LO_UNLINK (1)").large_objects);
    EXPECT_FALSE(scan("SELECT lo_open FROM t").large_objects);
    EXPECT_FALSE(scan("SELECT 'lo_open(1)'").large_objects);
    EXPECT_TRUE(scan("SELECT pg_catalog.pg_terminate_backend(1)").other_sessions);
    EXPECT_TRUE(scan("SELECT pg_reload_conf()").other_sessions);
    EXPECT_FALSE(scan("SELECT pg_sleep(1)").other_sessions);
}

TEST(StatementScan, SeesATextThatEndsTooEarly) {
    for (const auto* text :
         {"SELECT 'a", "SELECT \"a", "SELECT /* a", "SELECT $$a", "SELECT E'a\\'"}) {
        EXPECT_TRUE(scan(text).unterminated) << text;
    }
    for (const auto* text :
         {"SELECT 'a'", "SELECT -- a", "SELECT $a", "SELECT (", "SELECT $$a$$"}) {
        EXPECT_FALSE(scan(text).unterminated) << text;
    }
}

TEST(StatementScan, NamesCursorsAndPreparedStatementsAsTheServerFoldsThem) {
    EXPECT_EQ(object("PREPARE MyPlan (int) AS SELECT $1"), "myplan");
    EXPECT_EQ(object("EXECUTE \"My\"\"Plan\"(1)"), "My\"Plan");
    EXPECT_EQ(object("EXPLAIN (ANALYZE) EXECUTE p(1)"), "p");
    EXPECT_EQ(object("DEALLOCATE p"), "p");
    EXPECT_EQ(object("DEALLOCATE PREPARE p"), "p");
    EXPECT_EQ(object("DEALLOCATE ALL"), "");
    EXPECT_EQ(object("DECLARE c NO SCROLL CURSOR FOR SELECT 1"), "c");
    EXPECT_EQ(object("FETCH FORWARD 10 FROM \"Cur\""), "Cur");
    EXPECT_EQ(object("FETCH c;"), "c");
    EXPECT_EQ(object("CLOSE ALL"), "");
    EXPECT_EQ(object("CLOSE c"), "c");
    EXPECT_EQ(object("SELECT 1"), "");
}

TEST(StatementScan, NamesTheObjectsOfEachStatementOfAText) {
    StatementScanner scanner;
    (void)scanner.scan("BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH c; CLOSE ALL; COMMIT");
    EXPECT_EQ(scanner.objects(), (std::vector<ObjectUse>{{Kind::declare_cursor, "c"},
                                                         {Kind::fetch_cursor, "c"},
                                                         {Kind::close_cursor, ""}}));
    (void)scanner.scan("SELECT 1");
    EXPECT_TRUE(scanner.objects().empty());
}

TEST(StatementScan, ShortensListsOfMaskedValues) {
    EXPECT_EQ(with_short_lists("a IN (?, ?, ?) AND b = ?"), "a IN (?, ...) AND b = ?");
    EXPECT_EQ(with_short_lists("VALUES (?,?)"), "VALUES (?, ...)");
    EXPECT_EQ(with_short_lists("f(?)"), "f(?)");
    EXPECT_EQ(with_short_lists("?, a, ?"), "?, a, ?");
    EXPECT_EQ(with_short_lists("?,"), "?,");
}

TEST(StatementScan, SurvivesWhateverBytesAreThere) {
    std::string bytes;
    for (int i = 0; i < 256; ++i) {
        bytes += static_cast<char>(i);
    }
    for (int i = 0; i < 256; ++i) {
        (void)scan(bytes);
        bytes = bytes.substr(1) + bytes[0];
    }
    (void)scan(std::string(1'000'000, '('));
    (void)scan(std::string(1'000'000, ';'));
    (void)scan(std::string(1'000'000, '$'));
    (void)scan(std::string(1'000'000, '\''));
}

}  // namespace
}  // namespace workloads::logs
