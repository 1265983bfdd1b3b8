// A session that runs a pgbench script: the script's run says what comes next, the session does it.
#include "harness/postgres/errors.hpp"
#include "harness/postgres/session_states.hpp"
#include "reports/record.hpp"
#include "workloads/pgbench/run.hpp"

#include <chrono>

#include <libpq-fe.h>

namespace harness::postgres {

using workloads::pgbench::Action;
using workloads::pgbench::SqlCommand;

workloads::pgbench::Run& PostgresSession::script_run() {
    return values_->script_run();
}

const SqlCommand& PostgresSession::script_statement() const {
    return operation().script->statements[statement_];
}

void PostgresSession::run_script() {
    script_pipeline_ = script_tagged_ = script_waited_ = script_over_ = false;
    script_syncs_ = 0;
    script_prepared_.clear();
    script_run().restart();
    go_on_with_script();
}

void PostgresSession::go_on_with_script() {
    for (;;) {
        const Action action = script_run().next();
        switch (action.kind) {
            case Action::Kind::send:
                if (!send_from_script(action.statement)) {
                    return;
                }
                break;
            case Action::Kind::sleep:
                if (action.sleep_us > 0) {
                    sleep_in_script(std::chrono::microseconds{action.sleep_us});
                    return;
                }
                break;
            case Action::Kind::start_pipeline:
                if (PQenterPipelineMode(connection_.get()) != 1) {
                    lost_while_running(error_of(connection_.get()));
                    return;
                }
                script_pipeline_ = in_pipeline_ = true;
                break;
            case Action::Kind::sync_pipeline:
                if (!sync_script_pipeline()) {
                    return;
                }
                break;
            case Action::Kind::end_pipeline:
                end_script_pipeline();
                return;
            case Action::Kind::finished:
                script_finished();
                return;
            case Action::Kind::failed:
                script_failed();
                return;
        }
    }
}

// True: the script goes on at once.
bool PostgresSession::send_from_script(std::uint32_t number) {
    statement_ = number;
    if (plan_->protocol != scenarios::Protocol::simple &&
        !script_run().bind(number, parameter_values_)) {
        script_failed();
        return false;
    }
    if (statement().says_nothing) {
        script_tagged_ = script_tag_due_ = false;
    } else {
        script_tag_due_ = !tag().empty() && !script_tagged_;
        script_tagged_ = script_tagged_ || script_tag_due_;
    }
    if (script_pipeline_) {
        return queue_in_script_pipeline();
    }
    kept_rows_ = 0;
    kept_.clear();
    script_waited_ = true;
    if (script_slept_) {
        script_slept_ = false;
        statement_sent_ = awaiting_since_ = Clock::now();
    }
    send_statement();
    return false;
}

bool PostgresSession::queue_in_script_pipeline() {
    bool queued = !script_tag_due_ || queue_tag() == 1;
    if (queued && needs_preparing()) {
        Prepared& entry = prepared();
        name_anew(entry);
        entry.valid = true;  // unless something fails before the pipeline ends
        script_prepared_.push_back(first_statement_[operation_] + statement_);
        queued = PQsendPrepare(connection_.get(), entry.name.c_str(), statement().numbered.c_str(),
                               0, nullptr) == 1;
    }
    queued = queued && queue_statement() == 1;
    ++sent_;
    if (!queued) {
        lost_while_running(error_of(connection_.get()));
    }
    return queued;
}

// What lies between two Syncs is one transaction, unless the script begins and ends others.
bool PostgresSession::sync_script_pipeline() {
    script_tagged_ = false;
    ++script_syncs_;
    if (PQpipelineSync(connection_.get()) != 1) {
        lost_while_running(error_of(connection_.get()));
        return false;
    }
    return true;
}

void PostgresSession::end_script_pipeline() {
    script_pipeline_ = false;
    if (sync_script_pipeline()) {
        script_waited_ = true;
        script_slept_ = false;
        awaiting_since_ = Clock::now();
        state_ = State::executing;
        after_send(1);
    }
}

void PostgresSession::sleep_in_script(std::chrono::nanoseconds length) {
    if (!sleep_timer_) {
        sleep_timer_ = std::make_unique<SleepTimer>(poller_, [this] { script_woken(); });
    }
    state_ = State::sleeping;
    script_waited_ = script_slept_ = true;
    sleep_timer_->start(length);
    if (script_pipeline_) {
        after_send(1);
    }
}

void PostgresSession::script_woken() {
    if (state_ != State::sleeping) {
        return;
    }
    if (script_over_) {
        end_script();
    } else {
        go_on_with_script();
    }
}

void PostgresSession::keep_script_rows(const PGresult* result) {
    const auto& sql = script_statement();
    const int rows = PQntuples(result);
    kept_rows_ = rows;
    if (sql.keeps == SqlCommand::Keeps::nothing || rows == 0) {
        return;
    }
    kept_.clear();
    for (int column = 0; column < PQnfields(result); ++column) {
        const char* const value = PQgetvalue(result, rows - 1, column);
        if (sql.keeps == SqlCommand::Keeps::gset) {
            kept_.emplace_back(PQfname(result, column), value);
        } else if (!script_run().keep(statement_, PQfname(result, column), value)) {
            return;  // the run has failed, and says so when it is asked what comes next
        }
    }
}

void PostgresSession::script_statement_finished() {
    if (PQtransactionStatus(connection_.get()) == PQTRANS_IDLE) {
        script_tagged_ = false;
    }
    script_prepared_.clear();
    script_syncs_ = 0;
    if (script_statement().keeps == SqlCommand::Keeps::gset) {
        if (kept_rows_ != 1) {
            script_run().fail_statement(statement_,
                                        "expected one row, got " + std::to_string(kept_rows_));
        } else {
            for (const auto& [column, value] : kept_) {
                if (!script_run().keep(statement_, column, value)) {
                    break;
                }
            }
        }
    }
    go_on_with_script();
}

// The server has skipped whatever stood behind the error in the pipeline, preparations included.
void PostgresSession::forget_prepared_in_script() {
    for (const std::uint32_t entry : script_prepared_) {
        prepared_[entry].valid = false;
    }
    if (kind_ == ErrorKind::plan_changed || code_ == "26000") {
        for (std::size_t i = 0; i < operation().statements.size(); ++i) {
            prepared_[first_statement_[operation_] + i].valid = false;
        }
    }
}

void PostgresSession::script_failed() {
    code_ = reports::error_script;
    kind_ = ErrorKind::other;
    if (in_pipeline_) {
        end_script_pipeline();  // ends in operation_statement_finished
        return;
    }
    script_finished();
}

void PostgresSession::script_finished() {
    last_done_ = Clock::now();
    statement_sent_ = last_done_;  // a \sleep at the end is no statement's time
    if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) {
        if (code_.empty()) {
            code_ = "25001";
            kind_ = ErrorKind::other;
        }
        awaiting_since_ = last_done_;
        script_waited_ = true;
        send_simple("ROLLBACK", State::rolling_back);
    } else if (script_waited_) {
        end_script();
    } else {
        // Whoever hears of the end starts the next operation at once, from within: a script that
        // sends nothing would pile up calls and let nobody else have a turn.
        script_over_ = true;
        sleep_in_script(std::chrono::nanoseconds{1});
    }
}

void PostgresSession::end_script() {
    script_slept_ = false;
    last_done_ = Clock::now();
    statement_sent_ = last_done_;
    finish_operation();
}

}  // namespace harness::postgres
