#include "checksum/sidecar.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace checksum {

SidecarWriter::SidecarWriter(const RowHasher& hasher, const RecordLayout& layout, SpillFile file)
    : hasher_{hasher}, layout_{layout}, file_{std::move(file)}, cells_(hasher.columns().size()) {}

SpillResult SidecarWriter::append(std::span<const Value> row, const RowContents& contents,
                                  const std::vector<bool>& holds) {
    hasher_.cells(row, contents.contents, contents.key, cells_);
    record_.clear();
    layout_.append_record(record_, row, contents, cells_, holds);
    return file_.append(partition_of(contents.key), record_);
}

std::variant<SpillFile, SpillError> SidecarWriter::finish() && {
    if (auto error = file_.finish()) {
        return *error;
    }
    return std::move(file_);
}

std::uint64_t Sidecar::records() const noexcept {
    return std::accumulate(
        files_.begin(), files_.end(), std::uint64_t{0},
        [](std::uint64_t sum, const SpillFile& file) { return sum + file.records(); });
}

// Records stand one after another from the start of the memory; each entry's record has its size
// before it, so that they can be moved together.
struct Sidecar::Filling {
    std::unique_ptr<char[]> memory;
    std::size_t capacity;
    std::size_t used = 0;
    std::vector<LoadedRecords::Entry> entries;

    [[nodiscard]] std::size_t bytes() const noexcept {
        return used + entries.size() * sizeof(LoadedRecords::Entry);
    }
};

void Sidecar::sort_and_count(Filling& filling) const {
    using Entry = LoadedRecords::Entry;
    const auto size = [](const Entry& entry) {
        std::uint32_t bytes;
        std::memcpy(&bytes, entry.record - 4, 4);
        return bytes;
    };
    // Key digest and row digest stand first; the rest of the bytes only decides ties.
    const auto order = [&](const Entry& a, const Entry& b) {
        const int head = std::memcmp(a.record, b.record, 32);
        return head != 0 ? head : std::memcmp(a.record, b.record, std::min(size(a), size(b)));
    };
    std::ranges::sort(filling.entries,
                      [&](const Entry& a, const Entry& b) { return order(a, b) < 0; });
    std::size_t kept = 0;
    for (const Entry& entry : filling.entries) {
        if (kept > 0 && size(filling.entries[kept - 1]) == size(entry) &&
            order(filling.entries[kept - 1], entry) == 0) {
            filling.entries[kept - 1].count += entry.count;
        } else {
            filling.entries[kept++] = entry;
        }
    }
    if (kept == filling.entries.size()) {
        return;
    }
    filling.entries.resize(kept);
    // Move what is left together, in the order of memory so that nothing is overwritten.
    std::vector<Entry*> in_memory;
    for (Entry& entry : filling.entries) {
        in_memory.push_back(&entry);
    }
    std::ranges::sort(in_memory, {}, [](const Entry* entry) { return entry->record; });
    filling.used = 0;
    for (Entry* entry : in_memory) {
        const std::size_t bytes = size(*entry);
        char* const to = filling.memory.get() + filling.used;
        std::memmove(to, entry->record - 4, 4 + bytes);
        entry->record = to + 4;
        filling.used += 4 + bytes;
    }
}

bool Sidecar::add(Filling& filling, std::string_view record) const {
    const auto fits = [&] {
        return filling.bytes() + record.size() + 4 + sizeof(LoadedRecords::Entry) <=
               filling.capacity;
    };
    if (!fits()) {
        sort_and_count(filling);
        // Counting again for every few records would be slow: some room must have been gained.
        if (!fits() || filling.bytes() > filling.capacity / 2) {
            return false;
        }
    }
    char* const to = filling.memory.get() + filling.used;
    const auto size = static_cast<std::uint32_t>(record.size());
    std::memcpy(to, &size, 4);
    std::memcpy(to + 4, record.data(), record.size());
    filling.used += 4 + record.size();
    filling.entries.push_back({to + 4, 1});
    return true;
}

std::variant<LoadedRecords, TooLarge, SpillError> Sidecar::load(unsigned partition, Slice slice,
                                                                std::size_t memory_bytes) const {
    std::uint64_t needed = 0;
    for (const SpillFile& file : files_) {
        needed += file.partition_bytes(partition);
    }
    const std::size_t taken = std::min<std::uint64_t>(needed, memory_bytes);
    Filling filling{std::unique_ptr<char[]>{new char[taken]}, memory_bytes, 0, {}};
    for (const SpillFile& file : files_) {
        SpillReader reader{file, partition};
        while (const auto record = reader.next()) {
            if (slice.holds(RecordView{layout_, record->data()}.key()) && !add(filling, *record)) {
                return TooLarge{};
            }
        }
        if (reader.error()) {
            return *reader.error();
        }
    }
    sort_and_count(filling);
    LoadedRecords loaded;
    loaded.memory_ = std::move(filling.memory);
    loaded.entries_ = std::move(filling.entries);
    return loaded;
}

}  // namespace checksum
