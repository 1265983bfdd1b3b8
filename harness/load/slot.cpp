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
        slot.replacement_ready();
    } else {
        slot.connected();
    }
}

void Worker::Slot::Line::on_connect_failed(const database::Error& error) {
    // That a server has no room for the old and the new instance at once is no failure.
    if (!replacement || error.kind != ErrorKind::too_many_connections) {
        slot.worker_.events_.connect_failed(error);
    }
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
        slot.lost(error);
    }
}

Worker::Slot::Slot(Worker& worker, std::size_t slot_index, const SessionFactory& sessions)
    : index{slot_index},
      app{worker.options_.first},
      worker_{worker},
      sessions_{sessions},
      session_{std::make_unique<Line>(*this, sessions, false)} {
    values.set_client(slot_index);
}

void Worker::Slot::open(App version) {
    app = version;
    state = State::connecting;
    ++idle_number;
    if (in_place_ && version == replacement_app_) {
        in_place_ = false;
    }
    session_->session.connect(version);
}

void Worker::Slot::set_open(bool open) {
    if (open != open_) {
        open_ = open;
        worker_.count_version(app, open ? 1 : -1);
    }
}

void Worker::Slot::connected() {
    last_session_id = session_->session.session_id();
    backoff_ = milliseconds{0};
    set_open(true);
    if (ever_connected_) {
        worker_.recorder_.reconnected();
    } else {
        ever_connected_ = true;
        worker_.slot_opened();
    }
    worker_.slot_idle(*this, Clock::now());
}

void Worker::Slot::connect_failed(const database::Error&) {
    reconnect_later();
}

// Died while it had nothing to do; but the slot may hold an operation between two tries.
void Worker::Slot::lost(const database::Error& error) {
    if (state == State::retry_wait) {
        const std::string_view code = error.code.empty()
                                          ? std::string_view{reports::error_connection_lost}
                                          : std::string_view{error.code};
        auto end = given_up(Clock::now(), code);
        end.kind = ErrorKind::connection_lost;
        worker_.operation_over(*this, end);
    }
    reconnect_later();
}

// Exponential, with jitter so that a thousand connections do not knock at once.
void Worker::Slot::reconnect_later() {
    set_open(false);
    state = State::down;
    ++idle_number;
    if (replacement_ready_) {
        take_replacement();
        return;
    }
    backoff_ = backoff_.count() == 0 ? first_backoff : std::min(backoff_ * 2, longest_backoff);
    workloads::Random random{worker_.options_.seed ^ index, ++timer_generation};
    worker_.set_timer(*this, Clock::now() + std::chrono::duration_cast<Clock::duration>(
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
            worker_.send_closed_loop(*this, true);
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
    if (tries == 0) {
        slowest_sent_ = slowest_done_ = {};
        // Until the session says better: it may fail at once, from within run().
        first_sent_ = current.due;
    }
    session_->session.run(current.operation, values);
    if (tries == 0 && state == State::busy) {
        first_sent_ = session_->session.statement_sent();
    }
}

database::OperationEnd Worker::Slot::given_up(Clock::time_point now, std::string_view code) const {
    database::OperationEnd end;
    end.code = code;
    end.session_usable = false;
    end.sent = first_sent_;
    end.done = now;
    end.slowest_sent = slowest_sent_;
    end.slowest_done = slowest_done_;
    const auto statement_sent = session_->session.statement_sent();
    if (state == State::busy && now - statement_sent > slowest_done_ - slowest_sent_) {
        end.slowest_sent = statement_sent;
        end.slowest_done = now;
    }
    return end;
}

void Worker::Slot::operation_ended(const database::OperationEnd& last_try) {
    database::OperationEnd end = last_try;
    if (tries == 0) {
        first_sent_ = end.sent;
    }
    end.sent = first_sent_;
    if (slowest_done_ - slowest_sent_ > end.slowest_done - end.slowest_sent) {
        end.slowest_sent = slowest_sent_;
        end.slowest_done = slowest_done_;
    }
    if (end.kind == ErrorKind::deadlock) {
        worker_.recorder_.deadlock(end.done);
    }
    const auto& policy = worker_.options_.operations[current.operation].retry;
    const bool retryable = end.kind == ErrorKind::serialization || end.kind == ErrorKind::deadlock;
    if (!end.code.empty() && retryable && end.session_usable &&
        tries < static_cast<unsigned>(policy.times)) {
        slowest_sent_ = end.slowest_sent;
        slowest_done_ = end.slowest_done;
        const auto wait = policy.backoff * (std::int64_t{1} << std::min(tries, 10U));
        ++tries;
        state = State::retry_wait;
        worker_.set_timer(*this, end.done + wait);
        return;
    }
    worker_.operation_over(*this, end);
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

void Worker::Slot::replacement_ready() {
    replacement_ready_ = true;
    worker_.convert_soon();
    if (state != State::busy && state != State::retry_wait) {
        take_replacement();
    }
}

void Worker::Slot::replacement_failed(const database::Error& error) {
    replacement_ready_ = false;
    worker_.bury(std::move(replacement_));
    if (error.kind == ErrorKind::too_many_connections) {
        in_place_ = true;
        worker_.convert_soon();
        if (state == State::idle || state == State::thinking) {
            change_in_place();
        }
    }
}

// Requires that no operation runs in the old session.
void Worker::Slot::take_replacement() {
    session_->session.close();
    worker_.bury(std::move(session_));
    session_ = std::move(replacement_);
    session_->replacement = false;
    last_session_id = session_->session.session_id();
    replacement_ready_ = in_place_ = false;
    backoff_ = milliseconds{0};
    worker_.version_changed(*this, replacement_app_);
    set_open(true);
    if (state != State::thinking) {  // whoever thinks goes on thinking
        ++timer_generation;          // a reconnect that was planned
        worker_.slot_idle(*this, Clock::now());
    }
}

void Worker::Slot::change_in_place() {
    session_->session.close();
    set_open(false);
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
