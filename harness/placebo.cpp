#include "harness/placebo.hpp"

#include "harness/answer.hpp"
#include "harness/private_file.hpp"
#include "harness/rehearsal.hpp"
#include "harness/usage_error.hpp"
#include "reports/placebo.hpp"
#include "reports/terminal.hpp"
#include "reports/verdict.hpp"
#include "scenarios/placebo.hpp"

#include <chrono>
#include <random>

#include <unistd.h>

namespace harness {
namespace {

namespace fs = std::filesystem;
namespace exit_codes = reports::exit_codes;

scenarios::Scenario read(const PlaceboCommand& command) {
    auto read = scenarios::read_scenario(command.scenario, command.overrides);
    if (const auto* errors = std::get_if<std::vector<scenarios::Error>>(&read)) {
        throw InvalidFile{*errors};
    }
    return std::get<scenarios::Scenario>(std::move(read));
}

// A source is read once: all runs have the same load.
LoadedScenario placebo_with_its_load(scenarios::Scenario written, const PlaceboCommand& command) {
    migration::Interruption interruption;
    Console console{{.quiet = command.quiet, .on_first_signal = "interrupted"}, interruption};
    auto loaded = with_its_load(std::move(written), command.overrides, console, interruption);
    const std::chrono::duration<double> during{command.during_s};
    loaded.scenario = scenarios::placebo_of(
        loaded.scenario, std::chrono::duration_cast<std::chrono::milliseconds>(during));
    return loaded;
}

// A replay writes what the recording wrote: a second one on the same data fails where the first did
// not (rows that are there already), and is no replay of the recording any more.
void require_same_beginning(const PlaceboCommand& command, const scenarios::Scenario& scenario) {
    const bool on_server_of_ours = command.db.empty() && !scenario.target.dsn_env;
    const bool set_up = command.setup && !scenario.setup.empty();
    if (scenario.workload.replay && command.times > 1 && !on_server_of_ours && !set_up) {
        throw UsageError{
            "each replay must begin with the data that the recording began with, and the first "
            "one changes them: leave the target out, so that each has a throwaway server of its "
            "own; or let `setup` make the data anew each time (--setup); or restore them, and "
            "make one replay only (--times 1)"};
    }
}

// "01", as wide as the last one's number.
std::string numbered(unsigned number, unsigned last) {
    auto text = std::to_string(number);
    return std::string(std::to_string(last).size() - text.size(), '0') + text;
}

}  // namespace

int placebo(const PlaceboCommand& command) {
    auto written = read(command);
    require_same_beginning(command, written);
    const fs::path out =
        command.out.value_or(RunDirectory::default_path(written.name + "-placebo"));
    if (fs::exists(out) && !fs::is_empty(out)) {
        throw UsageError{out.string() + " must be new or empty; name another folder with --out"};
    }
    const auto [scenario, synthesized] = placebo_with_its_load(std::move(written), command);
    RehearsalOptions options;
    options.synthesized = synthesized;
    options.stage = {command.db, command.setup, command.server_binaries, false};
    options.seed = command.seed.value_or(std::random_device{}());
    for (const auto& override_ : command.overrides) {
        options.overridden.push_back(override_.first);
    }
    reports::Placebo gathered{scenario.gates};
    bool judged = false;
    for (unsigned i = 1; i <= command.times; ++i, ++options.seed) {
        RunDirectory directory{out / numbered(i, command.times)};
        migration::Interruption interruption;
        Console console{{command.quiet}, interruption};
        console.note("placebo " + std::to_string(i) + " of " + std::to_string(command.times) +
                     ", seed " + std::to_string(options.seed));
        const auto record = rehearse(scenario, options, directory, console, interruption);
        if (record.interrupted || !record.harness_error.empty()) {
            return complain("placebo " + std::to_string(i) + " was not carried through" +
                                (record.harness_error.empty() ? "" : ": " + record.harness_error),
                            record.exit_code);
        }
        gathered.add(record);
        judged = judged || record.verdict != reports::Verdict::inconclusive;
    }
    const auto result = gathered.result();
    const auto json = reports::placebo_json(result);
    write_private_file(out / "placebo.json", json);
    return give(command.json
                    ? json
                    : reports::placebo_text(result, {wants_colour(STDOUT_FILENO),
                                                     terminal_columns(STDOUT_FILENO, 100)}),
                judged ? exit_codes::pass : exit_codes::inconclusive);
}

}  // namespace harness
