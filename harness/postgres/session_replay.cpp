// What a recorded session sent, sent again: one call at a time, and whatever it leaves behind in
// the session stays there.
#include "harness/postgres/session_states.hpp"

#include <cassert>

#include <libpq-fe.h>

namespace harness::postgres {

namespace {

// libpq counts them with an int, the protocol with 16 bits.
constexpr std::size_t most_parameters = 65'535;

std::string quoted(std::string_view name) {
    std::string out = "\"";
    for (const char c : name) {
        out.append(c == '"' ? 2 : 1, c);
    }
    return out + '"';
}

void hand_over(const PGresult* result,
               std::span<const workloads::replay::RecordedCall::Wanted> wanted,
               workloads::replay::ReturnedValues* taker) {
    for (const auto& each : wanted) {
        // Quoted: libpq folds a name's case as SQL does.
        const int column = PQfnumber(result, quoted(each.column).c_str());
        const int row = static_cast<int>(each.row);
        if (column >= 0 && row < PQntuples(result) && PQgetisnull(result, row, column) == 0) {
            taker->returned(each.number,
                            {PQgetvalue(result, row, column),
                             static_cast<std::size_t>(PQgetlength(result, row, column))});
        }
    }
}

}  // namespace

void PostgresSession::run(const workloads::replay::RecordedCall& call) {
    assert(state_ == State::idle && call.parameters.size() <= most_parameters);
    recorded_ = &call;
    then_sent_ = settings_gone_ = settings_sent_ = false;
    code_.clear();
    kind_ = ErrorKind::other;
    statement_failed_ = statement_answered_ = tag_unanswered_ = false;
    started_ = statement_sent_ = awaiting_since_ = Clock::now();
    slowest_sent_ = slowest_done_ = started_;
    send_recorded();
}

void PostgresSession::send_recorded() {
    const auto& call = *recorded_;
    text_.assign(call.text);
    state_ = State::executing;
    if (!call.extended) {
        after_send(PQsendQuery(connection_.get(), text_.c_str()));
        return;
    }
    const int parameters = static_cast<int>(call.parameters.size());
    if (call.name.empty()) {
        after_send(PQsendQueryParams(connection_.get(), text_.c_str(), parameters, nullptr,
                                     call.parameters.data(), nullptr, nullptr, 0));
        return;
    }
    auto known = recorded_statements_.find(call.name);
    if (known != recorded_statements_.end() && known->second.text == call.text) {
        after_send(PQsendQueryPrepared(connection_.get(), known->second.name.c_str(), parameters,
                                       call.parameters.data(), nullptr, nullptr, 0));
        return;
    }
    // A name of our own: what the application had under its name may still be there.
    if (known == recorded_statements_.end()) {
        known = recorded_statements_.emplace(std::string{call.name}, RecordedStatement{}).first;
    }
    ++recorded_generation_;
    known->second = {text_, "rehearse_" + std::to_string(recorded_generation_),
                     recorded_generation_, true};
    state_ = State::preparing;
    after_send(
        PQsendPrepare(connection_.get(), known->second.name.c_str(), text_.c_str(), 0, nullptr));
}

void PostgresSession::recorded_prepared(bool failed) {
    if (!failed) {
        send_recorded();
        return;
    }
    forget_recorded();
    recorded_finished();
}

void PostgresSession::forget_recorded() {
    if (const auto known = recorded_statements_.find(recorded_->name);
        known != recorded_statements_.end()) {
        recorded_statements_.erase(known);
    }
}

void PostgresSession::hand_over_returned(const PGresult* result) const {
    if (queued_.empty()) {
        hand_over(result, recorded_->wanted, recorded_->taker);
    } else {
        hand_over(result, queued_.front().wanted, queued_.front().taker);
    }
}

void PostgresSession::recorded_finished() {
    if (code_.empty() && settings_gone_ && !settings_sent_) {
        settings_sent_ = true;
        text_ = settings();
        send_simple(text_.c_str(), State::executing);
        return;
    }
    if (code_.empty() && !recorded_->then.empty() && !then_sent_) {
        then_sent_ = true;
        text_.assign(recorded_->then);
        send_simple(text_.c_str(), State::executing);
        return;
    }
    if (last_done_ - statement_sent_ > slowest_done_ - slowest_sent_) {
        slowest_sent_ = statement_sent_;
        slowest_done_ = last_done_;
    }
    // The next use prepares it again, as drivers do.
    if (kind_ == ErrorKind::plan_changed || code_ == "26000") {
        forget_recorded();
    }
    finish_operation();
}

}  // namespace harness::postgres
