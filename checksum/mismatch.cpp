#include "checksum/mismatch.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <utility>

namespace checksum {
namespace {

struct Counted {
    RecordView record;
    std::uint64_t count;
};

std::vector<Counted> counted(const RecordLayout& layout, Group group) {
    std::vector<Counted> all;
    for (const auto& entry : group) {
        all.push_back({{layout, entry.record}, entry.count});
    }
    return all;
}

// Takes pairs of equal rows off both sides.
void cancel_equal(std::vector<Counted>& before, std::vector<Counted>& after) {
    for (Counted& left : before) {
        for (Counted& right : after) {
            if (left.record.row() == right.record.row()) {
                const std::uint64_t pairs = std::min(left.count, right.count);
                left.count -= pairs;
                right.count -= pairs;
            }
        }
    }
    const auto empty = [](const Counted& one) { return one.count == 0; };
    std::erase_if(before, empty);
    std::erase_if(after, empty);
}

std::vector<std::string> differing_columns(const RecordLayout& layout, const RecordView& before,
                                           const RecordView& after) {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < layout.compared(); ++i) {
        if (before.mark(i) != after.mark(i)) {
            columns.push_back(layout.name(i));
        }
    }
    return columns;
}

std::string row_text(const Counted& row, const Mismatches& found,
                     const std::vector<std::string>& differs = {}) {
    return found.has_room() ? row.record.row_text(differs) : std::string{};
}

// Added columns that do not equal what was declared for them.
void report_added(const Sides& sides, const std::vector<Counted>& before,
                  const std::vector<Counted>& after, Mismatches& found) {
    const RecordLayout& layout = sides.after;
    for (const Counted& one : after) {
        Mismatch mismatch{.is_new = before.empty()};
        for (std::size_t i = 0; i < layout.added_columns().size(); ++i) {
            if (!one.record.holds(i)) {
                mismatch.columns.push_back(layout.name(layout.added_columns()[i]));
            }
        }
        if (!mismatch.columns.empty()) {
            mismatch.key = one.record.key_text();
            if (!before.empty()) {
                mismatch.before = row_text(before.front(), found, mismatch.columns);
            }
            mismatch.after = row_text(one, found, mismatch.columns);
            found.add(std::move(mismatch), one.count);
        }
    }
}

}  // namespace

const char* name(MismatchKind kind) noexcept {
    constexpr const char* names[] = {"lost", "extra", "changed", "duplicated"};
    return names[static_cast<std::size_t>(kind)];
}

void Mismatches::add(Mismatch mismatch, std::uint64_t times) {
    if (excuses && excuses(mismatch)) {
        excused += times;
        excused_extra += mismatch.kind == MismatchKind::extra ? times : 0;
        excused_changed += mismatch.kind == MismatchKind::changed && !mismatch.is_new ? times : 0;
        return;
    }
    counts[static_cast<std::size_t>(mismatch.kind)] += times;
    if (times > 0 && has_room()) {
        kept.push_back(std::move(mismatch));
    }
}

void Mismatches::add(Mismatches other) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
        counts[i] += other.counts[i];
    }
    excused += other.excused;
    excused_extra += other.excused_extra;
    excused_changed += other.excused_changed;
    for (Mismatch& mismatch : other.kept) {
        if (has_room()) {
            kept.push_back(std::move(mismatch));
        }
    }
}

