#include "harness/verification/scan.hpp"

#include "checksum/chunk_plan.hpp"
#include "checksum/progress.hpp"

#include <algorithm>
#include <bit>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace harness::verification {
namespace {

using Clock = std::chrono::steady_clock;

// What the workers share.
class Work {
public:
    Work(const database::TableScan& table, const checksum::RowHasher& hasher,
         const ScanSettings& settings, Progress& progress, std::vector<std::size_t> chunks,
         std::size_t workers)
        : table_{table},
          hasher_{hasher},
          settings_{settings},
          progress_{progress},
          chunks_{std::move(chunks)},
          plan_{chunks_.size(), 1, workers} {
        if (settings.max_rows_per_s != 0) {
            limit_.emplace(settings.max_rows_per_s, Clock::now());
        }
    }

    void run_worker(std::size_t worker) noexcept;

    // From any thread: all readers end, and whoever sleeps wakes.
    void cancel() noexcept {
        const std::scoped_lock lock{mutex_};
        cancelled_ = true;
        for (database::TableReader* reader : readers_) {
            reader->cancel();
        }
        wake_.notify_all();
    }

    void rethrow() const {
        if (failure_) {
            std::rethrow_exception(failure_);
        }
    }
    // After all workers have ended well.
    [[nodiscard]] checksum::TableDigest take_digest() { return *std::move(digest_); }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
    class Sink;

    void read_chunks(std::size_t worker);
    // None is left: nullptr. Throws Stopped.
    [[nodiscard]] const database::Chunk* take_chunk(std::size_t worker);
    // So many rows were read: waits as long as the limit wants. Throws Stopped.
    void took(std::uint64_t rows);
    void enter(database::TableReader& reader);
    void leave(database::TableReader& reader);

    const database::TableScan& table_;
    const checksum::RowHasher& hasher_;
    const ScanSettings& settings_;
    Progress& progress_;
    const std::vector<std::size_t> chunks_;

    std::mutex mutex_;  // of all that follows
    std::condition_variable wake_;
    bool cancelled_ = false;
    checksum::ChunkPlan plan_;  // of positions in chunks_
    std::optional<checksum::RateLimit> limit_;
    std::vector<database::TableReader*> readers_;
    std::exception_ptr failure_;
    // Of the workers that have ended: the first one's own, no further 8 MB.
    std::optional<checksum::TableDigest> digest_;
    std::uint64_t bytes_ = 0;
};

// A worker's rows.
class Work::Sink final : public database::RowSink {
public:
    Sink(Work& work, std::size_t worker)
        : work_{work},
          digester_{work.hasher_, work.settings_.buckets},
          batch_{batch_of(work.settings_.max_rows_per_s)} {
        if (work.settings_.observer) {
            observer_ = work.settings_.observer(worker);
        }
    }

    void row(std::span<const checksum::Value> values) override {
        const checksum::RowContents& contents =
            digester_.add(values.first(work_.hasher_.columns().size()));
        if (observer_) {
            observer_->row(chunk_, contents, values);
        }
        if (++rows_ == batch_) {
            settle();
        }
    }

    void begin(std::size_t chunk) { chunk_ = chunk; }
    void settle() { work_.took(std::exchange(rows_, 0)); }
    [[nodiscard]] checksum::TableDigest finish() && {
        if (observer_) {
            observer_->done();
        }
        return std::move(digester_).finish();
    }

private:
    // About a hundredth of a second's.
    static std::uint64_t batch_of(std::uint64_t rows_per_s) {
        constexpr std::uint64_t unlimited = 4096;
        return rows_per_s == 0 ? unlimited
                               : std::clamp<std::uint64_t>(rows_per_s / 100, 1, unlimited);
    }

