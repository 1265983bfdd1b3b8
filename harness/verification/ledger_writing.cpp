#include "harness/verification/ledger_writing.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace harness::verification {
namespace {

using checksum::ColumnRole;
using checksum::Presence;
using checksum::Value;
using database::StreamEnded;

// Others than the workload that are told apart. Their names are what a mismatch is reported with.
constexpr std::size_t most_others = 1'000;

checksum::SpillFile spill_file(const checksum::SpillFile::Options& options) {
    auto made = checksum::SpillFile::create(options);
    if (const auto* error = std::get_if<checksum::SpillError>(&made)) {
        throw StreamEnded{"no ledger can be written: " + error->message};
    }
    return std::get<checksum::SpillFile>(std::move(made));
}

// Whether a stream's value of that column is the value that a scan would read. Numbers and texts
// keep every value in one form; other types only where nothing was changed.
bool comes_as_scanned(const FollowedColumn& scanned, const database::StreamColumn& column) {
    using checksum::Kind;
    const auto is_number = [](Kind kind) { return kind == Kind::number || kind == Kind::decimal; };
    if (!scanned.opaque && is_number(scanned.kind) && is_number(column.kind)) {
        return true;
    }
    if (scanned.opaque || scanned.kind != column.kind || scanned.tag != column.tag) {
        return false;
    }
    return scanned.type == column.type || scanned.kind == Kind::text;
}

}  // namespace

Ledger::Ledger(const FollowedTable& followed, const LedgerSettings& settings)
    : table{followed.name},
      in_stream{followed.in_stream},
      layout{followed.columns},
      hasher{layout.hasher(settings.seed)},
      sources{followed.operations} {}

struct LedgerWriting::Table {
    Table(FollowedTable table, const LedgerSettings& settings)
        : followed{std::move(table)},
          ledger{std::make_unique<Ledger>(followed, settings)},
          writer{ledger->hasher, ledger->layout, spill_file(settings.spill)},
          bindings(followed.columns.columns.size()) {
        for (auto& row : rows) {
            row.resize(bindings.size());
        }
        for (auto& content : contents) {
            content.resize(bindings.size());
        }
    }

    struct Binding {
        int place = -1;           // of the column in the relation; -1: it is not there
        bool comparable = false;  // in the form of the scans
        bool was_there = false;
    };

    FollowedTable followed;
    std::unique_ptr<Ledger> ledger;
    checksum::LedgerWriter writer;
    std::vector<Binding> bindings;  // one a column of the ledger
    std::vector<Value> rows[2];     // the row, and the one that it was
    std::vector<checksum::Digest> contents[2];
};

LedgerWriting::LedgerWriting(std::vector<FollowedTable> tables, const LedgerSettings& settings) {
    for (auto& table : tables) {
        if (!order_.empty() && table.operations.size() != operations_) {
            throw std::invalid_argument{"tables with different operations"};
        }
        if (table.in_stream.size() != table.columns.columns.size()) {
            throw std::invalid_argument{"columns of a ledger without their names in the stream"};
        }
        operations_ = table.operations.size();
        const auto identity = table.identity;
        order_.push_back(identity);
        tables_.emplace(identity, std::make_unique<Table>(std::move(table), settings));
    }
}

LedgerWriting::~LedgerWriting() = default;

LedgerWriting::Table* LedgerWriting::find(const database::StreamRelation& relation) {
    const auto found = tables_.find(relation.identity);
    return found == tables_.end() ? nullptr : found->second.get();
}

void LedgerWriting::relation(const database::StreamRelation& relation) {
    Table* const table = find(relation);
    if (table == nullptr) {
        return;
    }
    for (std::size_t i = 0; i < table->bindings.size(); ++i) {
        auto& binding = table->bindings[i];
        auto& wanted = table->ledger->in_stream[i];
        const auto& column = table->followed.columns.columns[i];
        binding.place = -1;
        for (std::size_t at = 0; at < relation.columns.size(); ++at) {
            const auto& candidate = relation.columns[at];
            if (std::ranges::find(wanted.names, candidate.name) == wanted.names.end()) {
                continue;
            }
            if (wanted.type.empty()) {
                wanted.type = candidate.type;
                wanted.kind = candidate.kind;
                wanted.tag = candidate.tag;
            }
            // Under both its names at once: which of them is to be believed nobody says.
            const bool twice = binding.place >= 0;
            binding.place = static_cast<int>(at);
            binding.comparable = !twice && comes_as_scanned(wanted, candidate);
        }
        if (binding.place < 0 && binding.was_there && column.role == ColumnRole::compared) {
            throw StreamEnded{"column " + column.name + " of " + table->followed.name +
                              " is no longer in the change stream (dropped or renamed)"};
        }
        binding.was_there = binding.was_there || binding.place >= 0;
    }
}

void LedgerWriting::begin(const database::StreamTransaction& transaction) {
    transaction_ = transaction.id;
    source_.reset();
    is_tagged_ = false;
}

