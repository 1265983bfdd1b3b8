// The replay of one slice of keys. See replay.hpp.
#pragma once

#include "checksum/replay.hpp"

#include <map>
#include <memory>
#include <unordered_map>

namespace checksum {

struct ReplaySides {
    const Sidecar& before;
    const Sidecar& after;
    const RecordLayout& ledger;
};

class SliceReplay {
public:
    // Everything given must outlive it. `counts_truncates`: a truncate stands in every partition.
    SliceReplay(const ReplaySides& sides, const RowRules& rules, const ReplayOptions& options,
                const LoadedRecords& before, bool counts_truncates);

    void apply(const LedgerEntry& entry);
    // More rows changed than fit the memory bound.
    [[nodiscard]] bool too_large() const noexcept;
    // After the last entry: compares with what the second scan found.
    [[nodiscard]] ReplayResult finish(const LoadedRecords& after);

private:
    struct KeyOrder {
        bool operator()(Digest a, Digest b) const noexcept { return key_before(a, b); }
    };
    struct KeyHash {
        std::size_t operator()(Digest key) const noexcept { return key.high; }
    };

    RowState& touch(Digest key, const RecordView* image);
    void remember(Digest key, const RowState& state, const ChangeSource& source);
    void settle();
    void settle_counted(const RowState& was, const RowState& is);
    void truncate(const ChangeSource& source);
    void insert_or_update(RowState& state, const LedgerEntry& entry, const ChangeSource& source);
    void remove(RowState& state);
    void check_old(RowState& state, const LedgerEntry& entry);
    void appear(RowState& state, const LedgerEntry& entry);
    void note_given(RowState& state, const LedgerEntry& entry, const ChangeSource& source);
    void forget_given(RowState& state);
    void judge(const RowState& state, Group after);
    void judge_counted(const RowState& state, Group after);
    void judge_added(const RowState& state, Group after);
    [[nodiscard]] std::string named(const std::string& what, const RowState& state) const;
    void inconsistent(const std::string& what, const RowState& state);
    void mismatch(MismatchKind kind, const RowState& state, std::vector<std::string> columns,
                  std::string source, std::uint64_t times = 1);
    void show_rows(const LoadedRecords& after);

    const ReplaySides& sides_;
    const RowRules& rules_;
    const ReplayOptions& options_;
    bool counts_truncates_;
    std::unordered_map<Digest, Group, KeyHash> before_;
    std::unordered_map<Digest, RowState, KeyHash> states_;
    // Rows as they were before the running transaction of somebody else, in the order of keys so
    // that the same ones are reported first.
    std::map<Digest, RowState, KeyOrder> remembered_;
    std::string remembered_source_;
    std::optional<std::uint64_t> transaction_;
    // By added column of a table without a key: whether the workload may give it a value at all.
    std::vector<bool> may_be_given_;
    std::size_t text_bytes_ = 0;     // of the states' keys
    std::vector<Digest> kept_keys_;  // of the mismatches that are kept
    ReplayResult result_;
};

}  // namespace checksum
