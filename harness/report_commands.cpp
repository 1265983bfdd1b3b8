#include "harness/report_commands.hpp"

#include "harness/answer.hpp"
#include "harness/console.hpp"
#include "harness/private_file.hpp"
#include "harness/run_files.hpp"
#include "harness/stored_run.hpp"
#include "harness/usage_error.hpp"
#include "harness/version.hpp"
#include "reports/json.hpp"
#include "reports/run_comparison.hpp"
#include "reports/terminal.hpp"
#include "reports/text.hpp"
#include "reports/verdict.hpp"
#include "scenarios/gates_file.hpp"

#include <csignal>
#include <iostream>
#include <set>
#include <string>

#include <unistd.h>

namespace harness {
namespace {

namespace exit_codes = reports::exit_codes;

// The gates that the run was judged by.
std::vector<reports::Gate> own_gates(const reports::Record& record) {
    std::vector<reports::Gate> gates;
    for (const auto& result : record.gates) {
        if (!result.baseline.empty()) {
            throw UsageError{"the run was judged against " + result.baseline +
                             ", too: name that baseline with --baseline, or other gates with "
                             "--gates"};
        }
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
        throw InvalidFile{*errors};
    }
    return std::get<std::vector<reports::Gate>>(std::move(read));
}

// The signal that cut the run off; 0: none did.
int signal_of(const reports::Record& record) {
    return !record.interrupted ? 0 : record.exit_code == exit_codes::terminated ? SIGTERM : SIGINT;
}

// One rehearsal behind the other: the memory of all, so that each is read once.
std::vector<StoredRun> read_all(const std::vector<std::filesystem::path>& paths) {
    std::vector<StoredRun> runs;
    for (const auto& path : paths) {
        runs.push_back(read_stored_run(path));
    }
    return runs;
}

// The same run twice would be counted as two.
void require_different(const std::vector<StoredRun>& runs) {
    std::set<std::string> seen;
    for (const auto& run : runs) {
        if (!seen.insert(run.record.run.id).second) {
            throw UsageError{run.name + ": this run is named twice, and would be counted as two"};
        }
    }
}

std::vector<reports::NamedRun> named(const std::vector<StoredRun>& runs) {
    std::vector<reports::NamedRun> all;
    for (const auto& run : runs) {
        all.push_back({run.name, &run.record});
    }
    return all;
}

std::vector<reports::Gate> ratio_gates(const std::filesystem::path& file,
                                       const reports::Record& record) {
    auto gates = gates_of(file, record);
    std::erase_if(gates, [](const reports::Gate& gate) { return !gate.ratio; });
    if (gates.empty()) {
        throw UsageError{file.string() +
                         " holds no ratio, such as `response.p99: {ratio: 1.25}`: nothing else is "
                         "judged between runs"};
    }
    return gates;
}

}  // namespace

int draw_again(const ReportCommand& command) {
    const auto stored = read_stored_run(command.run);
    auto ci = ci_of_this_process("none");
    if (std::filesystem::exists(stored.folder / code_quality_file)) {
        ci.system = CiSystem::gitlab;
    }
    const auto faults = write_reports(stored.record, stored.folder, ci);
    for (const auto& fault : faults) {
        complain(fault, exit_codes::harness_failed);
    }
    if (!faults.empty()) {
        return exit_codes::harness_failed;
    }
    return give("reports written: " + reports::one_line(stored.folder.string()) + "\n",
                exit_codes::pass);
}

int judge_again(const GateCommand& command) {
    auto record = read_stored_run(command.run).record;
    std::optional<StoredRun> baseline;
    std::optional<reports::NamedRun> against;
    if (command.baseline) {
        baseline = read_stored_run(*command.baseline);
        against = {baseline->name, &baseline->record};
        std::erase_if(record.gates, [](const auto& gate) { return !gate.baseline.empty(); });
    }
    const auto gates = command.gates ? gates_of(*command.gates, record) : own_gates(record);
    reports::decide(record, gates, signal_of(record), against ? &*against : nullptr);
    return give(command.json
                    ? reports::to_json(record)
                    : reports::terminal_summary(record, {wants_colour(STDOUT_FILENO),
                                                         terminal_columns(STDOUT_FILENO, 100)}),
                record.exit_code);
}

int compare_stored(const CompareCommand& command) {
    if (command.runs.size() != command.baselines.size()) {
        throw UsageError{
            "compare needs as many runs behind --to as before it (" +
            std::to_string(command.runs.size()) + " against " +
            std::to_string(command.baselines.size()) +
            "): pairs are made in the order given, best of runs that were made in turn"};
    }
    const auto runs = read_all(command.runs), baselines = read_all(command.baselines);
    require_different(runs);
    require_different(baselines);
    const auto gates =
        command.gates ? ratio_gates(*command.gates, runs[0].record) : std::vector<reports::Gate>{};
    const auto comparison = reports::compare_runs(named(runs), named(baselines), gates);
    const auto json = reports::comparison_json(comparison);
    if (command.out) {
        write_private_file(*command.out / "compare.html",
                           reports::comparison_html(comparison, version));
        write_private_file(*command.out / "compare.md", reports::comparison_markdown(comparison));
        write_private_file(*command.out / "compare.json", json);
    }
    return give(command.json
                    ? json
                    : reports::comparison_text(comparison, {wants_colour(STDOUT_FILENO),
                                                            terminal_columns(STDOUT_FILENO, 100)}),
                comparison.exit_code);
}

}  // namespace harness
