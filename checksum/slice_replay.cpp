#include "checksum/slice_replay.hpp"

#include <algorithm>

namespace checksum {
namespace {

constexpr std::size_t most_told = 10;
constexpr const char* not_in_stream = "not in the change stream";

std::uint64_t rows_of(Group group) {
    std::uint64_t rows = 0;
    for (const auto& entry : group) {
        rows += entry.count;
    }
    return rows;
}

// What is there of a key; nothing: empty.
Group group_of(const RecordLayout& layout, const LoadedRecords& records, Digest key) {
    const auto& entries = records.entries();
    const auto found = std::ranges::lower_bound(entries, key, key_before, [&](const auto& entry) {
        return RecordView{layout, entry.record}.key();
    });
    const auto at = static_cast<std::size_t>(found - entries.begin());
    return at < entries.size() && key_at(layout, records, at) == key ? group_at(layout, records, at)
                                                                     : Group{};
}

// Of several rows of one key one that is not as declared.
std::string row_text(const RecordLayout& layout, Group group,
                     const std::vector<std::string>& differs) {
    for (const auto& entry : group) {
        const RecordView row{layout, entry.record};
        for (std::size_t i = 0; i < layout.added_columns().size(); ++i) {
            if (!row.holds(i)) {
                return row.row_text(differs);
            }
        }
    }
    return group.empty() ? std::string{}
                         : RecordView{layout, group.front().record}.row_text(differs);
}

}  // namespace

SliceReplay::SliceReplay(const ReplaySides& sides, const RowRules& rules,
                         const ReplayOptions& options, const LoadedRecords& before,
                         bool counts_truncates)
    : sides_{sides}, rules_{rules}, options_{options}, counts_truncates_{counts_truncates} {
    result_.mismatches.most_kept = options.most_kept;
    result_.workload.columns.resize(sides.ledger.columns());
    result_.others.columns.resize(sides.ledger.columns());
    result_.given.resize(sides.after.layout().added_columns().size());
    for (std::size_t i = 0; i < result_.given.size(); ++i) {
        const std::size_t column = sides.ledger.columns() - result_.given.size() + i;
        may_be_given_.push_back(std::ranges::any_of(options.sources, [&](const auto& source) {
            return source.workload && source.may_write(column);
        }));
    }
    const RecordLayout& layout = sides.before.layout();
    for (std::size_t at = 0; at < before.entries().size();) {
        const Group group = group_at(layout, before, at);
        before_.emplace(key_at(layout, before, at), group);
        at += group.size();
    }
}

bool SliceReplay::too_large() const noexcept {
    // The nodes and the cells; each key may be remembered once more.
    const std::size_t a_state = sizeof(RowState) + 96 + sides_.ledger.columns() * sizeof(CellState);
    return (states_.size() + remembered_.size()) * a_state + 2 * text_bytes_ >
           options_.memory_bytes;
}

// Without a key a row's name is its values, which are shown only where that is asked for.
std::string SliceReplay::named(const std::string& what, const RowState& state) const {
    const bool shown = sides_.ledger.keyed() || sides_.before.layout().options().show_values;
    return shown ? what + " (" + state.key_text + ")" : what;
}

void SliceReplay::inconsistent(const std::string& what, const RowState& state) {
    ++result_.inconsistencies;
    if (result_.first_inconsistencies.size() < most_told) {
        result_.first_inconsistencies.push_back(named(what, state));
    }
}

void SliceReplay::mismatch(MismatchKind kind, const RowState& state,
                           std::vector<std::string> columns, std::string source,
                           std::uint64_t times) {
    result_.mismatches.add({.kind = kind,
                            .key = state.key_text,
                            .columns = std::move(columns),
                            .source = std::move(source)},
                           times);
    if (result_.mismatches.kept.size() > kept_keys_.size()) {
        kept_keys_.push_back(state.key);
    }
}

// What the scans found of each row: the second one is not known before the end.
void SliceReplay::show_rows(const LoadedRecords& after) {
    for (std::size_t i = 0; i < kept_keys_.size(); ++i) {
        Mismatch& mismatch = result_.mismatches.kept[i];
        if (const auto before = before_.find(kept_keys_[i]); before != before_.end()) {
            mismatch.before = row_text(sides_.before.layout(), before->second, mismatch.columns);
        }
        // Of a row without a key a copy is lost, and others may be there.
        if (sides_.ledger.keyed() || mismatch.kind != MismatchKind::lost) {
            const RecordLayout& layout = sides_.after.layout();
            mismatch.after =
                row_text(layout, group_of(layout, after, kept_keys_[i]), mismatch.columns);
        }
    }
}

RowState& SliceReplay::touch(Digest key, const RecordView* image) {
    if (const auto found = states_.find(key); found != states_.end()) {
        return found->second;
    }
    const auto before = before_.find(key);
    if (before == before_.end()) {
        RowState& state = states_.emplace(key, rules_.absent(*image)).first->second;
        text_bytes_ += state.key_text.size();
        return state;
    }
    RowState& state = states_.emplace(key, rules_.from_before(before->second)).first->second;
    text_bytes_ += state.key_text.size();
    if (sides_.ledger.keyed() && state.copies > 1) {
        inconsistent("the first scan found the key " + std::to_string(state.copies) + " times",
                     state);
    }
    return state;
}

void SliceReplay::remember(Digest key, const RowState& state, const ChangeSource& source) {
    if (!source.workload) {
        remembered_.emplace(key, state);  // the first time in its transaction counts
        remembered_source_ = "by " + source.name;
    }
}

void SliceReplay::apply(const LedgerEntry& entry) {
    if (transaction_ != entry.transaction) {
        settle();
        transaction_ = entry.transaction;
    }
    const ChangeSource& source = options_.sources.at(entry.source);
    if (entry.operation == Operation::truncate) {
        truncate(source);
        return;
    }
    RowState& state = touch(entry.key(), entry.row ? &*entry.row : &*entry.old);
    if (entry.old) {
        check_old(state, entry);
    }
    remember(entry.key(), state, source);
    if (entry.operation == Operation::remove) {
        if (source.workload && !source.removes && !entry.moves_key) {
            mismatch(MismatchKind::lost, state, {},
                     "by " + source.name + ", whose statements delete no row");
        }
        remove(state);
        if (source.workload && !sides_.ledger.keyed()) {
            forget_given(state);
        }
        ChangeCounts& counts = source.workload ? result_.workload : result_.others;
        counts.removes += entry.moves_key ? 0 : 1;
    } else {
        insert_or_update(state, entry, source);
    }
}

// Only what carries old images besides the key can tell that a row was changed in between.
void SliceReplay::check_old(RowState& state, const LedgerEntry& entry) {
    if (!sides_.ledger.keyed()) {
        if (!state.exists) {
            appear(state, entry);
        }
        return;
    }
    if (!state.exists) {
        return;
    }
    const auto difference = rules_.follow_old(state, *entry.old);
    if (difference.any) {
        mismatch(MismatchKind::changed, state, difference.columns, not_in_stream);
    }
}

// Of a table without a key: what a rewrite made of another row, which is lost then, and what
// somebody now changes. As with a key the state follows. Where no row is lost it is the stream that
// does not fit: see ReplayResult::balance().
void SliceReplay::appear(RowState& state, const LedgerEntry& entry) {
    if (result_.appeared++ == 0) {
        result_.first_appeared = named(entry.operation == Operation::remove && !entry.moves_key
                                           ? "a row is removed that is not there"
                                           : "a row is updated that is not there",
                                       state);
    }
    mismatch(MismatchKind::extra, state, {}, not_in_stream);
    state.exists = true;
    state.copies = 1;
}

// Of a table without a key. A row that moved here may have been given its value where it was.
void SliceReplay::note_given(RowState& state, const LedgerEntry& entry,
                             const ChangeSource& source) {
    const std::size_t first_added = sides_.ledger.columns() - result_.given.size();
    for (std::size_t i = 0; i < result_.given.size(); ++i) {
        const std::size_t column = first_added + i;
        const bool written = entry.operation == Operation::insert || entry.changed.empty() ||
                             entry.changed[column] != 0 ||
                             entry.row->presence(column) == Presence::unknown;
        const bool own = source.workload && source.may_write(column) && written;
        CellState& cell = state.cells[column];
        if ((own || (entry.moves_key && may_be_given_[i])) && cell.given < UINT32_MAX) {
            ++cell.given;
        }
    }
    if (source.workload) {
        forget_given(state);
    }
}

// No more rows than there are. What others remove they may put back, with what it was given.
void SliceReplay::forget_given(RowState& state) {
    for (CellState& cell : state.cells) {
        cell.given = static_cast<std::uint32_t>(std::min<std::uint64_t>(cell.given, state.copies));
    }
}

void SliceReplay::remove(RowState& state) {
    if (!state.exists) {
        inconsistent("a row is removed that is not there", state);
        return;
    }
    if (sides_.ledger.keyed() || --state.copies == 0) {
        state.exists = false;
        state.copies = 0;
    }
}

void SliceReplay::insert_or_update(RowState& state, const LedgerEntry& entry,
                                   const ChangeSource& source) {
    const bool insert = entry.operation == Operation::insert;
    ChangeCounts& counts = source.workload ? result_.workload : result_.others;
    counts.inserts += insert && !entry.moves_key ? 1 : 0;
    counts.updates += !insert || entry.moves_key ? 1 : 0;
    if (insert && state.exists && sides_.ledger.keyed()) {
        inconsistent("a row is inserted whose key is there", state);
    } else if (!insert && !state.exists) {
        inconsistent("a row is updated that is not there", state);
    }
    const bool keyed = sides_.ledger.keyed();
    const auto applied =
        keyed ? rules_.apply(state, entry, source) : rules_.apply_counted(state, entry, source);
    if (applied.incomplete) {
        inconsistent("an insert does not carry all columns", state);
    }
    for (const std::size_t column : applied.changed) {
        ++counts.columns[column];
    }
    if (source.workload && insert && !entry.moves_key && !source.inserts) {
        mismatch(MismatchKind::extra, state, {},
                 "by " + source.name + ", whose statements insert no row");
    }
    if (keyed && source.workload && entry.moves_key && !rules_.may_move_key(source)) {
        mismatch(MismatchKind::changed, state, sides_.ledger.key_names(),
                 "by " + source.name + ", whose statements do not write it");
    }
    if (!applied.foreign.empty()) {
        mismatch(MismatchKind::changed, state, applied.foreign,
                 "by " + source.name + ", whose statements do not write it");
    }
    if (insert) {
        ++state.copies;
    } else {
        state.copies = std::max<std::uint64_t>(state.copies, 1);
    }
    if (!keyed) {
        note_given(state, entry, source);
    }
}

void SliceReplay::truncate(const ChangeSource& source) {
    if (counts_truncates_) {
        ++(source.workload ? result_.workload : result_.others).truncates;
    }
    for (const auto& [key, group] : before_) {
        (void)touch(key, nullptr);
    }
    for (auto& [key, state] : states_) {
        remember(key, state, source);
        state.exists = false;
        state.copies = 0;
        if (source.workload && !sides_.ledger.keyed()) {
            forget_given(state);
        }
    }
}

void SliceReplay::settle_counted(const RowState& was, const RowState& is) {
    if (is.copies < was.copies) {
        mismatch(MismatchKind::lost, is, {}, remembered_source_, was.copies - is.copies);
    } else if (is.copies > was.copies) {
        mismatch(was.copies > 0 ? MismatchKind::duplicated : MismatchKind::extra, is, {},
                 remembered_source_, is.copies - was.copies);
    }
}

void SliceReplay::settle() {
    for (const auto& [key, was] : remembered_) {
        RowState& is = states_.at(key);
        if (!sides_.ledger.keyed()) {
            settle_counted(was, is);
        } else if (was.exists && !is.exists) {
            mismatch(MismatchKind::lost, is, {}, remembered_source_);
        } else if (!was.exists && is.exists) {
            mismatch(MismatchKind::extra, is, {}, remembered_source_);
        } else if (was.exists) {
            rules_.note_lost(was, is);
            auto difference = rules_.between(was, is);
            if (difference.any) {
                mismatch(MismatchKind::changed, is, std::move(difference.columns),
                         remembered_source_);
            }
        }
    }
    remembered_.clear();
}

void SliceReplay::judge_counted(const RowState& state, Group after) {
    const std::uint64_t rows = rows_of(after);
    if (rows < state.copies) {
        mismatch(MismatchKind::lost, state, {}, not_in_stream, state.copies - rows);
        result_.lost_unseen += state.copies - rows;
    } else if (rows > state.copies) {
        mismatch(state.copies > 0 ? MismatchKind::duplicated : MismatchKind::extra, state, {},
                 not_in_stream, rows - state.copies);
    }
    judge_added(state, after);
}

// As many of equal rows as the workload may have given a value may differ from what was declared;
// that it did is not proved.
void SliceReplay::judge_added(const RowState& state, Group after) {
    std::uint64_t unverified = 0;
    const RecordLayout& layout = sides_.after.layout();
    for (std::size_t i = 0; i < layout.added_columns().size(); ++i) {
        std::uint64_t not_as_declared = 0;
        for (const auto& entry : after) {
            not_as_declared += RecordView{layout, entry.record}.holds(i) ? 0 : entry.count;
        }
        const std::uint64_t given =
            state.cells[sides_.ledger.columns() - result_.given.size() + i].given;
        if (not_as_declared > given) {
            mismatch(MismatchKind::changed, state, {layout.name(layout.added_columns()[i])},
                     not_in_stream, not_as_declared - given);
        }
        unverified = std::max(unverified, std::min(not_as_declared, given));
    }
    result_.unverified += unverified;
    if (unverified > 0 && result_.first_unverified.size() < most_told) {
        result_.first_unverified.push_back(named("a row without a key", state));
    }
}

void SliceReplay::judge(const RowState& state, Group after) {
    if (!sides_.ledger.keyed()) {
        judge_counted(state, after);
        return;
    }
    const std::uint64_t rows = rows_of(after);
    if (!state.exists || rows == 0) {
        if (state.exists || rows > 0) {
            mismatch(state.exists ? MismatchKind::lost : MismatchKind::extra, state, {},
                     not_in_stream, std::max<std::uint64_t>(rows, 1));
        }
        return;
    }
    const std::size_t first_added = sides_.ledger.columns() - result_.given.size();
    for (std::size_t i = 0; i < result_.given.size(); ++i) {
        const CellState& cell = state.cells[first_added + i];
        result_.given[i] += cell.set && !cell.null ? 1 : 0;
    }
    // Of several rows with the key one may be the right one.
    auto best = rules_.judge(state, {sides_.after.layout(), after.front().record});
    for (const auto& entry : after.subspan(1)) {
        if (best.difference.any) {
            best = rules_.judge(state, {sides_.after.layout(), entry.record});
        }
    }
    if (best.difference.any) {
        mismatch(MismatchKind::changed, state, best.difference.columns, not_in_stream);
    } else if (best.unverified) {
        ++result_.unverified;
        if (result_.first_unverified.size() < most_told) {
            result_.first_unverified.push_back(state.key_text);
        }
    }
    if (rows > 1) {
        mismatch(MismatchKind::duplicated, state, {}, not_in_stream, rows - 1);
    }
}

ReplayResult SliceReplay::finish(const LoadedRecords& after) {
    settle();
    const RecordLayout& layout = sides_.after.layout();
    // Everything there is of each key, in the order of keys.
    struct Ends {
        Group before = {};
        Group after = {};
        const RowState* state = nullptr;
    };
    std::vector<std::pair<Digest, Ends>> all;
    for (std::size_t at = 0; at < after.entries().size();) {
        const Digest key = key_at(layout, after, at);
        const Group group = group_at(layout, after, at);
        const auto before = before_.find(key);
        const auto state = states_.find(key);
        all.push_back({key,
                       {before == before_.end() ? Group{} : before->second, group,
                        state == states_.end() ? nullptr : &state->second}});
        at += group.size();
    }
    const std::size_t found_after = all.size();
    const auto is_found = [&](Digest key) {
        return std::binary_search(
            all.begin(), all.begin() + static_cast<std::ptrdiff_t>(found_after),
            std::pair{key, Ends{}},
            [](const auto& a, const auto& b) { return key_before(a.first, b.first); });
    };
    for (const auto& [key, state] : states_) {
        if (!is_found(key)) {
            all.push_back({key, {.state = &state}});
        }
    }
    for (const auto& [key, group] : before_) {
        if (!states_.contains(key) && !is_found(key)) {
            all.push_back({key, {.before = group}});
        }
    }
    std::ranges::sort(all,
                      [](const auto& a, const auto& b) { return key_before(a.first, b.first); });
    Mismatches untouched{.most_kept = options_.most_kept};
    for (const auto& [key, ends] : all) {
        if (ends.state != nullptr) {
            judge(*ends.state, ends.after);
        } else {
            compare_groups({sides_.before.layout(), layout}, ends.before, ends.after, untouched);
        }
    }
    if (!sides_.ledger.keyed()) {
        result_.lost_unseen += untouched.count(MismatchKind::lost);
    }
    for (Mismatch& one : untouched.kept) {
        one.source = not_in_stream;
    }
    show_rows(after);
    result_.mismatches.add(std::move(untouched));
    return std::move(result_);
}

}  // namespace checksum
