// Calls of a recorded session of which several are under way: libpq's pipeline mode, with a Sync
// behind each call, so that each is a transaction of its own or a part of the one that is open, and
// a failure stops nothing behind it.
#include "harness/postgres/errors.hpp"
#include "harness/postgres/session_states.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

#include <libpq-fe.h>

namespace harness::postgres {

using database::OperationEnd;
using workloads::replay::RecordedCall;

void PostgresSession::queue(const RecordedCall& call) {
    assert((state_ == State::idle || !queued_.empty()) && call.then.empty());
    const auto now = Clock::now();
    if (queued_.empty()) {
        recorded_ = nullptr;
        code_.clear();
        kind_ = ErrorKind::other;
        statement_failed_ = statement_answered_ = tag_unanswered_ = false;
        started_ = statement_sent_ = awaiting_since_ = now;
        slowest_sent_ = slowest_done_ = now;
    }
    queued_.push_back(
        {.sent = now, .wanted = {call.wanted.begin(), call.wanted.end()}, .taker = call.taker});
    state_ = State::executing;
    in_pipeline_ = in_pipeline_ || PQenterPipelineMode(connection_.get()) == 1;
    const bool taken =
        in_pipeline_ && send_queued(call) == 1 && PQpipelineSync(connection_.get()) == 1;
    after_send(taken ? 1 : 0);
}

int PostgresSession::send_queued(const RecordedCall& call) {
    auto* const connection = connection_.get();
    auto& queued = queued_.back();
    const int parameters = static_cast<int>(call.parameters.size());
    const auto* const* const values = call.parameters.data();
    text_.assign(call.text);
    auto known = recorded_statements_.find(call.name);
    const bool same = known != recorded_statements_.end() && known->second.text == call.text;
    // While it is not known whether its preparation succeeds it is not relied on: if it fails this
    // call has to fail by itself, and not because the statement does not exist.
    if (!call.extended || call.name.empty() || (same && !known->second.answered)) {
        return PQsendQueryParams(connection, text_.c_str(), parameters, nullptr, values, nullptr,
                                 nullptr, 0);
    }
    if (!same) {
        if (known == recorded_statements_.end()) {
            known = recorded_statements_.emplace(std::string{call.name}, RecordedStatement{}).first;
        }
        ++recorded_generation_;
        known->second = {text_, "rehearse_" + std::to_string(recorded_generation_),
                         recorded_generation_, false};
        queued.prepares = true;
        if (PQsendPrepare(connection, known->second.name.c_str(), text_.c_str(), 0, nullptr) != 1) {
            return 0;
        }
    }
    queued.statement = known->second.number;
    return PQsendQueryPrepared(connection, known->second.name.c_str(), parameters, values, nullptr,
                               nullptr, 0);
}

// The first one's Sync was answered: whatever came before it was its own.
void PostgresSession::queued_finished() {
    const bool last = queued_.size() == 1;
    if (!statement_answered_ || (last && PQexitPipelineMode(connection_.get()) != 1)) {
        lost_while_running(error_of(connection_.get()));
        return;
    }
    last_done_ = awaiting_since_ = Clock::now();
    note_preparation();
    queued_.pop_front();
    const std::string code = std::exchange(code_, {});
    OperationEnd end;
    end.code = code;
    end.kind = std::exchange(kind_, ErrorKind::other);
    end.in_transaction = last && PQtransactionStatus(connection_.get()) != PQTRANS_IDLE;
    end.sent = end.slowest_sent = started_;
    end.done = end.slowest_done = last_done_;
    // What the server does not come to before it has done what is ahead is not its slowness.
    started_ = statement_sent_ = last ? last_done_ : std::max(queued_.front().sent, last_done_);
    slowest_sent_ = slowest_done_ = started_;
    statement_failed_ = statement_answered_ = false;
    if (last) {
        in_pipeline_ = false;
        state_ = State::idle;
    }
    listener_.on_operation_end(end);
}

// As after a call by itself: what could not be prepared, or has become void, is prepared again at
// its next use. By then the name may stand for another statement.
void PostgresSession::note_preparation() {
    const auto& queued = queued_.front();
    const bool made = !queued.prepares || queued.prepared;
    const bool is_void = kind_ == ErrorKind::plan_changed || code_ == "26000" || !made;
    if (queued.statement == 0 || (!queued.prepares && !is_void)) {
        return;
    }
    const auto known =
        std::find_if(recorded_statements_.begin(), recorded_statements_.end(),
                     [&](const auto& each) { return each.second.number == queued.statement; });
    if (known == recorded_statements_.end()) {
        return;
    }
    if (is_void) {
        recorded_statements_.erase(known);
    } else {
        known->second.answered = true;
    }
}

}  // namespace harness::postgres
