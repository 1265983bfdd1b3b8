#include "harness/postgres/errors.hpp"
#include "harness/postgres/session_states.hpp"
#include "reports/record.hpp"
#include "workloads/pgbench/run.hpp"

#include <cassert>
#include <cstring>

#include <libpq-fe.h>

namespace harness::postgres {

using database::OperationEnd;

namespace {

// What a transaction says of itself; its first argument says that it goes with the transaction.
constexpr std::string_view tag_call =
    "SELECT pg_catalog.pg_logical_emit_message(true, 'rehearse', ";

// The connection cannot leave this mode without data that nobody has.
bool in_copy_mode(const PGresult* result) {
    const auto status = PQresultStatus(result);
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

// What a recorded session sent may drop all that was prepared.
bool forgets_statements(PGresult* result) {
    const std::string_view command = PQcmdStatus(result);
    return command == "DISCARD ALL" || command == "DEALLOCATE ALL";
}

bool forgets_settings(PGresult* result) {
    const std::string_view command = PQcmdStatus(result);
    return command == "DISCARD ALL" || command == "RESET";
}

// The server ends the session with this error.
bool is_fatal(const PGresult* result) {
    const char* severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity != nullptr &&
           (std::strcmp(severity, "FATAL") == 0 || std::strcmp(severity, "PANIC") == 0);
}

}  // namespace

void PostgresSession::read_results() {
    while (running() && PQisBusy(connection_.get()) == 0) {
        const Result result{PQgetResult(connection_.get())};
        if (result) {
            if (!take_result(result.get())) {
                return;
            }
        } else if (!in_pipeline_) {
            statement_finished();
        } else if (PQstatus(connection_.get()) == CONNECTION_BAD) {
            lost_while_running(error_of(connection_.get()));
        }  // else: the boundary between BEGIN's results and the statement's
    }
    if (state_ == State::sleeping && PQstatus(connection_.get()) == CONNECTION_BAD) {
        lost_while_running(error_of(connection_.get()));
        return;
    }
    if (state_ == State::idle && PQstatus(connection_.get()) == CONNECTION_BAD) {
        const Error error = error_of(connection_.get());
        close();
        listener_.on_lost(error);
    }
}

void PostgresSession::keep_values(const PGresult* result) {
    if (runs_script_) {
        keep_script_rows(result);
        return;
    }
    const auto& into = statement().into;
    for (std::size_t column = 0; column < into.size(); ++column) {
        const int index = static_cast<int>(column);
        if (PQntuples(result) == 0 || index >= PQnfields(result) ||
            PQgetisnull(result, 0, index) != 0) {
            values_->set_null(into[column]);
        } else {
            values_->set(into[column], {PQgetvalue(result, 0, index),
                                        static_cast<std::size_t>(PQgetlength(result, 0, index))});
        }
    }
}

void PostgresSession::take_rows(const PGresult* result) {
    if (tag_unanswered_) {
        tag_unanswered_ = false;
    } else if (state_ == State::executing && (recorded_ != nullptr || !queued_.empty())) {
        hand_over_returned(result);
    } else if (state_ == State::executing) {
        keep_values(result);
    } else if (state_ == State::verifying && !is_same_server(*plan_->server, result)) {
        setup_error_ = another_server(*plan_->server, result);
    }
}

void PostgresSession::take_completion(PGresult* result) {
    if (runs_script_) {
        kept_rows_ = 0;
    }
    // COMMIT of a transaction that was aborted is answered with success and "ROLLBACK".
    if (state_ == State::committing && PQcmdStatus(result)[0] != 'C') {
        code_ = "25P02";
        kind_ = ErrorKind::other;
    }
    if (recorded_ != nullptr) {
        if (forgets_statements(result)) {
            recorded_statements_.clear();
        }
        // The tag of our own settings is SET.
        settings_gone_ = settings_gone_ || forgets_settings(result);
    }
    if (!queued_.empty()) {
        queued_.front().prepared = true;  // if it was to be, this comes first
    }
}

bool PostgresSession::take_result(PGresult* result) {
    statement_answered_ =
        statement_answered_ || queued_.empty() || PQresultStatus(result) != PGRES_PIPELINE_SYNC;
    if (runs_script_ && script_syncs_ > 0) {
        awaiting_since_ = Clock::now();  // a pipeline may take as long as all its statements
    }
    switch (PQresultStatus(result)) {
        case PGRES_TUPLES_OK:
            take_rows(result);
            return true;
        case PGRES_COMMAND_OK:
            take_completion(result);
            return true;
        case PGRES_EMPTY_QUERY:
        case PGRES_PIPELINE_ABORTED:  // behind the error that is reported already
            return true;
        case PGRES_PIPELINE_SYNC:
            if (!queued_.empty()) {
                queued_finished();
                return true;
            }
            if (runs_script_ && script_syncs_ > 1) {
                --script_syncs_;
                return true;
            }
            in_pipeline_ = false;
            if (PQexitPipelineMode(connection_.get()) != 1) {
                lost_while_running(error_of(connection_.get()));
                return false;
            }
            statement_finished();
            return true;
        default:
            break;
    }
    Error error = error_of(result);
    const bool copies = in_copy_mode(result);
    if (copies) {
        error.kind = ErrorKind::other;
        error.code = "0A000";
        error.message = "COPY cannot be run as part of an operation";
    }
    statement_failed_ = true;
    if (opening()) {
        setup_error_ = error;
    } else if (code_.empty() && !error.code.empty()) {
        code_ = error.code;
        kind_ = error.kind;
    }
    // By severity and not by code: a function that reaches another server raises the codes of a
    // lost connection on one that is well. Without a code it was libpq that gave up.
    if (copies || is_fatal(result) || error.code.empty() ||
        PQstatus(connection_.get()) == CONNECTION_BAD) {
        ended_by_server_ = is_fatal(result);
        lost_while_running(error);
        return false;
    }
    return true;
}

void PostgresSession::statement_finished() {
    if (!statement_answered_) {
        lost_while_running(error_of(connection_.get()));
        return;
    }
    const bool failed = statement_failed_;
    statement_failed_ = statement_answered_ = false;
    last_done_ = awaiting_since_ = Clock::now();  // what follows is sent at once
    switch (state_) {
        case State::verifying:
            verify();
            return;
        case State::setting_up:
            set_up(failed);
            return;
        case State::preparing:
            if (recorded_ != nullptr) {
                recorded_prepared(failed);
            } else if (failed) {
                operation_statement_finished();
            } else {
                prepared().valid = true;
                send_statement();
            }
            return;
        case State::beginning:
            if (failed) {  // the tag may have, in a transaction that is open
                operation_statement_finished();
            } else {
                statement_sent_ = last_done_;
                send_statement();
            }
            return;
        case State::executing:
            if (recorded_ != nullptr) {
                recorded_finished();
            } else {
                operation_statement_finished();
            }
            return;
        case State::committing:
        case State::rolling_back:
            finish_operation();
            return;
        case State::closed:
        case State::connecting:
        case State::sleeping:
        case State::idle:
            break;
    }
    assert(false);
}

void PostgresSession::operation_statement_finished() {
    if (last_done_ - statement_sent_ > slowest_done_ - slowest_sent_) {
        slowest_sent_ = statement_sent_;
        slowest_done_ = last_done_;
    }
    statement_sent_ = last_done_;
    if (!code_.empty()) {
        if (kind_ == ErrorKind::plan_changed || code_ == "26000") {
            prepared().valid = false;
            tag_statement_.valid = false;
        }
        if (runs_script_) {
            forget_prepared_in_script();
        }
        if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) {
            send_simple("ROLLBACK", State::rolling_back);
        } else {
            finish_operation();
        }
        return;
    }
    if (runs_script_) {
        script_statement_finished();
        return;
    }
    ++statement_;
    if (statement_ < operation().statements.size()) {
        send_statement();
    } else if (operation().transaction) {
        send_simple("COMMIT", State::committing);
    } else if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) {
        // The statement itself opened a transaction (SELECT of a function cannot; BEGIN can).
        code_ = "25001";
        kind_ = ErrorKind::other;
        send_simple("ROLLBACK", State::rolling_back);
    } else {
        finish_operation();
    }
}

