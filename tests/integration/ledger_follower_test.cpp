#include "harness/verification/ledger_follower.hpp"

#include "checksum/replay.hpp"
#include "checksum/sidecar.hpp"
#include "harness/postgres/change_stream.hpp"
#include "harness/postgres/snapshot.hpp"
#include "harness/verification/scan.hpp"
#include "tests/integration/throwaway.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <functional>
#include <random>
#include <thread>

namespace {

using namespace std::chrono_literals;
using checksum::ColumnRole;
using checksum::LedgerVerdict;
using checksum::RecordColumn;
using checksum::RecordOptions;
using harness::database::Control;
using harness::verification::Followed;
using harness::verification::FollowedColumn;
using harness::verification::FollowedTable;
using harness::verification::LedgerFollower;

constexpr std::uint64_t seed = 42;
constexpr int rows = 3'000;
constexpr int writers = 3;

class Folder {
public:
    Folder() {
        std::string name = std::filesystem::temp_directory_path() / "rehearse-ledger-XXXXXX";
        path_ = mkdtemp(name.data());
    }
    ~Folder() { std::filesystem::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    [[nodiscard]] checksum::SpillFile::Options spill() const {
        return {.directory = path_, .budget = budget_};
    }

private:
    std::string path_;
    std::shared_ptr<checksum::SpillBudget> budget_ =
        std::make_shared<checksum::SpillBudget>(std::uint64_t{1} << 30);
};

checksum::SpillFile file_in(const Folder& folder) {
    return std::get<checksum::SpillFile>(checksum::SpillFile::create(folder.spill()));
}

// Writes a worker's rows beside the scan.
class Writing final : public harness::verification::RowObserver {
public:
    Writing(const checksum::RowHasher& hasher, const checksum::RecordLayout& layout,
            const Folder& folder, std::vector<checksum::SpillFile>& files)
        : layout_{layout}, writer_{hasher, layout, file_in(folder)}, files_{files} {}
    void row(std::size_t, const checksum::RowContents& contents,
             std::span<const checksum::Value> values) override {
        std::vector<bool> holds;
        for (const auto column : layout_.added_columns()) {
            holds.push_back(values[column] == checksum::text("eu"));
        }
        ASSERT_FALSE(writer_.append(values, contents, holds));
    }
    void done() override {
        files_.push_back(std::get<checksum::SpillFile>(std::move(writer_).finish()));
    }

private:
    const checksum::RecordLayout& layout_;
    checksum::SidecarWriter writer_;
    std::vector<checksum::SpillFile>& files_;
};

// What a trial's workload does, each in transactions that say so; each writer has ids of its own.
class Workload {
public:
    Workload(const std::function<std::unique_ptr<Control>()>& connect, unsigned random_seed) {
        for (int writer = 0; writer < writers; ++writer) {
            sessions_.push_back(connect());
            sessions_.back()->execute("SET lock_timeout = 0");
            threads_.emplace_back([this, writer, random_seed] { run(writer, random_seed); });
        }
    }
    void end() {
        stop_ = true;
        threads_.clear();
    }
    [[nodiscard]] std::uint64_t done() const { return done_; }
    [[nodiscard]] std::uint64_t failed() const { return failed_; }
    // So many more are done.
    void go_on(std::uint64_t more) const {
        const auto until = done_ + more;
        while (done_ < until && failed_ == 0) {
            std::this_thread::sleep_for(1ms);
        }
    }

private:
    void run(int writer, unsigned random_seed) {
        std::mt19937 random{random_seed * 100 + static_cast<unsigned>(writer)};
        std::vector<int> mine;
        for (int id = 1; id <= rows; ++id) {
            if (id % writers == writer && id > 100) {  // the first hundred are never deleted
                mine.push_back(id);
            }
        }
        int next = 1'000'000 + writer;
        Control& session = *sessions_[static_cast<std::size_t>(writer)];
        while (!stop_) {
            const auto choice = random() % 10;
            const auto at = random() % mine.size();
            std::string tag, statement;
            if (choice < 6) {
                tag = "0";
                statement =
                    "UPDATE orders SET total = total + 1.25 WHERE id = " + std::to_string(mine[at]);
            } else if (choice < 9) {
                tag = "1";
                statement = "INSERT INTO orders (id, total, note) VALUES (" + std::to_string(next) +
                            ", 1.5, 'new')";
                mine.push_back(next);
                next += writers;
            } else {
                tag = "2";
                statement = "DELETE FROM orders WHERE id = " + std::to_string(mine[at]);
                mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(at));
            }
            const auto outcome =
                session.execute("BEGIN; SELECT pg_logical_emit_message(true, 'rehearse', '" + tag +
                                "'); " + statement + "; COMMIT");
            if (!outcome.ok()) {
                ADD_FAILURE() << statement << ": " << outcome.error->text();
                ++failed_;
                return;
            }
            ++done_;
        }
    }

    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> done_{0}, failed_{0};
    std::vector<std::unique_ptr<Control>> sessions_;
    std::vector<std::jthread> threads_;
};

struct Judged {
    checksum::ReplayResult result = {};
    Followed followed = {};
    std::vector<std::string> found = {};  // "changed id=5: total", sorted
};

class LedgerFollowing : public tests::FreshDatabase {
protected:
    void SetUp() override {
        FreshDatabase::SetUp();
        if (tests::server_major() < 14) {
            GTEST_SKIP() << "transactions are tagged from 14 on";
        }
    }

