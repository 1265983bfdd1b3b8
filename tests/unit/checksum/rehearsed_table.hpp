// A table of the tests that is changed under a ledger: every change goes to the rows and, unless it
// is made behind the stream's back, to the ledger.
#pragma once

#include "checksum/replay.hpp"
#include "sides.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace checksum::testing {

// The sources of every test.
inline constexpr std::uint32_t workload = 0;
inline constexpr std::uint32_t migration = 1;

// What most of them are about: orders, by their id.
[[nodiscard]] RecordOptions columns();
[[nodiscard]] Row order(std::int64_t id, std::int64_t total, const std::string& note);

using Told = std::vector<std::string>;

class RehearsedTable {
public:
    // Columns of both sides, keys first; rows hold the compared ones, then dropped, then added.
    RehearsedTable(RecordOptions before, RecordOptions after, std::vector<Row> rows);

    [[nodiscard]] const std::vector<Row>& rows() const noexcept { return rows_; }
    [[nodiscard]] Row* find(std::int64_t id);

    // In one transaction each, unless `same_transaction`.
    void insert(std::uint32_t source, const Row& row,
                const std::optional<Row>& carried = std::nullopt);
    // `carried`: the row as the stream has it, where that differs (unchanged cells). `with_old`:
    // the old row is in the stream too.
    void update(std::uint32_t source, std::int64_t id, const Row& row, bool with_old = false,
                const std::optional<Row>& carried = std::nullopt);
    void remove(std::uint32_t source, std::int64_t id);
    void truncate(std::uint32_t source);
    // A change of the stream alone, of which the rows know nothing.
    void only_in_stream(Operation operation, std::uint32_t source, const Row& row);
    // The following changes are one transaction until it is false again.
    void same_transaction(bool same);
    // What a rewrite does: the stream does not see it.
    void behind_the_stream(std::int64_t id, const Row& row);
    void lose_behind_the_stream(std::int64_t id);
    void duplicate_behind_the_stream(std::int64_t id);

    // The content of an added column's initial value.
    [[nodiscard]] Digest content(const Cell& cell) const;

    ReplayOptions options;
    // Whether an added column equals its expression, by row.
    std::vector<bool> (*holds)(const Row&) = nullptr;

    // Ends the ledger and judges.
    [[nodiscard]] std::variant<ReplayResult, SpillError> try_replay();
    [[nodiscard]] ReplayResult replayed();
    // "changed id=1 (total) by migration", sorted.
    [[nodiscard]] static std::vector<std::string> told(const ReplayResult& result);

private:
    [[nodiscard]] std::vector<Row>::iterator at(std::int64_t id);
    void append(Operation operation, std::uint32_t source, const Row* row, const Row* old);
    [[nodiscard]] Row side(const Row& row, ColumnRole left_out) const;

    TemporaryDirectory directory_;
    RecordOptions before_options_;
    RecordOptions after_options_;
    RecordLayout layout_;
    RowHasher hasher_;
    std::vector<Row> rows_;
    std::optional<Sidecar> before_;
    LedgerWriter writer_;
    std::uint64_t transaction_ = 0;
    bool same_transaction_ = false;
};

}  // namespace checksum::testing
