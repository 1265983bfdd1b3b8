// A table of rows in memory that is scanned like one of a database.
#pragma once

#include "harness/database/table_reader.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace harness::verification::testing {

[[nodiscard]] database::Outage outage(std::string message,
                                      database::ErrorKind kind = database::ErrorKind::other);

using MemoryRow = std::vector<std::int64_t>;

class MemoryTable final : public database::TableScan {
public:
    explicit MemoryTable(std::vector<std::vector<MemoryRow>> chunks);

    // Called before a chunk's rows are read, on the reader's thread; may throw, or wait for what is
    // below. `cancelled` says whether that reader was.
    using Cancelled = std::function<bool()>;
    std::function<void(std::size_t chunk, const Cancelled& cancelled)> before_chunk;
    // Called when a reader is to be opened: may throw.
    std::function<void()> before_open;

    // Waits until it holds; looks again whenever a chunk begins or ends or a reader is cancelled.
    // Throws after a minute: then it never will.
    void wait_until(const std::function<bool()>& holds);

    // Chunks in the order in which they were read to their ends, and how many were begun.
    [[nodiscard]] std::vector<std::size_t> chunks_read() const;
    [[nodiscard]] std::size_t chunks_begun() const { return begun_; }
    [[nodiscard]] int readers_open() const { return open_; }
    [[nodiscard]] int readers_opened() const { return opened_; }

    [[nodiscard]] const std::vector<database::TableColumn>& columns() const override {
        return columns_;
    }
    [[nodiscard]] std::span<const database::Chunk> chunks() const override { return chunks_; }
    [[nodiscard]] const std::string& method() const override { return method_; }
    [[nodiscard]] std::unique_ptr<database::TableReader> open_reader() const override;

    static constexpr std::uint64_t bytes_a_row = 10;

private:
    class Reader;
    void tell() const;

    std::vector<std::vector<MemoryRow>> rows_;
    std::vector<database::TableColumn> columns_;
    std::vector<database::Chunk> chunks_;
    std::string method_ = "memory";
    mutable std::mutex mutex_;
    mutable std::condition_variable told_;
    mutable std::vector<std::size_t> read_;
    mutable std::atomic<std::size_t> begun_{0};
    mutable std::atomic<int> open_{0}, opened_{0};
};

}  // namespace harness::verification::testing
