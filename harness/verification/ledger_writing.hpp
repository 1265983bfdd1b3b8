// Turns what a change stream tells into the ledgers of the tables that are followed. No I/O but the
// ledgers' own files.
#pragma once

#include "checksum/ledger.hpp"
#include "checksum/replay.hpp"
#include "harness/database/change_stream.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace harness::verification {

// What stands for one column of a ledger in the stream.
struct FollowedColumn {
    std::vector<std::string> names;  // under any of them: a renamed one under both
    // The form in which both scans read it. Values that come in another one, which a change of type
    // could have damaged, are unknown. Empty: a column that is yet to be added; its form is the one
    // in which it comes first.
    std::string type;  // as TableColumn::cast_to
    checksum::Kind kind = checksum::Kind::text;
    std::uint32_t tag = 0;
    // Its values are not the ones that are scanned (which an expression makes of them), or are in
    // no change (a generated column): they are unknown.
    bool opaque = false;
};

struct FollowedTable {
    std::uint64_t identity = 0;  // as TableShape::identity
    std::string name;
    checksum::RecordOptions columns;        // of checksum::ledger_columns()
    std::vector<FollowedColumn> in_stream;  // one a column of these
    // The workload's operations: transactions tagged "3" are operations[3]'s. Of all tables as
    // many.
    std::vector<checksum::ChangeSource> operations;
};

struct LedgerSettings {
    std::uint64_t seed = 0;
    checksum::SpillFile::Options spill;
};

// One table's ledger; what checksum::replay() takes beside the two sidecars.
struct Ledger {
    Ledger(const FollowedTable& followed, const LedgerSettings& settings);

    std::string table;
    std::vector<FollowedColumn> in_stream;  // with the forms in which added columns came
    checksum::RecordLayout layout;
    checksum::RowHasher hasher;
    // The operations, then everybody else: by transaction, the last one for those beyond the bound.
    std::vector<checksum::ChangeSource> sources;
    std::optional<checksum::SpillFile> file;  // after the end
    std::uint64_t changes = 0;
};

// Throws database::StreamEnded where what comes cannot be filed: a row without its key, a compared
// column that is no longer there, a tag behind changes or of an unknown operation, a full disk.
class LedgerWriting final : public database::ChangeSink {
public:
    LedgerWriting(std::vector<FollowedTable> tables, const LedgerSettings& settings);
    ~LedgerWriting();

    void relation(const database::StreamRelation& relation) override;
    void begin(const database::StreamTransaction& transaction) override;
    void tag(std::string_view content) override;
    void change(const database::RowChange& change) override;
    void truncate(std::span<const database::StreamRelation* const> relations) override;
    void commit() override;

    [[nodiscard]] std::uint64_t tagged() const noexcept { return tagged_; }
    [[nodiscard]] std::uint64_t untagged() const noexcept { return untagged_; }

    // In the tables' order. Throws StreamEnded.
    [[nodiscard]] std::vector<std::unique_ptr<Ledger>> finish();

private:
    struct Table;

    [[nodiscard]] Table* find(const database::StreamRelation& relation);
    [[nodiscard]] std::uint32_t source();
    enum class Inserts : bool { no, yes };
    [[nodiscard]] checksum::Image image(Table& table, std::span<const checksum::Value> values,
                                        std::span<const checksum::Value> old, int which,
                                        Inserts inserts);
    void file(Table& table, const checksum::Change& change);

    std::map<std::uint64_t, std::unique_ptr<Table>> tables_;
    std::vector<std::uint64_t> order_;  // identities
    std::size_t operations_ = 0;
    std::vector<std::string> others_;
    std::uint64_t transaction_ = 0;
    std::optional<std::uint32_t> source_;  // of the running transaction, once it is needed
    bool is_tagged_ = false;
    std::uint64_t tagged_ = 0, untagged_ = 0;
};

}  // namespace harness::verification