    static RecordOptions columns(bool with_region) {
        RecordOptions options;
        options.columns = {RecordColumn{.name = "id", .is_key = true},
                           RecordColumn{.name = "note", .may_be_unchanged_external = true},
                           RecordColumn{.name = "total", .may_be_unchanged_external = true}};
        if (with_region) {
            options.columns.push_back(
                {.name = "region", .role = ColumnRole::added, .may_be_unchanged_external = true});
        }
        return options;
    }
    FollowedTable orders() {
        FollowedTable table;
        table.identity = std::stoul(value("SELECT 'orders'::regclass::oid"));
        table.name = "orders";
        table.columns = checksum::ledger_columns(columns(false), columns(true));
        table.in_stream = {{{"id"}, "pg_catalog.int4", checksum::Kind::number},
                           {{"note"}, "pg_catalog.text", checksum::Kind::text},
                           {{"total"}, "pg_catalog.\"numeric\"", checksum::Kind::decimal},
                           {{"region"}, "pg_catalog.text", checksum::Kind::text}};
        table.in_stream[2].type = value("SELECT 'pg_catalog.' || quote_ident('numeric')");
        using Flags = std::vector<bool>;
        table.operations = {
            {.name = "pay", .workload = true, .writes = Flags{false, false, true, false}},
            {.name = "order", .workload = true, .writes = Flags{true, true, true, false}},
            {.name = "cancel", .workload = true, .writes = Flags{false, false, false, false}}};
        return table;
    }

    // A whole scan of a snapshot that is open.
    checksum::Sidecar scan(harness::database::Snapshot& snapshot, bool with_region,
                           const Folder& folder) {
        const auto shape = snapshot.shape("orders");
        std::vector<harness::database::Projection> projections;
        for (const auto& column : columns(with_region).columns) {
            projections.push_back({.name = column.name});
        }
        const auto planned = snapshot.scan(shape, projections, {.workers = 1});
        checksum::RecordLayout layout{columns(with_region)};
        const auto hasher = layout.hasher(seed);
        std::vector<checksum::SpillFile> files;
        harness::verification::ScanSettings settings;
        settings.buckets = 1024;
        settings.observer = [&](std::size_t) {
            return std::make_unique<Writing>(hasher, layout, folder, files);
        };
        harness::verification::Progress progress;
        static_cast<void>(harness::verification::scan(*planned, hasher, settings, progress, {}));
        return {layout, std::move(files)};
    }
    std::unique_ptr<harness::database::Snapshot> snapshot() {
        return harness::postgres::open_snapshot(harness::postgres::Target::parse(uri()),
                                                std::vector<std::string>{"orders"}, {});
    }

