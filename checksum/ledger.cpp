#include "checksum/ledger.hpp"

#include "checksum/bytes.hpp"

#include <algorithm>
#include <stdexcept>

namespace checksum {
namespace {

// transaction (8), source (4), operation (1), flags (1), bytes of the row's image (4)
constexpr std::size_t row_bytes_at = 14;
constexpr std::size_t images_at = 18;

constexpr std::uint8_t moves_key_flag = 1;
constexpr std::uint8_t row_flag = 2;
constexpr std::uint8_t old_flag = 4;
constexpr std::uint8_t changed_flag = 8;

void append_role(std::vector<RecordColumn>& to, const std::vector<RecordColumn>& from,
                 ColumnRole role) {
    std::ranges::copy_if(from, std::back_inserter(to),
                         [role](const RecordColumn& column) { return column.role == role; });
}

}  // namespace

RecordOptions ledger_columns(const RecordOptions& before, const RecordOptions& after) {
    RecordOptions ledger = before;
    ledger.columns.clear();
    append_role(ledger.columns, before.columns, ColumnRole::compared);
    append_role(ledger.columns, before.columns, ColumnRole::dropped);
    append_role(ledger.columns, after.columns, ColumnRole::added);
    ledger.with_presence = true;
    ledger.show_values = false;
    return ledger;
}

LedgerWriter::LedgerWriter(const RowHasher& hasher, const RecordLayout& layout, SpillFile file)
    : hasher_{hasher}, layout_{layout}, file_{std::move(file)}, cells_(hasher.columns().size()) {}

void LedgerWriter::append_image(const Image& image) {
    hasher_.cells(image.row, image.contents.contents, image.contents.key, cells_);
    layout_.append_record(entry_, image.row, image.contents, cells_);
}

SpillResult LedgerWriter::file(const Change& change, bool moves_key) {
    const bool tells_columns = change.row && !changed_.empty();
    entry_.clear();
    checksum::append<std::uint64_t>(entry_, change.transaction);
    checksum::append<std::uint32_t>(entry_, change.source);
    entry_.push_back(static_cast<char>(change.operation));
    entry_.push_back(static_cast<char>((moves_key ? moves_key_flag : 0) |
                                       (change.row ? row_flag : 0) | (change.old ? old_flag : 0) |
                                       (tells_columns ? changed_flag : 0)));
    checksum::append<std::uint32_t>(entry_, 0);
    if (change.row) {
        append_image(*change.row);
        store(entry_.data() + row_bytes_at, static_cast<std::uint32_t>(entry_.size() - images_at));
    }
    if (change.old) {
        append_image(*change.old);
    }
    if (tells_columns) {
        entry_ += changed_;
    }
    if (change.operation != Operation::truncate) {
        const Image& image = change.row ? *change.row : *change.old;
        return file_.append(partition_of(image.contents.key), entry_);
    }
    for (unsigned partition = 0; partition < partition_count; ++partition) {
        if (auto error = file_.append(partition, entry_)) {
            return error;
        }
    }
    return std::nullopt;
}

void LedgerWriter::compare_images(const Change& change) {
    changed_.clear();
    if (layout_.keyed() || change.operation != Operation::update || !change.old) {
        return;
    }
    const auto is_there = [](const Value& value) { return value.presence <= Presence::null; };
    for (std::size_t i = 0; i < layout_.columns(); ++i) {
        const bool differs = is_there(change.row->row[i]) && is_there(change.old->row[i]) &&
                             change.row->contents.contents[i] != change.old->contents.contents[i];
        changed_.push_back(differs ? 1 : 0);
    }
}

SpillResult LedgerWriter::append(const Change& change) {
    const bool needs_row =
        change.operation == Operation::insert || change.operation == Operation::update;
    if (needs_row != change.row.has_value() ||
        (change.operation == Operation::remove) > change.old.has_value()) {
        throw std::invalid_argument{"a change without the rows that belong to it"};
    }
    compare_images(change);
    if (change.operation != Operation::update || !change.old ||
        change.old->contents.key == change.row->contents.key) {
        return file(change, false);
    }
    Change half = change;
    half.operation = Operation::remove;
    half.row.reset();
    if (auto error = file(half, true)) {
        return error;
    }
    half = change;
    half.operation = Operation::insert;
    half.old.reset();
    return file(half, true);
}

std::variant<SpillFile, SpillError> LedgerWriter::finish() && {
    if (auto error = file_.finish()) {
        return *error;
    }
    return std::move(file_);
}

LedgerEntry LedgerEntry::read(const RecordLayout& layout, std::string_view record) {
    const char* const from = record.data();
    const auto flags = static_cast<std::uint8_t>(from[13]);
    LedgerEntry entry{static_cast<Operation>(from[12]),
                      (flags & moves_key_flag) != 0,
                      load<std::uint64_t>(from),
                      load<std::uint32_t>(from + 8),
                      std::nullopt,
                      std::nullopt,
                      {}};
    if ((flags & row_flag) != 0) {
        entry.row.emplace(layout, from + images_at);
    }
    if ((flags & old_flag) != 0) {
        entry.old.emplace(layout, from + images_at + load<std::uint32_t>(from + row_bytes_at));
    }
    if ((flags & changed_flag) != 0) {
        entry.changed = record.substr(record.size() - layout.columns());
    }
    return entry;
}

}  // namespace checksum
