// Proves the data of a rehearsal: what `verify` asks for.
//
// Both scans are made while the load is at rest: the first before it begins, the second when its
// last operation has ended. A pause in the middle of the load, right before the migration, would
// prove no more and cost the measurement: what the workload writes between the scans is left out by
// what its statements can do (may_change.hpp), not by which rows it wrote in how long a time; and a
// scan of whole tables between the baseline and the migration would leave the two with different
// caches, a backlog of vacuum and a load that starts anew.
//
// What the workload may change is unproved in this mode; the change stream would be needed for it.
#pragma once

#include "harness/database/engine.hpp"
#include "harness/migration/interruption.hpp"
#include "harness/verification/invariants.hpp"
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

class DataProof {
public:
    struct Options {
        std::uint64_t seed = 0;
        std::string spill_directory;
        std::function<void(const std::string&)> note;  // a line for the reader
    };
    using Clock = std::chrono::steady_clock;

    // All three must outlive this. Does nothing where the scenario has no `verify`.
    DataProof(const scenarios::Scenario& scenario, database::Database& target,
              const migration::Interruption& interruption, Options options);

    // The first scan and the invariants' first answers. After an interruption it returns early.
    // Throws database::UnknownName and NotComparable, which are usage errors, Outage, Unreadable.
    void before();
    void watch(Clock::time_point run_start, Invariants::OnViolation on_violation);
    // The load is over.
    void stop_watching();
    // The second scan, unless something is at `fault` that leaves nothing to scan. Failures are in
    // the answer; empty: the scenario asks for no proof.
    [[nodiscard]] std::optional<reports::Verification> after(bool migration_failed,
                                                             const std::string& fault);

    // A line for the status display while before() or after() runs.
    [[nodiscard]] std::string status() { return progress_.line(Clock::now()); }

private:
    void judge_tables(bool migration_failed, std::stop_token stop, reports::Verification& out);
    [[nodiscard]] std::vector<Writer> writers() const;

    const scenarios::Scenario& scenario_;
    database::Database& target_;
    const migration::Interruption& interruption_;
    Options options_;
    Progress progress_;
    std::vector<std::unique_ptr<TableProof>> tables_;
    std::optional<Invariants> invariants_;
    database::WriteRules rules_before_;
    double seconds_ = 0;
    bool begun_ = false;  // the first proof is whole
};

}  // namespace harness::verification
