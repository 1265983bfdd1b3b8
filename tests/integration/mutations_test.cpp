// What must be found: each damage, done to a copy of a table that has a column of every kind, is named
// with exactly its rows and columns; and what keeps the values raises nothing.
#include "tests/integration/verification_support.hpp"

#include <algorithm>

namespace tests {
namespace {

// Twelve rows. The values are such that each mutation below changes what it says and nothing else.
constexpr const char* schema = R"(
    CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
    CREATE TYPE pair AS (number int, word text);
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE TABLE kept (
        id int PRIMARY KEY, i2 smallint, i4 int, i8 bigint, n numeric, n2 numeric(12,2),
        f4 real, f8 double precision, t text, vc varchar(20), c char(8), nm name, ch "char",
        by bytea, bo boolean, d date, ts timestamp, tz timestamptz, tm time, tmz timetz,
        iv interval, u uuid, js json, jb jsonb, arr int[], words text[], grid int[], r int4range,
        tr tstzrange, e mood, p pair, ps pair[], ip inet, net cidr, mac macaddr, bits bit(8),
        vbits varbit, pt point, bx box, sv tsvector, x xml, m money, po positive, lsn pg_lsn, o oid);
    INSERT INTO kept SELECT
        g, g, g * 1000, g * 10000000000, g + 0.5, g + 0.25,
        g + 0.5, g / 7.0, 'text ' || g, 'varchar ' || g, 'c' || g, 'name' || g, chr(64 + g)::"char",
        decode('00ff' || lpad(to_hex(g), 2, '0'), 'hex'), g % 2 = 0, date '2024-02-28' + g,
        timestamp '2024-01-01 12:00' + g * interval '1 day', timestamptz '2024-01-01 12:00+00' +
        g * interval '1 day', time '12:00' + g * interval '1 minute',
        ((time '12:00' + g * interval '1 minute')::text || '+02')::timetz,
        g * interval '1 day', md5(g::text)::uuid, ('{"b": 1, "a": ' || g || '}')::json,
        ('{"b": 1.0, "a": ' || g || '}')::jsonb, ARRAY[g, g + 1, NULL], ARRAY['a b', 'c'],
        ARRAY[[1, 2], [3, g]], int4range(g, g + 10), tstzrange('2024-01-01 00:00+00', NULL),
        (ARRAY['sad', 'ok', 'happy'])[1 + g % 3]::mood, ROW(g, 'w')::pair,
        ARRAY[ROW(g, 'w')::pair, NULL], ('10.0.0.' || g)::inet, '10.0.0.0/8'::cidr,
        '08:00:2b:01:02:03'::macaddr, g::bit(8), B'101', point(g, 1), box(point(0, 0), point(g, g)),
        to_tsvector('simple', 'one two ' || g), ('<a>' || g || '</a>')::xml, g::money, g,
        '0/16B3748'::pg_lsn, g FROM generate_series(1, 12) g;
    CREATE TABLE copy (LIKE kept INCLUDING ALL);
)";

struct Mutation {
    const char* name;
    const char* sql;  // on `copy`
    std::vector<std::string> found;
};

std::vector<std::string> all_rows(const std::string& column) {
    std::vector<std::string> lines;
    for (int id = 1; id <= 12; ++id) {
        lines.push_back("changed id=" + std::to_string(id) + ": " + column);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

const Mutation mutations[] = {
    // One bit, one step, one sign of each kind.
    {"smallint + 1", "UPDATE copy SET i2 = i2 + 1 WHERE id = 3", {"changed id=3: i2"}},
    {"int's highest bit", "UPDATE copy SET i4 = i4 # (1 << 31) WHERE id = 3", {"changed id=3: i4"}},
    {"int's lowest bit", "UPDATE copy SET i4 = i4 # 1 WHERE id = 3", {"changed id=3: i4"}},
    {"bigint's highest bit", "UPDATE copy SET i8 = i8 # (1::bigint << 63) WHERE id = 3",
     {"changed id=3: i8"}},
    {"an overflow to negative", "UPDATE copy SET i8 = (i8 - 4294967296 * 5) WHERE id = 1",
     {"changed id=1: i8"}},
    {"a truncated bigint", "UPDATE copy SET i8 = i8 & 2147483647 WHERE id = 5", {"changed id=5: i8"}},
    {"a sign", "UPDATE copy SET n = -n WHERE id = 4", {"changed id=4: n"}},
    {"a numeric's last digit", "UPDATE copy SET n = n + 0.0000000000001 WHERE id = 4",
     {"changed id=4: n"}},
    {"a numeric rounded", "UPDATE copy SET n = round(n) WHERE id = 4", {"changed id=4: n"}},
    {"numeric NaN", "UPDATE copy SET n = 'NaN' WHERE id = 4", {"changed id=4: n"}},
    {"cents off by one", "UPDATE copy SET n2 = n2 + 0.01 WHERE id = 4", {"changed id=4: n2"}},
    {"a real's last bit", "UPDATE copy SET f4 = f4 + 0.0000004 WHERE id = 1", {"changed id=1: f4"}},
    {"a double's last bit", "UPDATE copy SET f8 = f8 + 2e-16 WHERE id = 2", {"changed id=2: f8"}},
    {"a double through a real", "UPDATE copy SET f8 = f8::real WHERE id = 2", {"changed id=2: f8"}},
    {"a double NaN", "UPDATE copy SET f8 = 'NaN' WHERE id = 2", {"changed id=2: f8"}},
    {"a double infinite", "UPDATE copy SET f8 = 'Infinity' WHERE id = 2", {"changed id=2: f8"}},
    {"a letter's case", "UPDATE copy SET t = upper(t) WHERE id = 6", {"changed id=6: t"}},
    {"a trailing space", "UPDATE copy SET t = t || ' ' WHERE id = 6", {"changed id=6: t"}},
    {"a leading space", "UPDATE copy SET t = ' ' || t WHERE id = 6", {"changed id=6: t"}},
    {"text to NULL", "UPDATE copy SET t = NULL WHERE id = 6", {"changed id=6: t"}},
    {"text to empty", "UPDATE copy SET t = '' WHERE id = 6", {"changed id=6: t"}},
    {"text to 'NULL'", "UPDATE copy SET t = 'NULL' WHERE id = 6", {"changed id=6: t"}},
    {"text to a space", "UPDATE copy SET t = ' ' WHERE id = 6", {"changed id=6: t"}},
    {"a truncated varchar", "UPDATE copy SET vc = left(vc, 5) WHERE id = 6", {"changed id=6: vc"}},
    {"a char's letter", "UPDATE copy SET c = 'd' || substr(c, 2) WHERE id = 6", {"changed id=6: c"}},
    {"a name", "UPDATE copy SET nm = nm || '_' WHERE id = 6", {"changed id=6: nm"}},
    {"\"char\"", "UPDATE copy SET ch = 'z' WHERE id = 6", {"changed id=6: ch"}},
    {"an umlaut composed", "UPDATE copy SET t = U&'\\00FC' WHERE id = 6", {"changed id=6: t"}},
    {"mojibake", "UPDATE copy SET t = convert_from(convert_to(t || U&'\\00FC', 'UTF8'), 'LATIN1') "
                 "WHERE id = 6", {"changed id=6: t"}},
    {"bytea's bit", "UPDATE copy SET by = set_bit(by, 3, 1) WHERE id = 7", {"changed id=7: by"}},
    {"bytea cut", "UPDATE copy SET by = substr(by, 1, 2) WHERE id = 7", {"changed id=7: by"}},
    {"bytea as its text", "UPDATE copy SET by = convert_to(by::text, 'UTF8') WHERE id = 7",
     {"changed id=7: by"}},
    {"a boolean", "UPDATE copy SET bo = NOT bo WHERE id = 7", {"changed id=7: bo"}},
    {"false to NULL", "UPDATE copy SET bo = NULL WHERE id = 7", {"changed id=7: bo"}},
    {"a day", "UPDATE copy SET d = d + 1 WHERE id = 8", {"changed id=8: d"}},
    {"a date BC", "UPDATE copy SET d = (d::text || ' BC')::date WHERE id = 8", {"changed id=8: d"}},
    {"an infinite date", "UPDATE copy SET d = 'infinity' WHERE id = 8", {"changed id=8: d"}},
    {"day and month swapped", "UPDATE copy SET d = '2024-05-03' WHERE id = 6", {"changed id=6: d"}},
    {"a microsecond", "UPDATE copy SET ts = ts + interval '1 microsecond' WHERE id = 8",
     {"changed id=8: ts"}},
    {"an infinite timestamp", "UPDATE copy SET ts = '-infinity' WHERE id = 8", {"changed id=8: ts"}},
    {"an hour in all rows", "UPDATE copy SET ts = ts + interval '1 hour'", all_rows("ts")},
    {"ten minutes in four rows", "UPDATE copy SET ts = ts + interval '10 minutes' WHERE id <= 4",
     {"changed id=1: ts", "changed id=2: ts", "changed id=3: ts", "changed id=4: ts"}},
    {"another zone in all rows", "UPDATE copy SET tz = (tz AT TIME ZONE 'UTC') AT TIME ZONE "
                                 "'Europe/Vienna'", all_rows("tz")},
    {"a time", "UPDATE copy SET tm = tm + interval '1 microsecond' WHERE id = 8", {"changed id=8: tm"}},
    {"a timetz's zone at the same instant", "UPDATE copy SET tmz = tmz AT TIME ZONE interval '1 hour' "
                                            "WHERE id = 8", {"changed id=8: tmz"}},
    {"a day as 24 hours", "UPDATE copy SET iv = make_interval(hours => 24 * id) WHERE id = 9",
     {"changed id=9: iv"}},
    {"a month as 30 days", "UPDATE copy SET iv = interval '1 month' WHERE id = 12",
     {"changed id=12: iv"}},
    {"a uuid's digit", "UPDATE copy SET u = overlay(u::text placing 'f0' from 1)::uuid WHERE id = 9",
     {"changed id=9: u"}},
    {"json's order of keys", "UPDATE copy SET js = '{\"a\": 9, \"b\": 1}' WHERE id = 9",
     {"changed id=9: js"}},
    {"json's white space", "UPDATE copy SET js = '{\"b\":1, \"a\": 9}' WHERE id = 9",
     {"changed id=9: js"}},
    {"jsonb's number scale", "UPDATE copy SET jb = jsonb_set(jb, '{b}', '1.00') WHERE id = 9",
     {"changed id=9: jb"}},
    {"jsonb's number as a string", "UPDATE copy SET jb = jsonb_set(jb, '{a}', '\"9\"') WHERE id = 9",
     {"changed id=9: jb"}},
    {"jsonb's key gone", "UPDATE copy SET jb = jb - 'b' WHERE id = 9", {"changed id=9: jb"}},
    {"jsonb null, not NULL", "UPDATE copy SET jb = 'null' WHERE id = 9", {"changed id=9: jb"}},
    {"an array's order", "UPDATE copy SET arr = ARRAY[id + 1, id, NULL] WHERE id = 10",
     {"changed id=10: arr"}},
    {"an array's NULL", "UPDATE copy SET arr = ARRAY[id, id + 1, 0] WHERE id = 10",
     {"changed id=10: arr"}},
    {"an array's lower bound", "UPDATE copy SET arr = ('[0:2]=' || arr::text)::int[] WHERE id = 10",
     {"changed id=10: arr"}},
    {"an array's elements joined", "UPDATE copy SET words = ARRAY['a', 'b c'] WHERE id = 10",
     {"changed id=10: words"}},
    {"an array's dimensions", "UPDATE copy SET grid = ARRAY[1, 2, 3, id] WHERE id = 10",
     {"changed id=10: grid"}},
    {"an empty array, not NULL", "UPDATE copy SET arr = '{}' WHERE id = 10", {"changed id=10: arr"}},
    {"a range's bound", "UPDATE copy SET r = int4range(id, id + 11) WHERE id = 10",
     {"changed id=10: r"}},
    {"a range emptied", "UPDATE copy SET r = 'empty' WHERE id = 10", {"changed id=10: r"}},
    {"a range closed", "UPDATE copy SET tr = tstzrange('2024-01-01 00:00+00', 'infinity') WHERE id = 10",
     {"changed id=10: tr"}},
    {"a range exclusive", "UPDATE copy SET tr = tstzrange('2024-01-01 00:00+00', NULL, '()') "
                          "WHERE id = 10", {"changed id=10: tr"}},
    {"an enum's label", "UPDATE copy SET e = 'ok' WHERE id = 11", {"changed id=11: e"}},
    {"a composite's attribute", "UPDATE copy SET p = ROW(id, 'W')::pair WHERE id = 11",
     {"changed id=11: p"}},
    {"a composite of NULLs, not NULL", "UPDATE copy SET p = ROW(NULL, NULL)::pair WHERE id = 11",
     {"changed id=11: p"}},
    {"a composite in an array", "UPDATE copy SET ps[1].word = 'v' WHERE id = 11",
     {"changed id=11: ps"}},
    {"an address's mask", "UPDATE copy SET ip = set_masklen(ip, 24) WHERE id = 11",
     {"changed id=11: ip"}},
    {"a network", "UPDATE copy SET net = '11.0.0.0/8' WHERE id = 11", {"changed id=11: net"}},
    {"a mac", "UPDATE copy SET mac = trunc(mac) WHERE id = 11", {"changed id=11: mac"}},
    {"a bit", "UPDATE copy SET bits = ~bits WHERE id = 11", {"changed id=11: bits"}},
    {"a bit more", "UPDATE copy SET vbits = B'1010' WHERE id = 11", {"changed id=11: vbits"}},
    {"a point's axes", "UPDATE copy SET pt = point(1, id) WHERE id = 11", {"changed id=11: pt"}},
    {"a box", "UPDATE copy SET bx = box(point(0, 0), point(id, id + 1)) WHERE id = 11",
     {"changed id=11: bx"}},
    {"a lexeme", "UPDATE copy SET sv = to_tsvector('simple', 'two one ' || id) WHERE id = 11",
     {"changed id=11: sv"}},
    {"xml's text", "UPDATE copy SET x = '<a>12 </a>' WHERE id = 12", {"changed id=12: x"}},
    {"money", "UPDATE copy SET m = m + 0.01::money WHERE id = 12", {"changed id=12: m"}},
    {"a domain's value", "UPDATE copy SET po = po + 1 WHERE id = 12", {"changed id=12: po"}},
    {"a log position", "UPDATE copy SET lsn = '0/16B3749' WHERE id = 12", {"changed id=12: lsn"}},
    {"an oid", "UPDATE copy SET o = 4294967295 WHERE id = 12", {"changed id=12: o"}},
    // Rows.
    {"a lost row", "DELETE FROM copy WHERE id = 5", {"lost id=5"}},
    {"the last two rows", "DELETE FROM copy WHERE id > 10", {"lost id=11", "lost id=12"}},
    {"all rows", "TRUNCATE copy",
     {"lost id=1", "lost id=10", "lost id=11", "lost id=12", "lost id=2", "lost id=3", "lost id=4",
      "lost id=5", "lost id=6", "lost id=7", "lost id=8", "lost id=9"}},
    {"an extra row", "INSERT INTO copy (id) VALUES (13)", {"extra id=13"}},
    {"a changed key", "UPDATE copy SET id = 50 WHERE id = 5", {"extra id=50", "lost id=5"}},
    {"two rows' values swapped",
     "UPDATE copy SET i4 = CASE id WHEN 2 THEN 3000 ELSE 2000 END WHERE id IN (2, 3)",
     {"changed id=2: i4", "changed id=3: i4"}},
    {"two columns of a row swapped", "UPDATE copy SET t = vc, vc = t WHERE id = 2",
     {"changed id=2: t, vc"}},
    {"values shifted by one row", "UPDATE copy c SET u = k.u FROM kept k WHERE k.id = c.id % 12 + 1",
     all_rows("u")},
    {"one shifted, one back", "UPDATE copy SET i4 = i4 + CASE id WHEN 1 THEN 1 ELSE -1 END "
                              "WHERE id IN (1, 2)", {"changed id=1: i4", "changed id=2: i4"}},
    {"a default in place of a value", "UPDATE copy SET t = 'unknown'", all_rows("t")},
};

class Mutations : public VerificationTest {};

TEST_F(Mutations, EachIsNamedWithItsRowsAndColumnsAndNothingElse) {
    sql(schema);
    sql("INSERT INTO copy SELECT * FROM kept");
    const auto undamaged = digest("copy");
    for (const auto& mutation : mutations) {
        SCOPED_TRACE(mutation.name);
        sql("TRUNCATE copy; INSERT INTO copy SELECT * FROM kept");
        sql(mutation.sql);

        const auto compared = diff("kept", "copy");

        EXPECT_FALSE(compared.equal);
        EXPECT_EQ(found(compared), mutation.found);
        EXPECT_EQ(compared.unnamed, "");
        EXPECT_NE(digest("copy"), undamaged);
    }
}

TEST_F(Mutations, TheUndamagedCopyIsEqual) {
    sql(schema);
    sql("INSERT INTO copy SELECT * FROM kept ORDER BY id DESC");

    const auto compared = diff("kept", "copy");

    EXPECT_TRUE(compared.equal);
    EXPECT_EQ(compared.found.total(), 0U);
    EXPECT_EQ(compared.before.rows, 12U);
    EXPECT_EQ(digest("kept"), digest("copy"));
}

// A text and its other normal form look the same and are not.
TEST_F(Mutations, UnicodeNormalFormsDiffer) {
    sql("CREATE TABLE kept (id int PRIMARY KEY, t text); CREATE TABLE copy (LIKE kept INCLUDING ALL);"
        "INSERT INTO kept VALUES (1, U&'\\00FC'); INSERT INTO copy VALUES (1, U&'u\\0308')");
    EXPECT_EQ(found(diff("kept", "copy")), std::vector<std::string>{"changed id=1: t"});
}

// A truncated value that is stored out of line.
TEST_F(Mutations, TheLastByteOfALargeValueCounts) {
    sql("CREATE TABLE kept (id int PRIMARY KEY, t text, b bytea);"
        "ALTER TABLE kept ALTER t SET STORAGE EXTERNAL;"
        "INSERT INTO kept SELECT g, repeat('x', 3000000) || g, convert_to(repeat('y', 100000), 'UTF8') "
        "FROM generate_series(1, 3) g;"
        "CREATE TABLE copy AS SELECT * FROM kept; UPDATE copy SET t = left(t, -1) WHERE id = 2;"
        "UPDATE copy SET b = set_byte(b, 99999, 0) WHERE id = 3");
    EXPECT_EQ(found(diff("kept", "copy")),
              (std::vector<std::string>{"changed id=2: t", "changed id=3: b"}));
}

TEST_F(Mutations, ScaleCountsOnlyWhenStrict) {
    sql("CREATE TABLE kept (id int PRIMARY KEY, n numeric, f double precision);"
        "CREATE TABLE copy (LIKE kept INCLUDING ALL);"
        "INSERT INTO kept VALUES (1, 1.0, 0.0), (2, 5, 1); INSERT INTO copy VALUES (1, 1.00, -0.0), "
        "(2, 5, 1)");
    EXPECT_TRUE(diff("kept", "copy").equal) << "by value, and there is one zero";

    harness::verification::DiffSettings strict;
    strict.scale = ::checksum::Scale::strict;
    EXPECT_EQ(found(diff("kept", "copy", strict)), std::vector<std::string>{"changed id=1: n"});
}

// Without a key rows are counted.
TEST_F(Mutations, OfATableWithoutAKeyRowsAreCounted) {
    sql("CREATE TABLE kept (a int, b text); INSERT INTO kept VALUES (1, 'x'), (1, 'x'), (2, NULL), "
        "(3, 'y'); CREATE TABLE copy (LIKE kept)");
    harness::verification::DiffSettings shown;
    shown.show_values = true;
    const auto damaged = [&](const char* rows) {
        sql("TRUNCATE copy; INSERT INTO copy VALUES " + std::string{rows});
        return found(diff("kept", "copy", shown));
    };
    using Lines = std::vector<std::string>;
    EXPECT_EQ(damaged("(1, 'x'), (1, 'x'), (2, NULL), (3, 'y')"), Lines{});
    EXPECT_EQ(damaged("(1, 'x'), (2, NULL), (3, 'y')"), Lines{"lost a=1, b='x'"});
    EXPECT_EQ(damaged("(1, 'x'), (1, 'x'), (1, 'x'), (2, NULL), (3, 'y')"),
              Lines{"duplicated a=1, b='x'"});
    EXPECT_EQ(damaged("(1, 'x'), (2, NULL), (2, NULL), (3, 'y')"),
              (Lines{"duplicated a=2, b=NULL", "lost a=1, b='x'"}))
        << "as many rows as before";
    EXPECT_EQ(damaged("(1, 'y'), (1, 'x'), (2, NULL), (3, 'x')"),
              (Lines{"extra a=1, b='y'", "extra a=3, b='x'", "lost a=1, b='x'", "lost a=3, b='y'"}))
        << "two values swapped";
}

TEST_F(Mutations, ADuplicateUnderAKeyIsFoundWhereTheCopyHasNone) {
    sql("CREATE TABLE kept (id int PRIMARY KEY, t text); INSERT INTO kept SELECT g, g FROM "
        "generate_series(1, 5) g; CREATE TABLE copy AS SELECT * FROM kept;"
        "INSERT INTO copy VALUES (3, '3'); DELETE FROM copy WHERE id = 4");
    EXPECT_EQ(found(diff("kept", "copy")),
              (std::vector<std::string>{"duplicated id=3", "lost id=4"}));
}

// What keeps the values: the digest after it is the one before.
TEST_F(Mutations, HarmlessChangesRaiseNothing) {
    sql("CREATE TYPE mood AS ENUM ('sad', 'happy');"
        "CREATE TABLE kept (id int PRIMARY KEY, i2 smallint, i int, n numeric(10,2), f real, "
        "vc varchar(50), c char(10), d date, arr int[], e mood, gone text);"
        "INSERT INTO kept SELECT g, g, g, g + 0.5, g / 4.0, 'v' || g, 'c' || g, date '2024-01-01' + g, "
        "ARRAY[g], 'sad', 'x' FROM generate_series(1, 3000) g; DELETE FROM kept WHERE id % 7 = 0");
    harness::verification::ChecksumSettings settings;
    settings.columns = {"id", "i2", "i", "n", "f", "vc", "c", "d", "arr", "e"};
    const auto before = digest("kept", settings);
    const char* changes[] = {
        "VACUUM FULL kept",
        "CLUSTER kept USING kept_pkey",
        "ALTER TABLE kept ALTER i2 TYPE bigint",
        "ALTER TABLE kept ALTER i TYPE numeric",
        "ALTER TABLE kept ALTER id TYPE bigint",
        "ALTER TABLE kept ALTER n TYPE numeric(20,4)",
        "ALTER TABLE kept ALTER f TYPE double precision",
        "ALTER TABLE kept ALTER vc TYPE text",
        "ALTER TABLE kept ALTER c TYPE varchar(10)",
        "ALTER TABLE kept ALTER d TYPE timestamp",
        "ALTER TABLE kept ALTER arr TYPE bigint[]",
        "ALTER TABLE kept ALTER e TYPE text",
        "ALTER TABLE kept ADD added text DEFAULT 'new'",
        "ALTER TABLE kept DROP gone",
        "UPDATE kept SET i = i",
        "CREATE INDEX ON kept (vc)",
        "ALTER TABLE kept SET (fillfactor = 50)",
        "ALTER TABLE kept RENAME TO other; ALTER TABLE other RENAME TO kept",
        "ALTER TYPE mood RENAME TO humour",
    };
    for (const char* change : changes) {
        sql(change);
        EXPECT_EQ(digest("kept", settings), before) << change;
    }
}

TEST_F(Mutations, TypesAreComparedAsTheSecondTablesUnlessThatWouldGuess) {
    sql("CREATE TABLE kept (id int PRIMARY KEY, n text, w int, ts timestamp, u text);"
        "INSERT INTO kept VALUES (1, '10', 5, '2024-07-01 12:00', "
        "'00000000-0000-0000-0000-00000000000A'), (2, '20', 6, '2024-01-01 12:00', NULL);"
        "CREATE TABLE copy (id bigint, n int, w text, ts timestamptz, u uuid);"
        "INSERT INTO copy VALUES (1, 10, '5', '2024-07-01 10:00+00', "
        "'00000000-0000-0000-0000-00000000000a'), (2, 20, '06', '2024-01-01 12:00+00', NULL)");
    EXPECT_THROW(static_cast<void>(diff("kept", "copy")), harness::verification::NotComparable)
        << "in which zone?";

    harness::verification::DiffSettings declared;
    declared.maps = {{"ts", "ts AT TIME ZONE 'Europe/Vienna'"}};
    EXPECT_EQ(found(diff("kept", "copy", declared)),
              std::vector<std::string>{"changed id=2: ts, w"});
}

}  // namespace
}  // namespace tests
