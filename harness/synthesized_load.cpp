#include "harness/synthesized_load.hpp"

#include "harness/answer.hpp"
#include "harness/engines.hpp"
#include "harness/rehearsal.hpp"
#include "harness/usage_error.hpp"
#include "harness/workload_synthesis.hpp"
#include "reports/figures.hpp"
#include "reports/replay.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace harness {
namespace {

using scenarios::Scenario;
using workloads::synthesis::Options;

std::string placed(const Scenario& scenario, scenarios::Place place, const std::string& what) {
    return scenarios::Error{scenario.file, place, "workload.synthesize" + what}.text();
}

std::string source_of(const Scenario& scenario) {
    const auto& wanted = *scenario.workload.synthesize;
    const char* value = std::getenv(wanted.dsn_env.c_str());
    if (value == nullptr || *value == '\0') {
        throw UsageError{placed(scenario, wanted.dsn_env_place,
                                ": the environment variable " + wanted.dsn_env +
                                    ", which should hold the source's URI, is not set; export it")};
    }
    return value;
}

// Empty: it was interrupted.
std::optional<Synthesis> read(const Scenario& scenario, database::Database& database,
                              Console& console, const migration::Interruption& interruption) {
    const auto& wanted = *scenario.workload.synthesize;
    const Options options{.scale = wanted.scale,
                          .top = static_cast<std::size_t>(wanted.top),
                          .keep_values = wanted.keep_values};
    try {
        const auto source = database.statement_source();
        return synthesize_from(*source, options, wanted.window, interruption,
                               [&](const std::string& line) { console.note(line); });
    } catch (const database::Outage& outage) {
        if (interruption.stop_requested()) {
            return std::nullopt;
        }
        auto error = outage.error();
        error.message =
            placed(scenario, wanted.place,
                   ": the source, " + database.describe() + ", cannot be read: " + error.message);
        throw database::Outage{error};
    } catch (const UsageError& error) {
        throw UsageError{placed(scenario, wanted.place, std::string{": "} + error.what())};
    }
}

reports::Synthesis described(const Synthesis& made) {
    const auto& workload = made.workload;
    const auto& all = workload.all;
    const auto of_calls = [&](const auto& share) {
        return all.calls_per_s > 0 ? std::min(share.calls_per_s / all.calls_per_s, 1.0) : 0;
    };
    const auto of_time = [&](const auto& share) {
        return all.ms_per_s > 0 ? std::min(share.ms_per_s / all.ms_per_s, 1.0) : 0;
    };
    reports::Synthesis told{.database = made.provenance.database,
                            .server = made.provenance.server,
                            .seconds = made.provenance.seconds,
                            .since_reset = made.provenance.since_reset,
                            .scale = made.provenance.scale,
                            .calls_per_s = all.calls_per_s,
                            .covered_calls = std::clamp(workload.coverage_of_calls(), 0.0, 1.0),
                            .covered_time = std::clamp(workload.coverage_of_time(), 0.0, 1.0),
                            .operations = {},
                            .keeps_values = made.provenance.keep_values,
                            .evictions = static_cast<std::uint64_t>(
                                std::max<std::int64_t>(made.provenance.evictions, 0)),
                            .omissions = {}};
    for (const auto& operation : workload.operations) {
        told.operations.push_back({operation.name, of_calls(operation.share)});
    }
    for (const auto& omission : workload.omissions) {
        told.omissions.push_back({.why = omission.reason,
                                  .calls = of_calls(omission.share),
                                  .time = of_time(omission.share),
                                  .statements = omission.statements});
    }
    return told;
}

SynthesizedLoad load_from(const Synthesis& made) {
    SynthesizedLoad load{
        workloads::synthesis::workload_file(made.workload, made.provenance), described(made), {}};
    if (made.provenance.counts_nested_unseen) {
        load.warnings.emplace_back(
            "pg_stat_statements.track is `all` on the workload's source, and its version does not "
            "tell which statements functions ran: those are sent twice. Set it to `top` there.");
    }
    return load;
}

}  // namespace

LoadedScenario with_its_load(Scenario written, const std::vector<scenarios::Override>& overrides,
                             Console& console, const migration::Interruption& interruption) {
    if (!written.workload.synthesize) {
        return {std::move(written), std::nullopt};
    }
    const auto uri = source_of(written);
    const auto database = engine_for(uri).open(uri);
    console.note("reading the statistics of " + database->describe());
    const auto made = read(written, *database, console, interruption);
    if (!made) {
        throw Interrupted{console.signal()};
    }
    if (made->workload.operations.empty()) {
        throw std::runtime_error{
            placed(written, written.workload.synthesize->place,
                   ": no statement of " + database->describe() + " can be synthesized\n" +
                       workloads::synthesis::coverage_text(made->workload, made->provenance) +
                       "Was there any load? Watch for longer with `window: 10m`, or take all since "
                       "the last reset with `window: 0`.")};
    }
    auto load = load_from(*made);
    console.note(reports::counted(load.described.operations.size(), "operation", "operations") +
                 ", " + reports::percent_text(load.described.covered_calls) +
                 " of the calls of the source");
    auto read_again = scenarios::read_synthesized_scenario(written.file, overrides, load.file);
    if (const auto* errors = std::get_if<std::vector<scenarios::Error>>(&read_again)) {
        throw InvalidFile{*errors};
    }
    return {std::get<Scenario>(std::move(read_again)), std::move(load)};
}

}  // namespace harness
