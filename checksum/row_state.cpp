#include "checksum/row_state.hpp"

namespace checksum {

using Knowledge = CellState::Knowledge;

RowRules::RowRules(const RecordLayout& before, const RecordLayout& after,
                   const RecordLayout& ledger, const RowHasher& hasher,
                   std::vector<std::optional<Digest>> initial)
    : before_{before},
      after_{after},
      ledger_{ledger},
      hasher_{hasher},
      initial_{std::move(initial)},
      first_added_{before.columns()} {
    initial_.resize(ledger.columns() - first_added_);
}

RowState RowRules::from_before(Group records) const {
    const RecordView record{before_, records.front().record};
    RowState state{.exists = true,
                   .exact = true,
                   .row = record.row(),
                   .cells = std::vector<CellState>(ledger_.columns()),
                   .key = record.key(),
                   .key_text = record.key_text()};
    for (const auto& entry : records) {
        state.copies += entry.count;
    }
    for (std::size_t i = 0; i < before_.columns(); ++i) {
        CellState& cell = state.cells[i];
        cell.knowledge = Knowledge::known;
        cell.mark = record.mark(i);
        if (const int slot = before_.content_slot(i); slot >= 0) {
            cell.has_content = true;
            cell.content = record.content(static_cast<std::size_t>(slot));
        }
    }
    return state;
}

RowState RowRules::absent(const RecordView& image) const {
    return {.cells = std::vector<CellState>(ledger_.columns()),
            .key = image.key(),
            .key_text = image.key_text()};
}

RowRules::Difference RowRules::follow_old(RowState& state, const RecordView& old) const {
    Difference difference;
    bool all_there = true;
    for (std::size_t i = 0; i < ledger_.columns(); ++i) {
        CellState& cell = state.cells[i];
        if (old.presence(i) > Presence::null) {
            all_there = all_there && i >= ledger_.compared();
            continue;
        }
        // Of an added column only the workload's word is kept. What a trigger makes of it meanwhile
        // must equal the expression in the end.
        const bool kept = i < first_added_ || cell.set || cell.maybe_set;
        if (kept && cell.knowledge == Knowledge::known && cell.mark != old.mark(i)) {
            difference.any = true;
            difference.columns.push_back(ledger_.name(i));
            state.exact = state.exact && i >= ledger_.compared();
        }
        cell.knowledge = Knowledge::known;
        cell.mark = old.mark(i);
        if (const int slot = ledger_.content_slot(i); slot >= 0) {
            cell.has_content = true;
            cell.content = old.content(static_cast<std::size_t>(slot));
        }
    }
    if (all_there) {
        difference.any = difference.any || (state.exact && state.row != old.row());
        state.exact = true;
        state.row = old.row();
    }
    return difference;
}

// Whether the workload wrote an added column. An existing row has its initial value until somebody
// writes it, and the stream carries that value with every update; a new row has its default where
// the insert does not name the column.
bool RowRules::sets(const CellState& cell, std::size_t column, const LedgerEntry& entry,
                    const ChangeSource& source, bool& maybe) const {
    const auto& initial = initial_[column - first_added_];
    if (entry.operation == Operation::insert) {
        const bool own = !entry.moves_key && source.always_writes(column, true);
        maybe = maybe || !own;
        return own;
    }
    if (cell.knowledge == Knowledge::known) {
        return cell.mark != entry.row->mark(column);
    }
    if (cell.knowledge == Knowledge::never && initial) {
        return mark(hasher_.cell(column, *initial, entry.key())) != entry.row->mark(column);
    }
    const bool own = source.always_writes(column, false);
    maybe = maybe || !own;
    return own;
}

RowRules::Applied RowRules::apply(RowState& state, const LedgerEntry& entry,
                                  const ChangeSource& source) const {
    const RecordView& image = *entry.row;
    const bool insert = entry.operation == Operation::insert;
    Applied applied;
    Digest row = image.row();
    bool exact = true;
    if (insert) {
        state.cells.assign(ledger_.columns(), {});
    }
    for (std::size_t i = 0; i < ledger_.columns(); ++i) {
        CellState& cell = state.cells[i];
        const bool compared = i < ledger_.compared();
        if (image.presence(i) > Presence::null) {
            const bool kept = image.presence(i) == Presence::unchanged && cell.has_content;
            if (kept) {
                row += compared ? hasher_.cell(i, cell.content, image.key()) : Digest{};
            } else {
                exact = exact && !compared;
            }
            applied.incomplete = applied.incomplete || (insert && !entry.moves_key && compared &&
                                                        image.presence(i) == Presence::unchanged);
            if (insert || (image.presence(i) == Presence::unknown && source.workload)) {
                cell.knowledge = cell.knowledge == Knowledge::never && !compared
                                     ? Knowledge::never
                                     : Knowledge::uncertain;
                cell.has_content = false;
                cell.maybe_set = cell.maybe_set || (source.workload && source.may_write(i));
            }
            continue;
        }
        const bool differs = cell.knowledge == Knowledge::known && cell.mark != image.mark(i);
        if (i >= first_added_ && source.workload) {
            cell.set = sets(cell, i, entry, source, cell.maybe_set) || cell.set;
        }
        if (differs) {
            applied.changed.push_back(i);
            if (source.workload && !source.may_write(i)) {
                applied.foreign.push_back(ledger_.name(i));
            }
        }
        cell.knowledge = Knowledge::known;
        cell.null = image.presence(i) == Presence::null;
        cell.mark = image.mark(i);
        if (const int slot = ledger_.content_slot(i); slot >= 0) {
            cell.has_content = true;
            cell.content = image.content(static_cast<std::size_t>(slot));
        }
    }
    state.exists = true;
    state.exact = exact;
    state.row = row;
    return applied;
}

RowRules::Applied RowRules::apply_counted(RowState& state, const LedgerEntry& entry,
                                          const ChangeSource& source) const {
    Applied applied;
    for (std::size_t i = 0; i < entry.changed.size(); ++i) {
        if (entry.changed[i] != 0) {
            applied.changed.push_back(i);
            if (source.workload && !source.may_write(i)) {
                applied.foreign.push_back(ledger_.name(i));
            }
        }
    }
    for (std::size_t i = 0; i < ledger_.compared() && entry.operation == Operation::insert; ++i) {
        applied.incomplete = applied.incomplete ||
                             (!entry.moves_key && entry.row->presence(i) == Presence::unchanged);
    }
    state.exists = true;
    return applied;
}

bool RowRules::may_move_key(const ChangeSource& source) const {
    for (std::size_t i = 0; i < ledger_.columns(); ++i) {
        if (ledger_.options().columns[i].is_key && source.may_write(i)) {
            return true;
        }
    }
    return false;
}

RowRules::Difference RowRules::between(const RowState& was, const RowState& is) const {
    Difference difference;
    for (std::size_t i = 0; i < ledger_.columns(); ++i) {
        const CellState& before = was.cells[i];
        const CellState& now = is.cells[i];
        if ((i < first_added_ || before.set) && before.knowledge == Knowledge::known &&
            now.knowledge == Knowledge::known && before.mark != now.mark) {
            difference.columns.push_back(ledger_.name(i));
        }
    }
    difference.any = !difference.columns.empty() || (was.exact && is.exact && was.row != is.row);
    return difference;
}

void RowRules::note_lost(const RowState& was, RowState& is) const {
    for (std::size_t i = first_added_; i < ledger_.columns(); ++i) {
        const CellState& before = was.cells[i];
        CellState& now = is.cells[i];
        now.maybe_lost =
            now.maybe_lost || (before.maybe_set && !before.set && !before.null &&
                               before.knowledge == Knowledge::known &&
                               now.knowledge == Knowledge::known && before.mark != now.mark);
    }
}

RowRules::Judged RowRules::judge(const RowState& state, const RecordView& after) const {
    Judged judged;
    Difference& difference = judged.difference;
    for (std::size_t i = 0; i < after_.compared(); ++i) {
        const CellState& cell = state.cells[i];
        if (cell.knowledge == Knowledge::known && cell.mark != after.mark(i)) {
            difference.columns.push_back(ledger_.name(i));
        } else if (cell.knowledge == Knowledge::never ||
                   (cell.knowledge == Knowledge::uncertain && cell.mark != after.mark(i))) {
            judged.unverified = true;
        }
    }
    const bool rows_differ = state.exact && state.row != after.row();
    for (std::size_t i = 0; i < after_.added_columns().size(); ++i) {
        const CellState& cell = state.cells[first_added_ + i];
        const std::size_t column = after_.added_columns()[i];
        const bool as_written =
            cell.knowledge == Knowledge::known && cell.mark == after.mark(column);
        if (cell.set && cell.knowledge == Knowledge::known && !as_written) {
            difference.columns.push_back(after_.name(column));  // the workload's value was lost
        } else if (cell.maybe_lost || (cell.maybe_set && !cell.set && !cell.null && !as_written)) {
            judged.unverified = true;
        } else if (!after.holds(i) && !(cell.set && as_written)) {
            if (cell.maybe_set || cell.set) {
                judged.unverified = true;
            } else {
                difference.columns.push_back(after_.name(column));
            }
        }
    }
    difference.any = rows_differ || !difference.columns.empty();
    return judged;
}

}  // namespace checksum
