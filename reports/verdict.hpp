// The verdict: one decision from everything that was found, and the exit code that CI reads.
#pragma once

#include "reports/gates.hpp"
#include "reports/record.hpp"

namespace reports {

struct NamedRun;

namespace exit_codes {
inline constexpr int pass = 0, gate_failed = 1, usage = 2, inconclusive = 3, data_mismatch = 4,
                     migration_failed = 5, harness_failed = 6, interrupted = 130, terminated = 143;
}

// Fills gates, verdict, exit_code and reasons of `record`; the first reason is the one that
// decided. Inconclusive, with the reason, when in one of the judged phases the generator was late
// (lag p99 > 5 ms, or > 1 % of the due operations never sent for its own reasons) or the observer
// lost > 1 % of its samples or its connection, when a phase that the gates compare is missing or
// empty, when an operation of the scenario was never due, an adversary did not do its part, a step
// was not carried out, or there is no gate. An interrupted run is never more than inconclusive:
// what a cut-off span shows may be the cut; such a run, and one that the harness could not finish,
// says its cause and how many gates were not judged, not each of its consequences. Order of exit
// codes: interrupted, harness, data mismatch, migration failed, gate failed, inconclusive, pass.
// A rehearsed way back is judged under the same gates, and the worse of both is the run's verdict.
// `termination_signal` is 0, SIGINT or SIGTERM.
// With a `baseline` the run is judged against that one, too (see judge_against); its way back is
// not.
void decide(Record& record, std::span<const Gate> gates, int termination_signal = 0,
            const NamedRun* baseline = nullptr);

// Of a run that was judged, and whose files could not all be written: exit code 6 unless it was
// interrupted. What failed stays told as failed; a pass of which no whole document is left is none.
void decide_unkept(Record& record, const std::string& fault);

}  // namespace reports