    // A rehearsal under load: `migrate` runs in the middle of it.
    Judged rehearse(const std::function<void()>& migrate, unsigned random_seed = 1) {
        sql("DROP TABLE IF EXISTS orders;"
            "CREATE TABLE orders (id int PRIMARY KEY, total numeric(12,2) NOT NULL, note text);"
            "INSERT INTO orders SELECT g, g, 'note ' || g FROM generate_series(1, " +
            std::to_string(rows) + ") g");
        const Folder folder;
        Workload workload{[this] { return control(); }, random_seed};
        workload.go_on(20);
        LedgerFollower follower{harness::postgres::open_change_stream(
                                    conninfo("stream"), std::vector<std::string>{"orders"}, {},
                                    [](const std::string&) {}, checksum::Scale::by_value),
                                {orders()},
                                {.seed = seed, .spill = folder.spill()}};
        auto first = snapshot();
        follower.start(first->fence());
        workload.go_on(50);
        const auto before = scan(*first, false, folder);
        first.reset();
        workload.go_on(50);
        migrate();
        workload.go_on(100);
        follower.hold();
        auto second = snapshot();
        const auto fence = second->fence();
        workload.go_on(20);
        Judged judged{.followed = follower.finish(fence, 60s)};
        const auto after = scan(*second, true, folder);
        workload.end();
        EXPECT_EQ(workload.failed(), 0U);
        if (judged.followed.ended) {
            return judged;
        }
        const auto& ledger = *judged.followed.ledgers.at(0);
        judged.result = std::get<checksum::ReplayResult>(
            checksum::replay(before, after, ledger.layout, ledger.hasher, *ledger.file,
                             {.sources = ledger.sources}));
        for (const auto& one : judged.result.mismatches.kept) {
            std::string line = name(one.kind) + std::string{" "} + one.key;
            for (std::size_t i = 0; i < one.columns.size(); ++i) {
                line += (i == 0 ? ": " : ", ") + one.columns[i];
            }
            judged.found.push_back(line + " " + one.source);
        }
        std::ranges::sort(judged.found);
        return judged;
    }