void PostgresSession::run(std::uint16_t operation_index, workloads::Values& values) {
    assert(state_ == State::idle);
    operation_ = operation_index;
    recorded_ = nullptr;
    statement_ = 0;
    values_ = &values;
    code_.clear();
    kind_ = ErrorKind::other;
    statement_failed_ = statement_answered_ = tag_unanswered_ = false;
    started_ = statement_sent_ = awaiting_since_ = Clock::now();
    slowest_sent_ = slowest_done_ = started_;
    runs_script_ = operation().script != nullptr;
    if (runs_script_) {
        run_script();
    } else if (!operation().transaction) {
        send_statement();
    } else if (plan_->protocol == scenarios::Protocol::simple || needs_preparing()) {
        send_begin();
    } else {
        send_begin_and_statement();
    }
}

void PostgresSession::send_begin() {
    text_ = "BEGIN";
    if (tagged_at_once()) {
        tag_unanswered_ = true;
        text_.append("; ").append(tag_call).append("'").append(tag()).append("')");
    }
    send_simple(text_.c_str(), State::beginning);
}

// In one round trip, as pgjdbc does it; the server takes them one after the other.
void PostgresSession::send_begin_and_statement() {
    state_ = State::executing;
    in_pipeline_ = true;
    const bool queued = PQenterPipelineMode(connection_.get()) == 1 &&
                        PQsendQueryParams(connection_.get(), "BEGIN", 0, nullptr, nullptr, nullptr,
                                          nullptr, 0) == 1 &&
                        (!tagged_at_once() || queue_tag() == 1) && queue_statement() == 1 &&
                        PQpipelineSync(connection_.get()) == 1;
    after_send(queued ? 1 : 0);
}

