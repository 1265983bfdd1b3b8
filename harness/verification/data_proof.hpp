// Proves the data of a rehearsal: what `verify` asks for.
//
// Both scans are made while the load is at rest: the first before it begins, the second when its
// last operation has ended. A pause in the middle of the load, right before the migration, would
// prove no more and cost the measurement: a scan of whole tables between the baseline and the
// migration would leave the two with different caches, a backlog of vacuum and a load that starts
// anew.
//
// What is written between the scans is followed in the change stream, where the workload's
// transactions say whose they are: then every row is proved. Without it the workload's part is
// told by what its statements can do (may_change.hpp), and what they may change is left unproved.
#pragma once

#include "harness/database/engine.hpp"
#include "harness/migration/interruption.hpp"
#include "harness/verification/hook_doubts.hpp"
#include "harness/verification/invariants.hpp"
#include "harness/verification/ledger_follower.hpp"
#include "harness/verification/table_proof.hpp"
#include "reports/verification.hpp"
#include "scenarios/scenario.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace harness::verification {

// The state before a migration, which its way back must restore.
struct Origin {
    std::vector<database::TableSchema> schemas;  // by table, as all that follow
    std::vector<scenarios::VerifiedTable> restored_columns;
    // Of the tables whose `only` names columns that nothing but this state can tell to be back.
    std::vector<std::unique_ptr<TableProof>> restored;
    database::WriteRules rules;
    std::vector<Writer> writers;  // all of the run
    // Of the migration's proof, at its end: what it made in the database for tables without a key
    // is needed as long as these are followed.
    std::unique_ptr<LedgerFollower> follower;
    // What the migration's own proof says of each table.
    std::vector<reports::TableProof> proofs;
};

class DataProof {
public:
    struct Options {
        std::uint64_t seed = 0;
        std::string spill_directory;
        bool show_values = false;                      // the rows that differ
        std::function<void(const std::string&)> note;  // a line for the reader
        bool keeps_origin = false;                     // for the proof of the way back
    };
    using Clock = std::chrono::steady_clock;

    // All three must outlive this. Does nothing where the scenario has no `verify`.
    DataProof(const scenarios::Scenario& scenario, database::Database& target,
              const migration::Interruption& interruption, Options options);

    // The first scan and the invariants' first answers. After an interruption it returns early.
    // Throws database::UnknownName and NotComparable, which are usage errors, Outage, Unreadable,
    // StreamEnded where the change stream is asked for and cannot be had.
    void before();
    // What each operation's transactions say of themselves (see database::LoadProfile); empty: no
    // change stream is followed.
    [[nodiscard]] const std::vector<std::string>& tags() const { return tags_; }
    // A step of the migration has ended: looks at the triggers and rules that it left.
    void step_ended();
    void watch(Clock::time_point run_start, Invariants::OnViolation on_violation);
    // The load is over.
    void stop_watching();
    // The second scan, unless something is at `fault` that leaves nothing to scan. Failures are in
    // the answer; empty: the scenario asks for no proof. The proof of a way back begins where this
    // one ends, with the same view of the data: unless something is wrong with it already.
    [[nodiscard]] std::optional<reports::Verification> after(bool migration_failed,
                                                             const std::string& fault,
                                                             DataProof* way_back = nullptr);