void LedgerWriting::tag(std::string_view content) {
    std::uint32_t operation = 0;
    const auto [end, error] =
        std::from_chars(content.data(), content.data() + content.size(), operation);
    if (error != std::errc{} || end != content.data() + content.size() ||
        operation >= operations_) {
        throw StreamEnded{"transaction " + std::to_string(transaction_) +
                          " says that it is an operation that is not known: " +
                          std::string{content.substr(0, 40)}};
    }
    if (source_ && *source_ != operation) {
        throw StreamEnded{"transaction " + std::to_string(transaction_) +
                          " says what it is only after its changes, or twice"};
    }
    source_ = operation;
    is_tagged_ = true;
}

// Of the running transaction, which has said by now what it is if it is the workload's.
std::uint32_t LedgerWriting::source() {
    if (!source_) {
        if (others_.size() < most_others) {
            others_.push_back("transaction " + std::to_string(transaction_) +
                              ", which is not the workload's");
        } else if (others_.size() == most_others) {
            others_.emplace_back("one of many transactions that are not the workload's");
        }
        source_ = static_cast<std::uint32_t>(operations_ + others_.size() - 1);
    }
    return *source_;
}

// The row as the ledger has it. `which`: 0 the new one, 1 the old one.
checksum::Image LedgerWriting::image(Table& table, std::span<const Value> values,
                                     std::span<const Value> old, int which, Inserts inserts) {
    const auto& columns = table.followed.columns.columns;
    const auto by = source();
    const auto writes = [&](std::size_t column) {
        return by >= operations_ || table.followed.operations[by].may_write(column);
    };
    auto& row = table.rows[which];
    for (std::size_t i = 0; i < row.size(); ++i) {
        const auto& binding = table.bindings[i];
        const bool added = columns[i].role == ColumnRole::added;
        if (added && (binding.place < 0 || !writes(i))) {
            // It does not exist yet, or whoever changes the row says nothing of it.
            row[i] = checksum::unchanged_value;
            continue;
        }
        const bool comes = binding.place >= 0 && binding.comparable;
        if (!comes && inserts == Inserts::no && !writes(i) && !columns[i].is_key) {
            row[i] = checksum::unchanged_value;
            continue;
        }
        if (binding.place < 0) {
            row[i] = checksum::unknown_value;
        } else {
            const auto place = static_cast<std::size_t>(binding.place);
            row[i] = values[place];
            // A whole old image has what the new one leaves out.
            if (row[i].presence == Presence::unchanged && !old.empty() &&
                old[place].presence <= Presence::null) {
                row[i] = old[place];
            }
            if (row[i].presence == Presence::value && !binding.comparable) {
                row[i] = checksum::unknown_value;
            }
        }
        if (columns[i].is_key && row[i].presence > Presence::null) {
            throw StreamEnded{"the change stream does not tell " + columns[i].name +
                              " of a row of " + table.followed.name + ", by which it is known"};
        }
    }
    auto& contents = table.contents[which];
    table.ledger->hasher.contents(row, contents);
    return {row, {table.ledger->hasher.key(contents), contents}};
}

void LedgerWriting::file(Table& table, const checksum::Change& change) {
    ++table.ledger->changes;
    if (const auto error = table.writer.append(change)) {
        throw StreamEnded{"the ledger could not be written: " + error->message};
    }
}

void LedgerWriting::change(const database::RowChange& change) {
    Table* const table = find(*change.relation);
    if (table == nullptr) {
        return;
    }
    checksum::Change filed;
    filed.transaction = transaction_;
    filed.source = source();
    switch (change.operation) {
        case database::RowOperation::insert:
            filed.operation = checksum::Operation::insert;
            break;
        case database::RowOperation::update:
            filed.operation = checksum::Operation::update;
            break;
        case database::RowOperation::remove:
            filed.operation = checksum::Operation::remove;
            break;
    }
    if (!change.row.empty()) {
        filed.row =
            image(*table, change.row, change.old, 0,
                  change.operation == database::RowOperation::insert ? Inserts::yes : Inserts::no);
    }
    if (!change.old.empty()) {
        filed.old = image(*table, change.old, {}, 1, Inserts::no);
    }
    file(*table, filed);
}

void LedgerWriting::truncate(std::span<const database::StreamRelation* const> relations) {
    for (const auto* relation : relations) {
        if (Table* const table = find(*relation)) {
            checksum::Change filed;
            filed.operation = checksum::Operation::truncate;
            filed.transaction = transaction_;
            filed.source = source();
            file(*table, filed);
        }
    }
}

void LedgerWriting::commit() {
    ++(is_tagged_ ? tagged_ : untagged_);
}

std::vector<std::unique_ptr<Ledger>> LedgerWriting::finish() {
    std::vector<std::unique_ptr<Ledger>> ledgers;
    for (const auto identity : order_) {
        auto& table = *tables_.at(identity);
        auto file = std::move(table.writer).finish();
        if (const auto* error = std::get_if<checksum::SpillError>(&file)) {
            throw StreamEnded{"the ledger could not be written: " + error->message};
        }
        table.ledger->file.emplace(std::get<checksum::SpillFile>(std::move(file)));
        for (const auto& name : others_) {
            table.ledger->sources.push_back({.name = name});
        }
        ledgers.push_back(std::move(table.ledger));
    }
    return ledgers;
}

}  // namespace harness::verification
