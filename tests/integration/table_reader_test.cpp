#include "harness/database/table_reader.hpp"

#include "harness/verification/scan.hpp"
#include "tests/integration/verification_support.hpp"

#include <algorithm>
#include <functional>
#include <thread>

namespace tests {
namespace {

using harness::database::ErrorKind;
using harness::database::Outage;
using harness::verification::ChecksumSettings;

class TableReaderTest : public VerificationTest {
protected:
    [[nodiscard]] harness::postgres::Target target(const std::string& user = "postgres") const {
        std::string text = uri();
        text.replace(text.find("user=postgres"), 13, "user=" + user);
        return harness::postgres::Target::parse(text);
    }
    [[nodiscard]] std::unique_ptr<harness::database::Snapshot> snapshot(
        std::vector<std::string> tables, const std::string& user = "postgres",
        harness::database::SnapshotOptions options = {}) const {
        return harness::postgres::open_snapshot(target(user), tables, options);
    }
    harness::database::TableShape shape(const std::string& table) {
        return snapshot({table})->shape(table);
    }
    std::string key_of(const std::string& table) {
        std::string key;
        for (const auto& column : shape(table).columns) {
            key += column.is_key ? column.name + " " : "";
        }
        return key;
    }
    std::uint64_t rows(const std::string& table, std::size_t workers = 2) {
        ChecksumSettings settings;
        settings.workers = workers;
        return checksum(table, settings).rows;
    }
    ErrorKind outage_of(const std::string& table, const std::string& user,
                        harness::database::SnapshotOptions options = {}) {
        try {
            const auto opened = snapshot({table}, user, options);
            harness::verification::Progress progress;
            static_cast<void>(
                harness::verification::checksum_of(*opened, table, {}, progress, {}));
        } catch (const Outage& outage) {
            return outage.error().kind;
        }
        ADD_FAILURE() << "no outage";
        return ErrorKind::other;
    }
};

TEST_F(TableReaderTest, TellsATablesShape) {
    sql("CREATE TABLE \"Odd \"\"name\" (id int PRIMARY KEY, \"Ü mixed\" text, gone int, "
        "n numeric(10,2) NOT NULL); ALTER TABLE \"Odd \"\"name\" DROP gone;"
        "ALTER TABLE \"Odd \"\"name\" ADD twice int" +
        std::string{server_major() >= 12 ? " GENERATED ALWAYS AS (id * 2) STORED" : ""} +
        "; INSERT INTO \"Odd \"\"name\" (id, n) VALUES (1, 2)");
    const auto told = shape("\"Odd \"\"name\"");

    EXPECT_EQ(told.name, "public.\"Odd \"\"name\"");
    ASSERT_EQ(told.columns.size(), 4U) << "a dropped column is none";
    EXPECT_EQ(told.columns[0].name, "id");
    EXPECT_TRUE(told.columns[0].is_key && !told.columns[0].nullable);
    EXPECT_EQ(told.columns[1].type, "numeric(10,2)");
    EXPECT_EQ(told.columns[2].generated, server_major() >= 12);
    EXPECT_EQ(told.columns[3].name, "Ü mixed") << "in the order of the names' bytes";
    EXPECT_TRUE(told.columns[3].out_of_line && told.columns[3].nullable);
    EXPECT_EQ(rows("\"Odd \"\"name\""), 1U);
}

TEST_F(TableReaderTest, TakesOnlyAKeyThatHoldsForAllRows) {
    sql("CREATE TABLE none (a int, b int); CREATE INDEX ON none (a);"
        "CREATE TABLE nullable (a int UNIQUE, b int);"
        "CREATE TABLE partial (a int NOT NULL); CREATE UNIQUE INDEX ON partial (a) WHERE a > 5;"
        "CREATE TABLE expression (a int NOT NULL); CREATE UNIQUE INDEX ON expression ((a % 5));"
        "CREATE TABLE deferred (a int NOT NULL UNIQUE DEFERRABLE);"
        "CREATE TABLE two (a int NOT NULL, b int NOT NULL, c text NOT NULL, UNIQUE (c, a), UNIQUE (b, a));"
        "CREATE TABLE also (a int NOT NULL UNIQUE, b int, c int, PRIMARY KEY (c, b));"
        "CREATE TABLE parent (a int PRIMARY KEY); CREATE TABLE heir () INHERITS (parent);");
    EXPECT_EQ(key_of("none") + key_of("nullable") + key_of("partial") + key_of("expression") +
                  key_of("deferred"),
              "");
    EXPECT_EQ(key_of("two"), "a b ") << "the first by the names of its columns";
    EXPECT_EQ(key_of("also"), "b c ") << "the primary key first";
    if (server_major() >= 11) {
        sql("CREATE TABLE included (a int, b int, PRIMARY KEY (a) INCLUDE (b))");
        EXPECT_EQ(key_of("included"), "a ") << "an included column is no part of the key";
    }
    EXPECT_EQ(key_of("parent"), "") << "an heir may repeat its parent's keys";
}

TEST_F(TableReaderTest, PartitionsAndHeirsAreReadAsTheTablesOwnSelectSeesThem) {
    sql("CREATE TABLE parts (id int, r text) PARTITION BY RANGE (id);"
        "CREATE TABLE p1 PARTITION OF parts FOR VALUES FROM (0) TO (100);"
        "CREATE TABLE p2 (r text, junk int, id int); ALTER TABLE p2 DROP junk;"
        "ALTER TABLE parts ATTACH PARTITION p2 FOR VALUES FROM (100) TO (200);"
        "CREATE TABLE p3 PARTITION OF parts FOR VALUES FROM (200) TO (300) PARTITION BY LIST (id);"
        "CREATE TABLE p3a PARTITION OF p3 FOR VALUES IN (" +
        value("SELECT string_agg(g::text, ',') FROM generate_series(200, 299) g") + ");"
        "INSERT INTO parts SELECT g, 'r' || g FROM generate_series(0, 299) g;"
        "CREATE TABLE flat AS SELECT * FROM parts;"
        "CREATE TABLE parent (id int, r text); CREATE TABLE heir (more int) INHERITS (parent);"
        "INSERT INTO parent SELECT g, 'r' || g FROM generate_series(0, 99) g;"
        "INSERT INTO heir SELECT g, 'r' || g, 5 FROM generate_series(100, 299) g;"
        "CREATE VIEW seen AS SELECT * FROM flat;"
        "CREATE MATERIALIZED VIEW kept AS SELECT * FROM flat; CREATE TABLE empty (LIKE flat)");
    const auto flat = digest("flat");
    for (const char* table : {"parts", "parent", "seen", "kept"}) {
        EXPECT_EQ(digest(table), flat) << table;
    }
    EXPECT_EQ(rows("p3"), 100U);
    EXPECT_EQ(rows("empty"), 0U);
}

TEST_F(TableReaderTest, AnyNumberOfReadersSeesEveryRowOnce) {
    sql("CREATE TABLE big (id bigint PRIMARY KEY, a int, t text);"
        "INSERT INTO big SELECT g, g % 1000, repeat('x', 100) FROM generate_series(1, 150000) g;"
        "DELETE FROM big WHERE id BETWEEN 40000 AND 60000; ANALYZE big;"
        "CREATE TABLE pairs (a int, b text, PRIMARY KEY (a, b));"
        "INSERT INTO pairs SELECT g % 7, repeat('b', 150) || g FROM generate_series(1, 60000) g; ANALYZE pairs;"
        "CREATE TABLE parent (a int, b text); CREATE TABLE heir () INHERITS (parent);"
        "INSERT INTO heir SELECT * FROM pairs");
    for (const char* table : {"big", "pairs", "parent"}) {
        std::string first;
        for (const std::size_t workers : {1, 2, 5}) {
            ChecksumSettings settings;
            settings.workers = workers;
            const auto told = checksum(table, settings);
            first = first.empty() ? hex(told.digest) : first;
            EXPECT_EQ(hex(told.digest), first) << table << ", " << workers << " readers";
            EXPECT_EQ(told.rows, std::stoull(value("SELECT count(*) FROM " + std::string{table})));
            // Heirs without a key are read one after the other before 14.
            if (workers > 1 && (server_major() >= 14 || table != std::string{"parent"})) {
                EXPECT_GT(told.chunks, 3U) << table;
            }
        }
    }
}

TEST_F(TableReaderTest, AllReadersSeeTheMomentOfTheSnapshot) {
    sql("CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT g, 0 FROM "
        "generate_series(1, 50000) g");
    const auto before = digest("t");
    const auto held = snapshot({"t"});
    sql("UPDATE t SET a = 1 WHERE id % 2 = 0; DELETE FROM t WHERE id < 100; "
        "INSERT INTO t SELECT g, 1 FROM generate_series(60000, 90000) g");

    harness::verification::Progress progress;
    ChecksumSettings settings;
    settings.workers = 3;
    const auto told = harness::verification::checksum_of(*held, "t", settings, progress, {});

    EXPECT_EQ(hex(told.digest), before);
    EXPECT_NE(digest("t"), before);
}

TEST_F(TableReaderTest, ATableCannotBeRewrittenWhileItsSnapshotLives) {
    sql("CREATE TABLE t (id int PRIMARY KEY)");
    const auto held = snapshot({"t"});
    const auto other = control();
    other->set_lock_timeout(std::chrono::milliseconds{50});

    for (const char* rewrite : {"VACUUM FULL t", "TRUNCATE t", "DROP TABLE t",
                                "ALTER TABLE t ALTER id TYPE bigint"}) {
        const auto outcome = other->execute(rewrite);
        ASSERT_FALSE(outcome.ok()) << rewrite;
        EXPECT_EQ(outcome.error->kind, ErrorKind::lock_timeout) << rewrite;
    }
}

TEST_F(TableReaderTest, WhoHoldsTheTableIsNotWaitedForForEver) {
    sql("CREATE TABLE t (id int)");
    sql("BEGIN; LOCK TABLE t");

    EXPECT_EQ(outage_of("t", "postgres", {.lock_timeout = std::chrono::milliseconds{100}}),
              ErrorKind::lock_timeout);
    sql("ROLLBACK");
}

TEST_F(TableReaderTest, NamesThatAreNotThereAreTheCallersMistake) {
    sql("CREATE TABLE \"Mixed\" (id int); CREATE TYPE pair AS (a int)");
    using harness::database::UnknownName;
    const auto message = [&](const std::string& table) -> std::string {
        try {
            static_cast<void>(snapshot({table}));
        } catch (const UnknownName& unknown) {
            return unknown.what();
        }
        return "found";
    };
    EXPECT_NE(message("Mixed").find("there is public.\"Mixed\""), std::string::npos);
    EXPECT_NE(message("nowhere.t").find("no table"), std::string::npos);
    EXPECT_NE(message("a.b.c.d").find("a.b.c.d"), std::string::npos);
    EXPECT_NE(message("pair").find("no table"), std::string::npos);
    ChecksumSettings settings;
    settings.columns = {"nix"};
    EXPECT_THROW(static_cast<void>(checksum("\"Mixed\"", settings)), UnknownName);
}

TEST_F(TableReaderTest, WhatARoleMayNotSeeIsAnErrorAndNeverFewerRows) {
    sql("DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN;"
        "CREATE TABLE secret (id int); CREATE TABLE policed (id int PRIMARY KEY);"
        "INSERT INTO policed SELECT g FROM generate_series(1, 10) g;"
        "ALTER TABLE policed ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY few ON policed USING (id < 5); GRANT SELECT ON policed TO reader");
    EXPECT_EQ(outage_of("secret", "reader"), ErrorKind::privilege);
    EXPECT_EQ(outage_of("policed", "reader"), ErrorKind::privilege);
    EXPECT_EQ(rows("policed"), 10U) << "the owner sees all";

    // Of a partitioned table its own privilege counts, not that of its partitions.
    sql("CREATE TABLE parts (id int) PARTITION BY RANGE (id);"
        "CREATE TABLE p1 PARTITION OF parts FOR VALUES FROM (0) TO (9); INSERT INTO parts VALUES (1), (2);"
        "GRANT SELECT ON parts TO reader");
    harness::verification::Progress progress;
    const auto told = harness::verification::checksum_of(*snapshot({"parts"}, "reader"), "parts", {},
                                                         progress, {});
    EXPECT_EQ(hex(told.digest), digest("parts"));
    sql("DROP OWNED BY reader; DROP ROLE reader");
}

// Whatever a type's binary form is worth: names of objects, a type without a send function, arrays
// and composites of them, and oids that differ from database to database.
TEST_F(TableReaderTest, NamesOfObjectsCompareAsNames) {
    sql("CREATE TYPE listed AS (o regclass, a aclitem);"
        "CREATE TABLE one (id int PRIMARY KEY, o regclass, os regclass[], a aclitem, acl aclitem[], "
        "l listed, iv int2vector, ov oidvector, ty regtype);"
        "INSERT INTO one VALUES (1, 'pg_class', ARRAY['pg_class'::regclass], 'postgres=r/postgres', "
        "'{postgres=r/postgres}', ROW('pg_class', 'postgres=r/postgres'), '1 2', '1 2', 'int4');"
        "CREATE TABLE two (LIKE one); INSERT INTO two SELECT * FROM one");
    EXPECT_TRUE(diff("one", "two").equal);
    sql("UPDATE two SET acl = '{postgres=w/postgres}', os = ARRAY['pg_type'::regclass], ov = '2 1'");
    EXPECT_EQ(found(diff("one", "two")), std::vector<std::string>{"changed id=1: acl, os, ov"});
}

TEST_F(TableReaderTest, ASessionsSettingsChangeNothing) {
    sql("CREATE TABLE t (id int PRIMARY KEY, d date, ts timestamptz, iv interval, f float8, o regclass);"
        "INSERT INTO t VALUES (1, '2024-05-03', '2024-05-03 12:00+02', '1 mon -1 day', 0.1, 'pg_class')");
    const auto before = digest("t");
    sql("ALTER DATABASE " + database() + " SET DateStyle = 'SQL, DMY'; ALTER DATABASE " + database() +
        " SET TimeZone = 'Asia/Tokyo'; ALTER DATABASE " + database() +
        " SET IntervalStyle = 'iso_8601'; ALTER DATABASE " + database() +
        " SET extra_float_digits = -15; ALTER DATABASE " + database() + " SET bytea_output = 'escape'; "
        "ALTER DATABASE " + database() + " SET default_transaction_isolation = 'serializable'");
    EXPECT_EQ(digest("t"), before);
}

TEST_F(TableReaderTest, ALostConnectionEndsTheScanWithItsReason) {
    sql("CREATE TABLE t (id int PRIMARY KEY, t text); INSERT INTO t SELECT g, repeat('x', 500) FROM "
        "generate_series(1, 50000) g");
    const auto held = snapshot({"t"});
    const auto planned = held->scan(held->shape("t"), std::vector<harness::database::Projection>{{.name = "t"}}, {});
    const auto reader = planned->open_reader();
    struct Kill final : harness::database::RowSink {
        explicit Kill(std::function<void()> what) : kill{std::move(what)} {}
        void row(std::span<const checksum::Value>) override {
            if (seen++ == 10) {
                kill();
            }
        }
        std::function<void()> kill;
        int seen = 0;
    } sink{[this] {
        sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%'");
    }};
    try {
        for (const auto& chunk : planned->chunks()) {
            reader->read(chunk, sink);
        }
        FAIL() << "read to the end";
    } catch (const Outage& outage) {
        EXPECT_EQ(outage.error().kind, ErrorKind::connection_lost) << outage.what();
    }
}

TEST_F(TableReaderTest, AStopEndsTheScanAndLeavesNoSession) {
    sql("CREATE TABLE t (id int PRIMARY KEY, t text); INSERT INTO t SELECT g, repeat('x', 500) FROM "
        "generate_series(1, 100000) g");
    std::stop_source stop;
    {
        const auto held = snapshot({"t"});
        harness::verification::Progress progress;
        ChecksumSettings slow;
        slow.workers = 2;
        slow.max_rows_per_s = 10;  // three hours
        std::jthread stopper{[&](std::stop_token over) {
            // Both readers are at work.
            const auto own = control();
            while (!over.stop_requested() &&
                   own->execute("SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY%'"
                                      " HAVING count(*) = 2").rows.empty()) {
                std::this_thread::yield();
            }
            stop.request_stop();
        }};
        EXPECT_THROW(static_cast<void>(harness::verification::checksum_of(
                         *held, "t", slow, progress, stop.get_token())),
                     harness::verification::Stopped);
    }
    EXPECT_TRUE(becomes_true("SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name = "
                             "'rehearse/checksum'"));
}

TEST_F(TableReaderTest, OtherEncodingsAreReadAsUtf8) {
    sql("CREATE TABLE t (id int PRIMARY KEY, t text); INSERT INTO t VALUES (1, U&'gr\\00FCn')");
    const auto expected = digest("t");
    const auto name = database() + "_latin1";
    sql("CREATE DATABASE " + name + " ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    {
        const auto there = harness::postgres::Target::parse(server().uri_of(name));
        const auto own = harness::postgres::open_control(there.conninfo("test"));
        harness::postgres::ask(*own, "CREATE TABLE t (id int PRIMARY KEY, t text); "
                                     "INSERT INTO t VALUES (1, 'gr\xC3\xBCn')");
        const auto held = harness::postgres::open_snapshot(there, std::vector<std::string>{"t"}, {});
        harness::verification::Progress progress;
        EXPECT_EQ(hex(harness::verification::checksum_of(*held, "t", {}, progress, {}).digest), expected);
    }
    static_cast<void>(becomes_true("SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = '" + name + "'"));
    sql("DROP DATABASE " + name);
}

// A disk without room for all rows names those that differ all the same.
TEST_F(TableReaderTest, WhereTheRowsDoNotFitOnDiskASecondPassNamesThem) {
    sql("CREATE TABLE kept (id int PRIMARY KEY, t text); INSERT INTO kept SELECT g, g FROM "
        "generate_series(1, 200000) g; CREATE TABLE copy (LIKE kept INCLUDING ALL);"
        "INSERT INTO copy SELECT * FROM kept; UPDATE copy SET t = 'x' WHERE id = 77777");
    harness::verification::DiffSettings settings;
    settings.workers = 2;
    settings.spill_bytes = std::uint64_t{4} << 20;
    const auto compared = diff("kept", "copy", settings);

    EXPECT_EQ(found(compared), std::vector<std::string>{"changed id=77777: t"});
    EXPECT_GT(compared.before.bytes, 2 * 200'000 * 14U) << "read twice";

    settings.spill_bytes = 1;
    const auto unnamed = diff("kept", "copy", settings);
    EXPECT_FALSE(unnamed.equal);
    EXPECT_NE(unnamed.unnamed, "");
}

}  // namespace
}  // namespace tests
