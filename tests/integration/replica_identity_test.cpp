// Tables without a key under a change stream: FULL as long as they are followed, and as they were
// afterwards, however it ends.
#include "harness/postgres/replica_identity.hpp"

#include "harness/postgres/cleanup.hpp"
#include "tests/integration/change_stream_fixture.hpp"

#include <algorithm>

namespace {

using namespace std::chrono_literals;
using harness::database::StreamEnded;
using tests::ChangeStreams;
using tests::Lines;
using tests::Notes;

class ReplicaIdentities : public ChangeStreams {
protected:
    // "a=d b=f"
    std::string identities(const std::string& pattern = "%") {
        return value(
            "SELECT string_agg(relname || '=' || relreplident::text, ' ' ORDER BY relname) "
            "FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace "
            "AND relname LIKE '" +
            pattern + "'");
    }
    std::string refused(const std::vector<std::string>& tables, const std::string& user) {
        try {
            static_cast<void>(harness::postgres::open_change_stream(
                conninfo("stream", user), tables, {}, [](const std::string&) {},
                checksum::Scale::by_value));
        } catch (const StreamEnded& end) {
            return end.what();
        }
        return "opened";
    }
    // What is left when the process is killed right after it has opened its stream: the slot goes
    // with the connection.
    void leave(const std::string& table, const std::string& name) {
        const auto oid = value("SELECT '" + table + "'::regclass::oid");
        const harness::postgres::FormerIdentity was{
            .oid = static_cast<std::uint32_t>(std::stoul(oid)),
            .was = value("SELECT relreplident FROM pg_class WHERE oid = " + oid)[0],
            .name = "public." + table};
        harness::postgres::publish_widened(
            *control(), name, "CREATE PUBLICATION " + name + " FOR TABLE " + table, {&was, 1},
            [](const std::string&) {}, 1s);
    }
    harness::postgres::Cleanup clean_up() {
        return harness::postgres::clean_up(*harness::postgres::open_control(conninfo("cleanup")),
                                           [](const std::string&) {});
    }
};

TEST_F(ReplicaIdentities, OfATableWithoutAKeyAreFullWhileItIsFollowed) {
    sql("CREATE TABLE log (a int, b text); CREATE TABLE quiet (a int);"
        "ALTER TABLE quiet REPLICA IDENTITY NOTHING; CREATE TABLE keyed (id int PRIMARY KEY);"
        "INSERT INTO log VALUES (1, 'x'), (1, 'x'); INSERT INTO quiet VALUES (5)");
    const auto notes = follow({"log", "quiet", "keyed"}, [this] {
        EXPECT_EQ(identities(), "keyed=d log=f quiet=f");
        sql("DELETE FROM log WHERE ctid = '(0,1)'");
        sql("UPDATE log SET a = 2");
        sql("UPDATE quiet SET a = 6");
    });
    EXPECT_EQ(notes.lines, (Lines{"remove log old (1 x)", "update log old (1 x) new (2 x)",
                                  "update quiet old (5) new (6)"}));
    EXPECT_EQ(identities(), "keyed=d log=d quiet=n");
    EXPECT_EQ(left_over(), "0");
    EXPECT_EQ(announced_[1], "set REPLICA IDENTITY of public.log to FULL (it is DEFAULT)");
    EXPECT_EQ(announced_[2], "set REPLICA IDENTITY of public.quiet to FULL (it is NOTHING)");
    EXPECT_EQ(announced_.back(), "put REPLICA IDENTITY of public.quiet back to NOTHING");
}

TEST_F(ReplicaIdentities, ThatSomebodyMadeFullAreLeftAlone) {
    sql("CREATE TABLE log (a int); ALTER TABLE log REPLICA IDENTITY FULL");
    const auto stream = open({"log"});
    EXPECT_TRUE(stream->notes().empty());
    EXPECT_EQ(value("SELECT obj_description(oid, 'pg_publication') IS NULL FROM pg_publication"),
              "t");
}

TEST_F(ReplicaIdentities, AreToldToTheReader) {
    sql("CREATE TABLE log (a int)");
    const auto stream = open({"log"});
    ASSERT_EQ(stream->notes().size(), 1U);
    EXPECT_EQ(stream->notes()[0].text,
              "public.log has no key: its REPLICA IDENTITY is FULL while the change stream is "
              "followed, which about doubles the log of an update");
    EXPECT_EQ(std::to_string(stream->notes()[0].identity), value("SELECT 'log'::regclass::oid"));
}

// The server takes no deferrable key for an identity, and refuses the updates of what it publishes.
TEST_F(ReplicaIdentities, OfADeferrableKeyAreFullToo) {
    sql("CREATE TABLE t (id int PRIMARY KEY DEFERRABLE, n int); INSERT INTO t VALUES (1, 1)");
    const auto notes = follow({"t"}, [this] { sql("UPDATE t SET n = 2"); });
    EXPECT_EQ(notes.lines, Lines{"update t old (1 1) new (1 2)"});
    EXPECT_EQ(identities(), "t=d");
}

TEST_F(ReplicaIdentities, OfPartitionsAreEachOnesOwn) {
    if (tests::server_major() < 13) {
        GTEST_SKIP() << "partitioned tables can be followed from 13 on";
    }
    sql("CREATE TABLE whole (k int, n int) PARTITION BY LIST (k);"
        "CREATE TABLE part_0 PARTITION OF whole FOR VALUES IN (0);"
        "CREATE TABLE part_1 PARTITION OF whole FOR VALUES IN (1);"
        "CREATE TABLE part_2 PARTITION OF whole FOR VALUES IN (2);"
        "ALTER TABLE part_1 REPLICA IDENTITY FULL; ALTER TABLE part_2 ADD PRIMARY KEY (n);"
        "INSERT INTO whole VALUES (0, 1), (1, 2), (2, 3)");
    const auto notes = follow({"whole"}, [this] {
        EXPECT_EQ(identities(), "part_0=f part_1=f part_2=f whole=f");
        sql("UPDATE whole SET n = 4 WHERE k = 0");
        sql("DELETE FROM whole WHERE k = 2");
    });
    EXPECT_EQ(notes.lines, (Lines{"update whole old (0 1) new (0 4)", "remove whole old (2 3)"}));
    EXPECT_EQ(identities(), "part_0=d part_1=f part_2=d whole=d");
}

// What a partition logs is told as its root's: under a root that is FULL as if it were whole.
TEST_F(ReplicaIdentities, OfPartitionsBesideAFullRootAreFullToo) {
    if (tests::server_major() < 13) {
        GTEST_SKIP() << "partitioned tables can be followed from 13 on";
    }
    sql("CREATE TABLE whole (k int PRIMARY KEY, n int) PARTITION BY LIST (k);"
        "CREATE TABLE part_0 PARTITION OF whole FOR VALUES IN (0);"
        "ALTER TABLE ONLY whole REPLICA IDENTITY FULL; INSERT INTO whole VALUES (0, 1)");
    const auto notes = follow({"whole"}, [this] { sql("UPDATE whole SET n = 4"); });
    EXPECT_EQ(notes.lines, Lines{"update whole old (0 1) new (0 4)"});
    EXPECT_EQ(identities(), "part_0=d whole=f");
    const auto why = ended({"whole"}, [this] {
        sql("CREATE TABLE part_1 PARTITION OF whole FOR VALUES IN (1);"
            "INSERT INTO whole VALUES (1, 2); UPDATE whole SET n = 7 WHERE k = 1");
    });
    EXPECT_NE(why.find("public.part_1, a part of public.whole, was made or altered meanwhile"),
              std::string::npos)
        << why;
    EXPECT_EQ(left_over(), "0");
}

// A whole old row holds also what the new one leaves out.
TEST_F(ReplicaIdentities, CarryValuesThatLieOutOfLine) {
    sql("CREATE TABLE log (a int, big text); ALTER TABLE log ALTER big SET STORAGE EXTERNAL;"
        "INSERT INTO log VALUES (1, repeat('x', 9000))");
    const auto notes = follow({"log"}, [this] { sql("UPDATE log SET a = 2"); });
    ASSERT_EQ(notes.lines.size(), 1U);
    EXPECT_EQ(notes.lines[0],
              "update log old (1 " + std::string(9000, 'x') + ") new (2 unchanged)");
}

TEST_F(ReplicaIdentities, ArePutBackWhateverBecameOfTheTable) {
    sql("CREATE TABLE renamed (a int); CREATE TABLE dropped (a int); CREATE TABLE swapped (a int);"
        "CREATE TABLE chosen (a int NOT NULL UNIQUE); CREATE TABLE given_a_key (a int)");
    const std::vector<std::string> all{"renamed", "dropped", "swapped", "chosen", "given_a_key"};
    auto stream = open(all);
    stream->start(fence());
    sql("ALTER TABLE renamed RENAME TO \"we ird\"; DROP TABLE dropped;"
        "ALTER TABLE swapped RENAME TO swapped_old; CREATE TABLE swapped (a int);"
        "ALTER TABLE swapped REPLICA IDENTITY FULL;"
        "ALTER TABLE chosen REPLICA IDENTITY USING INDEX chosen_a_key;"
        "ALTER TABLE given_a_key ADD PRIMARY KEY (a)");
    stream.reset();
    EXPECT_EQ(identities(), "chosen=i given_a_key=d swapped=f swapped_old=d we ird=d");
    EXPECT_EQ(left_over(), "0");
}

TEST_F(ReplicaIdentities, ArePutBackWhereTheStreamEndsInTheMiddle) {
    sql("CREATE TABLE log (a int)");
    Notes notes;
    auto stream = open({"log"});
    stream->start(fence());
    sql("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots "
        "WHERE database = current_database()");
    EXPECT_THROW(
        for (int turn = 0; turn < 500; ++turn) { stream->follow(notes, 10ms); }, StreamEnded);
    EXPECT_EQ(identities(), "log=f");
    stream.reset();
    EXPECT_EQ(identities(), "log=d");
}

// No slot can be made, and the table must not stay as it was made for it.
TEST_F(ReplicaIdentities, ArePutBackWhereTheStreamCannotBegin) {
    sql("CREATE TABLE log (a int); CREATE TABLE other (a int)");
    const auto writer = control();
    writer->execute("BEGIN; INSERT INTO other VALUES (1)");
    harness::database::StreamOptions options;
    options.start_timeout = 500ms;
    EXPECT_THROW(static_cast<void>(open({"log"}, options)), StreamEnded);
    EXPECT_EQ(identities("log"), "log=d");
    writer->execute("ROLLBACK");
}

TEST_F(ReplicaIdentities, WaitForALockOnlySoLong) {
    sql("CREATE TABLE log (a int)");
    const auto reader = control();
    reader->execute("BEGIN; SELECT * FROM log");
    std::string why;
    try {
        static_cast<void>(open({"log"}, {.lock_patience = 0ms}));
    } catch (const StreamEnded& end) {
        why = end.what();
    }
    EXPECT_NE(why.find("the tables cannot be published: "), std::string::npos) << why;
    EXPECT_NE(why.find("lock timeout"), std::string::npos) << why;
    EXPECT_EQ(identities(), "log=d");
    EXPECT_EQ(left_over(), "0");
}

// As long as the table is not as it was, the publication tells so.
TEST_F(ReplicaIdentities, ThatCannotBePutBackAreLeftToCleanup) {
    sql("CREATE TABLE log (a int)");
    auto stream = open({"log"}, {.lock_patience = 0ms});
    const auto reader = control();
    reader->execute("BEGIN; SELECT * FROM log");
    stream.reset();
    EXPECT_NE(announced_.back().find("could not be dropped (rehearse cleanup will)"),
              std::string::npos)
        << announced_.back();
    EXPECT_EQ(identities(), "log=f");
    sql("UPDATE log SET a = 2");  // which a publication without an identity would refuse

    reader->execute("ROLLBACK");
    const auto cleanup = clean_up();

    EXPECT_TRUE(cleanup.failed.empty());
    EXPECT_EQ(identities(), "log=d");
    EXPECT_EQ(left_over(), "0");
}

TEST_F(ReplicaIdentities, AreCleanedUpAfterAKill) {
    sql("CREATE TABLE log (a int); CREATE TABLE quiet (a int);"
        "ALTER TABLE quiet REPLICA IDENTITY NOTHING");
    leave("log", "rehearse_1_a");
    leave("quiet", "rehearse_2_b");
    EXPECT_EQ(identities(), "log=f quiet=f");

    const auto cleanup = clean_up();

    EXPECT_TRUE(cleanup.failed.empty());
    EXPECT_EQ(identities(), "log=d quiet=n");
    EXPECT_EQ(left_over(), "0");
    EXPECT_NE(
        std::ranges::find(cleanup.removed, "put REPLICA IDENTITY of public.quiet back to NOTHING"),
        cleanup.removed.end());
}

TEST_F(ReplicaIdentities, OfAKilledRunArePutBackByTheNext) {
    sql("CREATE TABLE log (a int); CREATE PUBLICATION rehearse_of_mine FOR TABLE log");
    leave("log", "rehearse_1_a");
    harness::postgres::put_back_left_over(*control(), [](const std::string&) {});
    EXPECT_EQ(identities(), "log=d");
    EXPECT_EQ(value("SELECT string_agg(pubname, ' ') FROM pg_publication"), "rehearse_of_mine");
}

// A dump has publications and their comments; the numbers in it are another database's.
TEST_F(ReplicaIdentities, ThatARestoredCommentTellsAreNotBelieved) {
    sql("CREATE TABLE log (a int); ALTER TABLE log REPLICA IDENTITY FULL;"
        "CREATE PUBLICATION rehearse_1_a FOR TABLE log");
    sql("COMMENT ON PUBLICATION rehearse_1_a IS 'replica identities before, in database 1: " +
        value("SELECT 'log'::regclass::oid") + "=d'");
    const auto cleanup = clean_up();
    EXPECT_TRUE(cleanup.failed.empty());
    EXPECT_EQ(identities(), "log=f");
    EXPECT_EQ(left_over(), "0");
}

TEST_F(ReplicaIdentities, AreTheOwnersToChange) {
    sql("CREATE TABLE log (a int); DROP ROLE IF EXISTS not_owner;"
        "CREATE ROLE not_owner LOGIN REPLICATION");
    sql("GRANT CREATE ON DATABASE " + database() + " TO not_owner; GRANT ALL ON log TO not_owner");
    const auto why = refused({"log"}, "not_owner");
    EXPECT_NE(why.find("must be owner of table log"), std::string::npos) << why;
    EXPECT_EQ(identities(), "log=d");
    EXPECT_EQ(left_over(), "0");
    sql("DROP OWNED BY not_owner; DROP ROLE not_owner");
}

TEST_F(ReplicaIdentities, OfAnotherIndexThanTheKeysAreRefused) {
    sql("CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL UNIQUE);"
        "ALTER TABLE t REPLICA IDENTITY USING INDEX t_code_key;"
        "CREATE TABLE gone (id int NOT NULL UNIQUE);"
        "ALTER TABLE gone REPLICA IDENTITY USING INDEX gone_id_key;"
        "ALTER TABLE gone DROP CONSTRAINT gone_id_key");
    auto why = ended({"t"}, [] {});
    EXPECT_NE(why.find("the REPLICA IDENTITY of public.t is an index on (code), and its rows are "
                       "told apart by (id): ALTER TABLE public.t REPLICA IDENTITY DEFAULT or FULL"),
              std::string::npos)
        << why;
    why = ended({"gone"}, [] {});
    EXPECT_NE(why.find("is an index that is gone, and its rows are told apart by all their values"),
              std::string::npos)
        << why;
    EXPECT_EQ(left_over(), "0");
}

TEST_F(ReplicaIdentities, OfAnIndexThatHoldsTheKeyAreEnough) {
    sql("CREATE TABLE t (id int PRIMARY KEY, code text NOT NULL, UNIQUE (code, id));"
        "ALTER TABLE t REPLICA IDENTITY USING INDEX t_code_id_key; INSERT INTO t VALUES (1, 'a')");
    const auto notes = follow({"t"}, [this] { sql("DELETE FROM t"); });
    EXPECT_EQ(notes.lines, Lines{"remove t old (1 a)"});
    EXPECT_EQ(identities(), "t=i");
}

}  // namespace
