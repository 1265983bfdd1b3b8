#include "harness/load/player.hpp"

#include "harness/load/actor.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace harness::load {

using std::chrono::nanoseconds;
using workloads::replay::SessionPlay;

namespace {

// Connections opened at one time: more overflow a Unix socket's listen queue.
constexpr std::size_t opening_at_once = 32;
constexpr std::chrono::milliseconds tick_length{100};
// A session connects so long before its first call, as long as no record tells when it did: what
// connecting takes is not the call's.
constexpr std::chrono::seconds connects_ahead{1};
// A transaction that waits for another one's end holds locks, which the other one may wait for: the
// recording shows only what statements name. After so long it goes on.
constexpr std::chrono::seconds longest_hold{10};

std::size_t share_of(std::size_t all, std::size_t number, std::size_t players) {
    return all / players + (number < all % players ? 1 : 0);
}

}  // namespace

Player::Player(std::size_t number, const ReplayOptions& options, const PhaseClock& phases,
               const SessionFactory& sessions, LoadEvents& events)
    : number_{number},
      options_{options},
      phases_{phases},
      sessions_{sessions},
      events_{events},
      recorder_{options.operations, phases},
      most_actors_{share_of(options.connections, number, options.players)},
      next_session_{number},
      first_connections_{count_first_connections()} {
    if (options.order != nullptr) {
        order_.emplace(*options.order);
    }
}

Player::~Player() = default;

Player::Turn Player::waiting_turn() const {
    const auto count = options_.sessions.size();
    return {&options_.recording->sessions[options_.sessions[next_session_ % count]],
            static_cast<std::uint32_t>(next_session_ / count)};
}

bool Player::session_waits(Clock::time_point end) const {
    const auto& tempo = options_.tempo;
    if (next_session_ < options_.sessions.size() || tempo.lap_us == 0) {
        return next_session_ < options_.sessions.size();
    }
    return tempo.speed > 0 ? moment(tempo.of_lap(waiting_turn().lap).at(tempo.origin_us)) < end
                           : state_ != State::draining;
}

std::size_t Player::count_first_connections() const {
    std::size_t count = 0;
    for (auto i = number_; i < options_.sessions.size() && count < most_actors_;
         i += options_.players) {
        const auto play = play_of({&options_.recording->sessions[options_.sessions[i]], 0});
        if (play.next() == nullptr || play.due() > connects_ahead) {
            break;
        }
        ++count;
    }
    return count;
}

void Player::run() {
    prepare_thread();
    for (std::size_t i = 0; i < std::min(first_connections_, opening_at_once); ++i) {
        start_next_session();
    }
    next_tick_ = Clock::now() + tick_length;
    double cpu_at_begin = thread_cpu_seconds();
    bool begun = false;
    while (!commands_.abandoned() && !drained()) {
        loop_once();
        if (!begun && state_ != State::connecting) {
            begun = true;
            cpu_at_begin = thread_cpu_seconds();
        }
    }
    const auto now = Clock::now();
    if (begun) {
        file_unfinished(now);
    }
    if (recorder_.roll(now, live_)) {
        events_.second_over(number_, live_);
    }
    cpu_s_ = thread_cpu_seconds() - cpu_at_begin;
    for (auto& actor : actors_) {
        actor->close();
    }
}

Measured Player::take() {
    auto taken = recorder_.take(cpu_s_);
    taken.last_done = last_done_;
    return taken;
}

// Completions first: see Worker::loop_once.
void Player::loop_once() {
    poller_.wait(std::max(nanoseconds{0}, nanoseconds{next_wake() - Clock::now()}));
    const auto now = Clock::now();
    if (commands_.ready() && !commands_.abandoned()) {
        take_commands();
    }
    run_timers(now);
    if (state_ != State::connecting) {
        start_sessions(now);
    }
    if (now >= next_tick_) {
        tick(now);
    }
    release_held();
}

Clock::time_point Player::next_wake() const {
    auto wake = next_tick_;
    if (!timers_.empty()) {
        wake = std::min(wake, timers_.top().at);
    }
    if (state_ != State::connecting && session_waits()) {
        wake = std::min(wake, next_start_);
    }
    return wake;
}

void Player::take_commands() {
    const auto [begin, stop, deploy] = commands_.take();
    if (deploy) {
        throw std::logic_error{"a recording knows no deploys"};
    }
    if (begin) {
        state_ = State::playing;
        beginning_ = next_start_ = *begin;
        for (auto& actor : actors_) {
            actor->go_on(beginning_);
        }
    }
    if (stop && state_ != State::draining) {
        last_due_ = *stop;
        drain_until_ = last_due_ + std::chrono::duration_cast<Clock::duration>(options_.drain);
        if (state_ == State::connecting) {  // nothing was sent, and nothing will be
            commands_.abandon();
            return;
        }
        state_ = State::draining;
        for (auto& actor : actors_) {
            actor->go_on(Clock::now());  // whoever waits for what will not be due is done
        }
    }
}

// As fast as possible nothing is due before its turn.
bool Player::is_due_before_the_end(const SessionPlay& play, Clock::time_point now) const {
    return options_.tempo.speed > 0 ? play.next() == nullptr || moment(play.due()) < last_due_
                                    : now < last_due_;
}

