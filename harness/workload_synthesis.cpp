#include "harness/workload_synthesis.hpp"

#include "harness/answer.hpp"
#include "harness/console.hpp"
#include "harness/engines.hpp"
#include "harness/migration/cancel_watch.hpp"
#include "harness/private_file.hpp"
#include "harness/usage_error.hpp"
#include "harness/version.hpp"
#include "reports/text.hpp"
#include "reports/verdict.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stop_token>
#include <thread>

namespace harness {
namespace {

namespace exit_codes = reports::exit_codes;
using workloads::synthesis::Draft;
using workloads::synthesis::Options;
using workloads::synthesis::Window;
using Clock = migration::Interruption::Clock;

std::string source_uri(const SynthesizeCommand& command) {
    if (command.dsn_env.empty()) {
        return command.db;
    }
    const char* value = std::getenv(command.dsn_env.c_str());
    if (value == nullptr || *value == '\0') {
        throw UsageError{"the environment variable " + command.dsn_env +
                         ", which should hold the source's URI, is not set; export it, or name the "
                         "source with --db"};
    }
    return value;
}

// The statistics as they grow for so long; the sessions at work are looked at meanwhile. False: it
// was interrupted.
bool watch(database::StatementSource& source, Clock::duration length,
           const migration::Interruption& interruption, double& most_active) {
    constexpr std::chrono::milliseconds between_looks{500};
    const auto end = Clock::now() + length;
    for (;;) {
        most_active = std::max(most_active, static_cast<double>(source.active_sessions()));
        const auto left = end - Clock::now();
        if (left <= Clock::duration::zero()) {
            return true;
        }
        if (!interruption.sleep(std::min<Clock::duration>(left, between_looks),
                                migration::Interruption::Level::finish_step)) {
            return false;
        }
    }
}

Window window_of(std::variant<Window, std::string> result) {
    if (const auto* error = std::get_if<std::string>(&result)) {
        throw UsageError{*error};
    }
    return std::get<Window>(std::move(result));
}

// While it lives, the first Ctrl-C ends whatever the source is answering; again and again, because
// a cancellation that arrives between two questions is lost.
class EndedByInterruption {
public:
    EndedByInterruption(database::StatementSource& source,
                        const migration::Interruption& interruption)
        : thread_{[&source, &interruption](const std::stop_token& over) {
              if (!interruption.wait(migration::Interruption::Level::finish_step, over)) {
                  return;
              }
              while (!over.stop_requested()) {
                  source.cancel();
                  interruption.pause(migration::CancelWatch::repeat, over);
              }
          }} {}

private:
    std::jthread thread_;
};

std::optional<Synthesis> read_source(database::StatementSource& source, const Options& options,
                                     std::chrono::duration<double> window,
                                     const migration::Interruption& interruption,
                                     const std::function<void(const std::string&)>& note) {
    const bool since_reset = window.count() <= 0;
    const auto first = source.read(since_reset);
    double most_active = 0;
    if (!since_reset) {
        note("watching the statements of the source for " +
             std::to_string(static_cast<long long>(window.count() + 0.5)) + " s");
    }
    if (!watch(source, std::chrono::duration_cast<Clock::duration>(window), interruption,
               most_active)) {
        return std::nullopt;
    }
    const Window counted =
        window_of(since_reset ? workloads::synthesis::since_reset(first)
                              : workloads::synthesis::between(first, source.read(true)));
    const Draft draft{counted, options};
    const auto schemas = source.use_search_path(draft.search_path());
    const auto statements = draft.statements();
    note("reading what is known of the tables of " + std::to_string(statements.size()) +
         (statements.size() == 1 ? " statement" : " statements"));
    const auto tables = draft.tables();
    const auto catalog = source.catalog(tables, options.keep_values);
    Synthesis made{draft.finish(catalog, schemas, source.describe(statements)), {}};
    const auto identity = source.identity();
    made.provenance = {.program = std::string{"rehearse "} + version,
                       .database = identity.database,
                       .server = identity.server,
                       .seconds = counted.seconds,
                       .since_reset = counted.since_reset,
                       .counts_nested_unseen =
                           counted.counts_nested &&
                           std::any_of(counted.entries.begin(), counted.entries.end(),
                                       [](const auto& entry) { return !entry.counted.top_level; }),
                       .from_us = counted.from_us,
                       .to_us = counted.to_us,
                       .evictions = counted.evictions,
                       .scale = options.scale,
                       .keep_values = options.keep_values,
                       .active = most_active,
                       .connections = workloads::synthesis::connections_for(
                           made.workload, most_active, options.scale)};
    return made;
}

}  // namespace

std::optional<Synthesis> synthesize_from(database::StatementSource& source, const Options& options,
                                         std::chrono::duration<double> window,
                                         const migration::Interruption& interruption,
                                         const std::function<void(const std::string&)>& note) {
    const EndedByInterruption watch{source, interruption};
    std::optional<Synthesis> made;
    try {
        made = read_source(source, options, window, interruption, note);
    } catch (const database::Outage&) {
        if (!interruption.stop_requested()) {
            throw;
        }
    }
    // A statement whose description was cut off would be left out.
    return interruption.stop_requested() ? std::nullopt : std::move(made);
}

int synthesize(const SynthesizeCommand& command) {
    const auto uri = source_uri(command);
    if (command.out && std::filesystem::exists(*command.out)) {
        throw UsageError{command.out->string() +
                         " is there already; name a new file, so that nothing edited is lost"};
    }
    const auto database = engine_for(uri).open(uri);
    std::optional<Synthesis> made;
    {
        migration::Interruption interruption;
        Console console{{.quiet = command.quiet, .on_first_signal = "interrupted"}, interruption};
        const auto source = database->statement_source();
        made = synthesize_from(*source, {command.scale, command.top, command.keep_values},
                               std::chrono::duration<double>{command.window_s}, interruption,
                               [&](const std::string& line) { console.note(line); });
        if (!made) {
            return console.signal() == SIGINT ? exit_codes::interrupted : exit_codes::terminated;
        }
    }
    const auto coverage = workloads::synthesis::coverage_text(made->workload, made->provenance);
    if (made->workload.operations.empty()) {
        return complain("no statement of " + database->describe() + " can be synthesized\n" +
                            coverage +
                            "Was there any load? Watch for longer with --window 10m, or take all "
                            "since the last reset with --window 0.",
                        exit_codes::harness_failed);
    }
    const auto file = workloads::synthesis::workload_file(made->workload, made->provenance);
    if (!command.out) {
        std::cerr << reports::many_lines(coverage);
        return give(file, exit_codes::pass);
    }
    write_private_file(*command.out, file);
    return give(reports::many_lines(coverage) + "written: " + command.out->string() + "\n",
                exit_codes::pass);
}

}  // namespace harness
