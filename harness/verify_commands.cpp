#include "harness/verify_commands.hpp"

#include "harness/console.hpp"
#include "harness/engines.hpp"
#include "harness/verification/checksum_report.hpp"
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

// Whoever pipes the answer elsewhere must not take half of it for whole.
int print(const std::string& answer, int exit_code) {
    std::cout << answer << std::flush;
    if (!std::cout) {
        std::cerr << "rehearse: stdout cannot be written\n";
        return exit_codes::harness_failed;
    }
    return exit_code;
}

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
    return print(command.json ? json_of(report) : text_of(report), exit_codes::pass);
}

}  // namespace harness
