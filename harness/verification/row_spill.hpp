// Keeps a scan's rows on disk, so that a mismatch can name them.
#pragma once

#include "checksum/sidecar.hpp"
#include "checksum/table_digest.hpp"
#include "harness/verification/scan.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace harness::verification {

// Hands out one observer a worker and collects what they wrote. Thread-safe. A disk that is full,
// or a bound that is reached, ends the keeping and not the scan.
class RowSpill {
public:
    // The hasher must outlive this; its columns are the layout's. Where the scan's digest has
    // fewer, the rows are hashed again. Behind a row's columns stands, for each added one, whether
    // it equals its declared expression (1).
    RowSpill(checksum::RecordLayout layout, const checksum::RowHasher& hasher,
             std::string directory, std::shared_ptr<checksum::SpillBudget> budget);
    // Only rows of these buckets of `digest` are kept.
    void keep_only(const checksum::TableDigest& digest, const std::vector<std::size_t>& differing);

    [[nodiscard]] std::unique_ptr<RowObserver> observer();

    // After the scan.
    [[nodiscard]] const std::optional<checksum::SpillError>& error() const { return error_; }
    [[nodiscard]] checksum::Sidecar take();

private:
    class Worker;
    void fail(checksum::SpillError error);
    void collect(checksum::SpillFile file);
    [[nodiscard]] bool keeps(checksum::Digest key) const {
        return kept_buckets_.empty() || kept_buckets_[digest_->bucket_of(key)];
    }

    checksum::RecordLayout layout_;
    const checksum::RowHasher& hasher_;
    std::string directory_;
    std::shared_ptr<checksum::SpillBudget> budget_;
    const checksum::TableDigest* digest_ = nullptr;
    std::vector<bool> kept_buckets_;
    std::mutex mutex_;  // of what follows
    std::vector<checksum::SpillFile> files_;
    std::optional<checksum::SpillError> error_;
};

}  // namespace harness::verification