    // A line for the status display while before() or after() runs.
    [[nodiscard]] std::string status() { return progress_.line(Clock::now()); }

private:
    // What must be there before the first scan's snapshot is taken.
    // `migrated_from`: of a way back, the schemas before the migration.
    void open(const std::vector<database::TableSchema>* migrated_from = nullptr);
    // Columns that the migration added and nothing declares: a way back drops them.
    void declare_what_came(const std::vector<database::TableSchema>& migrated_from);
    void scan_tables(database::Snapshot& snapshot);
    // Instead of before(). Failures are kept for after().
    void open_way_back(const std::vector<database::TableSchema>& migrated_from) noexcept;
    void begin_way_back(database::Snapshot& snapshot, Origin origin) noexcept;
    [[nodiscard]] Origin hand_over(const reports::Verification& proof);
    // Columns that only the origin can tell to be back, and what the way back lost.
    void judge_restored(database::Snapshot& snapshot, const std::vector<bool>& is_there,
                        std::stop_token stop, reports::Verification& out);
    [[nodiscard]] std::set<std::string> what_goes(std::size_t table) const;
    [[nodiscard]] bool writes_what_goes(std::size_t table) const;
    void tell_lost_writes(reports::Verification& out) const;
    [[nodiscard]] std::vector<std::string> names() const;
    // Why the changes cannot be told apart by who made them; empty: they can.
    [[nodiscard]] std::string obstacle() const;
    [[nodiscard]] std::unique_ptr<database::ChangeStream> open_stream();
    void follow(std::unique_ptr<database::ChangeStream> stream, const std::string& fence);
    [[nodiscard]] bool is_widened(std::uint64_t table) const;
    // What became of the schema of the tables that are still there, beside each proof.
    void compare_schemas(const std::vector<bool>& is_there, bool migration_failed,
                         reports::Verification& out);
    void judge_tables(bool migration_failed, std::stop_token stop, DataProof* way_back,
                      reports::Verification& out);
    // Gives the view that the second scan had.
    [[nodiscard]] std::unique_ptr<database::Snapshot> judge_rows(const std::vector<bool>& is_there,
                                                                 bool migration_failed,
                                                                 std::stop_token stop,
                                                                 reports::Verification& out);
    // In the order of the scenario's tables: whether one is called so still.
    [[nodiscard]] std::vector<bool> tables_there();
    [[nodiscard]] std::vector<std::string> names_of(const std::vector<bool>& is_there) const;
    [[nodiscard]] Followed followed_until(database::Snapshot* snapshot, std::stop_token stop,
                                          reports::Verification& out);
    [[nodiscard]] std::vector<Doubt> doubts_about(const TableProof& table) const;
    [[nodiscard]] std::vector<Writer> writers_of(const scenarios::Workload& workload,
                                                 std::size_t operation) const;
    [[nodiscard]] std::vector<Writer> writers_of_operations() const;
    [[nodiscard]] std::vector<Writer> writers_beside() const;
    [[nodiscard]] std::vector<Writer> writers() const;

    const scenarios::Scenario& scenario_;
    std::vector<scenarios::VerifiedTable> verified_;  // before tables_, which refer to them
    database::Database& target_;
    const migration::Interruption& interruption_;
    Options options_;
    Progress progress_;
    std::vector<std::unique_ptr<TableProof>> tables_;
    std::optional<Invariants> invariants_;
    database::WriteRules rules_before_;
    std::vector<database::TableSchema> schemas_before_;  // by table
    std::shared_ptr<checksum::SpillBudget> budget_;
    std::vector<std::string> tags_;
    std::unique_ptr<database::ChangeStream> stream_;  // until it is followed
    std::unique_ptr<LedgerFollower> follower_;
    std::optional<Origin> origin_;                   // of a way back
    std::vector<std::set<std::string>> undeclared_;  // columns that came, by table; of a way back
    std::vector<scenarios::VerifiedTable> restored_columns_;
    std::vector<std::unique_ptr<TableProof>> restored_;  // for the way back
    std::string fault_;                                  // why there is no first proof
    std::string not_followed_;                           // why, where it was wanted
    std::vector<database::StreamNote> stream_notes_;
    std::vector<GuardedTable> guarded_;  // those that are followed
    // By table, of every look: what was there then may have altered rows, whatever came after it.
    std::set<std::pair<std::uint64_t, Doubt>> hook_doubts_;
    std::string hooks_unread_;  // why
    double seconds_ = 0;
    bool begun_ = false;  // the first proof is whole
};

}  // namespace harness::verification
