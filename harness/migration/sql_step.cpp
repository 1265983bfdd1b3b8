// sql and file steps.
#include "harness/migration/cancel_watch.hpp"
#include "harness/migration/retry_plan.hpp"
#include "harness/migration/statement_splitter.hpp"
#include "harness/migration/statement_units.hpp"
#include "harness/migration/step_context.hpp"
#include "scenarios/index_change.hpp"

#include <algorithm>
#include <cctype>
#include <set>

namespace harness::migration {

namespace {

using database::Error;
using database::ErrorKind;

struct Failure {
    Error error;
    std::string where;  // "statement 2 of 3 (ALTER TABLE ...)"
    bool while_committing = false;
    std::optional<std::size_t> statement = {};  // its index; empty: the harness's own
};

bool says_concurrently(const std::string& sql) {
    constexpr std::string_view word = "concurrently";
    return std::search(sql.begin(), sql.end(), word.begin(), word.end(), [](char a, char b) {
               return std::tolower(static_cast<unsigned char>(a)) == b;
           }) != sql.end();
}

class SqlRun {
public:
    SqlRun(const StepContext& context, const scenarios::SqlStep& step)
        : context_{context}, step_{step}, control_{context.control} {}

    void run();

private:
    bool run_unit(const StatementUnit& unit, std::size_t number);
    std::optional<Failure> try_unit(const StatementUnit& unit);
    std::optional<Failure> run_statement(std::size_t index);
    std::optional<Failure> run_sql(std::string_view sql, std::string where, bool commits);
    void fail(const Failure& failure, const std::vector<std::string>& invalid_indexes);
    void tell_retry(const Failure& failure, std::chrono::milliseconds wait);
    std::vector<std::string> new_invalid_indexes();
    std::vector<std::string> invalid_indexes_after(const StatementUnit& unit, bool lost);
    std::optional<Failure> drop_remains();
    void forget_dropped();
    std::string invalid_at_the_end();

