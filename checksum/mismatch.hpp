// Which rows differ between two sides, how, and in which columns.
#pragma once

#include "checksum/sidecar.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace checksum {

enum class MismatchKind : std::uint8_t {
    lost,        // before, not after
    extra,       // after, not before
    changed,     // other values under the same key
    duplicated,  // after more often than before
};
inline constexpr std::size_t mismatch_kind_count = 4;

[[nodiscard]] const char* name(MismatchKind kind) noexcept;

struct Mismatch {
    MismatchKind kind = MismatchKind::changed;
    std::string key = {};                   // "id=5"
    std::vector<std::string> columns = {};  // of a changed row
    // Of a changed row: none stood under its key before, and it is an added column that is wrong.
    bool is_new = false;
    std::string source = {};  // who did it, where a ledger knows
    // The row as the two scans found it under that key, where values may be shown; empty: they did
    // not. With a ledger `before` is the first scan's as well, whatever was written since.
    std::string before = {};
    std::string after = {};
};

// The first are kept with their keys, in the order they were found: that of the keys' digests, so
// the same seed keeps the same ones. All are counted.
struct Mismatches {
    std::size_t most_kept = 100;
    // Says which are none after all; empty: none of them.
    std::function<bool(const Mismatch&)> excuses = {};
    std::vector<Mismatch> kept = {};
    std::array<std::uint64_t, mismatch_kind_count> counts = {};
    std::uint64_t excused = 0;          // not among the counts
    std::uint64_t excused_extra = 0;    // ... of them rows that were not there before
    std::uint64_t excused_changed = 0;  // ... of them those of rows that are there before and after

    void add(Mismatch mismatch, std::uint64_t times = 1);
    void add(Mismatches other);
    // Whether one more would be kept: else nobody need put its row into words.
    [[nodiscard]] bool has_room() const noexcept { return kept.size() < most_kept; }
    [[nodiscard]] std::uint64_t count(MismatchKind kind) const noexcept {
        return counts[static_cast<std::size_t>(kind)];
    }
    [[nodiscard]] std::uint64_t total() const noexcept;
};

struct MismatchOptions {
    std::size_t most_kept = 100;
    std::size_t memory_bytes = std::size_t{24} << 20;  // for each side's slice
    // Only these partitions (those with differing buckets): all if empty.
    std::vector<bool> partitions = {};
    // Differences that are no mismatch: what somebody else may have made.
    std::function<bool(const Mismatch&)> excuses = {};
};

// The partitions whose buckets differ, out of so many buckets.
[[nodiscard]] std::vector<bool> partitions_of(const std::vector<std::size_t>& differing_buckets,
                                              std::size_t buckets);

// Throws std::invalid_argument unless both sides have the same compared columns and key.
[[nodiscard]] std::variant<Mismatches, SpillError> compare(const Sidecar& before,
                                                           const Sidecar& after,
                                                           const MismatchOptions& options = {});

// All records of one key on one side.
using Group = std::span<const LoadedRecords::Entry>;

struct Sides {
    const RecordLayout& before;
    const RecordLayout& after;
};

// Rows of one key, none of them touched by a change that is accounted for. Of a table without a key
// the rows are equal and only their number can differ.
void compare_groups(const Sides& sides, Group before, Group after, Mismatches& found);

void check_same_columns(const RecordLayout& before, const RecordLayout& after);

// The key of the entry at `at`, and all entries of that key.
[[nodiscard]] Digest key_at(const RecordLayout& layout, const LoadedRecords& records,
                            std::size_t at) noexcept;
[[nodiscard]] Group group_at(const RecordLayout& layout, const LoadedRecords& records,
                             std::size_t at) noexcept;

// The order in which slices are sorted.
[[nodiscard]] bool key_before(Digest a, Digest b) noexcept;

// Walks two sorted slices and calls visit(before, after) for each key; one of the two may be empty.
template <typename Visit>
void merge_join(const Sides& sides, const LoadedRecords& before, const LoadedRecords& after,
                Visit visit) {
    std::size_t at_before = 0;
    std::size_t at_after = 0;
    while (at_before < before.entries().size() || at_after < after.entries().size()) {
        Group left;
        Group right;
        if (at_before < before.entries().size()) {
            left = group_at(sides.before, before, at_before);
        }
        if (at_after < after.entries().size()) {
            right = group_at(sides.after, after, at_after);
        }
        if (!left.empty() && !right.empty()) {
            const Digest left_key = key_at(sides.before, before, at_before);
            const Digest right_key = key_at(sides.after, after, at_after);
            if (key_before(left_key, right_key)) {
                right = {};
            } else if (key_before(right_key, left_key)) {
                left = {};
            }
        }
        visit(left, right);
        at_before += left.size();
        at_after += right.size();
    }
}

}  // namespace checksum