    // Adds a column and fills it, in batches.
    void migrate() {
        sql("SET lock_timeout = 0");
        sql("ALTER TABLE orders ADD COLUMN region text");
        sql("ALTER TABLE orders ALTER COLUMN region SET DEFAULT 'eu'");
        while (sql("UPDATE orders SET region = 'eu' WHERE id IN (SELECT id FROM orders WHERE "
                   "region IS NULL ORDER BY id LIMIT 400)")
                   .rows_affected > 0) {
        }
    }
};

std::string reasons(const Judged& judged) {
    std::string all = judged.followed.ended.value_or("");
    for (const auto& reason : judged.result.reasons()) {
        all += reason + "\n";
    }
    for (const auto& line : judged.found) {
        all += line + "\n";
    }
    return all;
}

using Lines = std::vector<std::string>;

TEST_F(LedgerFollowing, AHarmlessMigrationPassesInTenOfTenTrials) {
    for (unsigned trial = 0; trial < 10; ++trial) {
        const auto judged = rehearse([this] { migrate(); }, trial);
        EXPECT_EQ(judged.result.verdict(), LedgerVerdict::pass) << reasons(judged);
        EXPECT_EQ(judged.followed.ended, std::nullopt);
        EXPECT_GE(judged.followed.tagged, 200U);
        EXPECT_GE(judged.followed.untagged, 8U) << "the backfill's batches";
        EXPECT_GT(judged.result.workload.inserts, 0U);
        EXPECT_GT(judged.result.workload.removes, 0U);
        EXPECT_GE(judged.result.others.updates, std::uint64_t{rows} / 2);
    }
}

TEST_F(LedgerFollowing, ADamagedRowIsNamedWithItsColumnAndWhoDidIt) {
    std::string number;
    const auto judged = rehearse([&] {
        migrate();
        number = value(
            "UPDATE orders SET total = total + 0.01 WHERE id = 57 "
            "RETURNING txid_current()");
    });
    EXPECT_EQ(judged.result.verdict(), LedgerVerdict::mismatch) << reasons(judged);
    EXPECT_EQ(judged.found, Lines{"changed id=57: total by transaction " + number +
                                  ", which is not the workload's"});
}

TEST_F(LedgerFollowing, ALostRowIsNamed) {
    const auto judged = rehearse([this] {
        migrate();
        sql("DELETE FROM orders WHERE id = 58");
    });
    ASSERT_EQ(judged.found.size(), 1U) << reasons(judged);
    EXPECT_EQ(judged.found[0].find("lost id=58 by transaction "), 0U) << judged.found[0];
}

TEST_F(LedgerFollowing, ARowThatAppearedIsNamed) {
    const auto judged = rehearse([this] {
        migrate();
        sql("INSERT INTO orders VALUES (500000, 1, 'nobody ordered this')");
    });
    ASSERT_EQ(judged.found.size(), 1U) << reasons(judged);
    EXPECT_EQ(judged.found[0].find("extra id=500000 by transaction "), 0U) << judged.found[0];
}

// It runs in the workload's own transactions.
TEST_F(LedgerFollowing, ATriggerThatAltersIsNamed) {
    const auto judged = rehearse([this] {
        migrate();
        sql("CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN NEW.note = upper(NEW.note); RETURN NEW; END';"
            "CREATE TRIGGER shouts BEFORE UPDATE ON orders FOR EACH ROW EXECUTE PROCEDURE shout()");
    });
    EXPECT_EQ(judged.result.verdict(), LedgerVerdict::mismatch) << reasons(judged);
    ASSERT_FALSE(judged.found.empty());
    for (const auto& line : judged.found) {
        EXPECT_NE(line.find(": note by pay, whose statements do not write it"), std::string::npos)
            << line;
    }
}

TEST_F(LedgerFollowing, ARowThatTheBackfillLeftOutIsNamed) {
    const auto judged = rehearse([this] {
        migrate();
        sql("UPDATE orders SET region = NULL WHERE id = 59");
    });
    EXPECT_EQ(judged.result.verdict(), LedgerVerdict::mismatch) << reasons(judged);
    ASSERT_EQ(judged.found.size(), 1U) << reasons(judged);
    EXPECT_EQ(judged.found[0].find("changed id=59: region"), 0U) << judged.found[0];
}

// A rewrite is not in the stream: the second scan sees what it did.
TEST_F(LedgerFollowing, ARewriteThatRoundsIsNamed) {
    const auto judged = rehearse([this] {
        migrate();
        sql("UPDATE orders SET note = note WHERE id = 1");
        sql("ALTER TABLE orders ALTER note TYPE text USING CASE id WHEN 60 THEN 'x' ELSE note END");
    });
    ASSERT_EQ(judged.found.size(), 1U) << reasons(judged);
    EXPECT_EQ(judged.found[0], "changed id=60: note not in the change stream");
}

TEST_F(LedgerFollowing, ARewriteThatKeepsValuesPasses) {
    const auto judged = rehearse([this] {
        migrate();
        sql("ALTER TABLE orders ALTER id TYPE bigint");
        sql("ALTER TABLE orders ALTER note TYPE varchar(100)");
    });
    EXPECT_EQ(judged.result.verdict(), LedgerVerdict::pass) << reasons(judged);
}

TEST_F(LedgerFollowing, ATableThatIsSwappedIsNoProof) {
    const auto judged = rehearse([this] {
        migrate();
        sql("BEGIN; LOCK orders; CREATE TABLE shadow (LIKE orders INCLUDING ALL);"
            "INSERT INTO shadow SELECT * FROM orders; ALTER TABLE orders RENAME TO old_orders;"
            "ALTER TABLE shadow RENAME TO orders; COMMIT");
    });
    ASSERT_TRUE(judged.followed.ended);
    EXPECT_NE(judged.followed.ended->find("is another one now"), std::string::npos);
    EXPECT_TRUE(judged.followed.ledgers.empty());
}

TEST_F(LedgerFollowing, ARenamedColumnIsNoProof) {
    const auto judged = rehearse([this] {
        migrate();
        sql("CREATE TABLE seen (n int); ALTER TABLE orders RENAME note TO remark;"
            "UPDATE orders SET remark = remark WHERE id = 1; ALTER TABLE orders RENAME remark TO "
            "note");
    });
    ASSERT_TRUE(judged.followed.ended) << reasons(judged);
    EXPECT_NE(judged.followed.ended->find("column note of orders is no longer"), std::string::npos);
}

}  // namespace