    const StepContext& context_;
    const scenarios::SqlStep& step_;
    database::Control& control_;
    std::set<std::string> invalid_before_;
    std::optional<scenarios::IndexChange> change_;  // what the unit does to an index
    std::vector<std::string> remains_;              // invalid indexes that its last attempt left
    std::int64_t unit_rows_ = 0;
    std::size_t tries_ = 0;          // of the unit
    bool in_transaction_ = false;    // the unit runs in one
    bool transaction_open_ = false;  // and has begun it
};

void SqlRun::run() {
    const auto units = units_of(step_.statements, step_.transaction);
    if (const auto* wrong = std::get_if<std::string>(&units)) {
        context_.fail(*wrong);
        return;
    }
    control_.set_lock_timeout(lock_timeout_or_default(step_.lock_timeout));
    control_.set_statement_timeout(step_.statement_timeout);
    if (context_.engine.invalid_indexes && !step_.transaction) {
        const auto names = context_.engine.invalid_indexes(control_);
        invalid_before_.insert(names.begin(), names.end());
    }
    const CancelWatch watch{control_, context_.interruption};
    std::size_t number = 0;
    for (const auto& unit : std::get<std::vector<StatementUnit>>(units)) {
        // A cancel that arrived between two statements hit nothing.
        if (context_.interruption.cancel_requested()) {
            context_.interrupt("cancelled before " +
                               shortened(step_.statements[unit.statements.front()]));
            return;
        }
        if (!run_unit(unit, number++)) {
            return;
        }
    }
    const std::string invalid = invalid_at_the_end();
    if (invalid.empty()) {
        context_.succeed();
    } else {
        context_.fail("every statement succeeded, but an index is invalid now: " + invalid);
    }
}

// False: the step is over; the record says how.
bool SqlRun::run_unit(const StatementUnit& unit, std::size_t number) {
    RetryPlan plan{step_.retries,
                   workloads::mix(context_.settings.seed, context_.index * 1000 + number)};
    const std::size_t statement = unit.statements.front() + 1;
    tries_ = 0;
    remains_.clear();
    change_ = step_.transaction || unit.statements.size() != 1
                  ? std::nullopt
                  : scenarios::index_change_of(step_.statements[unit.statements.front()]);
    while (true) {
        const auto start = Clock::now();
        ++tries_;
        unit_rows_ = 0;
        auto failure = drop_remains();
        if (!failure) {
            failure = try_unit(unit);
        }
        context_.attempt(start, failure ? &failure->error : nullptr, statement);
        if (!failure) {
            context_.record.rows += unit_rows_;
            forget_dropped();
            return true;
        }
        const bool lost = failure->error.kind == ErrorKind::connection_lost;
        if (context_.interruption.cancel_requested() &&
            (lost || failure->error.kind == ErrorKind::cancelled)) {
            context_.interrupt("cancelled in " + failure->where +
                               (lost ? ": " + failure->error.text() : std::string{}));
            return false;
        }
        remains_ = invalid_indexes_after(unit, lost);
        // IF NOT EXISTS would take an invalid index for a good one, and without it the retry cannot
        // succeed: what a statement leaves behind is dropped before it is tried again, and where
        // that is not surely its own (an index without a name, REINDEX) it is not.
        const bool ours = std::all_of(remains_.begin(), remains_.end(), [&](const auto& name) {
            return change_ && scenarios::is_index_of(*change_, name);
        });
        const bool retryable =
            may_retry(failure->error.kind) && ours && (!unit.commits_inside || step_.transaction);
        const auto wait =
            retryable ? plan.after_failure() : std::optional<std::chrono::milliseconds>{};
        if (!wait) {
            fail(*failure, remains_);
            return false;
        }
        tell_retry(*failure, *wait);
        // Between two tries nothing runs: the first Ctrl-C ends the step here.
        if (!context_.interruption.sleep(*wait, Interruption::Level::finish_step)) {
            context_.interrupt("interrupted between two attempts; the last failed: " +
                               failure->where + ": " + failure->error.text());
            return false;
        }
    }
}

std::optional<Failure> SqlRun::try_unit(const StatementUnit& unit) {
    in_transaction_ = step_.transaction || unit.own_transaction;
    transaction_open_ = false;
    auto failure = step_.transaction ? run_sql("BEGIN", "BEGIN", false) : std::nullopt;
    for (const std::size_t index : unit.statements) {
        if (failure) {
            break;
        }
        failure = run_statement(index);
    }
    if (!failure && step_.transaction) {
        if (context_.hooks.before_commit) {
            context_.hooks.before_commit(control_.session_id());
        }
        failure = run_sql("COMMIT", "COMMIT", true);
    }
    if (failure && in_transaction_ && failure->error.kind != ErrorKind::connection_lost) {
        control_.execute("ROLLBACK");  // after a failed COMMIT there is nothing left: a warning
    }
    return failure;
}

std::optional<Failure> SqlRun::run_statement(std::size_t index) {
    const std::string& sql = step_.statements[index];
    const auto control = transaction_control(sql);
    const bool commits =
        control == TransactionControl::end && !first_words(sql, 1).empty() &&
        (first_words(sql, 1).front() == "COMMIT" || first_words(sql, 1).front() == "END");
    if (commits && context_.hooks.before_commit) {
        context_.hooks.before_commit(control_.session_id());
    }
    const std::string number = step_.statements.size() == 1
                                   ? std::string{}
                                   : "statement " + std::to_string(index + 1) + " of " +
                                         std::to_string(step_.statements.size()) + ": ";
    // Outside of a transaction a statement commits itself.
    auto failure = run_sql(sql, number + shortened(sql), commits || !in_transaction_);
    if (failure) {
        failure->statement = index;
    }
    return failure;
}

std::optional<Failure> SqlRun::run_sql(std::string_view sql, std::string where, bool commits) {
    if (context_.hooks.statement_sent) {
        context_.hooks.statement_sent(control_.session_id(), sql, !transaction_open_);
    }
    transaction_open_ = in_transaction_;
    auto outcome = control_.execute(sql);
    if (outcome.ok()) {
        unit_rows_ += outcome.rows_affected;
        return std::nullopt;
    }
    return Failure{*std::move(outcome.error), std::move(where), commits};
}

void SqlRun::fail(const Failure& failure, const std::vector<std::string>& invalid_indexes) {
    std::string text = failure.where + ": " + failure.error.text();
    if (failure.error.kind == ErrorKind::connection_lost) {
        text += failure.while_committing
                    ? "\n  unknown whether it committed: the connection was lost before the answer"
                      " came. Look before you run it again"
                    : "\n  the server rolled the transaction back";
    }
    if (tries_ > 1) {
        text += "\n  " + std::to_string(tries_) + " attempts failed";
    }
    for (const auto& index : invalid_indexes) {
        text += "\n  left behind: the invalid index " + index +
                ". Nothing uses it, every write pays for it: drop it (DROP INDEX CONCURRENTLY"
                " IF EXISTS " +
                index + ") before trying again";
    }
    if (failure.statement && *failure.statement < step_.statement_places.size()) {
        context_.record.line =
            static_cast<std::size_t>(step_.statement_places[*failure.statement].line);
    }
    context_.fail(std::move(text));
}

void SqlRun::tell_retry(const Failure& failure, std::chrono::milliseconds wait) {
    context_.tell("retry", "attempt " + std::to_string(tries_) + " failed: " + failure.where +
                               ": " + failure.error.text() + "\nnext try in " +
                               std::to_string(wait.count()) + " ms");
}

// Only what goes CONCURRENTLY commits on its way; other invalid indexes are somebody else's.
std::vector<std::string> SqlRun::invalid_indexes_after(const StatementUnit& unit, bool lost) {
    const bool leaves =
        std::any_of(unit.statements.begin(), unit.statements.end(),
                    [&](std::size_t index) { return says_concurrently(step_.statements[index]); });
    return lost || !leaves ? std::vector<std::string>{} : new_invalid_indexes();
}

// DROP INDEX CONCURRENTLY, too, leaves an invalid index when it fails half-way, and goes on from
// there when it is run again.
std::optional<Failure> SqlRun::drop_remains() {
    if (!change_ || change_->drops) {
        return std::nullopt;
    }
    for (const auto& index : remains_) {
        const std::string sql = "DROP INDEX CONCURRENTLY IF EXISTS " + index;
        context_.tell("note", "the last attempt left an invalid index: " + sql);
        if (auto failure = run_sql(sql, sql + ", which the last attempt left", true)) {
            return failure;
        }
    }
    return std::nullopt;
}

// An index that was invalid at the start and is dropped now may be made anew, and fail again.
void SqlRun::forget_dropped() {
    if (!change_ || !change_->drops) {
        return;
    }
    std::erase_if(invalid_before_,
                  [&](const auto& name) { return scenarios::is_index_of(*change_, name); });
}

std::string SqlRun::invalid_at_the_end() {
    if (!context_.engine.invalid_indexes || step_.transaction ||
        std::none_of(step_.statements.begin(), step_.statements.end(), says_concurrently)) {
        return {};
    }
    std::string invalid;
    for (const auto& index : context_.engine.invalid_indexes(control_)) {
        // IF NOT EXISTS is content with one that was invalid before.
        const bool made = std::any_of(
            step_.statements.begin(), step_.statements.end(), [&](const auto& statement) {
                const auto change = scenarios::index_change_of(statement);
                return change && !change->drops && scenarios::is_index_of(*change, index);
            });
        if (made || !invalid_before_.contains(index)) {
            invalid += (invalid.empty() ? "" : ", ") + index;
        }
    }
    return invalid;
}

std::vector<std::string> SqlRun::new_invalid_indexes() {
    if (!context_.engine.invalid_indexes || step_.transaction) {
        return {};
    }
    auto names = context_.engine.invalid_indexes(control_);
    std::erase_if(names, [&](const auto& name) { return invalid_before_.contains(name); });
    return names;
}

}  // namespace

void run_sql(const StepContext& context, const scenarios::SqlStep& step) {
    SqlRun{context, step}.run();
}

}  // namespace harness::migration
