#include "harness/verification/scan.hpp"

#include "memory_table.hpp"

#include <algorithm>
#include <numeric>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace harness::verification {
namespace {

using namespace std::chrono_literals;
using testing::MemoryRow;
using testing::MemoryTable;

// As many rows in each: (id, a third of it).
std::vector<std::vector<MemoryRow>> chunks_of(std::size_t chunks, std::size_t rows) {
    std::vector<std::vector<MemoryRow>> all(chunks);
    std::int64_t id = 0;
    for (auto& chunk : all) {
        for (std::size_t i = 0; i < rows; ++i, ++id) {
            chunk.push_back({id, id / 3});
        }
    }
    return all;
}

std::vector<std::size_t> numbers_below(std::size_t end) {
    std::vector<std::size_t> all(end);
    std::iota(all.begin(), all.end(), 0);
    return all;
}

class Scan : public ::testing::Test {
protected:
    ScanResult scanned(const MemoryTable& table, ScanSettings settings) {
        settings.buckets = 16;
        return scan(table, hasher, settings, progress, stop.get_token());
    }
    // What it was that ended the scan.
    template <typename Failure>
    std::string failure_of(const MemoryTable& table, const ScanSettings& settings) {
        try {
            static_cast<void>(scanned(table, settings));
        } catch (const Failure& failure) {
            return failure.what();
        }
        return "it ended well";
    }

