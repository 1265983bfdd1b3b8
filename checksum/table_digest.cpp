#include "checksum/table_digest.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <numeric>
#include <stdexcept>
#include <utility>

#include <sys/mman.h>

namespace checksum {
namespace {

constexpr std::size_t cache_line = 64;
constexpr std::size_t huge_page = std::size_t{2} << 20;

// Rows touch the sums in no order. With pages of 4 kB most of them miss the TLB, and asking for a
// bucket stalls until its page is found: an eighth of a whole scan's CPU.
std::size_t alignment_of(std::size_t bytes) noexcept {
    return bytes < huge_page ? cache_line : huge_page;
}

void* allocate(std::size_t bytes) {
    void* const memory = ::operator new (bytes, std::align_val_t{alignment_of(bytes)});
#ifdef MADV_HUGEPAGE
    // Only whole huge pages: no memory is taken that would not be used. A wish; where the system
    // has none to give, it is as it was.
    if (bytes >= huge_page) {
        (void)::madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
    }
#endif
    return memory;
}

}  // namespace

std::size_t bucket_count(std::size_t columns, std::size_t memory_bytes) noexcept {
    const std::size_t fitting = memory_bytes / (columns * sizeof(Digest) + sizeof(std::uint64_t));
    return std::clamp(std::bit_floor(fitting), std::size_t{1}, most_buckets);
}

void TableDigest::Free::operator()(Digest* sums) const noexcept {
    ::operator delete (sums, std::align_val_t{alignment});
}

TableDigest::TableDigest(std::size_t columns, std::size_t buckets) : columns_{columns} {
    if (columns == 0 || !std::has_single_bit(buckets) || buckets > most_buckets) {
        throw std::invalid_argument{"buckets must be a power of two up to 65536"};
    }
    shift_ = 63 - std::countr_zero(buckets);
    counts_.resize(buckets);
    const std::size_t bytes = size() * sizeof(Digest);
    sums_ = {static_cast<Digest*>(allocate(bytes)), Free{alignment_of(bytes)}};
    std::uninitialized_value_construct_n(sums_.get(), size());
}

void TableDigest::add(const RowDigest& row) noexcept {
    const std::size_t number = bucket_of(row.key);
    Digest* sum = sums_.get() + number * columns_;
    for (const Digest cell : row.cells) {
        *sum++ += cell;
    }
    ++counts_[number];
}

void TableDigest::subtract(const RowDigest& row) noexcept {
    const std::size_t number = bucket_of(row.key);
    Digest* sum = sums_.get() + number * columns_;
    for (const Digest cell : row.cells) {
        *sum++ -= cell;
    }
    --counts_[number];
}

void TableDigest::check_same_shape(const TableDigest& other) const {
    if (columns_ != other.columns_ || buckets() != other.buckets()) {
        throw std::invalid_argument{"the digests have different columns or buckets"};
    }
}

void TableDigest::add(const TableDigest& other) {
    check_same_shape(other);
    for (std::size_t i = 0; i < size(); ++i) {
        sums_[i] += other.sums_[i];
    }
    for (std::size_t i = 0; i < buckets(); ++i) {
        counts_[i] += other.counts_[i];
    }
}

void TableDigest::subtract(const TableDigest& other) {
    check_same_shape(other);
    for (std::size_t i = 0; i < size(); ++i) {
        sums_[i] -= other.sums_[i];
    }
    for (std::size_t i = 0; i < buckets(); ++i) {
        counts_[i] -= other.counts_[i];
    }
}

std::uint64_t TableDigest::rows() const noexcept {
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

std::vector<Digest> TableDigest::column_sums() const {
    std::vector<Digest> sums(columns_);
    for (std::size_t i = 0; i < size(); i += columns_) {
        for (std::size_t column = 0; column < columns_; ++column) {
            sums[column] += sums_[i + column];
        }
    }
    return sums;
}

Digest TableDigest::total() const noexcept {
    return std::accumulate(sums_.get(), sums_.get() + size(), Digest{});
}

TableDifference compare(const TableDigest& before, const TableDigest& after) {
    if (before.columns() != after.columns() || before.buckets() != after.buckets()) {
        throw std::invalid_argument{"the digests have different columns or buckets"};
    }
    TableDifference difference;
    difference.rows_before = before.rows();
    difference.rows_after = after.rows();
    const auto sums_before = before.column_sums();
    const auto sums_after = after.column_sums();
    for (std::size_t column = 0; column < sums_before.size(); ++column) {
        if (sums_before[column] != sums_after[column]) {
            difference.columns.push_back(column);
        }
    }
    for (std::size_t number = 0; number < before.buckets(); ++number) {
        if (before.rows_in_bucket(number) != after.rows_in_bucket(number) ||
            !std::ranges::equal(before.bucket(number), after.bucket(number))) {
            difference.buckets.push_back(number);
        }
    }
    return difference;
}

TableDigester::TableDigester(const RowHasher& hasher, std::size_t buckets)
    : hasher_{hasher},
      table_{hasher.columns().size(), buckets},
      contents_(hasher.columns().size() * delay) {
    for (std::size_t i = 0; i < delay; ++i) {
        pending_[i].contents = std::span{contents_}.subspan(i * table_.columns(), table_.columns());
    }
}

inline void TableDigester::settle(const RowContents& row) noexcept {
    const std::size_t number = table_.bucket_of(row.key);
    hasher_.add_cells(row.contents, row.key, table_.sums_.get() + number * table_.columns());
    ++table_.counts_[number];
}

const RowContents& TableDigester::add(std::span<const Value> row) noexcept {
    RowContents& slot = pending_[next_];
    if (used_[next_]) {
        settle(slot);
    }
    used_[next_] = true;
    next_ = (next_ + 1) % delay;
    hasher_.contents(row, slot.contents);
    slot.key = hasher_.key(slot.contents);
    const std::size_t number = table_.bucket_of(slot.key);
    const char* const sums = reinterpret_cast<const char*>(table_.bucket(number).data());
    for (std::size_t at = 0; at < row.size() * sizeof(Digest); at += cache_line) {
        __builtin_prefetch(sums + at, 1);
    }
    __builtin_prefetch(&table_.counts_[number], 1);
    return slot;
}

TableDigest TableDigester::finish() && {
    for (std::size_t i = 0; i < delay; ++i) {
        if (used_[i]) {
            settle(pending_[i]);
        }
    }
    return std::move(table_);
}

}  // namespace checksum
