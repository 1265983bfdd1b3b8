#include "harness/postgres/server_counters.hpp"

#include "harness/database/error.hpp"
#include "tests/integration/throwaway.hpp"

#include <algorithm>
#include <thread>

namespace {

using harness::database::Counters;
using harness::database::Outage;
using harness::database::ServerCounters;
using namespace std::chrono_literals;

class ServerCountersTest : public tests::FreshDatabase {
protected:
    std::unique_ptr<ServerCounters> open(std::vector<std::string> tables,
                                         std::string_view user = "postgres") {
        return harness::postgres::open_server_counters(conninfo("counters", user),
                                                       std::move(tables));
    }
    // Statistics come late: the first reading that has it, or the last of ten seconds.
    template <typename Has>
    static Counters read_until(ServerCounters& counters, Has&& has) {
        auto read = counters.read();
        for (int i = 0; i < 200 && !has(read); ++i) {
            std::this_thread::sleep_for(50ms);
            read = counters.read();
        }
        return read;
    }
};

TEST_F(ServerCountersTest, GrowWithWhatTheServerDoes) {
    sql("CREATE TABLE t (id int PRIMARY KEY, n int, m int) WITH (fillfactor = 40);"
        "CREATE INDEX ON t (m); INSERT INTO t SELECT g, 0, 0 FROM generate_series(1, 200) g");
    const auto counters = open({"t"});
    const auto before = counters->read();
    sql("UPDATE t SET n = 1");  // HOT: no index has it, and each page has room
    sql("UPDATE t SET m = 1");
    sql("CHECKPOINT");

    const auto after = read_until(
        *counters, [](const Counters& read) { return read.tables.at(0)->updates >= 400; });

    EXPECT_GT(*after.log_bytes, *before.log_bytes + 400 * 30);
    EXPECT_GT(*after.checkpoints, *before.checkpoints);
    EXPECT_GT(*after.cache_hits, *before.cache_hits);
    EXPECT_GE(*after.cache_misses, *before.cache_misses);
    EXPECT_EQ(after.tables[0]->updates, before.tables[0]->updates + 400);
    EXPECT_EQ(after.tables[0]->hot_updates, before.tables[0]->hot_updates + 200);
    EXPECT_EQ(after.tables[0]->identity, before.tables[0]->identity);
    EXPECT_EQ(after.all_tables->updates, after.tables[0]->updates);
    EXPECT_TRUE(counters->take_notes().empty());
}

TEST_F(ServerCountersTest, APartitionedTableIsTheSumOfItsPartitionsAndATotalCountsEachOnce) {
    sql("CREATE TABLE parts (a int, n int) PARTITION BY RANGE (a);"
        "CREATE TABLE low PARTITION OF parts FOR VALUES FROM (0) TO (100);"
        "CREATE TABLE high PARTITION OF parts FOR VALUES FROM (100) TO (200);"
        "INSERT INTO parts SELECT g, 0 FROM generate_series(0, 199) g; UPDATE parts SET n = 1");
    const auto counters = open({"high", "parts", "public.parts"});

    const auto read =
        read_until(*counters, [](const Counters& each) { return each.all_tables->updates >= 200; });

    EXPECT_EQ(read.tables.at(0)->updates, 100U);
    EXPECT_EQ(read.tables.at(1)->updates, 200U);
    EXPECT_EQ(read.tables.at(2)->identity, read.tables.at(1)->identity);
    EXPECT_EQ(read.all_tables->updates, 200U);
    sql("CREATE TABLE top PARTITION OF parts FOR VALUES FROM (200) TO (300)");
    EXPECT_NE(counters->read().tables.at(1)->identity, read.tables.at(1)->identity);
    const auto sizes = counters->sizes();
    EXPECT_EQ(sizes.at(0).table, 8'192);
    EXPECT_EQ(sizes.at(1).table, 16'384);
}

TEST_F(ServerCountersTest, WhatIsNoTableHasNoneAndMayBecomeOne) {
    sql("CREATE TABLE t (id int PRIMARY KEY); CREATE VIEW v AS SELECT id FROM t");
    const auto counters = open({"t", "t_pkey", "v", "later"});

    const auto read = counters->read();
    EXPECT_TRUE(read.tables.at(0));
    EXPECT_FALSE(read.tables.at(1) || read.tables.at(2) || read.tables.at(3));
    const auto sizes = counters->sizes();
    EXPECT_EQ(sizes.at(0).indexes, 8'192);
    EXPECT_FALSE(sizes.at(1).table || sizes.at(2).table || sizes.at(3).table);

    sql("CREATE TABLE later (id int)");
    EXPECT_TRUE(counters->read().tables.at(3));
    EXPECT_EQ(counters->sizes().at(3).table, 0);
    EXPECT_TRUE(counters->take_notes().empty());
}

TEST_F(ServerCountersTest, ALockedTableIsCountedAndItsSizeNotWaitedFor) {
    sql("CREATE TABLE free (id int); CREATE TABLE held (id int)");
    const auto counters = open({"free", "held"});
    const auto other = control();
    ASSERT_TRUE(other->execute("BEGIN; LOCK TABLE held").ok());

    EXPECT_TRUE(counters->read().tables.at(1));
    const auto sizes = counters->sizes();

    EXPECT_EQ(sizes.at(0).table, 0);
    EXPECT_EQ(sizes.at(1).table, std::nullopt);
    const auto notes = counters->take_notes();
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_EQ(notes[0].rfind("the size of held is not known: ", 0), 0U) << notes[0];
}

TEST_F(ServerCountersTest, WhatARoleMayNotSeeIsEmptyAndSaidOnceAndTheRestIsThere) {
    sql("CREATE TABLE t (id int); DROP ROLE IF EXISTS weak_counter; CREATE ROLE weak_counter "
        "LOGIN; GRANT SELECT ON t TO weak_counter;"
        "REVOKE EXECUTE ON FUNCTION pg_current_wal_insert_lsn() FROM PUBLIC;"
        "REVOKE SELECT ON pg_stat_database FROM PUBLIC");
    {
        const auto counters = open({"t"}, "weak_counter");
        for (int i = 0; i < 2; ++i) {
            const auto read = counters->read();
            EXPECT_EQ(read.log_bytes, std::nullopt);
            EXPECT_EQ(read.cache_hits, std::nullopt);
            EXPECT_EQ(read.cache_misses, std::nullopt);
            EXPECT_TRUE(read.checkpoints);
            EXPECT_TRUE(read.tables.at(0));
        }
        const auto notes = counters->take_notes();
        ASSERT_EQ(notes.size(), 2U);
        EXPECT_NE(notes[0].find("its write-ahead log: permission denied"), std::string::npos)
            << notes[0];
        EXPECT_NE(notes[1].find("its cache: permission denied"), std::string::npos) << notes[1];
        EXPECT_EQ(counters->sizes().at(0).table, 0);
    }
    sql("REVOKE ALL ON t FROM weak_counter; DROP ROLE weak_counter");
}

TEST_F(ServerCountersTest, ANameThatTheServerDoesNotReadTakesOnlyTheTablesAway) {
    sql("CREATE TABLE t (id int)");
    const auto counters = open({"t", "elsewhere.public.t"});

    const auto read = counters->read();

    EXPECT_TRUE(read.log_bytes);
    EXPECT_FALSE(read.all_tables);
    const auto notes = counters->take_notes();
    ASSERT_EQ(notes.size(), 1U);
    EXPECT_NE(notes[0].find("the tables' updates: "), std::string::npos) << notes[0];
}

TEST_F(ServerCountersTest, ALostConnectionIsAnOutage) {
    const auto counters = open({});
    (void)counters->read();
    sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'rehearse/counters' AND datname = current_database()");

    EXPECT_THROW((void)counters->read(), Outage);
}

}  // namespace
