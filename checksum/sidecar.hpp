// The rows of one side of a comparison, on disk, so that a mismatch can name its rows. Each worker
// writes a file of its own; together they are a sidecar, read back one slice at a time in the order
// of keys. Memory: a writer's buffer (4 MB) for each worker while writing, `memory_bytes` while
// reading, whatever the table's size.
#pragma once

#include "checksum/record.hpp"
#include "checksum/spill.hpp"

#include <memory>
#include <variant>
#include <vector>

namespace checksum {

class SidecarWriter {
public:
    // The hasher and the layout must outlive it; both know the same columns.
    SidecarWriter(const RowHasher& hasher, const RecordLayout& layout, SpillFile file);

    // `contents` is what TableDigester::add() gave for the same row.
    [[nodiscard]] SpillResult append(std::span<const Value> row, const RowContents& contents,
                                     const std::vector<bool>& holds = {});
    [[nodiscard]] std::variant<SpillFile, SpillError> finish() &&;

private:
    const RowHasher& hasher_;
    const RecordLayout& layout_;
    SpillFile file_;
    std::vector<Digest> cells_;
    std::string record_;
};

// Records of one slice in the order of keys, then of rows. Equal ones are counted.
class LoadedRecords {
public:
    struct Entry {
        const char* record;
        std::uint64_t count;
    };
    [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }

private:
    friend class Sidecar;
    std::unique_ptr<char[]> memory_;
    std::vector<Entry> entries_;
};

// A slice did not fit: read it as two halves.
struct TooLarge {};

class Sidecar {
public:
    Sidecar(RecordLayout layout, std::vector<SpillFile> files)
        : layout_{std::move(layout)}, files_{std::move(files)} {}

    [[nodiscard]] const RecordLayout& layout() const noexcept { return layout_; }
    [[nodiscard]] std::uint64_t records() const noexcept;

    // Reads the whole partition and keeps the slice.
    [[nodiscard]] std::variant<LoadedRecords, TooLarge, SpillError> load(
        unsigned partition, Slice slice, std::size_t memory_bytes) const;

private:
    struct Filling;
    void sort_and_count(Filling& filling) const;
    [[nodiscard]] bool add(Filling& filling, std::string_view record) const;

    RecordLayout layout_;
    std::vector<SpillFile> files_;
};

// Calls `join(slice)` for all of a partition, in ever smaller slices where it says that one is too
// large. `join` gives TooLarge, an error, or nothing for done.
template <typename Join>
[[nodiscard]] SpillResult for_each_slice(unsigned partition, Join join, Slice slice = {}) {
    // 20 bits: a partition of a million slices. Only equal keys without end get there.
    constexpr unsigned most_bits = 20;
    const std::variant<std::monostate, TooLarge, SpillError> result = join(partition, slice);
    if (const auto* error = std::get_if<SpillError>(&result)) {
        return *error;
    }
    if (std::holds_alternative<std::monostate>(result)) {
        return std::nullopt;
    }
    if (slice.bits == most_bits) {
        return SpillError{SpillError::Kind::bound,
                          "more different rows of one key than the memory bound holds"};
    }
    for (const std::uint64_t half : {0U, 1U}) {
        if (auto error =
                for_each_slice(partition, join, {slice.bits + 1, slice.number * 2 + half})) {
            return error;
        }
    }
    return std::nullopt;
}

}  // namespace checksum
