#include "harness/load/worker.hpp"

#include "harness/load/slot.hpp"

#include <pthread.h>
#include <sys/prctl.h>

#include <algorithm>
#include <ctime>

namespace harness::load {

using std::chrono::nanoseconds;
using workloads::App;
using workloads::OperationId;

namespace {

// Connections opened at one time: more overflow a Unix socket's listen queue.
constexpr std::size_t opening_at_once = 32;
// Connections of a worker that a deploy replaces at one time.
constexpr std::size_t replacing_at_once = 8;
constexpr std::chrono::milliseconds tick_length{100};
// An operation released so long after the load's end was not sent for the generator's own reasons.
constexpr std::chrono::seconds hopelessly_late{1};

// Independent streams of the run's one seed.
constexpr std::uint64_t version_stream = 0x76657273, mix_stream = 0x6d697865;

double thread_cpu_seconds() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

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
    slots_of_app_[static_cast<std::size_t>(App::old_version)] = slots_.size();
    versions_[static_cast<std::size_t>(App::old_version)] = slots_.size();
}

Worker::~Worker() = default;

void Worker::run() {
    pthread_setname_np(pthread_self(), "rehearse/load");
    // The default of 50 µs would be most of the schedule's lag.
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    const auto wall = std::chrono::system_clock::now().time_since_epoch();
    clock_skew_ = std::chrono::duration_cast<Clock::duration>(wall) -
                  Clock::now().time_since_epoch();
    double cpu_at_begin = thread_cpu_seconds();
    const auto opening = std::min(opening_at_once, slots_.size());
    while (next_to_open_ < opening) {
        slots_[next_to_open_++]->open(App::old_version);
    }
    next_tick_ = Clock::now() + tick_length;
    bool begun = false;
    while (!abandon_.load(std::memory_order_relaxed) && !drained()) {
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

Measured Worker::take() { return recorder_.take(cpu_s_); }

// Completions first: an answer that is already here frees its connection before the schedule looks
// for one, so that the generator's own lateness is never charged to the database.
void Worker::loop_once() {
    poller_.wait(std::max(nanoseconds{0}, nanoseconds{next_wake() - Clock::now()}));
    graveyard_.clear();
    const auto now = Clock::now();
    if (commands_ready_.load(std::memory_order_acquire)) {
        take_commands(now);
    }
    run_timers(now);
    if (arrivals_) {
        release(now);
    }
    if (now >= next_tick_) {
        tick(now);
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

void Worker::begin(Clock::time_point first_due) {
    const std::scoped_lock lock{commands_mutex_};
    begin_command_ = first_due;
    commands_ready_.store(true, std::memory_order_release);
    poller_.wake();
}

void Worker::deploy(const Deployment& deployment) {
    const std::scoped_lock lock{commands_mutex_};
    deploy_command_ = deployment;
    commands_ready_.store(true, std::memory_order_release);
    poller_.wake();
}

void Worker::stop(Clock::time_point last_due) {
    const std::scoped_lock lock{commands_mutex_};
    stop_command_ = last_due;
    commands_ready_.store(true, std::memory_order_release);
    poller_.wake();
}

void Worker::abandon() {
    abandon_.store(true);
    poller_.wake();
}

void Worker::take_commands(Clock::time_point now) {
    std::optional<Clock::time_point> begin, stop;
    std::optional<Deployment> deploy;
    {
        const std::scoped_lock lock{commands_mutex_};
        commands_ready_.store(false, std::memory_order_relaxed);
        begin.swap(begin_command_);
        stop.swap(stop_command_);
        deploy.swap(deploy_command_);
    }
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
                if (slot->state == Slot::State::idle) {
                    send_closed_loop(*slot, now);
                }
            }
        }
    }
    if (deploy) {
        deployment_ = *deploy;
        deploying_ = true;
        convert(now);
    }
    if (stop) {
        last_due_ = *stop;
        drain_until_ = last_due_ + options_.drain;
        if (state_ == State::connecting) {
            abandon_.store(true);
        }
        state_ = State::draining;
    }
}

void Worker::release(Clock::time_point now) {
    while (next_due_ <= now && next_due_ < last_due_) {
        recorder_.due(phases_.since_start(next_due_));
        const App app = draw_app(next_.index);
        const DueOperation due{next_.index, draw_operation(app, next_.index), next_due_};
        if (last_due_ != Clock::time_point::max() && now > last_due_ + hopelessly_late) {
            recorder_.unsent();
        } else if (Slot* slot = pop_idle(app)) {
            send(*slot, due, true);
        } else if (!backlog_.push(app, due)) {
            file_unsent(due, app, reports::error_backlog_full, now);
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
    slot.direct = direct;
    slot.tries = 0;
    ++slot.idle_number;
    ++in_flight_;
    const auto wall_us = std::chrono::duration_cast<std::chrono::microseconds>(
        due.due.time_since_epoch() + clock_skew_);
    slot.values.draw(options_.operations[due.operation], options_.seed, due.index,
                      wall_us.count());
    slot.run_current();
}

void Worker::send_closed_loop(Slot& slot, Clock::time_point due) {
    if (state_ != State::sending || due >= last_due_) {
        slot.state = Slot::State::idle;
        return;
    }
    const std::uint64_t index = slot.closed_loop_count++ * options_.connections + slot.index;
    recorder_.due(phases_.since_start(due));
    send(slot, {index, draw_operation(slot.app, index), due}, false);
}

void Worker::slot_opened() {
    if (next_to_open_ < slots_.size()) {
        slots_[next_to_open_++]->open(App::old_version);
    }
    connected_.fetch_add(1);
}

// The slot's session has nothing to do. Requires a connected session.
void Worker::slot_idle(Slot& slot, Clock::time_point now) {
    slot.state = Slot::State::idle;
    ++slot.idle_number;
    if (slot.replacement_ready()) {
        slot.take_replacement();  // comes back here with the new session
        return;
    }
    if (slot.in_place()) {
        slot.change_in_place();
        return;
    }
    if (state_ == State::connecting) {
        idle_[static_cast<std::size_t>(slot.app)].emplace_back(&slot, slot.idle_number);
        return;
    }
    if (arrivals_) {
        if (const auto due = backlog_.pop(slot.app)) {
            send(slot, *due, false);
        } else {
            idle_[static_cast<std::size_t>(slot.app)].emplace_back(&slot, slot.idle_number);
        }
        return;
    }
    if (options_.think_time.count() > 0) {
        slot.state = Slot::State::thinking;
        set_timer(slot, now + options_.think_time);
    } else {
        send_closed_loop(slot, now);
    }
}

void Worker::operation_over(Slot& slot, const database::OperationEnd& end,
                            Clock::time_point first_sent) {
    --in_flight_;
    if (slot.direct) {
        recorder_.lag(first_sent - slot.current.due);
    }
    recorder_.finished({.operation = slot.current.operation,
                        .app = slot.app,
                        .due = slot.current.due,
                        .sent = first_sent,
                        .done = end.done,
                        .code = end.code,
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
            timer.slot->timer_fired(std::max(timer.at, now - tick_length));
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

void Worker::version_changed(Slot& slot, App app) {
    --slots_of_app_[static_cast<std::size_t>(slot.app)];
    ++slots_of_app_[static_cast<std::size_t>(app)];
    versions_[static_cast<std::size_t>(slot.app)].fetch_sub(1);
    versions_[static_cast<std::size_t>(app)].fetch_add(1);
    slot.app = app;
    ++slot.idle_number;
    move_backlog();
}

void Worker::reopen(Slot& slot, Clock::time_point now) {
    if (deploying_) {
        const App app = deployment_.version(now, slot.index, options_.connections);
        if (app != slot.app) {
            version_changed(slot, app);
        }
    }
    slot.open(slot.app);
}

void Worker::convert(Clock::time_point now) {
    std::size_t replacing = 0, done = 0;
    for (const auto& slot : slots_) {
        replacing += slot->replacing() ? 1 : 0;
    }
    for (auto& slot : slots_) {
        const App wanted = deployment_.version(now, slot->index, options_.connections);
        if (slot->app != wanted && !slot->replacing() && replacing < replacing_at_once) {
            slot->start_replacement(wanted);
            ++replacing;
        }
        done += slot->app == deployment_.to ? 1 : 0;
    }
    if (done == slots_.size()) {
        deploying_ = false;
    }
}

// What waits for a version that runs nowhere any more is sent by the other one: the users are still
// there.
void Worker::move_backlog() {
    for (const App gone : {App::old_version, App::new_version}) {
        const App other = gone == App::old_version ? App::new_version : App::old_version;
        if (slots_of_app_[static_cast<std::size_t>(gone)] != 0 || !mix_.has(other)) {
            continue;
        }
        while (auto due = backlog_.pop(gone)) {
            due->operation = draw_operation(other, due->index);
            [[maybe_unused]] const bool room = backlog_.push(other, *due);  // one was just taken out
        }
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
    return (in_flight_ == 0 && backlog_.size() == 0) || now >= drain_until_;
}

void Worker::file_unfinished(Clock::time_point now) {
    for (auto& slot : slots_) {
        if (slot->state == Slot::State::busy || slot->state == Slot::State::retry_wait) {
            // With its session: it may hang behind a lock even now.
            recorder_.finished({.operation = slot->current.operation,
                                .app = slot->app,
                                .due = slot->current.due,
                                .sent = slot->statement_sent(),
                                .done = now,
                                .code = reports::error_unfinished,
                                .retries = slot->tries,
                                .session = slot->last_session_id,
                                .slowest_sent = slot->statement_sent(),
                                .slowest_done = now});
        }
    }
    for (const App app : {App::old_version, App::new_version}) {
        while (const auto due = backlog_.pop(app)) {
            file_unsent(*due, app, reports::error_unfinished, now);
        }
    }
}

void Worker::bury(std::shared_ptr<void> line) { graveyard_.push_back(std::move(line)); }

}  // namespace harness::load
