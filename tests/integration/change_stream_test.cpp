// What a change stream tells.
#include "harness/postgres/change_stream.hpp"

#include "harness/postgres/snapshot.hpp"
#include "tests/integration/change_stream_fixture.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace {

using namespace std::chrono_literals;
using harness::database::RowChange;
using harness::database::StreamRelation;
using harness::database::StreamTransaction;
using tests::ChangeStreams;
using tests::Lines;
using tests::Notes;

TEST_F(ChangeStreams, TellEveryChangeInTheOrderOfCommits) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n numeric, note text); INSERT INTO t VALUES (1, 1, "
        "'a')");
    const auto notes = follow({"t"}, [this] {
        sql("INSERT INTO t VALUES (2, 2.50, NULL)");
        sql("BEGIN; UPDATE t SET n = 3 WHERE id = 1; UPDATE t SET id = 7 WHERE id = 2; COMMIT");
        sql("BEGIN; DELETE FROM t; ROLLBACK");
        sql("DELETE FROM t WHERE id = 1");
    });
    EXPECT_EQ(notes.lines[1], "update t new (1 3 a)");
    EXPECT_EQ(notes.lines[3], "remove t old (1 ? ?)");
    ASSERT_EQ(notes.lines.size(), 4U);
    EXPECT_NE(notes.lines[2].find("update t old (2 ? ?) new (7 "), std::string::npos)
        << notes.lines[2];
    EXPECT_EQ(notes.relations, Lines{"t id n note"});
    EXPECT_EQ(notes.ids.size(), 3U);
    EXPECT_TRUE(std::ranges::is_sorted(notes.positions));
    EXPECT_FALSE(notes.open);
    EXPECT_EQ(figures_.transactions, 3U);
    EXPECT_EQ(figures_.changes, 4U);
    EXPECT_EQ(left_over(), "0");
    ASSERT_EQ(announced_.size(), 2U);
    EXPECT_NE(announced_[0].find("create publication rehearse_"), std::string::npos);
    EXPECT_NE(announced_[1].find("create temporary replication slot rehearse_"), std::string::npos);
}

TEST_F(ChangeStreams, TellTransactionsByTheirWholeNumber) {
    sql("CREATE TABLE t (id int PRIMARY KEY)");
    std::string number;
    const auto notes =
        follow({"t"}, [&] { number = value("INSERT INTO t VALUES (1) RETURNING txid_current()"); });
    ASSERT_EQ(notes.ids.size(), 1U);
    EXPECT_EQ(std::to_string(notes.ids[0]), number);
}

TEST_F(ChangeStreams, LeaveOutWhatTheFirstFenceSawAndTheSecondDidNot) {
    sql("CREATE TABLE t (id int PRIMARY KEY)");
    const auto writer = control();
    Notes notes;
    const auto stream = open({"t"});
    sql("INSERT INTO t VALUES (1)");
    writer->execute("BEGIN; INSERT INTO t VALUES (2)");  // in flight at the first fence
    stream->start(fence());
    sql("INSERT INTO t VALUES (3)");
    writer->execute("COMMIT");
    writer->execute("BEGIN; INSERT INTO t VALUES (4)");  // in flight at the second
    sql("INSERT INTO t VALUES (5)");
    stream->follow(notes, 10ms);
    stream->hold();
    const auto second = fence();
    sql("INSERT INTO t VALUES (6)");
    writer->execute("COMMIT");
    for (int i = 0; i < 3; ++i) {
        stream->follow(notes, 10ms);
    }
    stream->finish(second, notes, patience, {});
    std::ranges::sort(notes.lines);
    EXPECT_EQ(notes.lines, (Lines{"insert t new (2)", "insert t new (3)", "insert t new (5)"}));
    EXPECT_EQ(stream->figures().before_first, 1U);
    EXPECT_EQ(stream->figures().after_second, 2U);
}

TEST_F(ChangeStreams, TellWhatATransactionSaysOfItself) {
    if (!binary()) {
        GTEST_SKIP() << "messages come from 14 on";
    }
    sql("CREATE TABLE t (id int PRIMARY KEY)");
    const auto notes = follow({"t"}, [this] {
        sql("BEGIN; SELECT pg_logical_emit_message(true, 'rehearse', '12'); "
            "INSERT INTO t VALUES (1); COMMIT");
        sql("BEGIN; SELECT pg_logical_emit_message(true, 'others', '13'); "
            "INSERT INTO t VALUES (2); COMMIT");
        sql("SELECT pg_logical_emit_message(false, 'rehearse', '14')");
    });
    EXPECT_EQ(notes.lines, (Lines{"tag 12", "insert t new (1)", "insert t new (2)"}));
}

