#include "harness/load/slot.hpp"

#include <algorithm>

namespace harness::load {

using database::ErrorKind;
using std::chrono::milliseconds;
using workloads::App;

namespace {

constexpr milliseconds first_backoff{50}, longest_backoff{5'000};

}  // namespace

Worker::Slot::Line::Line(Slot& owner, const SessionFactory& sessions, bool replaces)
    : slot{owner},
      replacement{replaces},
      owned{sessions(owner.worker_.poller_, *this)},
      session{*owned} {}

void Worker::Slot::Line::on_connected() {
    slot.worker_.events_.connected(session.session_id());
    if (replacement) {
        slot.replacement_ready_ = true;
        if (slot.state == State::idle || slot.state == State::thinking) {
            slot.take_replacement();
        }
    } else {
        slot.connected();
    }
}

void Worker::Slot::Line::on_connect_failed(const database::Error& error) {
    slot.worker_.events_.connect_failed(error);
    if (replacement) {
        slot.replacement_failed(error);
    } else {
        slot.connect_failed(error);
    }
}

void Worker::Slot::Line::on_operation_end(const database::OperationEnd& end) {
    slot.operation_ended(end);
}

void Worker::Slot::Line::on_lost(const database::Error& error) {
    if (replacement) {
        slot.replacement_failed(error);
    } else {
        slot.lost();
    }
}

Worker::Slot::Slot(Worker& worker, std::size_t slot_index, const SessionFactory& sessions)
    : index{slot_index},
      worker_{worker},
      sessions_{sessions},
      session_{std::make_unique<Line>(*this, sessions, false)} {}

void Worker::Slot::open(App version) {
    app = version;
    state = State::connecting;
    ++idle_number;
    session_->session.connect(version);
}

void Worker::Slot::connected() {
    last_session_id = session_->session.session_id();
    backoff_ = milliseconds{0};
    if (ever_connected_) {
        worker_.recorder_.reconnected();
    } else {
        ever_connected_ = true;
        worker_.slot_opened();
    }
    worker_.slot_idle(*this, Clock::now());
}

void Worker::Slot::connect_failed(const database::Error&) { reconnect_later(); }

void Worker::Slot::lost() { reconnect_later(); }

// Exponential, with jitter so that a thousand connections do not knock at once.
void Worker::Slot::reconnect_later() {
    state = State::down;
    ++idle_number;
    const auto now = Clock::now();
    if (backoff_.count() == 0) {
        backoff_ = first_backoff;
    } else {
        backoff_ = std::min(backoff_ * 2, longest_backoff);
    }
    workloads::Random random{worker_.options_.seed ^ index, ++timer_generation};
    worker_.set_timer(*this, now + std::chrono::duration_cast<Clock::duration>(
                                       backoff_ * (0.5 + random.unit() / 2)));
}

void Worker::Slot::timer_fired(Clock::time_point now) {
    switch (state) {
        case State::down:
            worker_.reopen(*this, now);
            return;
        case State::retry_wait:
            run_current();
            return;
        case State::thinking:
            worker_.send_closed_loop(*this, now);
            return;
        case State::unopened:
        case State::connecting:
        case State::idle:
        case State::busy:
            return;
    }
}

void Worker::Slot::run_current() {
    state = State::busy;
    session_->session.run(current.operation, values);
}

void Worker::Slot::operation_ended(const database::OperationEnd& end) {
    if (tries == 0) {
        first_sent_ = end.sent;
    }
    const auto& operation = worker_.options_.operations[current.operation];
    const bool retryable =
        end.kind == ErrorKind::serialization || end.kind == ErrorKind::deadlock;
    if (!end.code.empty() && retryable && end.session_usable &&
        tries < static_cast<unsigned>(operation.retry.times)) {
        const auto wait = operation.retry.backoff * (std::int64_t{1} << std::min(tries, 10U));
        ++tries;
        state = State::retry_wait;
        worker_.set_timer(*this, end.done + wait);
        return;
    }
    worker_.operation_over(*this, end, first_sent_);
    if (end.session_usable) {
        worker_.slot_idle(*this, end.done);
    } else {
        reconnect_later();
    }
}

void Worker::Slot::start_replacement(App version) {
    replacement_app_ = version;
    replacement_ready_ = false;
    replacement_ = std::make_unique<Line>(*this, sessions_, true);
    replacement_->session.connect(version);
}

void Worker::Slot::replacement_failed(const database::Error& error) {
    replacement_ready_ = false;
    worker_.bury(std::move(replacement_));
    if (error.kind == ErrorKind::too_many_connections) {
        in_place_ = true;
        if (state == State::idle || state == State::thinking) {
            change_in_place();
        }
    }
}

// Requires an idle session.
void Worker::Slot::take_replacement() {
    session_->session.close();
    worker_.bury(std::move(session_));
    session_ = std::move(replacement_);
    session_->replacement = false;
    last_session_id = session_->session.session_id();
    replacement_ready_ = false;
    worker_.version_changed(*this, replacement_app_);
    if (state == State::idle) {
        worker_.slot_idle(*this, Clock::now());
    }
}

void Worker::Slot::change_in_place() {
    in_place_ = false;
    session_->session.close();
    worker_.version_changed(*this, replacement_app_);
    ++timer_generation;  // whoever was thinking goes on after the change
    open(replacement_app_);
}

void Worker::Slot::close() {
    session_->session.close();
    if (replacement_) {
        replacement_->session.close();
    }
}

void Worker::Slot::check_deadline(Clock::time_point now) {
    session_->session.check_deadline(now);
    if (replacement_ && !replacement_ready_) {
        replacement_->session.check_deadline(now);
    }
}

}  // namespace harness::load
