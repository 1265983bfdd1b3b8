#include "harness/commands.hpp"

#include "harness/answer.hpp"
#include "harness/ci_system.hpp"
#include "harness/demo.hpp"
#include "harness/engines.hpp"
#include "harness/mask_command.hpp"
#include "harness/placebo.hpp"
#include "harness/plan.hpp"
#include "harness/rehearsal.hpp"
#include "harness/report_commands.hpp"
#include "harness/verify_commands.hpp"
#include "harness/workload_commands.hpp"
#include "harness/workload_synthesis.hpp"
#include "reports/json.hpp"
#include "reports/terminal.hpp"
#include "reports/text.hpp"
#include "reports/verdict.hpp"

#include <csignal>
#include <iostream>
#include <random>

#include <unistd.h>

namespace harness {
namespace {

namespace exit_codes = reports::exit_codes;

template <class... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::uint64_t fresh_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 21) ^ device();  // 53 bits: exact in JSON
}

scenarios::Scenario read(const RunCommand& command) {
    auto read = scenarios::read_scenario(command.scenario, command.overrides);
    if (const auto* errors = std::get_if<std::vector<scenarios::Error>>(&read)) {
        throw InvalidFile{*errors};
    }
    return std::get<scenarios::Scenario>(std::move(read));
}

int plan(const RunCommand& command, scenarios::Scenario written) {
    migration::Interruption interruption;
    Console console{{.quiet = command.quiet, .on_first_signal = "interrupted"}, interruption};
    const auto loaded = with_its_load(std::move(written), command.overrides, console, interruption);
    std::cout << plan_of(loaded.scenario, command.db);
    return exit_codes::pass;
}

RehearsalOptions options_of(const RunCommand& command, const Ci& ci) {
    RehearsalOptions options;
    options.stage = {command.db, command.setup, command.server_binaries, command.show_values};
    options.seed = command.seed.value_or(fresh_seed());
    options.ci = ci;
    for (const auto& override_ : command.overrides) {
        options.overridden.push_back(override_.first);
    }
    if (command.baseline) {
        options.baseline = read_stored_run(*command.baseline);
    }
    if (command.placebo) {
        options.placebo = read_stored_placebo(*command.placebo);
    }
    return options;
}

// The load's source is read before the target is known, and leaves nothing where it cannot be.
reports::Record rehearse_with_its_load(scenarios::Scenario written, const RunCommand& command,
                                       RehearsalOptions options, RunDirectory& out) {
    migration::Interruption interruption;
    Console console{{command.quiet}, interruption};
    console.note("seed " + std::to_string(options.seed));
    LoadedScenario loaded;
    try {
        loaded = with_its_load(std::move(written), command.overrides, console, interruption);
    } catch (...) {
        out.discard();
        throw;
    }
    options.synthesized = std::move(loaded.synthesized);
    return rehearse(loaded.scenario, options, out, console, interruption);
}

int run(const RunCommand& command, const Ci& ci) {
    auto written = read(command);
    if (command.plan) {
        return plan(command, std::move(written));
    }
    auto options = options_of(command, ci);
    RunDirectory out{command.out.value_or(RunDirectory::default_path(written.name))};
    // The console ends before the summary.
    const auto record =
        rehearse_with_its_load(std::move(written), command, std::move(options), out);
    const int exit_code = give(
        command.json ? reports::to_json(record)
                     : reports::terminal_summary(record, {wants_colour(STDOUT_FILENO),
                                                          terminal_columns(STDOUT_FILENO, 100)}) +
                           "\nrun directory: " + out.path().string() + "\n",
        record.exit_code);
    tell_ci(ci, record);
    return exit_code;
}

int run(const RunCommand& command) {
    const auto ci = ci_of_this_process(command.ci);
    try {
        return run(command, ci);
    } catch (const InvalidFile& invalid) {
        tell_ci(ci, invalid.errors);
        throw;
    }
}

int validate(const ValidateCommand& command) {
    const auto read = scenarios::read_scenario(command.scenario);
    if (const auto* errors = std::get_if<std::vector<scenarios::Error>>(&read)) {
        return complain(*errors);
    }
    for (const auto& doubt : std::get<scenarios::Scenario>(read).doubts) {
        std::cerr << reports::many_lines(doubt.text()) << '\n';
    }
    std::cerr << command.scenario.string() << ": valid\n";
    return exit_codes::pass;
}

int print(const database::Report& report) {
    std::cout << reports::many_lines(report.text);
    if (!report.text.empty() && report.text.back() != '\n') {
        std::cout << '\n';
    }
    return report.good ? exit_codes::pass : exit_codes::harness_failed;
}

int clean(const CleanupCommand& command) {
    const auto& engine = engine_for(command.db);
    for (const auto& line : engine.remove_orphans()) {
        std::cout << line << '\n';
    }
    return command.db.empty() ? exit_codes::pass : print(engine.open(command.db)->cleanup());
}

int dispatch(const Command& command) {
    return std::visit(
        Overloaded{
            [](const DemoCommand& c) { return demo(c); },
            [](const RunCommand& c) { return run(c); },
            [](const ValidateCommand& c) { return validate(c); },
            [](const SchemaCommand&) {
                std::cout << scenarios::json_schema() << '\n';
                return exit_codes::pass;
            },
            [](const DoctorCommand& c) { return print(engine_for(c.db).open(c.db)->doctor()); },
            [](const CleanupCommand& c) { return clean(c); },
            [](const ChecksumCommand& c) { return checksum_tables(c); },
            [](const DiffCommand& c) { return diff_tables(c); },
            [](const ReportCommand& c) { return draw_again(c); },
            [](const GateCommand& c) { return judge_again(c); },
            [](const CompareCommand& c) { return compare_stored(c); },
            [](const PlaceboCommand& c) { return placebo(c); },
            [](const WorkloadInspectCommand& c) { return inspect_workload(c); },
            [](const WorkloadMaskCommand& c) { return mask_workload(c); },
            [](const SynthesizeCommand& c) { return synthesize(c); },
            [](const GuardCommand& c) {
                const auto target = engine_for(c.db).open(c.db);
                return print(c.mark ? target->mark() : target->unmark());
            }},
        command);
}

}  // namespace

int execute(const Command& command) {
    try {
        return dispatch(command);
    } catch (const InvalidFile& invalid) {
        return complain(invalid.errors);
    } catch (const Interrupted& interrupted) {
        return interrupted.signal == SIGTERM ? exit_codes::terminated : exit_codes::interrupted;
    } catch (const UsageError& error) {
        return complain(error.what(), exit_codes::usage);
    } catch (const std::invalid_argument& error) {  // a connection string that makes no sense
        return complain(error.what(), exit_codes::usage);
    } catch (const std::exception& error) {
        return complain(error.what(), exit_codes::harness_failed);
    }
}

}  // namespace harness
