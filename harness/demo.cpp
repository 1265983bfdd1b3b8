#include "harness/demo.hpp"

#include "harness/demo_files.hpp"
#include "harness/rehearsal.hpp"
#include "reports/terminal.hpp"
#include "reports/verdict.hpp"

#include <fstream>
#include <iostream>

#include <unistd.h>

namespace harness {
namespace {

namespace fs = std::filesystem;
namespace exit_codes = reports::exit_codes;

// One seed for both, so that both meet the same operations.
constexpr std::uint64_t demo_seed = 20'260'101;

// The scenarios are part of the program; they are left beside the runs, to be read and changed.
void write_scenarios(const fs::path& folder) {
    fs::create_directories(folder);
    for (const auto& file : demo_files()) {
        std::ofstream out{folder / file.name, std::ios::binary};
        out << file.content;
        out.close();
        if (!out) {
            throw std::runtime_error{(folder / file.name).string() + " cannot be written"};
        }
    }
}

reports::Record rehearse_one(const fs::path& scenario_file, const fs::path& out,
                             const DemoCommand& command, int& signal) {
    auto read = scenarios::read_scenario(scenario_file);
    if (const auto* errors = std::get_if<std::vector<scenarios::Error>>(&read)) {
        throw std::runtime_error{errors->front().text()};
    }
    const auto& scenario = std::get<scenarios::Scenario>(read);
    RehearsalOptions options;
    options.stage.server_binaries = command.server_binaries;
    options.seed = demo_seed;
    RunDirectory directory{out};
    migration::Interruption interruption;
    Console console{{command.quiet}, interruption};
    console.note("== " + scenario.name + ": " + scenario.description);
    auto record = rehearse(scenario, options, directory, console, interruption);
    signal = console.signal();
    return record;
}

}  // namespace

int demo(const DemoCommand& command) {
    const fs::path out = command.out.value_or(RunDirectory::default_path("demo"));
    if (fs::exists(out) && !fs::is_empty(out)) {
        throw UsageError{out.string() + " must be new or empty; name another folder with --out"};
    }
    write_scenarios(out / "scenarios");
    const reports::Style style{wants_colour(STDOUT_FILENO), terminal_columns(STDOUT_FILENO, 100)};
    int signal = 0;
    const auto naive =
        rehearse_one(out / "scenarios" / "naive.yaml", out / "naive", command, signal);
    std::cout << reports::terminal_summary(naive, style) << std::endl;
    if (signal != 0) {
        return naive.exit_code;
    }
    const auto phased =
        rehearse_one(out / "scenarios" / "phased.yaml", out / "phased", command, signal);
    std::cout << reports::terminal_summary(phased, style) << '\n'
              << reports::side_by_side(naive, phased, style)
              << "\nrun directories: " << (out / "naive").string() << ", "
              << (out / "phased").string() << std::endl;
    if (signal != 0) {
        return phased.exit_code;
    }
    // What went wrong otherwise is the code: a migration that failed, a machine too busy to say.
    if (naive.exit_code != exit_codes::gate_failed) {
        return std::max(naive.exit_code, exit_codes::gate_failed);
    }
    return phased.exit_code;
}

}  // namespace harness
