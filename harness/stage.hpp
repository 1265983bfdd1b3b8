// Where a rehearsal takes place: a marked staging database, or a throwaway server of its own.
#pragma once

#include "harness/console.hpp"
#include "harness/database/engine.hpp"
#include "harness/migration/interruption.hpp"
#include "harness/run_directory.hpp"
#include "harness/usage_error.hpp"
#include "reports/record.hpp"
#include "scenarios/scenario.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace harness {

struct StageOptions {
    std::string uri;         // --db; empty: the scenario's dsn_env, or a throwaway server
    bool run_setup = false;  // --setup: run the setup files on a named target, too
    std::optional<std::filesystem::path> server_binaries;  // --pg-bin
    bool show_values = false;  // --show-values: reports may hold what rows do
};

// The target is opened, guarded and locked while this lives.
class Stage {
public:
    // Throws UsageError, database::Refused, database::Outage.
    Stage(const scenarios::Scenario& scenario, const StageOptions& options, Console& console);
    ~Stage();
    Stage(const Stage&) = delete;
    Stage& operator=(const Stage&) = delete;

    // Runs the setup files, reads the samples, and asks the server about every statement. Throws
    // UsageError with every statement that it refuses.
    void prepare(RunDirectory& out, const migration::Interruption& interruption);

    [[nodiscard]] database::Database& target() { return *target_; }
    // Of the replicas that the scenario names; handed over, and given back.
    [[nodiscard]] std::vector<std::unique_ptr<database::ReplicaProbe>> take_replicas() {
        return std::move(replicas_);
    }
    void give_back(std::vector<std::unique_ptr<database::ReplicaProbe>> replicas) {
        replicas_ = std::move(replicas);
    }
    // The scenario's operations with their samples filled in.
    [[nodiscard]] const std::vector<workloads::Operation>& operations() const {
        return operations_;
    }
    [[nodiscard]] reports::Target describe();
    // Whether the run's lock on the database is still ours.
    [[nodiscard]] bool still_locked() { return lock_->held(); }

private:
    void read_samples(const migration::Interruption& interruption);
    [[nodiscard]] std::vector<workloads::Sample> read_sample(
        const std::string& query, bool whole_rows, const migration::Interruption& interruption);
    void check_statements();
    [[nodiscard]] std::vector<database::StatementProblem> missing_rights();

    const scenarios::Scenario& scenario_;
    StageOptions options_;
    Console& console_;
    std::string engine_name_;
    std::unique_ptr<database::ThrowawayServer> server_;  // outlives everything below
    std::unique_ptr<database::Database> target_;
    std::unique_ptr<database::RunLock> lock_;
    std::vector<std::unique_ptr<database::ReplicaProbe>> replicas_;
    std::vector<workloads::Operation> operations_;
};

// The tables that the scenario's statements and adversaries name outright, for the report.
[[nodiscard]] std::vector<std::string> tables_of(const scenarios::Scenario& scenario);
// Those, and the ones that the workload names or that are verified.
[[nodiscard]] std::vector<std::string> all_tables_of(const scenarios::Scenario& scenario);

}  // namespace harness
