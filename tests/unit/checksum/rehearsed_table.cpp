#include "rehearsed_table.hpp"

#include <algorithm>
#include <stdexcept>

namespace checksum::testing {

RecordOptions columns() {
    return record_options({"id", "total", "note"});
}

Row order(std::int64_t id, std::int64_t total, const std::string& note) {
    return {int_cell(id), int_cell(total), text_cell(note)};
}

RehearsedTable::RehearsedTable(RecordOptions before, RecordOptions after, std::vector<Row> rows)
    : options{.sources = {{.name = "workload", .workload = true}, {.name = "migration"}}},
      before_options_{std::move(before)},
      after_options_{std::move(after)},
      layout_{ledger_columns(before_options_, after_options_)},
      hasher_{layout_.hasher(seed)},
      rows_{std::move(rows)},
      writer_{hasher_, layout_, spill_file(directory_)} {
    std::vector<Row> first;
    for (const Row& row : rows_) {
        first.push_back(side(row, ColumnRole::added));
    }
    before_.emplace(sidecar(directory_, before_options_, first));
}

Row RehearsedTable::side(const Row& row, ColumnRole left_out) const {
    Row result;
    for (std::size_t i = 0; i < row.size(); ++i) {
        if (layout_.options().columns[i].role != left_out) {
            result.push_back(row[i]);
        }
    }
    return result;
}

std::vector<Row>::iterator RehearsedTable::at(std::int64_t id) {
    const Cell wanted = int_cell(id);
    return std::ranges::find_if(rows_, [&](const Row& row) { return row[0] == wanted; });
}

Row* RehearsedTable::find(std::int64_t id) {
    const auto found = at(id);
    return found == rows_.end() ? nullptr : &*found;
}

void RehearsedTable::append(Operation operation, std::uint32_t source, const Row* row,
                            const Row* old) {
    if (!same_transaction_) {
        ++transaction_;
    }
    OwnedDigest digests[2];
    std::vector<Value> given[2];
    Change change{.operation = operation, .transaction = transaction_, .source = source};
    const auto image = [&](const Row& from, int which) {
        given[which] = values(from);
        digests[which] = digest(hasher_, from);
        return Image{given[which], {digests[which].key, digests[which].contents}};
    };
    if (row != nullptr) {
        change.row = image(*row, 0);
    }
    if (old != nullptr) {
        change.old = image(*old, 1);
    }
    if (writer_.append(change)) {
        throw std::runtime_error{"the ledger could not be written"};
    }
}

void RehearsedTable::insert(std::uint32_t source, const Row& row,
                            const std::optional<Row>& carried) {
    rows_.push_back(row);
    append(Operation::insert, source, carried ? &*carried : &row, nullptr);
}

void RehearsedTable::update(std::uint32_t source, std::int64_t id, const Row& row, bool with_old,
                            const std::optional<Row>& carried) {
    const auto found = at(id);
    Row old = *found;
    const bool moves = !(old[0] == row[0]);
    // With the key as identity only that is in the old image, and only if it changed.
    for (std::size_t i = 0; i < old.size() && !with_old; ++i) {
        if (!layout_.options().columns[i].is_key) {
            old[i] = {.presence = Presence::unknown};
        }
    }
    *found = row;
    const Row& in_stream = carried ? *carried : row;
    append(Operation::update, source, &in_stream, with_old || moves ? &old : nullptr);
}

void RehearsedTable::remove(std::uint32_t source, std::int64_t id) {
    const auto found = at(id);
    const Row old = *found;
    rows_.erase(found);
    append(Operation::remove, source, nullptr, &old);
}

void RehearsedTable::truncate(std::uint32_t source) {
    rows_.clear();
    append(Operation::truncate, source, nullptr, nullptr);
}

void RehearsedTable::only_in_stream(Operation operation, std::uint32_t source, const Row& row) {
    append(operation, source, operation == Operation::remove ? nullptr : &row,
           operation == Operation::remove ? &row : nullptr);
}

void RehearsedTable::same_transaction(bool same) {
    transaction_ += same ? 1 : 0;
    same_transaction_ = same;
}

void RehearsedTable::behind_the_stream(std::int64_t id, const Row& row) {
    *at(id) = row;
}
void RehearsedTable::lose_behind_the_stream(std::int64_t id) {
    rows_.erase(at(id));
}
void RehearsedTable::duplicate_behind_the_stream(std::int64_t id) {
    const Row copy = *at(id);
    rows_.push_back(copy);
}

Digest RehearsedTable::content(const Cell& cell) const {
    const std::vector<Value> row(layout_.columns(), cell.value());
    std::vector<Digest> contents(layout_.columns());
    hasher_.contents(row, contents);
    return contents[0];
}

std::variant<ReplayResult, SpillError> RehearsedTable::try_replay() {
    std::vector<Row> last;
    std::vector<std::vector<bool>> flags;
    for (const Row& row : rows_) {
        last.push_back(side(row, ColumnRole::dropped));
        flags.push_back(holds == nullptr ? std::vector<bool>{} : holds(row));
    }
    const Sidecar after = sidecar(directory_, after_options_, last, flags, 3);
    const SpillFile file = std::get<SpillFile>(std::move(writer_).finish());
    return replay(*before_, after, layout_, hasher_, file, options);
}

ReplayResult RehearsedTable::replayed() {
    return std::get<ReplayResult>(try_replay());
}

std::vector<std::string> RehearsedTable::told(const ReplayResult& result) {
    std::vector<std::string> all;
    for (const Mismatch& one : result.mismatches.kept) {
        std::string text = std::string{name(one.kind)} + " " + one.key;
        for (const std::string& column : one.columns) {
            text += " (" + column + ")";
        }
        all.push_back(text + ": " + one.source);
    }
    std::ranges::sort(all);
    return all;
}

}  // namespace checksum::testing
