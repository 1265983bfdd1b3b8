// Read this first: the whole product's story, in order.
#include "harness/rehearsal.hpp"

#include "harness/execution.hpp"
#include "harness/run_files.hpp"
#include "reports/verdict.hpp"

#include <csignal>

namespace harness {

using reports::PhaseName;

reports::Record rehearse(const scenarios::Scenario& scenario, const RehearsalOptions& options,
                         RunDirectory& out, Console& console,
                         migration::Interruption& interruption) {
    Stage stage{scenario, options.stage, console};  // guarded and locked, or a throwaway server
    stage.prepare(out, interruption);  // set up; every statement accepted by the server

    Execution execution{scenario, stage, options.seed, out, console, interruption};
    try {
        execution.observe();  // the lock observer samples from here to the end
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

    const int signal = console.signal();
    reports::decide(record, scenario.gates, signal == 0 || signal == SIGINT ? signal : SIGTERM);
    write_run_files(record, execution.measured(), out);
    return record;
}

}  // namespace harness