void Player::start_sessions(Clock::time_point now) {
    while (session_waits() && opening_ < opening_at_once) {
        const auto turn = waiting_turn();
        const auto play = play_of(turn);
        const auto due = play.next() == nullptr ? now : moment(play.due());
        if (!is_due_before_the_end(play, now)) {
            next_session_ += options_.players;
            continue;
        }
        const auto start =
            std::min(due - connects_ahead,
                     moment(options_.tempo.of_lap(turn.lap).at(turn.session->start_us)));
        if (start > now) {
            next_start_ = start;
            return;
        }
        if (actors_.size() - free_.size() >= most_actors_) {
            break;
        }
        start_next_session();
    }
    // Whatever is in the way, an end of it wakes us.
    next_start_ = next_tick_;
}

void Player::start_next_session() {
    if (free_.empty()) {
        actors_.push_back(std::make_unique<Actor>(*this, sessions_));
        free_.push_back(actors_.back().get());
    }
    auto& actor = *free_.back();
    free_.pop_back();
    const auto turn = waiting_turn();
    next_session_ += options_.players;
    actor.start(turn, state_ == State::connecting);
}

void Player::opened(bool first) {
    if (!first) {
        return;
    }
    connected_.fetch_add(1);
    if (state_ == State::connecting && actors_.size() < first_connections_) {
        start_next_session();
    }
}

void Player::finished(Actor& actor) {
    free_.push_back(&actor);
    next_start_ = {};
}

void Player::set_timer(Actor& actor, Clock::time_point at) {
    timers_.push({at, &actor, ++actor.timer_generation});
}

void Player::run_timers(Clock::time_point now) {
    while (!timers_.empty() && timers_.top().at <= now) {
        const Timer timer = timers_.top();
        timers_.pop();
        if (timer.actor->timer_generation == timer.generation) {
            timer.actor->timer_fired(now);
        }
    }
}

void Player::tick(Clock::time_point now) {
    next_tick_ = now + tick_length;
    if (recorder_.roll(now, live_)) {
        live_.backlog = 0;
        events_.second_over(number_, live_);
    }
    for (auto& actor : actors_) {
        actor->check_deadline(now);
    }
    give_up_holding(now);
}

void Player::release_held() {
    while (order_ && order_->take_released()) {
        for (auto* actor : std::exchange(held_, {})) {
            if (!actor->released(false)) {
                held_.push_back(actor);
            }
        }
    }
}

void Player::give_up_holding(Clock::time_point now) {
    // What they wait for was cut off by the end of the run.
    const bool all = state_ == State::draining && in_flight_ == 0;
    // Or nothing goes on at all: what is under way waits for them in a way that no statement tells.
    bool nothing_ends = now - std::max(last_done_, given_up_) > longest_hold;
    for (auto* actor : std::exchange(held_, {})) {
        const bool first_of_all = nothing_ends && actor->held_before(now - longest_hold);
        if (first_of_all) {
            nothing_ends = false;
            given_up_ = now;
        }
        if (!actor->released(all || first_of_all ||
                             actor->holds_locks_since_before(now - longest_hold))) {
            held_.push_back(actor);
        }
    }
}

void Player::abandon(SessionPlay play) {
    for (; order_ && play.next() != nullptr; play.ended(play.due(), false)) {
        order_->ended(index_of(*play.next()));
    }
}

bool Player::drained() const {
    if (state_ != State::draining) {
        return false;
    }
    const auto now = Clock::now();
    if (now < last_due_) {
        return false;
    }
    const bool due_session_waits =
        session_waits() && is_due_before_the_end(play_of(waiting_turn()), now);
    return now >= drain_until_ ||
           (in_flight_ == 0 && held_.empty() && !due_session_waits &&
            std::none_of(actors_.begin(), actors_.end(),
                         [&](const auto& actor) { return actor->has_due_left(); }));
}

void Player::file(const workloads::Event& call, Completion completion) {
    last_done_ = std::max(last_done_, completion.done);
    completion.operation = options_.operation_of_shape[call.shape];
    const bool failed_then = call.outcome != workloads::Event::went_through;
    const std::string_view then =
        failed_then ? std::string_view{options_.recording->sqlstates[call.outcome - 1U]}
                    : std::string_view{};
    recorder_.compared(completion, then);
    if (order_) {
        order_->ended(index_of(call));
    }
}

void Player::file_unsent(const workloads::Event& call, Clock::time_point due, Clock::time_point now,
                         std::string_view code) {
    recorder_.due(phases_.since_start(due));
    file(call, {.due = due, .sent = now, .done = std::max(now, due), .code = code});
}

// What ends with the run instead of with an answer.
void Player::file_unfinished(Clock::time_point now) {
    const auto until = std::min(last_due_, now);
    for (auto& actor : actors_) {
        actor->file_unfinished(now, until);
    }
    // As fast as possible nothing is due before its turn, and turns may never end.
    const bool by_time = options_.tempo.speed > 0;
    while (by_time && state_ != State::connecting && session_waits(until)) {
        file_never_sent(play_of(waiting_turn()), until, reports::error_no_connection);
        next_session_ += options_.players;
    }
}

// As fast as possible nothing is due before its turn.
void Player::file_never_sent(SessionPlay play, Clock::time_point until, std::string_view code) {
    if (!(options_.tempo.speed > 0)) {
        return;
    }
    for (; play.next() != nullptr; play.ended(play.due(), false)) {
        const auto due = moment(play.due());
        const auto later = play.later_transaction();
        if (due < until) {
            file_unsent(*play.next(), due, until, code);
        } else if (!later || moment(*later) >= until) {
            return;
        }
    }
}

}  // namespace harness::load