    Work& work_;
    checksum::TableDigester digester_;
    std::unique_ptr<RowObserver> observer_;
    std::size_t chunk_ = 0;
    const std::uint64_t batch_;
    std::uint64_t rows_ = 0;
};

const database::Chunk* Work::take_chunk(std::size_t worker) {
    const std::scoped_lock lock{mutex_};
    if (cancelled_) {
        throw Stopped{};  // not the end: what was read so far is nothing to go by
    }
    const auto position = plan_.next(worker);
    return position ? &table_.chunks()[chunks_[position->first]] : nullptr;
}

void Work::took(std::uint64_t rows) {
    progress_.add_rows(rows);
    if (settings_.max_rows_per_s == 0) {
        return;
    }
    std::unique_lock lock{mutex_};
    const auto wait = limit_->took(rows, Clock::now());
    if (wake_.wait_for(lock, wait, [this] { return cancelled_; })) {
        throw Stopped{};
    }
}

void Work::enter(database::TableReader& reader) {
    const std::scoped_lock lock{mutex_};
    readers_.push_back(&reader);
    if (cancelled_) {
        reader.cancel();
    }
}

void Work::leave(database::TableReader& reader) {
    const std::scoped_lock lock{mutex_};
    std::erase(readers_, &reader);
    bytes_ += reader.bytes_received();
}

void Work::read_chunks(std::size_t worker) {
    const auto reader = table_.open_reader();
    enter(*reader);
    struct Leave {
        Work& work;
        database::TableReader& reader;
        ~Leave() { work.leave(reader); }
    } const leave_at_end{*this, *reader};
    Sink sink{*this, worker};
    while (const database::Chunk* chunk = take_chunk(worker)) {
        sink.begin(chunk->number);
        reader->read(*chunk, sink);
        sink.settle();
        progress_.chunk_done(chunk->bytes);
    }
    auto own = std::move(sink).finish();
    const std::scoped_lock lock{mutex_};
    if (digest_) {
        digest_->add(own);
    } else {
        digest_ = std::move(own);
    }
}

void Work::run_worker(std::size_t worker) noexcept {
    try {
        read_chunks(worker);
    } catch (...) {
        {
            const std::scoped_lock lock{mutex_};
            if (!failure_) {  // those after it were cancelled for it
                failure_ = std::current_exception();
            }
        }
        cancel();
    }
}

}  // namespace

std::size_t buckets_for(std::size_t columns, std::size_t workers,
                        std::uint64_t table_bytes) noexcept {
    // Of the 128 MB that a whole run may take. One more: what the other side yielded is kept.
    constexpr std::size_t granted_bytes = std::size_t{48} << 20;
    // Clearing and comparing them takes longer than reading a small table. No row has fewer bytes
    // than its header.
    constexpr std::uint64_t least_row_bytes = 24, least_buckets = 1024;
    const std::size_t fitting = checksum::bucket_count(columns, granted_bytes / (workers + 1));
    if (table_bytes == 0) {
        return fitting;
    }
    return std::min<std::size_t>(
        fitting, std::bit_ceil(std::max(table_bytes / least_row_bytes, least_buckets)));
}

ScanResult scan(const database::TableScan& table, const checksum::RowHasher& hasher,
                const ScanSettings& settings, Progress& progress, std::stop_token stop) {
    const auto begin = Clock::now();
    std::vector<std::size_t> chunks = settings.chunks;
    if (chunks.empty()) {
        for (const auto& chunk : table.chunks()) {
            chunks.push_back(chunk.number);
        }
    }
    const std::size_t workers = std::clamp<std::size_t>(settings.workers, 1, chunks.size());
    Work work{table, hasher, settings, progress, std::move(chunks), workers};
    {
        const std::stop_callback on_stop{stop, [&work] { work.cancel(); }};
        std::vector<std::jthread> threads;
        for (std::size_t worker = 1; worker < workers; ++worker) {
            threads.emplace_back([&work, worker] { work.run_worker(worker); });
        }
        work.run_worker(0);
    }
    if (stop.stop_requested()) {
        throw Stopped{};
    }
    work.rethrow();
    return {.digest = work.take_digest(), .bytes = work.bytes(), .duration = Clock::now() - begin};
}

}  // namespace harness::verification
