// One table's scan: several workers, each with a reader of its own, share its chunks; their digests
// are added.
#pragma once

#include "checksum/row_digest.hpp"
#include "checksum/table_digest.hpp"
#include "harness/database/table_reader.hpp"
#include "harness/verification/progress.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <stop_token>

namespace harness::verification {

// A stop was asked for before the end.
class Stopped : public std::runtime_error {
public:
    Stopped() : std::runtime_error{"interrupted"} {}
};

// Sees each row of one worker beside what stands for it: writes sidecars, looks for keys.
class RowObserver {
public:
    virtual ~RowObserver() = default;
    virtual void row(std::size_t chunk, const checksum::RowContents& contents,
                     std::span<const checksum::Value> values) = 0;
    // After the worker's last row, where nothing went wrong.
    virtual void done() = 0;
};

struct ScanSettings {
    std::size_t workers = 1;
    std::size_t buckets = checksum::most_buckets;  // a power of two
    std::uint64_t max_rows_per_s = 0;              // 0: no limit
    // Empty: all of the scan's.
    std::vector<std::size_t> chunks = {};
    // Called on each worker's thread before its first row; empty, or what it returned: no observer.
    std::function<std::unique_ptr<RowObserver>(std::size_t worker)> observer = {};
};

struct ScanResult {
    checksum::TableDigest digest;
    std::uint64_t bytes = 0;  // over the wire
    std::chrono::nanoseconds duration{0};
};

// The hasher's columns are the scan's, in their order; what the scan reads beyond them is for the
// observers alone. Throws the first worker's failure, after all
// others were cancelled and have ended; Stopped if `stop` asked for it.
[[nodiscard]] ScanResult scan(const database::TableScan& table, const checksum::RowHasher& hasher,
                              const ScanSettings& settings, Progress& progress,
                              std::stop_token stop);

// How many buckets each worker and their sum can have in the memory that a scan is granted, and no
// more than a table of that size (0: not known) can use. Both sides of a comparison take the same.
[[nodiscard]] std::size_t buckets_for(std::size_t columns, std::size_t workers,
                                      std::uint64_t table_bytes) noexcept;

}  // namespace harness::verification
