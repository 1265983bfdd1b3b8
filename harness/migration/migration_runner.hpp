// Runs a migration's steps one after another.
#pragma once

#include "harness/migration/migration_hooks.hpp"

#include <string>
#include <vector>

namespace harness::migration {

// All sql, backfill and wait_for steps share one session, as in a migration tool: a SET lasts until
// the migration's end, but for lock_timeout and statement_timeout, which each step begins anew.
//
// A step that fails ends the migration: the ones after it are recorded as skipped. The first Ctrl-C
// lets the running step end (a pause, a wait_for and the wait between two attempts end at once),
// the second cancels it.
class MigrationRunner {
public:
    // The interruption must outlive the runner.
    MigrationRunner(Engine engine, Hooks hooks, const Interruption& interruption,
                    Settings settings);

    // Blocks until the last step is over; one record per step, in order. Throws nothing that a
    // server or a child can cause: a server that cannot be reached is a failed step.
    [[nodiscard]] std::vector<reports::Step> run(const std::vector<scenarios::Step>& steps);

private:
    struct Measured;  // what is read before and after a step

    [[nodiscard]] bool open_session(reports::Step& record);
    void run_step(std::size_t index, const scenarios::Step& step, reports::Step& record);
    void act(std::size_t index, const scenarios::Step& step, reports::Step& record);
    void run_deploy(const scenarios::DeployStep& step, reports::Step& record);
    void run_pause(const scenarios::PauseStep& step, reports::Step& record);
    [[nodiscard]] Measured measure();

    Engine engine_;
    Hooks hooks_;
    const Interruption& interruption_;
    Settings settings_;
    std::unique_ptr<database::Control> control_;
};

// What went wrong, as the record's migration_error wants it: "step 2 'backfill': ..."; empty where
// every step succeeded or the migration was only interrupted.
[[nodiscard]] std::string migration_error(const std::vector<reports::Step>& steps);

// sql | file | backfill | command | deploy | pause | wait_for.
[[nodiscard]] const char* kind_of(const scenarios::Step& step) noexcept;

// For the reader: the SQL, the command, the table; at most 2,000 characters.
[[nodiscard]] std::string statement_of(const scenarios::Step& step);

}  // namespace harness::migration