// What lies between two Syncs is one transaction: without BEGIN, no COMMIT is needed either.
void PostgresSession::send_tagged_statement() {
    in_pipeline_ = true;
    const bool queued = PQenterPipelineMode(connection_.get()) == 1 && queue_tag() == 1 &&
                        queue_statement() == 1 && PQpipelineSync(connection_.get()) == 1;
    after_send(queued ? 1 : 0);
}

// In a pipeline. Prepared at its first use, for the server plans it each time otherwise.
int PostgresSession::queue_tag() {
    const char* const value = plan_->tags[operation_].c_str();
    tag_unanswered_ = true;
    if (plan_->protocol != scenarios::Protocol::prepared) {
        const std::string numbered = std::string{tag_call} + "$1)";
        return PQsendQueryParams(connection_.get(), numbered.c_str(), 1, nullptr, &value, nullptr,
                                 nullptr, 0);
    }
    if (!tag_statement_.valid) {
        ++tag_statement_.generation;
        tag_statement_.name = "rt_" + std::to_string(tag_statement_.generation);
        // Should it fail, its use says so (26000), and the next one prepares again.
        tag_statement_.valid = true;
        const std::string numbered = std::string{tag_call} + "$1)";
        if (PQsendPrepare(connection_.get(), tag_statement_.name.c_str(), numbered.c_str(), 0,
                          nullptr) != 1) {
            return 0;
        }
    }
    return PQsendQueryPrepared(connection_.get(), tag_statement_.name.c_str(), 1, &value, nullptr,
                               nullptr, 0);
}

bool PostgresSession::needs_preparing() {
    return plan_->protocol == scenarios::Protocol::prepared && !prepared().valid;
}

