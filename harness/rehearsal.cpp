// Read this first: the whole product's story, in order.
#include "harness/rehearsal.hpp"

#include "harness/execution.hpp"
#include "harness/run_files.hpp"
#include "harness/verification/data_proof.hpp"
#include "reports/event_log.hpp"
#include "reports/verdict.hpp"

#include <csignal>

namespace harness {

using reports::PhaseName;

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
    ScanStatus(Console& console, verification::DataProof& proof)
        : console_{console}, proof_{proof} {}
    ~ScanStatus() { hide(); }
    ScanStatus(const ScanStatus&) = delete;
    ScanStatus& operator=(const ScanStatus&) = delete;

    void show() const {
        console_.show_status([this] { return proof_.status(); });
    }
    void hide() const { console_.show_status({}); }

private:
    Console& console_;
    verification::DataProof& proof_;
};

}  // namespace

reports::Record rehearse(const scenarios::Scenario& scenario, const RehearsalOptions& options,
                         RunDirectory& out, Console& console,
                         migration::Interruption& interruption) {
    Stage stage{scenario, options.stage, console};  // guarded and locked, or a throwaway server
    stage.prepare(out, interruption);  // set up; every statement accepted by the server

    verification::DataProof proof{scenario,
                                  stage.target(),
                                  interruption,
                                  {.seed = options.seed,
                                   .spill_directory = out.path().string(),
                                   .note = [&console](const auto& line) { console.note(line); }}};
    const ScanStatus status{console, proof};
    status.show();
    proof.before();  // the verified tables, with the load at rest
    status.hide();

    Execution execution{scenario, stage, proof, options.seed, out, console, interruption};
    try {
        execution.observe();  // the lock observer samples from here to the end
        proof.watch(execution.run_start(), [&out](const auto& name, const auto& value, double at) {
            out.event(
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
    reports::Record record = execution.finish();
    record.run.overridden = options.overridden;
    status.show();
    record.verification = proof.after(
        !record.migration_error.empty(),
        record.harness_error.empty() ? "" : "the rehearsal itself could not be carried through");
    if (record.verification) {
        tell(*record.verification, record.run.duration_s, out);
    }

    const int signal = console.signal();
    reports::decide(record, scenario.gates, signal == 0 || signal == SIGINT ? signal : SIGTERM);
    write_run_files(record, execution.measured(), out);
    return record;
}

}  // namespace harness
