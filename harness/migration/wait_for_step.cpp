#include "harness/migration/cancel_watch.hpp"
#include "harness/migration/retry_plan.hpp"
#include "harness/migration/step_context.hpp"

#include <algorithm>

namespace harness::migration {

namespace {

using std::chrono::milliseconds;

// Strictly the boolean true, or the text 'true': a count of 1 is no answer to a yes or no question.
bool is_true(const database::Outcome& outcome) {
    return !outcome.rows.empty() && !outcome.rows.front().empty() &&
           (outcome.rows.front().front() == "t" || outcome.rows.front().front() == "true");
}

// Never the value itself: it may come from a row.
const char* describe(const database::Outcome& outcome) {
    if (outcome.rows.empty() || outcome.rows.front().empty()) {
        return "no row";
    }
    const auto& value = outcome.rows.front().front();
    if (!value) {
        return "NULL";
    }
    return value == "f" || value == "false" ? "false" : "neither true nor false";
}

}  // namespace

void run_wait_for(const StepContext& context, const scenarios::WaitForStep& step) {
    const CancelWatch watch{context.control, context.interruption,
                            Interruption::Level::finish_step};
    const auto deadline = Clock::now() + step.timeout;
    std::string last = "no answer yet";
    context.control.set_lock_timeout(lock_timeout_or_default({}));
    while (true) {
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        if (left.count() <= 0) {
            context.fail("did not become true within " + std::to_string(step.timeout.count()) +
                         " ms (last answer: " + last + "): " + shortened(step.sql));
            break;
        }
        // A question that hangs must not outlast the step.
        context.control.set_statement_timeout(left);
        const auto start = Clock::now();
        const auto outcome = context.control.execute(step.sql);
        if (context.interruption.stop_requested()) {
            context.interrupt("interrupted while waiting (last answer: " + last + ")");
            break;
        }
        if (outcome.ok() && is_true(outcome)) {
            context.attempt(start, nullptr);
            context.succeed();
            break;
        }
        if (outcome.ok()) {
            last = describe(outcome);
        } else if (may_retry(outcome.error->kind) ||
                   (outcome.error->kind == database::ErrorKind::cancelled &&
                    Clock::now() >= deadline)) {
            last = outcome.error->text();
        } else {
            context.attempt(start, &*outcome.error);
            context.fail(outcome.error->text() + "\n  in: " + shortened(step.sql));
            break;
        }
        const auto rest = std::min<Clock::duration>(std::max(step.every, milliseconds{1}),
                                                    deadline - Clock::now());
        if (rest.count() > 0 &&
            !context.interruption.sleep(rest, Interruption::Level::finish_step)) {
            context.interrupt("interrupted while waiting (last answer: " + last + ")");
            break;
        }
    }
    context.control.set_statement_timeout(milliseconds{0});
}

}  // namespace harness::migration
