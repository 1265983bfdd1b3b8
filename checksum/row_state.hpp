// What is known of one row while the ledger is replayed over it.
#pragma once

#include "checksum/ledger.hpp"
#include "checksum/mismatch.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace checksum {

// Who made changes. Only of the workload is it expected that it changes what was there before, and
// only what its statements can: whatever else its transactions do, a trigger does.
struct ChangeSource {
    std::string name = {};
    bool workload = false;
    // The columns (of the ledger) that its statements may write, where that is known. Without it a
    // workload's update of a row that was damaged behind the stream's back carries the damage on as
    // if the workload had meant it: the stream carries whole rows.
    std::optional<std::vector<bool>> writes = {};
    bool inserts = true, removes = true;  // what its statements may do to rows
    // The columns that each of its inserts names, and each of its updates: what such a change
    // carries there is its own word. Elsewhere it may be what the row had, or a default.
    std::vector<bool> always_inserts = {}, always_updates = {};

    [[nodiscard]] bool may_write(std::size_t column) const { return !writes || (*writes)[column]; }
    [[nodiscard]] bool always_writes(std::size_t column, bool insert) const {
        const auto& always = insert ? always_inserts : always_updates;
        return column < always.size() && always[column];
    }
};

struct CellState {
    enum class Knowledge : std::uint8_t {
        never,      // not seen yet
        known,      // its mark is what it is
        uncertain,  // was overwritten with something that the stream did not tell
    };
    Knowledge knowledge = Knowledge::never;
    bool set = false;         // an added column that the workload wrote
    bool maybe_set = false;   // an added column of which that cannot be told
    bool maybe_lost = false;  // somebody else then changed that
    bool null = false;
    bool has_content = false;
    std::uint32_t mark = 0;
    // Of a table without a key and an added column: how many of the equal rows may hold what the
    // workload gave them, at most.
    std::uint32_t given = 0;
    Digest content = {};
};

struct RowState {
    bool exists = false;
    bool exact = false;  // `row` is the sum of all compared cells
    Digest row = {};
    std::vector<CellState> cells = {};  // one a column of the ledger
    std::uint64_t copies = 0;           // of a table without a key
    Digest key = {};
    std::string key_text = {};
};

// How a replayed row changes. Immutable but for the row that it is given.
class RowRules {
public:
    // `initial`: for each added column the content of the value that existing rows got with it
    // (hasher.content), where that is one for all of them.
    RowRules(const RecordLayout& before, const RecordLayout& after, const RecordLayout& ledger,
             const RowHasher& hasher, std::vector<std::optional<Digest>> initial);

    [[nodiscard]] RowState from_before(Group records) const;
    [[nodiscard]] RowState absent(const RecordView& image) const;

    // The columns in which an old image differs from the state; the state then follows the image.
    struct Difference {
        bool any = false;
        std::vector<std::string> columns = {};
    };
    [[nodiscard]] Difference follow_old(RowState& state, const RecordView& old) const;
    // Sets the state to a new image. Gives the columns that changed although the source's
    // statements do not write them, and counts those that changed.
    struct Applied {
        std::vector<std::string> foreign = {};
        std::vector<std::size_t> changed = {};
        bool incomplete = false;  // an insert, not of a moved key, that lacks cells
    };
    [[nodiscard]] Applied apply(RowState& state, const LedgerEntry& entry,
                                const ChangeSource& source) const;

    // The same of a table without a key, whose equal rows have no cells of their own.
    [[nodiscard]] Applied apply_counted(RowState& state, const LedgerEntry& entry,
                                        const ChangeSource& source) const;

    [[nodiscard]] bool may_move_key(const ChangeSource& source) const;

    // Between two states of an existing row, over all columns that were there before, and added
    // ones that the workload had written.
    [[nodiscard]] Difference between(const RowState& was, const RowState& is) const;
    // After a change by somebody else: whether a value is gone that the workload may have written.
    void note_lost(const RowState& was, RowState& is) const;
    // Between a state and the row that the second scan found.
    struct Judged {
        Difference difference = {};
        bool unverified = false;  // differs, but in a column whose last value is not known
    };
    [[nodiscard]] Judged judge(const RowState& state, const RecordView& after) const;

private:
    [[nodiscard]] bool sets(const CellState& cell, std::size_t column, const LedgerEntry& entry,
                            const ChangeSource& source, bool& maybe) const;

    const RecordLayout& before_;
    const RecordLayout& after_;
    const RecordLayout& ledger_;
    const RowHasher& hasher_;
    std::vector<std::optional<Digest>> initial_;
    std::size_t first_added_;
};

}  // namespace checksum