TEST_F(ChangeStreams, TellTruncatesUnchangedValuesAndWholeOldRows) {
    if (tests::server_major() < 11) {
        GTEST_SKIP() << "truncates come from 11 on";
    }
    sql("CREATE TABLE t (id int PRIMARY KEY, big text, n int);"
        "ALTER TABLE t ALTER big SET STORAGE EXTERNAL; CREATE TABLE whole (a int, b text);"
        "ALTER TABLE whole REPLICA IDENTITY FULL;"
        "INSERT INTO t VALUES (1, repeat('x', 9000), 1); INSERT INTO whole VALUES (1, 'a')");
    const auto notes = follow({"t", "whole"}, [this] {
        sql("UPDATE t SET n = 2");
        sql("UPDATE whole SET a = 2");
        sql("DELETE FROM whole");
        sql("TRUNCATE t, whole");
    });
    EXPECT_EQ(notes.lines,
              (Lines{"update t new (1 unchanged 2)", "update whole old (1 a) new (2 a)",
                     "remove whole old (2 a)", "truncate t whole"}));
}

TEST_F(ChangeStreams, TellATableAnewWhenItIsAltered) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1)");
    const auto notes = follow({"t"}, [this] {
        sql("UPDATE t SET n = 2");
        sql("ALTER TABLE t ADD region text; UPDATE t SET region = 'eu'");
        sql("ALTER TABLE t RENAME n TO m; ALTER TABLE t ALTER m TYPE text; UPDATE t SET m = 'x'");
        sql("ALTER TABLE t DROP m; UPDATE t SET region = NULL");
    });
    EXPECT_EQ(notes.relations, (Lines{"t id n", "t id n region", "t id m region", "t id region"}));
    EXPECT_EQ(notes.lines, (Lines{"update t new (1 2)", "update t new (1 2 eu)",
                                  "update t new (1 x eu)", "update t new (1 NULL)"}));
}

TEST_F(ChangeStreams, TellAPartitionedTableAsOne) {
    if (tests::server_major() < 13) {
        sql("CREATE TABLE t (id int) PARTITION BY RANGE (id)");
        EXPECT_NE(ended({"t"}, [] {}).find("it is partitioned"), std::string::npos);
        return;
    }
    sql("CREATE TABLE t (id int PRIMARY KEY, n int) PARTITION BY RANGE (id);"
        "CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10)");
    const auto notes = follow({"t"}, [this] {
        sql("INSERT INTO t VALUES (1, 1)");
        sql("CREATE TABLE t2 (n int, id int PRIMARY KEY);"
            "ALTER TABLE t ATTACH PARTITION t2 FOR VALUES FROM (10) TO (20)");
        sql("INSERT INTO t VALUES (11, 2); UPDATE t SET id = 12 WHERE id = 1");
    });
    EXPECT_EQ(notes.lines, (Lines{"insert t new (1 1)", "insert t new (11 2)", "remove t old (1 ?)",
                                  "insert t new (12 1)"}));
}

// Every value as a scan reads it; where that is not so it is unknown, never another.
TEST_F(ChangeStreams, ValuesAreThoseOfAScan) {
    sql("CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE TYPE pair AS (n int, word text);"
        "CREATE DOMAIN positive AS int CHECK (value > 0);"
        "CREATE TABLE t (id int PRIMARY KEY, i2 smallint, i8 bigint, n numeric(12,3), f4 real, "
        "f8 double precision, t text, vc varchar(9), c char(9), by bytea, bo boolean, d date, "
        "ts timestamp, tz timestamptz, tm time, tmz timetz, iv interval, u uuid, js json, jb "
        "jsonb, "
        "arr int[], r int4range, e mood, p pair, ip inet, bits bit(3), po positive, o oid, "
        "rc regclass, acl aclitem);"
        "INSERT INTO t (id) VALUES (1)");
    const auto row =
        "i2 = -3, i8 = 9223372036854775807, n = 1234.500, f4 = 0.1, f8 = 1e-300, "
        "t = E'tab\\t, \\'quoted\\' \\u00fc', vc = '', c = 'ab', by = '\\x00ff', bo = true, "
        "d = '0044-03-15 BC', ts = '1969-12-31 23:59:59.123456', tz = '2024-07-01 12:00:00+02', "
        "tm = '24:00', tmz = '12:00+05:30', iv = '1 mon 2 days 3 s', "
        "u = '00112233-4455-6677-8899-aabbccddeeff', js = '{\"b\":  1}', jb = '{\"b\":  1.0}', "
        "arr = '{1,NULL,3}', r = '[1,5)', e = 'happy', p = ROW(1, 'w'), ip = '10.0.0.1/8', "
        "bits = B'101', po = 5, o = 4294967295, rc = 'pg_class', acl = 'postgres=r/postgres'";
    struct Kept final : harness::database::RowSink {
        void row(std::span<const checksum::Value> values) override {
            for (const auto& value : values) {
                bytes.push_back(std::string{value.bytes});
                kinds.push_back(value.kind);
            }
        }
        std::vector<std::string> bytes;
        std::vector<checksum::Kind> kinds;
    } scanned;
    struct Compared final : harness::database::ChangeSink {
        explicit Compared(const Kept& wanted) : kept{wanted} {}
        void relation(const StreamRelation&) override {}
        void begin(const StreamTransaction&) override {}
        void tag(std::string_view) override {}
        void truncate(std::span<const StreamRelation* const>) override {}
        void commit() override {}
        void change(const RowChange& change) override {
            for (std::size_t i = 0; i < change.row.size(); ++i) {
                const auto& name = change.relation->columns[i].name;
                const auto at =
                    static_cast<std::size_t>(std::ranges::find(names, name) - names.begin());
                ASSERT_LT(at, names.size());
                if (change.row[i].presence == checksum::Presence::unknown) {
                    unknown.push_back(name);
                    continue;
                }
                ++equal;
                EXPECT_EQ(change.row[i].bytes, kept.bytes[at]) << name;
                EXPECT_EQ(change.row[i].kind, kept.kinds[at]) << name;
            }
        }
        const Kept& kept;
        std::vector<std::string> names, unknown;
        int equal = 0;
    } compared{scanned};

    const auto stream = open({"t"});
    stream->start(fence());
    sql("UPDATE t SET " + std::string{row});
    stream->hold();
    const auto snapshot = harness::postgres::open_snapshot(harness::postgres::Target::parse(uri()),
                                                           std::vector<std::string>{"t"}, {});
    const auto shape = snapshot->shape("t");
    std::vector<harness::database::Projection> projections;
    for (const auto& column : shape.columns) {
        projections.push_back({.name = column.name});
        compared.names.push_back(column.name);
    }
    const auto scan = snapshot->scan(shape, projections, {});
    const auto reader = scan->open_reader();
    for (const auto& chunk : scan->chunks()) {
        reader->read(chunk, scanned);
    }
    stream->finish(snapshot->fence(), compared, patience, {});

    std::ranges::sort(compared.unknown);
    EXPECT_EQ(compared.unknown,
              binary() ? Lines{"rc"} : (Lines{"arr", "bits", "ip", "iv", "p", "r", "tmz"}));
    EXPECT_EQ(compared.equal, binary() ? 29 : 23);
}

