#include "harness/migration/backfill_plan.hpp"

#include <utility>

namespace harness::migration {

void BackfillPlan::boundary_found(std::optional<database::Key> key) {
    if (!key) {
        next_ = Next::done;
        return;
    }
    if (after_ && *key == *after_) {
        // Would turn for ever.
        failure_ =
            "the table's next key is the one that the last batch ended with: its order is not"
            " that of its key";
        next_ = Next::failed;
        return;
    }
    upto_ = *std::move(key);
    next_ = Next::update;
}

void BackfillPlan::updated(std::int64_t rows) {
    rows_ += rows;
    ++batches_;
    after_ = std::exchange(upto_, {});
    retry_.succeeded();
    next_ = Next::throttle;
}

void BackfillPlan::reconnected() noexcept {
    lost_ = false;
    next_ = again_;
}

void BackfillPlan::failed(const database::Error& error) {
    if (next_ == Next::find_boundary || next_ == Next::update) {
        again_ = next_;
    }
    lost_ = lost_ || error.kind == database::ErrorKind::connection_lost;
    const auto wait = may_resume(error.kind) ? retry_.after_failure()
                                             : std::optional<std::chrono::milliseconds>{};
    if (wait) {
        wait_ = *wait;
        next_ = Next::wait;
        return;
    }
    failure_ = error.text();
    if (retry_.failures_in_a_row() > 1) {
        failure_ = "gave up after " + std::to_string(retry_.failures_in_a_row()) +
                   " errors in a row; the last: " + failure_;
    }
    failure_ += batches_ == 0 ? "\n  no batch was committed"
                              : "\n  " + std::to_string(batches_) + " batches (" +
                                    std::to_string(rows_) + " rows) were committed and stay";
    next_ = Next::failed;
}

}  // namespace harness::migration
