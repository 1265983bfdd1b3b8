// What every kind of step works with.
#pragma once

#include "harness/migration/migration_hooks.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace harness::migration {

// One line for migration.log: UTC time with milliseconds, the step, the text.
[[nodiscard]] std::string log_line(std::string_view step, std::string_view text);

struct StepContext {
    database::Control& control;
    const Engine& engine;
    const Hooks& hooks;
    const Interruption& interruption;
    const Settings& settings;
    std::size_t index = 0;  // of the step
    reports::Step& record;  // name, kind, statement and start are set; the step fills in the rest

    [[nodiscard]] double seconds(Clock::time_point at) const {
        return std::chrono::duration<double>(at - settings.run_start).count();
    }

    void succeed() const { record.outcome = "ok"; }
    void fail(std::string error) const;
    void interrupt(std::string error) const;

    // A try that ended; the number of tries kept is bounded, their count never lies: the last one
    // replaces the one before it once the list is full, and its text says so.
    // `statement`: number of the first one that was tried, from 1; 0: the step has none.
    void attempt(Clock::time_point start, const database::Error* error,
                 std::size_t statement = 0) const;

    // Into migration.log and the events.
    void tell(std::string_view kind, std::string_view text) const;
    void log(std::string_view text) const;

    // Opens the lost connection again and tells so. Throws database::Outage.
    void reconnect() const;
};

// Each runs one step to its end. A failure is in the record; database::Outage may be thrown where
// the connection was lost outside of a statement.
void run_sql(const StepContext& context, const scenarios::SqlStep& step);
void run_backfill(const StepContext& context, const scenarios::BackfillStep& step);
void run_command(const StepContext& context, const scenarios::CommandStep& step);
void run_wait_for(const StepContext& context, const scenarios::WaitForStep& step);

// First 200 characters, on one line.
[[nodiscard]] std::string shortened(std::string_view sql);

}  // namespace harness::migration