    const checksum::RowHasher hasher{{{.name = "id", .is_key = true}, {.name = "third"}}, 42};
    Progress progress;
    std::stop_source stop;
};

TEST_F(Scan, AnyNumberOfWorkersYieldsTheSameDigest) {
    const MemoryTable table{chunks_of(7, 100)};
    const auto alone = scanned(table, {.workers = 1});
    EXPECT_EQ(alone.digest.rows(), 700U);
    EXPECT_EQ(alone.bytes, 700 * MemoryTable::bytes_a_row);
    for (const std::size_t workers : {0U, 2U, 7U, 50U}) {
        const auto shared = scanned(table, {.workers = workers});
        EXPECT_TRUE(checksum::compare(alone.digest, shared.digest).equal()) << workers;
        EXPECT_EQ(shared.bytes, alone.bytes);
    }
}

TEST_F(Scan, NoWorkerIsOpenedWithoutAChunkForIt) {
    const MemoryTable table{chunks_of(3, 1)};
    static_cast<void>(scanned(table, {.workers = 50}));
    EXPECT_EQ(table.readers_opened(), 3);
    EXPECT_EQ(table.readers_open(), 0);
}

TEST_F(Scan, EachChunkIsReadOnceByWhoeverIsFree) {
    const MemoryTable table{chunks_of(40, 3)};
    static_cast<void>(scanned(table, {.workers = 4}));
    auto read = table.chunks_read();
    std::ranges::sort(read);
    EXPECT_EQ(read, numbers_below(40));
}

TEST_F(Scan, OneThatIsHeldUpLeavesItsShareToTheOthers) {
    MemoryTable table{chunks_of(8, 3)};
    table.before_chunk = [&table](std::size_t chunk, const auto&) {
        if (chunk == 0) {
            table.wait_until([&table] { return table.chunks_begun() == 8; });
        }
    };
    EXPECT_EQ(scanned(table, {.workers = 2}).digest.rows(), 24U);
    EXPECT_EQ(table.chunks_read().size(), 8U);
}

TEST_F(Scan, OnlyTheChunksAskedForAreRead) {
    const MemoryTable table{chunks_of(9, 10)};
    const auto part = scanned(table, {.workers = 3, .chunks = {7, 2}});
    EXPECT_EQ(part.digest.rows(), 20U);
    const auto read = table.chunks_read();
    EXPECT_EQ(std::set(read.begin(), read.end()), (std::set<std::size_t>{2, 7}));
}

TEST_F(Scan, TheFirstFailureIsToldAndTheOthersAreCancelledForIt) {
    MemoryTable table{chunks_of(12, 5)};
    std::atomic<int> cancelled{0};
    table.before_chunk = [&](std::size_t chunk, const MemoryTable::Cancelled& is_cancelled) {
        if (chunk == 0) {  // once the others are in the middle of theirs
            table.wait_until([&table] { return table.chunks_begun() == 3; });
            throw testing::outage("the first");
        }
        table.wait_until(is_cancelled);
        ++cancelled;
    };
    EXPECT_EQ(failure_of<database::Outage>(table, {.workers = 3}), "the first");
    EXPECT_EQ(cancelled, 2);
    EXPECT_EQ(table.chunks_begun(), 3U) << "nobody took another";
    EXPECT_EQ(table.chunks_read(), std::vector<std::size_t>{});
    EXPECT_EQ(table.readers_open(), 0) << "all have ended when it is told";
}

TEST_F(Scan, AConnectionThatCannotBeMadeIsToldToo) {
    MemoryTable table{chunks_of(4, 5)};
    std::atomic<int> asked{0};
    table.before_open = [&asked] {
        if (++asked == 2) {
            throw testing::outage("too many clients");
        }
    };
    table.before_chunk = [&table](std::size_t, const MemoryTable::Cancelled& is_cancelled) {
        table.wait_until(is_cancelled);
    };
    EXPECT_EQ(failure_of<database::Outage>(table, {.workers = 2}), "too many clients");
    EXPECT_EQ(table.readers_open(), 0);
}

TEST_F(Scan, AStopEndsWhatIsBeingRead) {
    MemoryTable table{chunks_of(6, 5)};
    table.before_chunk = [this, &table](std::size_t, const MemoryTable::Cancelled& is_cancelled) {
        if (table.chunks_begun() == 2) {
            stop.request_stop();
        }
        table.wait_until(is_cancelled);
    };
    EXPECT_EQ(failure_of<Stopped>(table, {.workers = 2}), "interrupted");
    EXPECT_EQ(table.readers_open(), 0);
}

TEST_F(Scan, AStopBeforeItBeginsReadsNothing) {
    const MemoryTable table{chunks_of(2, 5)};
    stop.request_stop();
    EXPECT_EQ(failure_of<Stopped>(table, {.workers = 2}), "interrupted");
    EXPECT_EQ(table.chunks_begun(), 0U);
}

// ------------------------------------------------------------------ observers

struct Seen {
    std::mutex mutex;
    std::vector<std::size_t> workers;
    std::size_t rows = 0, done = 0, not_its_chunk = 0, not_whole = 0;
};

class Watcher final : public RowObserver {
public:
    Watcher(Seen& seen, bool fails) : seen_{seen}, fails_{fails} {}
    void row(std::size_t chunk, const checksum::RowContents& contents,
             std::span<const checksum::Value> values) override {
        if (fails_) {
            throw std::runtime_error{"the observer's own"};
        }
        const std::scoped_lock lock{seen_.mutex};
        ++seen_.rows;
        seen_.not_its_chunk += checksum::load<std::int64_t>(values[0].bytes.data()) / 10 !=
                                       static_cast<std::int64_t>(chunk)
                                   ? 1
                                   : 0;
        seen_.not_whole += contents.contents.size() == 2 && values.size() == 3 ? 0 : 1;
    }
    void done() override { ++seen_.done; }

private:
    Seen& seen_;
    bool fails_;
};

class ScanObserved : public Scan {
protected:
    static MemoryTable table() {
        auto rows = chunks_of(6, 10);
        for (auto& chunk : rows) {
            for (auto& row : chunk) {
                row.push_back(-1);  // of which the hasher knows nothing
            }
        }
        return MemoryTable{std::move(rows)};
    }
    ScanSettings watched(bool fails = false) {
        return {.workers = 2, .observer = [this, fails](std::size_t worker) {
                    const std::scoped_lock lock{seen.mutex};
                    seen.workers.push_back(worker);
                    return std::make_unique<Watcher>(seen, fails);
                }};
    }
    Seen seen;
};

TEST_F(ScanObserved, EachWorkerHasOneThatSeesItsRowsBesideWhatStandsForThem) {
    const auto result = scanned(table(), watched());
    EXPECT_EQ(std::set(seen.workers.begin(), seen.workers.end()), (std::set<std::size_t>{0, 1}));
    EXPECT_EQ(seen.workers.size(), 2U);
    EXPECT_EQ(seen.rows, 60U);
    EXPECT_EQ(seen.done, 2U);
    EXPECT_EQ(seen.not_its_chunk, 0U);
    EXPECT_EQ(seen.not_whole, 0U);
    EXPECT_TRUE(
        checksum::compare(result.digest, scanned(MemoryTable{chunks_of(6, 10)}, {}).digest).equal())
        << "what is read for the observers alone is in no digest";
}

TEST_F(ScanObserved, OneThatFailsEndsTheScanAndIsNotDone) {
    EXPECT_EQ(failure_of<std::runtime_error>(table(), watched(true)), "the observer's own");
    EXPECT_EQ(seen.done, 0U);
}

TEST_F(ScanObserved, NoneIsFineToo) {
    const ScanSettings none{.observer = [](std::size_t) { return nullptr; }};
    EXPECT_EQ(scanned(table(), none).digest.rows(), 60U);
}

// ------------------------------------------------------------------ the limit

TEST_F(Scan, IsNoFasterThanItMay) {
    const MemoryTable table{chunks_of(4, 100)};
    const auto result = scanned(table, {.workers = 2, .max_rows_per_s = 1'000});
    EXPECT_EQ(result.digest.rows(), 400U);
    // A tenth of a second's may come at once, and nobody waits before the first batch.
    EXPECT_GE(result.duration, 200ms);
}

TEST_F(Scan, AStopWakesOneThatWaitsForItsTurn) {
    MemoryTable table{chunks_of(2, 1'000)};  // at a row a second: half an hour
    table.before_chunk = [this](std::size_t chunk, const auto&) {
        if (chunk == 1) {
            stop.request_stop();
        }
    };
    EXPECT_EQ(failure_of<Stopped>(table, {.workers = 2, .max_rows_per_s = 1}), "interrupted");
}

TEST_F(Scan, CountsWhatIsDone) {
    const MemoryTable table{chunks_of(5, 100)};
    const Progress::Clock::time_point start{};
    progress.begin("public.t", 500, 500 * MemoryTable::bytes_a_row, start);
    static_cast<void>(scanned(table, {.workers = 2}));
    EXPECT_EQ(progress.line(start + 1s), "public.t: 500 rows, 500 rows/s, 100 %, 0 s left");
}

TEST(Buckets, AreNoMoreThanASmallTableCanUseAndAsManyAsFitTheMemory) {
    EXPECT_EQ(buckets_for(8, 2, 1), 1'024U);
    EXPECT_EQ(buckets_for(8, 2, 24 * 5'000), 8'192U);
    EXPECT_EQ(buckets_for(8, 2, std::uint64_t{1} << 40), checksum::most_buckets);
    EXPECT_EQ(buckets_for(8, 2, 0), checksum::most_buckets) << "a size that is not known";
    for (const std::size_t columns : {1U, 8U, 100U, 1'600U}) {
        for (const std::size_t workers : {1U, 2U, 64U}) {
            const auto buckets = buckets_for(columns, workers, 0);
            if (buckets > 1) {  // fewer there are not
                EXPECT_LE(buckets * (workers + 1) * (columns * 16 + 8), std::size_t{48} << 20);
            }
        }
    }
}

}  // namespace
}  // namespace harness::verification