void PostgresSession::send_statement() {
    if (needs_preparing()) {
        send_prepare();
        return;
    }
    state_ = State::executing;
    if (tagged_with_statement() && plan_->protocol != scenarios::Protocol::simple) {
        send_tagged_statement();
        return;
    }
    after_send(queue_statement());
}

int PostgresSession::queue_statement() {
    const auto& current = statement();
    if (plan_->protocol == scenarios::Protocol::simple) {
        text_.clear();
        if (tagged_with_statement()) {
            tag_unanswered_ = true;
            text_.append(tag_call).append("'").append(tag()).append("');\n");
        }
        if (runs_script_) {
            script_run().write_text(statement_, text_);
        } else {
            workloads::write_literals(current, operation(), *values_, text_);
        }
        return PQsendQuery(connection_.get(), text_.c_str());
    }
    const std::size_t count = current.parameters.size();
    for (std::size_t i = 0; i < count && !runs_script_; ++i) {  // a script has bound its own
        const auto slot = current.parameters[i];
        parameter_values_[i] = values_->is_null(slot) ? nullptr : values_->at(slot).c_str();
    }
    const int parameters = static_cast<int>(count);
    if (plan_->protocol == scenarios::Protocol::prepared) {
        return PQsendQueryPrepared(connection_.get(), prepared().name.c_str(), parameters,
                                   parameter_values_.data(), nullptr, nullptr, 0);
    }
    return PQsendQueryParams(connection_.get(), current.numbered.c_str(), parameters, nullptr,
                             parameter_values_.data(), nullptr, nullptr, 0);
}

void PostgresSession::send_prepare() {
    state_ = State::preparing;
    Prepared& entry = prepared();
    name_anew(entry);
    after_send(PQsendPrepare(connection_.get(), entry.name.c_str(), statement().numbered.c_str(), 0,
                             nullptr));
}

void PostgresSession::name_anew(Prepared& entry) const {
    ++entry.generation;
    entry.name = "r" + std::to_string(operation_) + "_" + std::to_string(statement_) + "_" +
                 std::to_string(entry.generation);
}

void PostgresSession::send_simple(const char* sql, State state) {
    state_ = state;
    after_send(PQsendQuery(connection_.get(), sql));
}

void PostgresSession::after_send(int accepted) {
    ++sent_;
    if (accepted != 1) {
        lost_while_running(error_of(connection_.get()));
        return;
    }
    const int left = PQflush(connection_.get());
    if (left < 0) {
        read_results();  // what the server said before it went
        if (running() && PQstatus(connection_.get()) == CONNECTION_BAD) {
            lost_while_running(error_of(connection_.get()));
        }
        return;
    }
    watch(left == 1 ? std::uint32_t{EPOLLIN | EPOLLOUT} : answers);
}

void PostgresSession::lost_while_running(const Error& error) {
    last_done_ = Clock::now();
    const bool was_opening = opening();
    close();
    if (was_opening) {
        listener_.on_connect_failed(error);
        return;
    }
    if (code_.empty()) {
        code_ = error.code.empty() ? reports::error_connection_lost : error.code;
        kind_ = ErrorKind::connection_lost;
    }
    finish_operation();
}

void PostgresSession::finish_operation() {
    if (state_ != State::closed) {
        state_ = State::idle;
    }
    OperationEnd end;
    end.code = code_;
    if (!code_.empty() && runs_script_) {
        end.detail = script_run().error();
    }
    end.kind = kind_;
    end.session_usable = state_ == State::idle;
    end.rest_not_begun = ended_by_server_;
    end.in_transaction = recorded_ != nullptr && end.session_usable &&
                         PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
    end.sent = started_;
    end.done = last_done_;
    end.slowest_sent = slowest_sent_;
    end.slowest_done = slowest_done_;
    if (last_done_ - statement_sent_ >
        slowest_done_ - slowest_sent_) {  // COMMIT may be the slowest
        end.slowest_sent = statement_sent_;
        end.slowest_done = last_done_;
    }
    listener_.on_operation_end(end);
}

}  // namespace harness::postgres
