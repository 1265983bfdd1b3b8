#include "harness/verify_commands.hpp"

#include "harness/answer.hpp"
#include "harness/console.hpp"
#include "harness/engines.hpp"
#include "harness/verification/checksum_report.hpp"
#include "harness/verification/diff_report.hpp"
#include "harness/verification/scan.hpp"
#include "reports/verdict.hpp"

#include <csignal>
#include <iostream>
#include <thread>

namespace harness {
namespace {

namespace exit_codes = reports::exit_codes;

// The terminal and Ctrl-C while tables are read: the first signal cancels everything.
class Reading {
public:
    explicit Reading(bool quiet)
        : console_{{.quiet = quiet, .on_first_signal = "interrupted: the readers stop"},
                   interruption_},
          watch_{[this](std::stop_token over) {
              if (interruption_.wait(migration::Interruption::Level::finish_step, over)) {
                  stop_.request_stop();
              }
          }} {
        console_.show_status([this] { return progress.line(std::chrono::steady_clock::now()); });
    }
    ~Reading() { console_.show_status({}); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    [[nodiscard]] std::stop_token stop() const { return stop_.get_token(); }
    [[nodiscard]] int exit_code() const {
        const int signal = console_.signal();
        return signal == 0        ? exit_codes::pass
               : signal == SIGINT ? exit_codes::interrupted
                                  : exit_codes::terminated;
    }

    verification::Progress progress;

private:
    migration::Interruption interruption_;
    std::stop_source stop_;
    Console console_;
    std::jthread watch_;
};

}  // namespace

int checksum_tables(const ChecksumCommand& command) {
    const auto database = engine_for(command.db).open(command.db);
    verification::ChecksumReport report{.target = database->describe(),
                                        .seed = command.seed,
                                        .strict = command.strict,
                                        .tables = {}};
    verification::ChecksumSettings settings;
    settings.columns = command.columns;
    settings.workers = command.jobs;
    settings.seed = command.seed;
    settings.scale = command.strict ? checksum::Scale::strict : checksum::Scale::by_value;
    settings.max_rows_per_s = command.max_rows_per_s;
    {
        Reading reading{command.quiet};
        try {
            const auto snapshot = database->snapshot(command.tables);
            for (const auto& table : command.tables) {
                report.tables.push_back(verification::checksum_of(
                    *snapshot, table, settings, reading.progress, reading.stop()));
            }
        } catch (const verification::Stopped&) {
            return reading.exit_code();
        }
    }
    return give(command.json ? json_of(report) : text_of(report), exit_codes::pass);
}

int diff_tables(const DiffCommand& command) {
    const std::string& to_table = command.to_table.empty() ? command.table : command.to_table;
    const auto before = engine_for(command.db).open(command.db);
    const auto after =
        command.to_db.empty() ? nullptr : engine_for(command.to_db).open(command.to_db);
    verification::DiffReport report;
    report.before_target = before->describe();
    report.after_target = after ? after->describe() : report.before_target;
    report.seed = command.seed;
    report.strict = command.strict;
    verification::DiffSettings settings;
    settings.columns = command.columns;
    for (const auto& [column, counterpart] : command.maps) {
        settings.maps.push_back({column, counterpart});
    }
    settings.workers = command.jobs;
    settings.seed = command.seed;
    settings.max_rows_per_s = command.max_rows_per_s;
    settings.scale = command.strict ? checksum::Scale::strict : checksum::Scale::by_value;
    settings.show_values = command.show_values;
    {
        Reading reading{command.quiet};
        try {
            // Of one database both tables are seen at one moment.
            const std::vector<std::string> here =
                after ? std::vector{command.table} : std::vector{command.table, to_table};
            const auto first = before->snapshot(here);
            const auto second = after ? after->snapshot(std::vector{to_table}) : nullptr;
            report.diff = verification::diff(*first, command.table, second ? *second : *first,
                                             to_table, settings, reading.progress, reading.stop());
        } catch (const verification::Stopped&) {
            return reading.exit_code();
        }
    }
    return give(command.json ? json_of(report) : text_of(report),
                report.diff.equal ? exit_codes::pass : exit_codes::data_mismatch);
}

}  // namespace harness
