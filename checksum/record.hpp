// What is kept of a row on disk, packed: key digest (16 bytes), row digest (16), a mark of 4 bytes
// a column, 16 bytes of content for each column that may be stored out of line, the key's values to
// name the row, and the whole row where values may be shown (of a table without a key its key is
// the row, and nothing is kept twice).
#pragma once

#include "checksum/row_digest.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace checksum {

enum class ColumnRole : std::uint8_t {
    compared,  // on both sides: kept, renamed (under the name it had), or rewritten (the declared
               // result on the first side)
    dropped,   // on the first side alone
    added,     // on the second side alone
};

struct RecordColumn {
    std::string name = {};
    ColumnRole role = ColumnRole::compared;
    bool is_key = false;
    // Its value may be missing from a change stream because it did not change (TOAST).
    bool may_be_unchanged_external = false;
};

struct RecordOptions {
    std::vector<RecordColumn> columns = {};  // compared ones first, in one order on all sides
    // False: rows are told apart by all their compared values (each of them is_key), and counted.
    bool keyed = true;
    bool show_values = false;
    // Change images only: which cells are there.
    bool with_presence = false;
    std::size_t shown_bytes = 200;  // a value's, in names of rows and shown rows
};

// Immutable. All offsets into a record are fixed but those of the shown values.
class RecordLayout {
public:
    // Throws std::invalid_argument unless compared columns come first and there is one.
    explicit RecordLayout(RecordOptions options);

    [[nodiscard]] const RecordOptions& options() const noexcept { return options_; }
    [[nodiscard]] bool keyed() const noexcept { return options_.keyed; }
    [[nodiscard]] std::size_t columns() const noexcept { return options_.columns.size(); }
    [[nodiscard]] std::size_t compared() const noexcept { return compared_; }
    [[nodiscard]] const std::string& name(std::size_t column) const noexcept {
        return options_.columns[column].name;
    }
    [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }
    [[nodiscard]] const std::vector<std::string>& key_names() const noexcept { return key_names_; }
    [[nodiscard]] const std::vector<std::size_t>& added_columns() const noexcept {
        return added_columns_;
    }
    // The place of a column among those stored with their content; none: -1.
    [[nodiscard]] int content_slot(std::size_t column) const noexcept { return slots_[column]; }
    [[nodiscard]] std::size_t content_slots() const noexcept { return slot_count_; }

    // The hasher that makes the digests for this layout.
    [[nodiscard]] RowHasher hasher(std::uint64_t seed) const;

    // Appends one row's record. `holds`: one flag per added column, in order: its value equals the
    // declared expression (else as if all did).
    void append_record(std::string& to, std::span<const Value> row, const RowContents& contents,
                       std::span<const Digest> cells, const std::vector<bool>& holds = {}) const;

private:
    friend class RecordView;

    RecordOptions options_;
    std::vector<std::string> names_;
    std::vector<std::string> key_names_;
    std::vector<int> slots_;
    std::size_t slot_count_ = 0;
    std::size_t compared_ = 0;
    std::vector<std::size_t> added_columns_;
    std::size_t contents_at_;
    std::size_t presence_at_;
    std::size_t holds_at_;
    std::size_t key_at_;
};

// Reads a record. Owns nothing.
class RecordView {
public:
    RecordView(const RecordLayout& layout, const char* record) noexcept
        : layout_{&layout}, record_{record} {}

    [[nodiscard]] Digest key() const noexcept { return digest_at(0); }
    // The sum of the compared columns' cells that are there.
    [[nodiscard]] Digest row() const noexcept { return digest_at(16); }
    [[nodiscard]] std::uint32_t mark(std::size_t column) const noexcept;
    [[nodiscard]] Digest content(std::size_t slot) const noexcept;
    // Of a layout without presence every cell is a value.
    [[nodiscard]] Presence presence(std::size_t column) const noexcept;
    [[nodiscard]] bool holds(std::size_t added) const noexcept;
    // "id=5"; of a table without a key the row.
    [[nodiscard]] std::string key_text() const;
    // The whole row, where it was kept; else empty. What tells rows apart and what `differs` comes
    // first: a long row is cut.
    [[nodiscard]] std::string row_text(std::span<const std::string> differs = {}) const;
    [[nodiscard]] std::string_view key_shown() const noexcept;

private:
    [[nodiscard]] Digest digest_at(std::size_t offset) const noexcept;

    const RecordLayout* layout_;
    const char* record_;
};

// The partition that a key's records are filed under.
[[nodiscard]] constexpr unsigned partition_of(Digest key) noexcept {
    return static_cast<unsigned>(key_hash(key) >> 56);
}

// A part of a partition, where that is too large to be held in memory: the keys whose next `bits`
// bits of the hash are `number`.
struct Slice {
    unsigned bits = 0;
    std::uint64_t number = 0;

    [[nodiscard]] constexpr bool holds(Digest key) const noexcept {
        return bits == 0 || (key_hash(key) << 8) >> (64 - bits) == number;
    }
};

}  // namespace checksum
