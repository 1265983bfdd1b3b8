#include "memory_table.hpp"

#include <chrono>
#include <stdexcept>
#include <utility>

namespace harness::verification::testing {

database::Outage outage(std::string message, database::ErrorKind kind) {
    database::Error error;
    error.kind = kind;
    error.message = std::move(message);
    return database::Outage{std::move(error)};
}

class MemoryTable::Reader final : public database::TableReader {
public:
    explicit Reader(const MemoryTable& table) : table_{table} {
        ++table_.open_;
        ++table_.opened_;
    }
    ~Reader() override { --table_.open_; }

    void read(const database::Chunk& chunk, database::RowSink& sink) override {
        ++table_.begun_;
        table_.tell();
        if (table_.before_chunk) {
            table_.before_chunk(chunk.number, [this] { return cancelled_.load(); });
        }
        checksum::Arena arena;
        std::vector<checksum::Value> values;
        for (const MemoryRow& row : table_.rows_[chunk.number]) {
            if (cancelled_) {
                throw outage("cancelled", database::ErrorKind::cancelled);
            }
            arena.clear();
            values.clear();
            for (const std::int64_t value : row) {
                values.push_back(checksum::number(value, arena));
            }
            sink.row(values);
            bytes_ += bytes_a_row;
        }
        {
            const std::scoped_lock lock{table_.mutex_};
            table_.read_.push_back(chunk.number);
        }
        table_.tell();
    }

    [[nodiscard]] std::uint64_t bytes_received() const override { return bytes_; }
    void cancel() noexcept override {
        cancelled_ = true;
        table_.tell();
    }

private:
    const MemoryTable& table_;
    std::atomic<bool> cancelled_{false};
    std::uint64_t bytes_ = 0;
};

MemoryTable::MemoryTable(std::vector<std::vector<MemoryRow>> chunks) : rows_{std::move(chunks)} {
    for (const auto& rows : rows_) {
        chunks_.push_back({.number = chunks_.size(), .bytes = rows.size() * bytes_a_row});
    }
}

std::unique_ptr<database::TableReader> MemoryTable::open_reader() const {
    if (before_open) {
        before_open();
    }
    return std::make_unique<Reader>(*this);
}

void MemoryTable::tell() const {
    const std::scoped_lock lock{mutex_};  // else it might come between a look and the wait
    told_.notify_all();
}

void MemoryTable::wait_until(const std::function<bool()>& holds) {
    std::unique_lock lock{mutex_};
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{1};
    while (!holds()) {
        if (told_.wait_until(lock, end) == std::cv_status::timeout) {
            throw std::logic_error{"what a test waits for never came"};
        }
    }
}

std::vector<std::size_t> MemoryTable::chunks_read() const {
    const std::scoped_lock lock{mutex_};
    return read_;
}

}  // namespace harness::verification::testing
