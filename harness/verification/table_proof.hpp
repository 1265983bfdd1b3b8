// One table, before and after the migration: two scans, and what they prove together.
#pragma once

#include "checksum/mismatch.hpp"
#include "checksum/table_digest.hpp"
#include "harness/database/table_reader.hpp"
#include "harness/verification/followed_table.hpp"
#include "harness/verification/hook_doubts.hpp"
#include "harness/verification/ledger_writing.hpp"
#include "harness/verification/may_change.hpp"
#include "harness/verification/progress.hpp"
#include "harness/verification/proof_plan.hpp"
#include "harness/verification/row_spill.hpp"
#include "reports/verification.hpp"
#include "scenarios/scenario.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace harness::verification {

struct ProofSettings {
    std::uint64_t seed = 0;
    std::size_t workers = 1;
    checksum::Scale scale = checksum::Scale::by_value;
    std::string spill_directory;  // for what is kept of the rows while the load runs
    std::shared_ptr<checksum::SpillBudget> budget;
    bool show_values = false;  // the rows that differ
};

// What is known of the changes between the two scans.
struct Evidence {
    MayChange may;                   // by the workload
    const Ledger* ledger = nullptr;  // of the changes, where they were followed to the end
    std::vector<Doubt> doubts = {};  // what the ledger cannot tell
};

class TableProof {
public:
    // The table must outlive this.
    TableProof(const scenarios::VerifiedTable& table, ProofSettings settings);

    // Decides what is read; `followed`: with what the change stream is going to be compared with.
    // Throws NotComparable where an expectation does not fit the table, Outage.
    void plan(database::Snapshot& snapshot, bool followed);
    // As the change stream is to tell of it; `operations`: what the statements of each do to it.
    [[nodiscard]] FollowedTable followed(
        const std::vector<std::pair<std::string, MayChange>>& operations) const;
    // The first scan, before the planned one's snapshot goes. Throws as scan() does.
    void scan_before(Progress& progress, std::stop_token stop);

    [[nodiscard]] std::uint64_t identity() const { return before_.identity; }
    // The key's columns, under the names before and after.
    [[nodiscard]] std::vector<std::string> key() const;

    // The second scan, and the judgement. Throws as scan() does.
    [[nodiscard]] reports::TableProof judge(database::Snapshot& snapshot, const Evidence& evidence,
                                            bool migration_failed, Progress& progress,
                                            std::stop_token stop);
    // Of a table that is there no longer.
    [[nodiscard]] reports::TableProof gone() const;

private:
    [[nodiscard]] std::optional<checksum::TableDigest> read(const database::TableScan& scan,
                                                            const database::TableShape& shape,
                                                            RowSpill& rows, Progress& progress,
                                                            std::stop_token stop);
    [[nodiscard]] std::vector<database::Projection> read_after(
        const AfterPlan& plan, const database::TableShape& after) const;
    // Why the ledger cannot be replayed; empty: it can.
    [[nodiscard]] std::string obstacle(const AfterPlan& plan, const Ledger& ledger,
                                       std::span<const database::TableColumn> columns) const;
    // Each of both: false, nothing can be said of the rows.
    [[nodiscard]] bool compare_rows(RowSpill& after_rows,
                                    const checksum::TableDifference& difference,
                                    const MayChange& may, const std::set<std::string>& open,
                                    reports::TableProof& proof);
    void leave_open_without_key(const Ledger& ledger, std::set<std::string>& open,
                                reports::TableProof& proof) const;
    [[nodiscard]] bool replay(RowSpill& after_rows, const Ledger& ledger,
                              reports::TableProof& proof);

    const scenarios::VerifiedTable& table_;
    const ProofSettings settings_;
    database::TableShape before_;
    BeforePlan plan_;
    std::unique_ptr<database::TableScan> scan_;   // until it is carried out
    std::vector<database::TableColumn> columns_;  // as they were read
    std::optional<checksum::RecordLayout> layout_, after_layout_;
    std::optional<checksum::RowHasher> hasher_, after_hasher_;
    std::optional<checksum::TableDigest> digest_;
    std::optional<RowSpill> rows_;
};

}  // namespace harness::verification
