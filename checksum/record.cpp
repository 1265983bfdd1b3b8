#include "checksum/record.hpp"

#include "checksum/bytes.hpp"
#include "checksum/shown_values.hpp"

#include <algorithm>
#include <stdexcept>

namespace checksum {
namespace {

constexpr std::size_t marks_at = 32;

void store_digest(char* to, Digest digest) {
    store(to, digest.low);
    store(to + 8, digest.high);
}

// A part with its length before it.
template <typename Fill>
void append_part(std::string& to, Fill fill) {
    const std::size_t at = to.size();
    append<std::uint32_t>(to, 0);
    fill();
    store(to.data() + at, static_cast<std::uint32_t>(to.size() - at - 4));
}

}  // namespace

RecordLayout::RecordLayout(RecordOptions options) : options_{std::move(options)} {
    const auto& columns = options_.columns;
    const auto is_compared = [](const RecordColumn& column) {
        return column.role == ColumnRole::compared;
    };
    if (!std::ranges::is_partitioned(columns, is_compared) ||
        !std::ranges::any_of(columns, &RecordColumn::is_key)) {
        throw std::invalid_argument{"compared columns come first, and some are the key"};
    }
    for (const RecordColumn& column : columns) {
        names_.push_back(column.name);
        if (column.is_key) {
            key_names_.push_back(column.name);
        }
        compared_ += is_compared(column) ? 1 : 0;
        if (column.role == ColumnRole::added) {
            added_columns_.push_back(names_.size() - 1);
        }
        slots_.push_back(column.may_be_unchanged_external ? static_cast<int>(slot_count_++) : -1);
    }
    contents_at_ = marks_at + 4 * columns.size();
    presence_at_ = contents_at_ + sizeof(Digest) * slot_count_;
    holds_at_ = presence_at_ + (options_.with_presence ? columns.size() : 0);
    key_at_ = holds_at_ + added_columns_.size();
}

RowHasher RecordLayout::hasher(std::uint64_t seed) const {
    std::vector<Column> columns;
    for (const RecordColumn& column : options_.columns) {
        columns.push_back({column.name, column.is_key});
    }
    return {std::move(columns), seed};
}

void RecordLayout::append_record(std::string& to, std::span<const Value> row,
                                 const RowContents& contents, std::span<const Digest> cells,
                                 const std::vector<bool>& holds) const {
    const std::size_t start = to.size();
    to.resize(start + key_at_);
    char* const record = to.data() + start;
    store_digest(record, contents.key);
    store_digest(record + 16, RowDigest{contents.key, cells.first(compared_)}.row());
    for (std::size_t i = 0; i < cells.size(); ++i) {
        store(record + marks_at + 4 * i, mark(cells[i]));
    }
    for (std::size_t i = 0; slot_count_ > 0 && i < columns(); ++i) {
        if (slots_[i] >= 0) {
            store_digest(
                record + contents_at_ + sizeof(Digest) * static_cast<std::size_t>(slots_[i]),
                contents.contents[i]);
        }
    }
    for (std::size_t i = 0; options_.with_presence && i < columns(); ++i) {
        record[presence_at_ + i] = static_cast<char>(row[i].presence);
    }
    for (std::size_t i = 0; i < added_columns_.size(); ++i) {
        record[holds_at_ + i] = i >= holds.size() || holds[i] ? 1 : 0;
    }
    append_part(to, [&] {
        for (std::size_t i = 0; i < columns(); ++i) {
            if (options_.columns[i].is_key || (options_.show_values && !options_.keyed)) {
                append_shown(to, row[i], options_.shown_bytes);
            }
        }
    });
    if (options_.show_values && options_.keyed) {
        append_part(to, [&] {
            for (const Value& value : row) {
                append_shown(to, value, options_.shown_bytes);
            }
        });
    }
}

Digest RecordView::digest_at(std::size_t offset) const noexcept {
    return {load<std::uint64_t>(record_ + offset), load<std::uint64_t>(record_ + offset + 8)};
}

std::uint32_t RecordView::mark(std::size_t column) const noexcept {
    return load<std::uint32_t>(record_ + marks_at + 4 * column);
}

Digest RecordView::content(std::size_t slot) const noexcept {
    return digest_at(layout_->contents_at_ + sizeof(Digest) * slot);
}

Presence RecordView::presence(std::size_t column) const noexcept {
    return layout_->options_.with_presence
               ? static_cast<Presence>(record_[layout_->presence_at_ + column])
               : Presence::value;
}

bool RecordView::holds(std::size_t added) const noexcept {
    return record_[layout_->holds_at_ + added] != 0;
}

std::string_view RecordView::key_shown() const noexcept {
    const char* const at = record_ + layout_->key_at_;
    return {at + 4, load<std::uint32_t>(at)};
}

std::string RecordView::key_text() const {
    return render(take_named(key_shown(), layout_->key_names()));
}

std::string RecordView::row_text(std::span<const std::string> differs) const {
    if (!layout_->options_.show_values) {
        return {};
    }
    std::string_view shown = key_shown();
    if (layout_->keyed()) {
        const char* const at = shown.data() + shown.size();
        shown = {at + 4, load<std::uint32_t>(at)};
    }
    auto values = take_named(shown, layout_->names());
    const auto is_one_of = [](std::span<const std::string> names) {
        return [names](const NamedValue& value) {
            return std::ranges::find(names, value.name) != names.end();
        };
    };
    auto rest = values.begin();
    if (layout_->keyed()) {
        rest = std::stable_partition(rest, values.end(), is_one_of(layout_->key_names()));
    }
    std::stable_partition(rest, values.end(), is_one_of(differs));
    return render(values);
}

}  // namespace checksum
