// Replays a ledger over the first scan and judges the second: after = before + what the workload
// did, and nobody else changed what was there.
//
// Per row: a change by the workload is what the row should be from then on. The changes of one
// transaction by anybody else must, taken together, leave every column that was there before as it
// was (so deleting and inserting the same row again is no damage). An old image must be what the
// row was: if not, it was changed behind the stream's back. In the end the row must be what the
// second scan found; an added column must equal its declared expression unless the workload set it.
// A stream that does not fit the rows (a second insert of one key, a change of a row that is not
// there) is not to be trusted, and then nothing is proved: `inconclusive`.
//
// Tables without a key: rows are told apart by their compared values and counted. Which of equal
// rows got an added column's value from the workload cannot be told: as many as it may have given
// one are `unverified` where that is not the declared one.
#pragma once

#include "checksum/row_state.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace checksum {

struct ReplayOptions {
    std::vector<ChangeSource> sources = {};
    std::vector<std::optional<Digest>> initial = {};  // see RowRules
    std::size_t most_kept = 100;
    // For the rows of each scan, and for the changed ones among them.
    std::size_t memory_bytes = std::size_t{24} << 20;
};

struct ChangeCounts {
    std::uint64_t inserts = 0;
    std::uint64_t updates = 0;
    std::uint64_t removes = 0;
    std::uint64_t truncates = 0;
    std::vector<std::uint64_t> columns = {};  // updates that changed it, by column of the ledger

    void add(const ChangeCounts& other);
};

enum class LedgerVerdict : std::uint8_t { pass, mismatch, inconclusive };

struct ReplayResult {
    Mismatches mismatches = {};
    ChangeCounts workload = {};
    ChangeCounts others = {};
    // By added column: rows of a table with a key that hold, in the end, what the workload gave
    // them there. NULL is not counted.
    std::vector<std::uint64_t> given = {};
    // What does not fit together in the stream: not to be trusted.
    std::uint64_t inconsistencies = 0;
    std::vector<std::string> first_inconsistencies = {};  // at most 10
    // Of a table without a key: rows that were changed or removed although they should not have
    // been there, and those lost behind the stream's back. A rewrite makes the former of the
    // latter.
    std::uint64_t appeared = 0;
    std::string first_appeared = {};
    std::uint64_t lost_unseen = 0;
    // Rows that differ where the stream did not tell the last value: neither right nor wrong.
    std::uint64_t unverified = 0;
    std::vector<std::string> first_unverified = {};  // keys, at most 10

    [[nodiscard]] LedgerVerdict verdict() const noexcept;
    // Why it is not `pass`.
    [[nodiscard]] std::vector<std::string> reasons() const;
    void add(ReplayResult other);
    // When all is added: more rows that appeared than a rewrite can have made are inconsistencies.
    void balance();
};

// `ledger_file` was written with the layout of ledger_columns(before, after), `hasher` is that
// layout's. Throws std::invalid_argument for sides with other columns, or changes by a source that
// is not in the options.
[[nodiscard]] std::variant<ReplayResult, SpillError> replay(
    const Sidecar& before, const Sidecar& after, const RecordLayout& ledger,
    const RowHasher& hasher, const SpillFile& ledger_file, const ReplayOptions& options);

}  // namespace checksum
