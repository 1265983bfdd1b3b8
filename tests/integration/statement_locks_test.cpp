// What a migration's statements lock and rewrite, as the product reports it, on the server that the
// tests run on: each row is run as a step of a migration under the lock observer. The expectations
// are those that were measured on PostgreSQL 10 to 18.
#include "harness/locks/observer.hpp"
#include "harness/postgres/lock_source.hpp"
#include "tests/integration/migration_fixture.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string_view>

namespace {

constexpr const char* row_share = "RowShareLock";
constexpr const char* share_update_exclusive = "ShareUpdateExclusiveLock";
constexpr const char* share = "ShareLock";
constexpr const char* share_row_exclusive = "ShareRowExclusiveLock";
constexpr const char* access_exclusive = "AccessExclusiveLock";

// Weakest first, as in table 13.2 of PostgreSQL's manual.
constexpr std::array<std::string_view, 8> by_strength{
    "AccessShareLock",   row_share,       "RowExclusiveLock", share_update_exclusive, share,
    share_row_exclusive, "ExclusiveLock", access_exclusive};

// Major versions [from, before) in which a statement does something.
struct Versions {
    int from = 0, before = 0;
    [[nodiscard]] bool has(int major) const { return from <= major && major < before; }
};
constexpr Versions never{0, 0};
constexpr Versions always{0, 1000};
constexpr Versions before_11{0, 11};
constexpr Versions before_12{0, 12};

struct Row {
    const char* statement;
    const char* lock;            // the strongest on t; empty: none
    Versions rewrites = never;   // t and its indexes
    const char* lock_on_p = "";  // of the referenced table; empty: none
    const char* setup = "";
    int since = 10;  // older servers do not know the statement
};

class StatementLocks : public tests::MigrationFixture {
protected:
    void SetUp() override {
        MigrationFixture::SetUp();
        sql("CREATE DOMAIN positive AS int CHECK (VALUE > 0)");
        sql("CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RETURN NEW; END $$");
        major = tests::server_major();
    }

    void make_tables() {
        sql("DROP TABLE IF EXISTS t, t_renamed, p, parent, child");
        sql("CREATE TABLE p (id int PRIMARY KEY)");
        sql("CREATE TABLE t (id int PRIMARY KEY, n int, v varchar(20), c text, d numeric(10, 2), "
            "at timestamp, p int)");
        // On a column whose type no row changes: the index would be made anew, under another oid.
        sql("CREATE INDEX t_p ON t (p)");
        sql("INSERT INTO p SELECT generate_series(1, 100)");
        sql("INSERT INTO t SELECT i, i, 'v', 'c', 1.5, '2024-03-01 12:00', i "
            "FROM generate_series(1, 100) i");
    }

    // Runs one step under an observer of its own.
    reports::Step observed(const scenarios::SqlStep& action,
                           const std::function<void(const std::string&)>& on_waiters = {}) {
        const auto source = harness::postgres::open_lock_source(conninfo("observer"));
        harness::locks::SessionDirectory directory;
        harness::locks::ObserverOptions options;
        options.run_start = settings.run_start;
        options.sink = on_waiters;
        harness::locks::Observer observer{*source, directory, std::move(options)};
        observer.start();
        std::vector<reports::StepLock> locks;
        hooks.on_step_start = [&](std::size_t, const auto& step, std::int64_t session) {
            observer.begin_step(step.name, session);
        };
        hooks.before_commit = [&](std::int64_t session) {
            EXPECT_TRUE(observer.before_commit(session));
        };
        hooks.on_step_end = [&](std::size_t, const auto&) { locks = observer.end_step(); };
        auto steps = migrate({step("step", action)});
        steps.at(0).locks = std::move(locks);
        return steps.at(0);
    }

    // The strongest mode that the step held on each table (not: index, sequence).
    static std::map<std::string, std::string> strongest(const reports::Step& step) {
        const auto strength = [](std::string_view mode) {
            return std::find(by_strength.begin(), by_strength.end(), mode) - by_strength.begin();
        };
        std::map<std::string, std::string> modes;
        for (const auto& lock : step.locks) {
            for (const auto* table : {"t", "p", "parent", "child"}) {
                auto& mode = modes[table];
                if (lock.relation == table &&
                    (mode.empty() || strength(lock.mode) > strength(mode))) {
                    mode = lock.mode;
                }
            }
        }
        std::erase_if(modes, [](const auto& entry) { return entry.second.empty(); });
        return modes;
    }