std::uint64_t Mismatches::total() const noexcept {
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

std::vector<bool> partitions_of(const std::vector<std::size_t>& differing_buckets,
                                std::size_t buckets) {
    std::vector<bool> partitions(partition_count);
    for (const std::size_t bucket : differing_buckets) {
        // A bucket may hold many partitions, or a partition many buckets.
        const std::size_t first = bucket * partition_count / buckets;
        const std::size_t last = ((bucket + 1) * partition_count - 1) / buckets;
        for (std::size_t i = first; i <= last; ++i) {
            partitions[i] = true;
        }
    }
    return partitions;
}

void check_same_columns(const RecordLayout& before, const RecordLayout& after) {
    bool same = before.keyed() == after.keyed() && before.compared() == after.compared();
    for (std::size_t i = 0; same && i < before.compared(); ++i) {
        same = before.name(i) == after.name(i) &&
               before.options().columns[i].is_key == after.options().columns[i].is_key;
    }
    if (!same) {
        throw std::invalid_argument{"the two sides have different columns or keys"};
    }
}

Digest key_at(const RecordLayout& layout, const LoadedRecords& records, std::size_t at) noexcept {
    return RecordView{layout, records.entries()[at].record}.key();
}

Group group_at(const RecordLayout& layout, const LoadedRecords& records, std::size_t at) noexcept {
    const Digest key = key_at(layout, records, at);
    std::size_t end = at + 1;
    while (end < records.entries().size() && key_at(layout, records, end) == key) {
        ++end;
    }
    return std::span{records.entries()}.subspan(at, end - at);
}

bool key_before(Digest a, Digest b) noexcept {
    // As slices are sorted: by the bytes of the record.
    return std::memcmp(&a, &b, sizeof a) < 0;
}

void compare_groups(const Sides& sides, Group before_group, Group after_group, Mismatches& found) {
    auto before = counted(sides.before, before_group);
    auto after = counted(sides.after, after_group);
    const bool was_there = !before.empty();
    const Counted first = was_there ? before.front() : after.front();
    report_added(sides, before, after, found);
    cancel_equal(before, after);
    while (!before.empty() && !after.empty()) {
        Counted& left = before.front();
        Counted& right = after.front();
        const std::uint64_t pairs = std::min(left.count, right.count);
        const auto columns = differing_columns(sides.before, left.record, right.record);
        found.add({.kind = MismatchKind::changed,
                   .key = left.record.key_text(),
                   .columns = columns,
                   .before = row_text(left, found, columns),
                   .after = row_text(right, found, columns)},
                  pairs);
        left.count -= pairs;
        right.count -= pairs;
        cancel_equal(before, after);  // takes the used ones out
    }
    for (const Counted& left : before) {
        found.add({.kind = MismatchKind::lost,
                   .key = left.record.key_text(),
                   .before = row_text(left, found)},
                  left.count);
    }
    for (const Counted& right : after) {
        found.add({.kind = was_there ? MismatchKind::duplicated : MismatchKind::extra,
                   .key = right.record.key_text(),
                   .before = was_there ? row_text(first, found) : std::string{},
                   .after = row_text(right, found)},
                  right.count);
    }
}

std::variant<Mismatches, SpillError> compare(const Sidecar& before, const Sidecar& after,
                                             const MismatchOptions& options) {
    check_same_columns(before.layout(), after.layout());
    const Sides sides{before.layout(), after.layout()};
    Mismatches found{.most_kept = options.most_kept, .excuses = options.excuses};
    const auto join = [&](unsigned partition,
                          Slice slice) -> std::variant<std::monostate, TooLarge, SpillError> {
        auto left = before.load(partition, slice, options.memory_bytes);
        if (const auto* error = std::get_if<SpillError>(&left)) {
            return *error;
        }
        if (std::holds_alternative<TooLarge>(left)) {
            return TooLarge{};
        }
        auto right = after.load(partition, slice, options.memory_bytes);
        if (const auto* error = std::get_if<SpillError>(&right)) {
            return *error;
        }
        if (std::holds_alternative<TooLarge>(right)) {
            return TooLarge{};
        }
        merge_join(sides, std::get<LoadedRecords>(left), std::get<LoadedRecords>(right),
                   [&](Group a, Group b) { compare_groups(sides, a, b, found); });
        return {};
    };
    for (unsigned partition = 0; partition < partition_count; ++partition) {
        if (!options.partitions.empty() && !options.partitions[partition]) {
            continue;
        }
        if (auto error = for_each_slice(partition, join)) {
            return *error;
        }
    }
    return found;
}

}  // namespace checksum
