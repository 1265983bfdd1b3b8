#include "harness/report_commands.hpp"

#include "harness/console.hpp"
#include "harness/run_files.hpp"
#include "harness/stored_run.hpp"
#include "harness/usage_error.hpp"
#include "reports/json.hpp"
#include "reports/terminal.hpp"
#include "reports/verdict.hpp"
#include "scenarios/gates_file.hpp"

#include <csignal>
#include <iostream>

#include <unistd.h>

namespace harness {
namespace {

namespace exit_codes = reports::exit_codes;

// Whoever pipes the answer elsewhere must not take half of it for whole.
int print(const std::string& answer, int exit_code) {
    std::cout << answer << std::flush;
    if (!std::cout) {
        std::cerr << "rehearse: stdout cannot be written\n";
        return exit_codes::harness_failed;
    }
    return exit_code;
}

// The gates that the run was judged by.
std::vector<reports::Gate> own_gates(const reports::Record& record) {
    std::vector<reports::Gate> gates;
    for (const auto& result : record.gates) {
        auto gate = reports::parse_gate(result.written);
        if (const auto* wrong = std::get_if<std::string>(&gate)) {
            throw UsageError{"the run's own gate " + result.name + ": " + *wrong};
        }
        gates.push_back(std::get<reports::Gate>(std::move(gate)));
    }
    return gates;
}

std::vector<reports::Gate> gates_of(const std::filesystem::path& file,
                                    const reports::Record& record) {
    std::vector<std::string_view> names;
    for (const auto& operation : record.operations) {
        names.push_back(operation.name);
    }
    auto read = scenarios::read_gates_file(file, names);
    if (const auto* errors = std::get_if<std::vector<scenarios::Error>>(&read)) {
        std::string all;
        for (const auto& error : *errors) {
            all += (all.empty() ? "" : "\n") + error.text();
        }
        throw UsageError{all};
    }
    return std::get<std::vector<reports::Gate>>(std::move(read));
}

// The signal that cut the run off; 0: none did.
int signal_of(const reports::Record& record) {
    return !record.interrupted ? 0 : record.exit_code == exit_codes::terminated ? SIGTERM : SIGINT;
}

}  // namespace

int draw_again(const ReportCommand& command) {
    const auto stored = read_stored_run(command.run);
    write_reports(stored.record, stored.folder);
    return print("reports written: " + stored.folder.string() + "\n", exit_codes::pass);
}

int judge_again(const GateCommand& command) {
    auto record = read_stored_run(command.run).record;
    const auto gates = command.gates ? gates_of(*command.gates, record) : own_gates(record);
    reports::decide(record, gates, signal_of(record));
    return print(command.json
                     ? reports::to_json(record)
                     : reports::terminal_summary(record, {wants_colour(STDOUT_FILENO),
                                                          terminal_columns(STDOUT_FILENO, 100)}),
                 record.exit_code);
}

}  // namespace harness
