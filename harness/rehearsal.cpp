// Read this first: the whole product's story, in order.
#include "harness/rehearsal.hpp"

#include "harness/execution.hpp"
#include "harness/log_reading.hpp"
#include "harness/run_files.hpp"
#include "harness/verification/data_proof.hpp"
#include "reports/event_log.hpp"
#include "reports/run_comparison.hpp"
#include "reports/verdict.hpp"
#include "scenarios/way_back.hpp"

#include <algorithm>
#include <csignal>
#include <memory>

namespace harness {

using reports::PhaseName;
using Sentences = std::vector<std::string>;

namespace {

void tell(const reports::Verification& proof, double at_s, RunDirectory& out) {
    for (const auto& table : proof.tables) {
        out.event(reports::event_line(
            at_s, "verified",
            {{"table", table.name}, {"verdict", reports::name_of(table.verdict)}}));
    }
    for (const auto& invariant : proof.invariants) {
        out.event(reports::event_line(
            at_s, "invariant",
            {{"name", invariant.name}, {"verdict", reports::name_of(invariant.verdict)}}));
    }
}

// The line that tells how far a scan is; never longer than there is something to tell of.
class ScanStatus {
public:
    ScanStatus(Console& console, verification::DataProof& proof) : console_{console} {
        console_.show_status([&proof] { return proof.status(); });
    }
    ~ScanStatus() { console_.show_status({}); }
    ScanStatus(const ScanStatus&) = delete;
    ScanStatus& operator=(const ScanStatus&) = delete;

private:
    Console& console_;
};

// Whom the story is about.
struct Scene {
    Stage& stage;
    RunDirectory& out;
    Console& console;
    migration::Interruption& interruption;
};

// The load with the migration in its middle; `next_operation` is told the number of the first
// operation that was not sent.
reports::Record under_load(const scenarios::Scenario& scenario, verification::DataProof& proof,
                           const RunStart& start, const Scene& scene,
                           std::uint64_t& next_operation) {
    Execution execution{scenario,      scene.stage,       proof, start, scene.out,
                        scene.console, scene.interruption};
    try {
        execution.observe();  // the lock observer samples from here to the end
        proof.watch(start.at, [&scene](const auto& name, const auto& value, double at) {
            scene.out.event(
                reports::event_line(at, "invariant_violated", {{"name", name}, {"value", value}}));
        });
        execution.load_on();
        execution.hold(PhaseName::warmup, scenario.phases.warmup);
        execution.hold(PhaseName::before, scenario.phases.before);
        execution.migrate();  // the phase `during`: adversaries, then step after step
        execution.hold(PhaseName::after, scenario.phases.after);
        execution.load_off();
    } catch (const std::exception& failure) {
        execution.failed(failure.what());
    }
    auto record = execution.finish();
    next_operation = execution.next_operation();
    return record;
}

// The proof of the way back begins where this one ends.
void prove(verification::DataProof& proof, verification::DataProof* back, const Scene& scene,
           reports::Record& record) {
    const ScanStatus status{scene.console, proof};
    record.verification = proof.after(
        !record.migration_error.empty(),
        record.harness_error.empty() ? "" : "the rehearsal itself could not be carried through",
        back);
    if (record.verification) {
        tell(*record.verification, record.run.duration_s, scene.out);
    }
}

// Empty: there is something to go back from.
std::string why_not_back(const reports::Record& record) {
    if (record.interrupted || !record.harness_error.empty()) {
        return "the rehearsal was cut off first";
    }
    if (!record.migration_error.empty()) {
        return "the migration failed, and what it left is not what `down` undoes";
    }
    if (record.verification && !record.verification->fault.empty()) {
        return "the data was not verified (" + record.verification->fault + ")";
    }
    if (record.verification && !reports::mismatch_sentences(*record.verification).empty()) {
        return "the proof of the migration itself found something wrong";
    }
    return {};
}

// Both count from one start.
void join_way_back(reports::Record back, reports::Record& record) {
    back.is_rollback = true;
    reports::give_baselines(record, back);
    record.run.duration_s = back.run.duration_s;
    record.run.finished_at = back.run.finished_at;
    record.rollback = std::make_shared<reports::Record>(std::move(back));
}

// Null: the scenario has no recording.
std::unique_ptr<recording::ReplaySource> read_recording(const scenarios::Scenario& scenario,
                                                        Console& console,
                                                        migration::Interruption& interruption) {
    if (!scenario.workload.replay) {
        return nullptr;
    }
    console.note("reading the recording");
    LogReading reading{console, interruption};
    return std::make_unique<recording::ReplaySource>(scenario, reading.progress(), reading.stop());
}

// All of it, before it is judged.
reports::Record rehearsed(const scenarios::Scenario& written, const RehearsalOptions& options,
                          RunDirectory& out, Console& console,
                          migration::Interruption& interruption) {
    const auto replay = read_recording(written, console, interruption);
    const auto scenario = replay ? replay->with_operations(written) : written;
    if (options.synthesized) {
        out.keep("workload.yaml", options.synthesized->file);
    }
    Stage stage{scenario, options.stage, console};  // guarded and locked, or a throwaway server
    stage.prepare(out, interruption);  // set up; every statement accepted by the server
    if (replay) {
        LogReading reading{console, interruption};
        replay->fit_to(stage.target(), written, reading.stop());
    }
    const auto refusals = replay ? replay->refused_by(stage.target(), written) : Sentences{};
    const Scene scene{stage, out, console, interruption};

    verification::DataProof::Options proving{
        .seed = options.seed,
        .spill_directory = out.path().string(),
        .show_values = options.stage.show_values,
        .note = [&console](const auto& line) { console.note(line); },
        .keeps_origin = scenario.rollback};
    verification::DataProof proof{scenario, stage.target(), interruption, proving};
    {
        const ScanStatus status{console, proof};
        proof.before();  // the verified tables, with the load at rest
    }
    proving.keeps_origin = false;
    const auto way_back = scenarios::way_back(scenario);
    verification::DataProof proof_back{way_back, stage.target(), interruption, proving};

    RunStart start{.at = Execution::Clock::now(),
                   .seed = options.seed,
                   .replay = replay.get(),
                   .synthesis = options.synthesized ? &options.synthesized->described : nullptr};
    std::uint64_t next_operation = 0;
    auto record = under_load(scenario, proof, start, scene, next_operation);
    record.run.overridden = options.overridden;
    for (const auto& refusal : refusals) {
        record.warnings.push_back("The target refuses a statement of the recording: " + refusal);
    }
    if (options.synthesized) {
        const auto& told = options.synthesized->warnings;
        record.warnings.insert(record.warnings.end(), told.begin(), told.end());
    }
    prove(proof, scenario.rollback ? &proof_back : nullptr, scene, record);

    if (scenario.rollback) {
        record.rollback_omitted =
            interruption.stop_requested() ? "the rehearsal was interrupted" : why_not_back(record);
    }
    if (scenario.rollback && record.rollback_omitted.empty()) {
        console.note("the way back");
        start.first_operation = next_operation;
        try {
            auto back = under_load(way_back, proof_back, start, scene, next_operation);
            prove(proof_back, nullptr, scene, back);
            join_way_back(std::move(back), record);
        } catch (const std::exception& failure) {
            record.harness_error = std::string{"the way back could not begin: "} + failure.what();
        }
    }

    return record;
}

}  // namespace

reports::Record rehearse(const scenarios::Scenario& scenario, const RehearsalOptions& options,
                         RunDirectory& out, Console& console,
                         migration::Interruption& interruption) {
    reports::Record record;
    try {
        record = rehearsed(scenario, options, out, console, interruption);
    } catch (const recording::Stopped&) {
        out.discard();
        throw Interrupted{console.signal()};
    } catch (...) {
        out.discard();  // only what was made here, and only where nothing was touched
        throw;
    }
    record.placebo = options.placebo;
    take_as_stored(record);  // what is judged is what will be judged again
    const int signal = console.signal();
    std::optional<reports::NamedRun> baseline;
    if (options.baseline) {
        baseline = {options.baseline->name, &options.baseline->record};
    }
    reports::decide(record, scenario.gates, signal == 0 || signal == SIGINT ? signal : SIGTERM,
                    baseline ? &*baseline : nullptr);
    for (const auto& fault : write_run_files(record, out.path(), options.ci)) {
        console.complain(fault);
    }
    return record;
}

}  // namespace harness
