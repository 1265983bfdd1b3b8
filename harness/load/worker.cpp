#include "harness/load/worker.hpp"

#include "harness/load/slot.hpp"

#include <algorithm>

namespace harness::load {

using std::chrono::nanoseconds;
using workloads::App;
using workloads::OperationId;

namespace {

// Connections opened at one time: more overflow a Unix socket's listen queue.
constexpr std::size_t opening_at_once = 32;
constexpr std::chrono::milliseconds tick_length{100};
// An operation released so long after the load's end was not sent for the generator's own reasons.
constexpr std::chrono::seconds hopelessly_late{1};

// Independent streams of the run's one seed.
constexpr std::uint64_t version_stream = 0x76657273, mix_stream = 0x6d697865;

}  // namespace

Worker::Worker(std::size_t number, const LoadOptions& options, const PhaseClock& phases,
               const SessionFactory& sessions, LoadEvents& events)
    : number_{number},
      options_{options},
      phases_{phases},
      events_{events},
      mix_{options.operations},
      recorder_{options.operations.size(), phases},
      backlog_{options.backlog_bound} {
    for (std::size_t index = number; index < options.connections; index += options.workers) {
        slots_.push_back(std::make_unique<Slot>(*this, index, sessions));
    }
    slots_of_app_[static_cast<std::size_t>(options.first)] = slots_.size();
}

Worker::~Worker() = default;

void Worker::run() {
    prepare_thread();
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    clock_skew_ =
        std::chrono::duration_cast<Clock::duration>(wall) - Clock::now().time_since_epoch();
    double cpu_at_begin = thread_cpu_seconds();
    const auto opening = std::min(opening_at_once, slots_.size());
    while (next_to_open_ < opening) {
        slots_[next_to_open_++]->open(options_.first);
    }
    next_tick_ = Clock::now() + tick_length;
    bool begun = false;
    while (!commands_.abandoned() && !drained()) {
        loop_once();
        if (!begun && state_ != State::connecting) {
            begun = true;
            cpu_at_begin = thread_cpu_seconds();
        }
    }
    const auto now = Clock::now();
    file_unfinished(now);
    if (recorder_.roll(now, live_)) {
        events_.second_over(number_, live_);
    }
    cpu_s_ = thread_cpu_seconds() - cpu_at_begin;
    for (auto& slot : slots_) {
        slot->close();
    }
    graveyard_.clear();
}

Measured Worker::take() {
    return recorder_.take(cpu_s_);
}

// Completions first: an answer that is already here frees its connection before the schedule looks
// for one, so that the generator's own lateness is never charged to the database.
void Worker::loop_once() {
    poller_.wait(std::max(nanoseconds{0}, nanoseconds{next_wake() - Clock::now()}));
    graveyard_.clear();
    const auto now = Clock::now();
    if (commands_.ready()) {
        take_commands(now);
    }
    run_timers(now);
    if (arrivals_) {
        release(now);
    }
    if (now >= next_tick_) {
        tick(now);
    } else if (convert_soon_ && deploying_) {
        convert(now);
    }
}

Clock::time_point Worker::next_wake() const {
    auto wake = next_tick_;
    if (arrivals_ && next_due_ < last_due_) {
        wake = std::min(wake, next_due_);
    }
    if (!timers_.empty()) {
        wake = std::min(wake, timers_.top().at);
    }
    return wake;
}

void Worker::take_commands(Clock::time_point now) {
    const auto [begin, stop, deploy] = commands_.take();
    if (begin) {
        state_ = State::sending;
        schedule_start_ = *begin;
        if (options_.rate) {
            arrivals_.emplace(options_.arrival, *options_.rate, options_.seed);
            next_ = arrivals_->next();
            while (next_.index % options_.workers != number_) {
                next_ = arrivals_->next();
            }
            next_due_ = schedule_start_ + next_.at;
        } else {
            for (auto& slot : slots_) {
                slot->next_due = schedule_start_;
                if (slot->state == Slot::State::idle) {
                    slot_idle(*slot, now);
                }
            }
        }
    }
    if (deploy) {
        deployment_ = *deploy;
        deploying_ = true;
        convert(now);
    }
    if (stop && state_ != State::draining) {  // what has ended does not begin again
        last_due_ = *stop;
        drain_until_ = last_due_ + options_.drain;
        if (state_ == State::connecting) {
            commands_.abandon();
        }
        state_ = State::draining;
    }
}

void Worker::release(Clock::time_point now) {
    while (next_due_ <= now && next_due_ < last_due_) {
        // A version whose code sends nothing has nothing due.
        const std::uint64_t index = options_.first_operation + next_.index;
        if (const App app = draw_app(index); mix_.has(app)) {
            recorder_.due(phases_.since_start(next_due_));
            const DueOperation due{index, draw_operation(app, index), next_due_};
            if (last_due_ != Clock::time_point::max() && now > last_due_ + hopelessly_late) {
                recorder_.unsent();
            } else if (Slot* slot = pop_idle(app)) {
                send(*slot, due, true);
            } else {
                // Noticed late is late, too: behind a generator that slept, all but the first find
                // no idle connection.
                recorder_.lag(now - due.due);
                if (!backlog_.push(app, due)) {
                    file_unsent(due, app, reports::error_backlog_full, now);
                }
            }
        }
        do {
            next_ = arrivals_->next();
        } while (next_.index % options_.workers != number_);
        next_due_ = schedule_start_ + next_.at;
    }
    recorder_.backlog(backlog_.size());
}

App Worker::draw_app(std::uint64_t index) const {
    const auto newer = slots_of_app_[static_cast<std::size_t>(App::new_version)];
    if (newer == 0) {
        return App::old_version;
    }
    workloads::Random random{options_.seed ^ version_stream, index};
    return random.below(slots_.size()) < newer ? App::new_version : App::old_version;
}

OperationId Worker::draw_operation(App app, std::uint64_t index) const {
    workloads::Random random{options_.seed ^ mix_stream, index};
    return mix_.pick(app, random.next());
}

Worker::Slot* Worker::pop_idle(App app) {
    auto& idle = idle_[static_cast<std::size_t>(app)];
    while (!idle.empty()) {
        const auto [slot, number] = idle.front();
        idle.pop_front();
        if (slot->state == Slot::State::idle && slot->idle_number == number && slot->app == app) {
            return slot;
        }
    }
    return nullptr;
}

void Worker::send(Slot& slot, const DueOperation& due, bool direct) {
    slot.current = due;
    slot.tries = 0;
    ++slot.idle_number;
    ++in_flight_;
    recorder_.sent(due.index);
    const auto wall_us = std::chrono::duration_cast<std::chrono::microseconds>(
        due.due.time_since_epoch() + clock_skew_);
    slot.values.draw(options_.operations[due.operation], options_.seed, due.index, wall_us.count());
    slot.run_current();
    if (direct) {
        recorder_.lag(slot.first_sent() - due.due);
    }
}

// Each user has numbers of his own, so that they do not depend on who is quicker.
std::uint64_t Worker::next_index(Slot& slot) const {
    return options_.first_operation + slot.closed_loop_count++ * options_.connections + slot.index;
}

void Worker::send_closed_loop(Slot& slot, bool direct) {
    slot.state = Slot::State::idle;
    if (state_ == State::connecting || slot.next_due >= last_due_ || !mix_.has(slot.app)) {
        return;
    }
    recorder_.due(phases_.since_start(slot.next_due));
    const std::uint64_t index = next_index(slot);
    send(slot, {index, draw_operation(slot.app, index), slot.next_due}, direct);
}

void Worker::slot_opened() {
    if (next_to_open_ < slots_.size()) {
        slots_[next_to_open_++]->open(options_.first);
    }
    connected_.fetch_add(1);
}

// The slot's session has nothing to do. Requires a connected session.
void Worker::slot_idle(Slot& slot, Clock::time_point now) {
    slot.state = Slot::State::idle;
    ++slot.idle_number;
    if (slot.has_replacement()) {
        slot.take_replacement();  // comes back here with the new session
        return;
    }
    if (slot.in_place()) {
        slot.change_in_place();
        return;
    }
    if (state_ == State::connecting) {
        wait_idle(slot);
    } else if (arrivals_) {
        if (const auto due = backlog_.pop(slot.app)) {
            send(slot, *due, false);
        } else {
            wait_idle(slot);
        }
    } else if (slot.next_due > now) {
        slot.state = Slot::State::thinking;
        set_timer(slot, slot.next_due);
    } else {
        send_closed_loop(slot, false);
    }
}

void Worker::wait_idle(Slot& slot) {
    auto& idle = idle_[static_cast<std::size_t>(slot.app)];
    if (idle.size() >= 2 * slots_.size()) {  // connections that came and went leave old entries
        std::erase_if(idle,
                      [](const auto& entry) { return entry.first->idle_number != entry.second; });
    }
    idle.emplace_back(&slot, slot.idle_number);
}

void Worker::operation_over(Slot& slot, const database::OperationEnd& end) {
    --in_flight_;
    slot.next_due = end.done + std::chrono::duration_cast<Clock::duration>(options_.think_time);
    recorder_.finished({.operation = slot.current.operation,
                        .app = slot.app,
                        .due = slot.current.due,
                        .sent = end.sent,
                        .done = end.done,
                        .code = end.code,
                        .detail = end.detail,
                        .kind = end.kind,
                        .retries = slot.tries,
                        .session = slot.last_session_id,
                        .slowest_sent = end.slowest_sent,
                        .slowest_done = end.slowest_done});
}

void Worker::file_unsent(const DueOperation& due, App app, std::string_view code,
                         Clock::time_point now) {
    recorder_.finished({.operation = due.operation,
                        .app = app,
                        .due = due.due,
                        .sent = now,
                        .done = std::max(now, due.due),
                        .code = code});
}

void Worker::set_timer(Slot& slot, Clock::time_point at) {
    timers_.push({at, &slot, ++slot.timer_generation});
}

void Worker::run_timers(Clock::time_point now) {
    while (!timers_.empty() && timers_.top().at <= now) {
        const Timer timer = timers_.top();
        timers_.pop();
        if (timer.slot->timer_generation == timer.generation) {
            timer.slot->timer_fired(now);
        }
    }
}

void Worker::tick(Clock::time_point now) {
    next_tick_ = now + tick_length;
    if (recorder_.roll(now, live_)) {
        live_.backlog = backlog_.size();
        events_.second_over(number_, live_);
    }
    for (auto& slot : slots_) {
        slot->check_deadline(now);
    }
    if (deploying_) {
        convert(now);
    }
}

bool Worker::drained() const {
    if (state_ != State::draining) {
        return false;
    }
    const auto now = Clock::now();
    if (now < last_due_ || (arrivals_ && next_due_ < last_due_)) {
        return false;
    }
    if (now >= drain_until_) {
        return true;
    }
    return in_flight_ == 0 && backlog_.size() == 0 &&
           std::none_of(slots_.begin(), slots_.end(),
                        [&](const auto& slot) { return wants_connection(*slot, now); });
}

// A closed loop's user who wants to go on and has no connection to do so.
bool Worker::wants_connection(const Slot& slot, Clock::time_point now) const {
    return !options_.rate && state_ != State::connecting && !slot.open_now() &&
           slot.next_due < std::min(last_due_, now) && mix_.has(slot.app);
}

// What ends with the run instead of with an answer.
void Worker::file_unfinished(Clock::time_point now) {
    bool any_open = false;
    for (auto& slot : slots_) {
        any_open |= slot->open_now();
        if (slot->state == Slot::State::busy || slot->state == Slot::State::retry_wait) {
            // With its session: it may hang behind a lock even now.
            operation_over(*slot, slot->given_up(now, reports::error_unfinished));
        } else if (wants_connection(*slot, now)) {
            recorder_.due(phases_.since_start(slot->next_due));
            const std::uint64_t index = next_index(*slot);
            file_unsent({index, draw_operation(slot->app, index), slot->next_due}, slot->app,
                        reports::error_no_connection, now);
        }
    }
    for (const App app : {App::old_version, App::new_version}) {
        while (const auto due = backlog_.pop(app)) {
            file_unsent(*due, app,
                        any_open ? reports::error_unfinished : reports::error_no_connection, now);
        }
    }
}

void Worker::bury(std::shared_ptr<void> line) {
    graveyard_.push_back(std::move(line));
}

}  // namespace harness::load
