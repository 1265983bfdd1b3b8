#include "harness/workload_commands.hpp"

#include "harness/answer.hpp"
#include "harness/console.hpp"
#include "harness/log_reading.hpp"
#include "harness/recording/inspection.hpp"
#include "harness/recording/recording_reader.hpp"
#include "harness/usage_error.hpp"
#include "reports/text.hpp"
#include "reports/verdict.hpp"
#include "workloads/logs/message.hpp"

#include <csignal>

#include <unistd.h>

namespace harness {
namespace {

namespace exit_codes = reports::exit_codes;

// Each shape's first statement as it stands in the log, with its parameters.
void show_values(const recording::RecordingReader& reader, recording::Inspection& inspection) {
    constexpr std::size_t most_bytes = 10'000;
    const auto again = reader.reread();
    for (auto& each : inspection.top) {
        workloads::logs::LogEntry entry;
        if (!again->read(each.first, entry)) {
            continue;
        }
        const auto said = workloads::logs::read_message(entry);
        if (said.text.empty()) {
            continue;
        }
        each.text = std::string{said.text.substr(0, most_bytes)};
        if (entry.detail.starts_with("parameters: ") || entry.detail.starts_with("Parameters: ")) {
            each.text += " -- " + std::string{entry.detail.substr(0, most_bytes)};
        }
    }
}

}  // namespace

int inspect_workload(const WorkloadInspectCommand& command) {
    recording::Inspection inspection;
    {
        migration::Interruption interruption;
        Console console{
            {.quiet = command.quiet, .on_first_signal = "interrupted: nothing was written"},
            interruption};
        LogReading reading{console, interruption};
        try {
            recording::RecordingReader reader{command.logs, command.prefix, reading.progress(),
                                              reading.stop()};
            const auto recorded = reader.read();
            inspection = recording::inspect(recorded, reader.files(), command.top);
            if (command.show_values) {
                show_values(reader, inspection);
            }
        } catch (const recording::Stopped&) {
            return console.signal() == SIGINT ? exit_codes::interrupted : exit_codes::terminated;
        }
    }
    return give(command.json
                    ? recording::inspection_json(inspection)
                    : recording::inspection_text(inspection, terminal_columns(STDOUT_FILENO, 100),
                                                 wants_colour(STDOUT_FILENO)),
                exit_codes::pass);
}

}  // namespace harness