// Many sessions, and fences at any time: what is told is exactly the difference between the scans.
TEST_F(ChangeStreams, AreExactlyWhatIsBetweenTwoFencesUnderLoad) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int); CREATE TABLE log (id serial PRIMARY KEY, x "
        "int);"
        "INSERT INTO t SELECT g, 0 FROM generate_series(1, 40) g");
    std::atomic<bool> stop{false};
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer) {
        writers.emplace_back([&, writer] {
            const auto session = control();
            session->execute(writer % 2 == 0 ? "SET synchronous_commit = off"
                                             : "SET synchronous_commit = on");
            for (int i = 0; !stop; ++i) {
                session->execute("UPDATE t SET n = n + 1 WHERE id = " +
                                 std::to_string(1 + (writer * 10 + i % 10)));
            }
        });
    }
    const auto sum_and_fence = [this] {
        const auto session = control();
        session->execute("BEGIN ISOLATION LEVEL REPEATABLE READ");
        const auto rows =
            session->execute("SELECT sum(n), txid_current_snapshot() FROM t").rows.at(0);
        return std::pair{std::stol(*rows[0]), *rows[1]};
    };
    for (int trial = 0; trial < 5; ++trial) {
        Notes notes;
        const auto stream = open({"t"});
        const auto first = sum_and_fence();
        stream->start(first.second);
        for (int turn = 0; turn < 20 || stream->figures().changes < 50; ++turn) {
            stream->follow(notes, 10ms);
        }
        stream->hold();
        const auto second = sum_and_fence();
        stream->finish(second.second, notes, patience, {});
        EXPECT_EQ(static_cast<long>(notes.lines.size()), second.first - first.first);
    }
    stop = true;
}

// Autovacuum comes when it likes, and others write what nobody follows.
TEST_F(ChangeStreams, TellNothingOfTransactionsWithoutAChange) {
    sql("CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int)");
    const auto notes = follow({"t"}, [this] {
        sql("ANALYZE t");
        sql("INSERT INTO t VALUES (1)");
        sql("INSERT INTO other VALUES (1)");
        sql("CREATE TABLE another (id int)");
    });
    EXPECT_EQ(notes.lines, Lines{"insert t new (1)"});
    EXPECT_EQ(notes.ids.size(), 1U);
    EXPECT_FALSE(notes.open);
    EXPECT_EQ(figures_.transactions, 1U);
}

// A transaction that is larger than the server's memory for decoding.
TEST_F(ChangeStreams, TellALongTransactionAndThatItSpilled) {
    sql("CREATE TABLE t (id int PRIMARY KEY, note text)");
    const auto notes = follow({"t"}, [this] {
        sql("INSERT INTO t SELECT g, repeat('x', 500) FROM generate_series(1, 200000) g");
    });
    EXPECT_EQ(notes.lines.size(), 200'000U);
    EXPECT_EQ(notes.ids.size(), 1U);
    if (binary()) {
        ASSERT_TRUE(figures_.spilled_bytes);
        EXPECT_GT(*figures_.spilled_bytes, 50'000'000U);
    }
}

}  // namespace