    void check(const std::vector<Row>& rows) {
        for (const auto& row : rows) {
            SCOPED_TRACE(row.statement);
            if (major < row.since) {
                continue;
            }
            make_tables();
            if (*row.setup != '\0') {
                sql(row.setup);
            }
            const auto step = observed(sql_step({row.statement}));
            ASSERT_EQ(step.outcome, "ok") << step.error;
            std::map<std::string, std::string> expected{{"t", row.lock}, {"p", row.lock_on_p}};
            std::erase_if(expected, [](const auto& entry) { return entry.second.empty(); });
            EXPECT_EQ(strongest(step), expected);
            const std::vector<std::string> all{"t", "t_p", "t_pkey"};
            EXPECT_EQ(step.rewrote, row.rewrites.has(major) ? all : std::vector<std::string>{});
        }
    }

    int major = 0;
};

TEST_F(StatementLocks, OfAddedColumns) {
    check({
        {"ALTER TABLE t ADD COLUMN x int", access_exclusive},
        {"ALTER TABLE t ADD COLUMN x int DEFAULT 5", access_exclusive, before_11},
        {"ALTER TABLE t ADD COLUMN x int NOT NULL DEFAULT 5", access_exclusive, before_11},
        // now() is stable: evaluated once.
        {"ALTER TABLE t ADD COLUMN x timestamptz DEFAULT now()", access_exclusive, before_11},
        {"ALTER TABLE t ADD COLUMN x timestamptz DEFAULT clock_timestamp()", access_exclusive,
         always},
        {"ALTER TABLE t ADD COLUMN x float DEFAULT random()", access_exclusive, always},
        {"ALTER TABLE t ADD COLUMN x serial", access_exclusive, always},
        {"ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS IDENTITY", access_exclusive, always},
        {"ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (n * 2) STORED", access_exclusive,
         always, "", "", 12},
        {"ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (n * 2) VIRTUAL", access_exclusive,
         never, "", "", 18},
        {"ALTER TABLE t ADD COLUMN x positive", access_exclusive, always},
        {"ALTER TABLE t ADD COLUMN x positive DEFAULT 5", access_exclusive, always},
    });
}

TEST_F(StatementLocks, OfConstraints) {
    check({
        {"ALTER TABLE t ALTER COLUMN n SET NOT NULL", access_exclusive},
        {"ALTER TABLE t ALTER COLUMN n SET NOT NULL", access_exclusive, never, "",
         "ALTER TABLE t ADD CONSTRAINT k CHECK (n IS NOT NULL)"},
        {"ALTER TABLE t ADD CONSTRAINT k NOT NULL n NOT VALID", access_exclusive, never, "", "",
         18},
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (n > 0)", access_exclusive},
        {"ALTER TABLE t ADD CONSTRAINT k CHECK (n > 0) NOT VALID", access_exclusive},
        {"ALTER TABLE t VALIDATE CONSTRAINT k", share_update_exclusive, never, "",
         "ALTER TABLE t ADD CONSTRAINT k CHECK (n > 0) NOT VALID"},
        {"ALTER TABLE t DROP CONSTRAINT k", access_exclusive, never, "",
         "ALTER TABLE t ADD CONSTRAINT k CHECK (n > 0)"},
        {"ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES p", share_row_exclusive, never,
         share_row_exclusive},
        {"ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES p NOT VALID",
         share_row_exclusive, never, share_row_exclusive},
        {"ALTER TABLE t VALIDATE CONSTRAINT k", share_update_exclusive, never, row_share,
         "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (p) REFERENCES p NOT VALID"},
        {"ALTER TABLE t ADD CONSTRAINT k UNIQUE (n)", access_exclusive},
    });
}

TEST_F(StatementLocks, OfIndexes) {
    check({
        {"CREATE INDEX i ON t (c)", share},
        {"CREATE UNIQUE INDEX i ON t (n)", share},
        {"DROP INDEX t_p", access_exclusive},
        {"ALTER INDEX t_p SET (fillfactor = 80)", ""},  // the index alone
    });
}

TEST_F(StatementLocks, OfTypesThatChange) {
    check({
        {"ALTER TABLE t ALTER COLUMN n TYPE bigint", access_exclusive, always},
        {"ALTER TABLE t ALTER COLUMN n TYPE numeric", access_exclusive, always},
        {"ALTER TABLE t ALTER COLUMN v TYPE varchar(40)", access_exclusive},
        {"ALTER TABLE t ALTER COLUMN v TYPE text", access_exclusive},
        {"ALTER TABLE t ALTER COLUMN c TYPE varchar", access_exclusive},
        {"ALTER TABLE t ALTER COLUMN d TYPE numeric(12, 2)", access_exclusive},
        {"ALTER TABLE t ALTER COLUMN c TYPE text COLLATE \"C\"", access_exclusive},
        {"ALTER TABLE t ALTER COLUMN v TYPE varchar(10)", access_exclusive, always},
        {"ALTER TABLE t ALTER COLUMN c TYPE varchar(40)", access_exclusive, always},
        {"ALTER TABLE t ALTER COLUMN d TYPE numeric(12, 4)", access_exclusive, always},
    });
}

TEST_F(StatementLocks, OfNamesAndProperties) {
    check({
        {"ALTER TABLE t RENAME COLUMN n TO m", access_exclusive},
        // Everybody else still knows it by its old name.
        {"ALTER TABLE t RENAME TO t_renamed", access_exclusive},
        {"ALTER TABLE t DROP COLUMN c", access_exclusive},
        {"ALTER TABLE t ALTER COLUMN n SET DEFAULT 1", access_exclusive},
        {"ALTER TABLE t ALTER COLUMN c SET STORAGE EXTERNAL", access_exclusive},
        {"ALTER TABLE t ALTER COLUMN n SET STATISTICS 500", share_update_exclusive},
        {"COMMENT ON COLUMN t.n IS 'a number'", share_update_exclusive},
        {"ANALYZE t", share_update_exclusive},
        {"CREATE TRIGGER k BEFORE UPDATE ON t FOR EACH ROW EXECUTE PROCEDURE nothing()",
         share_row_exclusive},
        {"ALTER TABLE t DISABLE TRIGGER k", share_row_exclusive, never, "",
         "CREATE TRIGGER k BEFORE UPDATE ON t FOR EACH ROW EXECUTE PROCEDURE nothing()"},
        {"CLUSTER t USING t_pkey", access_exclusive, always},
        {"TRUNCATE t", access_exclusive, always},
        {"DROP TABLE t", access_exclusive},
        {"UPDATE t SET n = n + 1", "RowExclusiveLock"},
        {"INSERT INTO t SELECT 1000, id FROM p WHERE id = 1", "RowExclusiveLock", never,
         "AccessShareLock"},
    });
}

// The stored value of a timestamp is a timestamptz's only where the session's zone is UTC.
TEST_F(StatementLocks, OfATimestampThatGetsAZone) {
    for (const auto& [zone, rewrites] : {std::pair{"UTC", before_12}, {"Europe/Berlin", always}}) {
        SCOPED_TRACE(zone);
        make_tables();
        const auto step = observed(sql_step({std::string{"SET LOCAL timezone = '"} + zone + "'",
                                             "ALTER TABLE t ALTER COLUMN at TYPE timestamptz"}));
        ASSERT_EQ(step.outcome, "ok") << step.error;
        EXPECT_EQ(strongest(step), (std::map<std::string, std::string>{{"t", access_exclusive}}));
        EXPECT_EQ(std::count(step.rewrote.begin(), step.rewrote.end(), "t"),
                  rewrites.has(major) ? 1 : 0);
    }
}

TEST_F(StatementLocks, OfAPartitionThatIsAttached) {
    make_tables();
    sql("CREATE TABLE parent (id int, n int) PARTITION BY RANGE (id); CREATE TABLE child (id int, "
        "n "
        "int)");
    const auto step = observed(
        sql_step({"ALTER TABLE parent ATTACH PARTITION child FOR VALUES FROM (1) TO (100)"}));
    ASSERT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(strongest(step),
              (std::map<std::string, std::string>{
                  {"child", access_exclusive},
                  {"parent", major < 12 ? access_exclusive : share_update_exclusive}}));
    EXPECT_TRUE(step.rewrote.empty());
}

// It has no COMMIT of its own to be asked before: what it locks is known from the samples. A
// transaction that it has to wait for keeps it there until it was sampled.
TEST_F(StatementLocks, OfAConcurrentIndex) {
    make_tables();
    auto writer = control();
    ASSERT_TRUE(writer->execute("BEGIN").ok());
    ASSERT_TRUE(writer->execute("UPDATE t SET n = n WHERE id = 1").ok());
    int samples_with_waiters = 0;
    auto create = sql_step({"CREATE INDEX CONCURRENTLY i ON t (c)"});
    create.transaction = false;
    // The step's locks are read right after the sample, so they are known when the next one comes.
    const auto step = observed(create, [&](const std::string&) {
        if (++samples_with_waiters == 2) {
            EXPECT_TRUE(writer->execute("COMMIT").ok());
        }
    });
    ASSERT_EQ(step.outcome, "ok") << step.error;
    EXPECT_EQ(strongest(step), (std::map<std::string, std::string>{{"t", share_update_exclusive}}));
    EXPECT_TRUE(step.rewrote.empty());
}

}  // namespace
