// The change ledger: who changed what between two scans, in the order of commits, on disk.
//
// Every column has one name and one digest over the whole time: a renamed one the name it had, a
// rewritten one the digest of its declared result, which the engine works out also for changes that
// carry the old form; where it cannot, it hands in Presence::unknown.
#pragma once

#include "checksum/record.hpp"
#include "checksum/spill.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <variant>

namespace checksum {

enum class Operation : std::uint8_t { insert, update, remove, truncate };

// A row of the change stream with its digests. Cells that the stream did not carry are unchanged or
// unknown: an old image of a table whose identity is its key has all but the key unknown.
struct Image {
    std::span<const Value> row;
    RowContents contents;
};

// One change of one row (or all of them, at a truncate).
struct Change {
    Operation operation = Operation::update;
    // Changes of one transaction stand together. Numbers need not ascend.
    std::uint64_t transaction = 0;
    std::uint32_t source = 0;       // an index into ReplayOptions::sources
    std::optional<Image> row = {};  // of an insert or update
    std::optional<Image> old = {};  // of a remove; of an update where the stream carries it
};

// The columns of a ledger: those of both sides, compared ones first, then dropped, then added.
[[nodiscard]] RecordOptions ledger_columns(const RecordOptions& before, const RecordOptions& after);

class LedgerWriter {
public:
    // The hasher and the layout, both of ledger_columns(), must outlive it.
    LedgerWriter(const RowHasher& hasher, const RecordLayout& layout, SpillFile file);

    // In the order of commits. An update that changes the key is filed as a remove and an insert.
    // Throws std::invalid_argument for a change without the images that its operation needs.
    [[nodiscard]] SpillResult append(const Change& change);
    [[nodiscard]] std::variant<SpillFile, SpillError> finish() &&;

private:
    [[nodiscard]] SpillResult file(const Change& change, bool moves_key);
    void compare_images(const Change& change);
    void append_image(const Image& image);

    const RowHasher& hasher_;
    const RecordLayout& layout_;
    SpillFile file_;
    std::vector<Digest> cells_;
    std::string entry_;
    std::string changed_;  // see LedgerEntry
};

// What was filed. Views into the record.
struct LedgerEntry {
    Operation operation;
    bool moves_key;  // one half of an update that changed the key
    std::uint64_t transaction;
    std::uint32_t source;
    std::optional<RecordView> row;
    std::optional<RecordView> old;
    // Of an update of a table without a key, a byte a column: not 0 where its two images differ.
    // The two halves of one that was split share neither a row nor digests.
    std::string_view changed = {};

    [[nodiscard]] static LedgerEntry read(const RecordLayout& layout, std::string_view record);
    // Of anything but a truncate.
    [[nodiscard]] Digest key() const noexcept { return row ? row->key() : old->key(); }
};

}  // namespace checksum
