#include "harness/load/actor.hpp"

#include "reports/record.hpp"

#include <algorithm>

namespace harness::load {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds first_backoff{50}, longest_backoff{5'000};
// A session that cannot connect keeps those who would have to wait for it so long.
constexpr milliseconds longest_waited_for{10'000};

}  // namespace

Player::Actor::Actor(Player& player, const SessionFactory& sessions)
    : player_{player},
      reader_{player.options_.reader()},
      session_{sessions(player.poller_, *this)} {}

void Player::Actor::start(Turn turn, bool first) {
    turn_ = turn;
    reader_->begin_lap(turn.lap);
    play_.emplace(player_.play_of(turn));
    first_ = first;
    ever_connected_ = false;
    backoff_ = milliseconds{0};
    down_since_ = Clock::now();
    state_ = State::connecting;
    ++player_.opening_;
    session_->connect(workloads::App::old_version);
}

void Player::Actor::on_connected() {
    --player_.opening_;
    last_session_id_ = session_->session_id();
    player_.events_.connected(last_session_id_);
    backoff_ = milliseconds{0};
    state_ = State::idle;
    idle_since_ = Clock::now();
    if (ever_connected_) {
        player_.recorder_.reconnected();
    } else {
        ever_connected_ = true;
        play_->begin(since_beginning(idle_since_));
        player_.opened(first_);
    }
    if (player_.state_ != Player::State::connecting) {
        go_on(Clock::now());
    }
}

void Player::Actor::on_connect_failed(const database::Error& error) {
    --player_.opening_;
    player_.events_.connect_failed(error);
    const auto now = Clock::now();
    if (now - down_since_ > longest_waited_for) {
        player_.abandon(*play_);  // it may never come back
    }
    reconnect_later(now);
}

void Player::Actor::reconnect_later(Clock::time_point now) {
    state_ = State::down;
    backoff_ = backoff_.count() == 0 ? first_backoff : std::min(backoff_ * 2, longest_backoff);
    player_.set_timer(*this, now + backoff_);
}

void Player::Actor::timer_fired(Clock::time_point now) {
    switch (state_) {
        case State::down:
            // Where nothing is left to do, nobody needs the connection.
            if (play_->next() == nullptr || due() >= player_.last_due_) {
                finish();
                return;
            }
            state_ = State::connecting;
            ++player_.opening_;
            session_->connect(workloads::App::old_version);
            return;
        case State::idle:
            if (!is_over()) {
                send_or_hold(now);
            } else {
                go_on(now);
            }
            return;
        case State::lingering:
            finish();
            return;
        case State::free:
        case State::connecting:
        case State::held:
        case State::busy:
            return;
    }
}

// Requires an idle connection.
void Player::Actor::go_on(Clock::time_point now) {
    if (state_ != State::idle) {
        return;
    }
    if (play_->next() == nullptr) {
        linger(now);
    } else if (is_over()) {
        finish();
    } else if (due() <= now) {
        send_or_hold(now);
    } else {
        player_.set_timer(*this, due());
    }
}

// An application keeps its connection while it has nothing to do.
void Player::Actor::linger(Clock::time_point now) {
    const auto tempo = player_.options_.tempo.of_lap(turn_.lap);
    // Those of the next time need theirs.
    const auto end_us =
        tempo.lap_us == 0
            ? turn_.session->end_us
            : std::min(turn_.session->end_us, player_.options_.tempo.origin_us + tempo.lap_us);
    const auto end = player_.moment(tempo.at(end_us));
    if (turn_.session->end_known != workloads::SessionEnd::disconnection_record || end <= now) {
        finish();
        return;
    }
    state_ = State::lingering;
    player_.set_timer(*this, end);
}

void Player::Actor::finish() {
    player_.abandon(*play_);
    session_->close();
    reader_->end_lap();
    state_ = State::free;
    ++timer_generation;
    player_.finished(*this);
}

void Player::Actor::send_or_hold(Clock::time_point now) {
    if (player_.may_go(*play_->next())) {
        send();
        return;
    }
    state_ = State::held;
    held_since_ = now;
    player_.hold(*this);
}

bool Player::Actor::released(bool anyway) {
    if (state_ != State::held) {
        return true;
    }
    const bool may = player_.may_go(*play_->next());
    if (!may && !anyway) {
        return false;
    }
    state_ = State::idle;
    idle_since_ = Clock::now();
    player_.recorder_.held(idle_since_ - held_since_, may);
    send();
    return true;
}

// What it waited for, in order or for a connection, is part of its response: users wait, too.
void Player::Actor::send() {
    due_ = sent_ = due();
    player_.recorder_.due(player_.phases_.since_start(due_));
    state_ = State::busy;
    newest_ = play_->next();
    under_way_ = 1;
    ++player_.in_flight_;
    // What it could have been sent at: the generator's own lateness counts from there.
    const auto possible = std::max(due_, idle_since_);
    const auto& call = reader_->read(*newest_);
    if (player_.options_.pipelining != nullptr && player_.options_.pipelining->shares(*newest_)) {
        session_->queue(call);
    } else {
        session_->run(call);
    }
    player_.recorder_.lag(session_->statement_sent() - possible);
    if (state_ == State::busy) {
        sent_ = session_->statement_sent();
        send_ahead(sent_);
    }
}

void Player::Actor::send_ahead(Clock::time_point now) {
    const auto* const pipelining = player_.options_.pipelining;
    while (pipelining != nullptr && state_ == State::busy && now < player_.last_due_) {
        const auto* const call = play_->behind(*newest_);
        if (call == nullptr || !pipelining->may_follow(*play_->next(), under_way_, *call) ||
            !reader_->is_ready(*call)) {
            return;
        }
        newest_ = call;
        ++under_way_;
        ++player_.in_flight_;
        session_->queue(reader_->read(*call));
    }
}

// It is due with the end of the one ahead, as if it were sent only then, and the server could not
// begin it before: the generator is not late with it. What was sent before the load's end and is
// come to later was due at the end.
void Player::Actor::comes_first(Clock::time_point now) {
    due_ = std::min(due(), player_.last_due_);
    sent_ = now;
    player_.recorder_.due(player_.phases_.since_start(due_));
    player_.recorder_.lag(std::chrono::nanoseconds{0});
}

void Player::Actor::on_operation_end(const database::OperationEnd& end) {
    --player_.in_flight_;
    --under_way_;
    if (end.kind == database::ErrorKind::deadlock) {
        player_.recorder_.deadlock(end.done);
    }
    player_.file(*play_->next(), {.due = std::min(due_, end.sent),
                                  .sent = end.sent,
                                  .done = end.done,
                                  .code = end.code,
                                  .kind = end.kind,
                                  .session = last_session_id_,
                                  .slowest_sent = end.slowest_sent,
                                  .slowest_done = end.slowest_done});
    if (!end.session_usable) {
        player_.in_flight_ -= under_way_;
        connection_lost(end.done, 1 + (end.rest_not_begun ? 0 : under_way_),
                        reports::error_connection_lost);
        return;
    }
    idle_since_ = end.done;
    if (under_way_ > 0) {
        play_->ended(since_beginning(end.done), play_->leaves_transaction_open(end.code.empty()));
        comes_first(end.done);
        if (under_way_ <= workloads::replay::Pipelining::refilled_at) {
            send_ahead(end.done);
        }
        return;
    }
    state_ = State::idle;
    play_->ended(since_beginning(end.done), end.in_transaction);
    go_on(end.done);
}

void Player::Actor::on_lost(const database::Error& error) {
    if (state_ == State::lingering || play_->next() == nullptr) {
        finish();
        return;
    }
    connection_lost(Clock::now(), 0,
                    error.code.empty() ? std::string_view{reports::error_connection_lost}
                                       : std::string_view{error.code});
}

void Player::Actor::connection_lost(Clock::time_point now, std::size_t under_way,
                                    std::string_view code) {
    down_since_ = now;
    under_way_ = 0;
    play_->connection_lost(since_beginning(now), under_way, [&](const workloads::Event& call) {
        // Its own moment may lie ahead: it fails now, with its transaction.
        player_.file_unsent(call, now, now, code);
    });
    if (play_->next() == nullptr) {
        finish();
    } else {
        reconnect_later(now);
    }
}

std::chrono::nanoseconds Player::Actor::since_beginning(Clock::time_point at) const {
    return player_.state_ == Player::State::connecting
               ? std::chrono::nanoseconds{0}
               : std::chrono::duration_cast<std::chrono::nanoseconds>(at - player_.beginning_);
}

bool Player::Actor::is_behind() const {
    const auto later = play_->later_transaction();
    return later && player_.moment(*later) < player_.last_due_;
}

bool Player::Actor::has_due_left() const {
    const bool connects = state_ == State::connecting || state_ == State::down;
    return ((connects && due() < player_.last_due_) || (state_ == State::idle && !is_over())) &&
           play_->next() != nullptr;
}

void Player::Actor::file_unfinished(Clock::time_point now, Clock::time_point until) {
    if (state_ == State::free || state_ == State::lingering) {
        return;
    }
    const bool busy = state_ == State::busy;
    if (busy) {
        // With its session: it may hang behind a lock even now.
        const auto slowest = session_->statement_sent();
        player_.file(*play_->next(), {.due = due_,
                                      .sent = sent_,
                                      .done = std::max(now, due_),
                                      .code = reports::error_unfinished,
                                      .session = last_session_id_,
                                      .slowest_sent = slowest,
                                      .slowest_done = now});
        play_->ended(since_beginning(now), false);
    }
    const auto* code = busy || state_ == State::held || state_ == State::idle
                           ? reports::error_unfinished
                           : reports::error_no_connection;
    // As fast as possible nothing is due before its turn; but this one's had come.
    if (!(player_.options_.tempo.speed > 0) && !busy && state_ != State::idle &&
        play_->next() != nullptr) {
        player_.file_unsent(*play_->next(), now, now, code);
    }
    player_.file_never_sent(*play_, until, code);
}

}  // namespace harness::load
