// A migration beside a real server: what the runner is given and what it told.
#pragma once

#include "harness/migration/migration_runner.hpp"
#include "harness/postgres/backfill.hpp"
#include "harness/postgres/cleanup.hpp"
#include "harness/postgres/command_target.hpp"
#include "tests/integration/throwaway.hpp"

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tests {

class MigrationFixture : public FreshDatabase {
protected:
    using Steps = std::vector<scenarios::Step>;

    [[nodiscard]] harness::migration::Engine engine() const {
        harness::migration::Engine engine;
        engine.connect = [this](const std::string& application) {
            return harness::postgres::open_control(
                conninfo(application.substr(application.find('/') + 1)));
        };
        engine.backfill = harness::postgres::open_backfill;
        engine.invalid_indexes = harness::postgres::invalid_indexes;
        engine.target = harness::postgres::command_target(conninfo("command"));
        return engine;
    }

    // Hooks that tests fill in; the log is kept.
    harness::migration::Hooks hooks;
    harness::migration::Interruption interruption;
    harness::migration::Settings settings{
        .run_start = harness::migration::Clock::now(), .seed = 7, .working_directory = {}};

    [[nodiscard]] std::vector<reports::Step> migrate(const Steps& steps) {
        hooks.log = [this](std::string_view line) {
            const std::lock_guard lock{mutex_};
            log_.append(line).append("\n");
        };
        harness::migration::MigrationRunner runner{engine(), hooks, interruption, settings};
        return runner.run(steps);
    }

    [[nodiscard]] std::string log() const {
        const std::lock_guard lock{mutex_};
        return log_;
    }

    template <class Action>
    [[nodiscard]] static scenarios::Step step(std::string name, Action action) {
        return {.name = std::move(name), .action = std::move(action), .place = {}};
    }

    [[nodiscard]] static scenarios::SqlStep sql_step(std::vector<std::string> statements) {
        scenarios::SqlStep step;
        for (const auto& statement : statements) {
            step.sql += statement + ";\n";
        }
        step.statements = std::move(statements);
        return step;
    }

    [[nodiscard]] static bool contains(const std::string& text, std::string_view part) {
        return text.find(part) != std::string::npos;
    }

private:
    mutable std::mutex mutex_;
    std::string log_;
};

}  // namespace tests
