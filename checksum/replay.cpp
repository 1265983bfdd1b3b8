#include "checksum/replay.hpp"

#include "checksum/slice_replay.hpp"

#include <algorithm>
#include <stdexcept>

namespace checksum {
namespace {

constexpr std::size_t most_told = 10;

void append_some(std::vector<std::string>& to, std::vector<std::string> from) {
    for (std::string& one : from) {
        if (to.size() < most_told) {
            to.push_back(std::move(one));
        }
    }
}

void check_layouts(const Sidecar& before, const Sidecar& after, const RecordLayout& ledger) {
    check_same_columns(before.layout(), after.layout());
    const auto expected =
        ledger_columns(before.layout().options(), after.layout().options()).columns;
    if (!std::ranges::equal(expected, ledger.options().columns, {}, &RecordColumn::name,
                            &RecordColumn::name) ||
        ledger.keyed() != before.layout().keyed() || !ledger.options().with_presence) {
        throw std::invalid_argument{"the ledger has other columns than the two scans"};
    }
}

using SliceOutcome = std::variant<std::monostate, TooLarge, SpillError>;

class Replay {
public:
    Replay(const ReplaySides& sides, const RowRules& rules, const SpillFile& file,
           const ReplayOptions& options)
        : sides_{sides}, rules_{rules}, file_{file}, options_{options} {
        result_.mismatches.most_kept = options.most_kept;
    }

    SliceOutcome slice(unsigned partition, Slice slice) {
        auto before = sides_.before.load(partition, slice, options_.memory_bytes);
        if (!std::holds_alternative<LoadedRecords>(before)) {
            return failed(before);
        }
        SliceReplay replay{sides_, rules_, options_, std::get<LoadedRecords>(before),
                           partition == 0 && slice.number == 0};
        SpillReader reader{file_, partition};
        while (const auto record = reader.next()) {
            const auto entry = LedgerEntry::read(sides_.ledger, *record);
            if (entry.source >= options_.sources.size()) {
                throw std::invalid_argument{"a change by a source that is not told"};
            }
            if (entry.operation == Operation::truncate || slice.holds(entry.key())) {
                replay.apply(entry);
                if (replay.too_large()) {
                    return TooLarge{};
                }
            }
        }
        if (reader.error()) {
            return *reader.error();
        }
        auto after = sides_.after.load(partition, slice, options_.memory_bytes);
        if (!std::holds_alternative<LoadedRecords>(after)) {
            return failed(after);
        }
        result_.add(replay.finish(std::get<LoadedRecords>(after)));
        return {};
    }

    ReplayResult take() { return std::move(result_); }

private:
    static SliceOutcome failed(const std::variant<LoadedRecords, TooLarge, SpillError>& loaded) {
        if (const auto* error = std::get_if<SpillError>(&loaded)) {
            return *error;
        }
        return TooLarge{};
    }

    const ReplaySides& sides_;
    const RowRules& rules_;
    const SpillFile& file_;
    const ReplayOptions& options_;
    ReplayResult result_;
};

}  // namespace

void ChangeCounts::add(const ChangeCounts& other) {
    inserts += other.inserts;
    updates += other.updates;
    removes += other.removes;
    truncates += other.truncates;
    columns.resize(std::max(columns.size(), other.columns.size()));
    for (std::size_t i = 0; i < other.columns.size(); ++i) {
        columns[i] += other.columns[i];
    }
}

void ReplayResult::add(ReplayResult other) {
    mismatches.add(std::move(other.mismatches));
    workload.add(other.workload);
    others.add(other.others);
    given.resize(std::max(given.size(), other.given.size()));
    for (std::size_t i = 0; i < other.given.size(); ++i) {
        given[i] += other.given[i];
    }
    inconsistencies += other.inconsistencies;
    append_some(first_inconsistencies, std::move(other.first_inconsistencies));
    if (appeared == 0) {
        first_appeared = std::move(other.first_appeared);
    }
    appeared += other.appeared;
    lost_unseen += other.lost_unseen;
    unverified += other.unverified;
    append_some(first_unverified, std::move(other.first_unverified));
}

void ReplayResult::balance() {
    if (appeared > lost_unseen) {
        inconsistencies += appeared - lost_unseen;
        append_some(first_inconsistencies, {first_appeared});
    }
}

LedgerVerdict ReplayResult::verdict() const noexcept {
    if (inconsistencies > 0) {
        return LedgerVerdict::inconclusive;
    }
    if (mismatches.total() > 0) {
        return LedgerVerdict::mismatch;
    }
    return unverified > 0 ? LedgerVerdict::inconclusive : LedgerVerdict::pass;
}

std::vector<std::string> ReplayResult::reasons() const {
    std::vector<std::string> all;
    if (inconsistencies > 0) {
        all.push_back("the change stream does not fit the rows in " +
                      std::to_string(inconsistencies) +
                      " places, first: " + first_inconsistencies.front());
    }
    if (mismatches.total() > 0) {
        all.push_back(std::to_string(mismatches.total()) + " rows are not as they should be");
    }
    if (unverified > 0) {
        all.push_back(std::to_string(unverified) +
                      " rows differ where the change stream did not carry the last value, first: " +
                      first_unverified.front());
    }
    return all;
}

std::variant<ReplayResult, SpillError> replay(const Sidecar& before, const Sidecar& after,
                                              const RecordLayout& ledger, const RowHasher& hasher,
                                              const SpillFile& ledger_file,
                                              const ReplayOptions& options) {
    check_layouts(before, after, ledger);
    const ReplaySides sides{before, after, ledger};
    const RowRules rules{before.layout(), after.layout(), ledger, hasher, options.initial};
    Replay running{sides, rules, ledger_file, options};
    for (unsigned partition = 0; partition < partition_count; ++partition) {
        const auto join = [&](unsigned number, Slice slice) {
            return running.slice(number, slice);
        };
        if (auto error = for_each_slice(partition, join)) {
            return *error;
        }
    }
    ReplayResult result = running.take();
    result.balance();
    return result;
}

}  // namespace checksum
