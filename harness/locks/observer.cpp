#include "harness/locks/observer.hpp"

#include "harness/locks/event_lines.hpp"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <iterator>
#include <utility>

namespace harness::locks {
namespace {

constexpr std::chrono::milliseconds first_backoff{100}, longest_backoff{2'000};
constexpr std::chrono::milliseconds statistics_pause{50}, statistics_patience{3'000};

double thread_cpu_s() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double ms_of(Clock::duration d) {
    return std::chrono::duration<double, std::milli>(d).count();
}

}  // namespace

template <typename Query>
auto Observer::timed(Query&& query) {
    const auto before = Clock::now();
    auto answer = query();
    query_time_ += Clock::now() - before;
    ++observer_.queries;
    return answer;
}

Observer::Observer(database::LockSource& source, SessionDirectory& directory,
                   ObserverOptions options)
    : source_{source},
      directory_{directory},
      options_{std::move(options)},
      builder_{options_.interval,
               [this](const database::LockSession& s) { return directory_.role_of(s); },
               options_.bounds} {
    directory_.enter(source_.session_id(), {SessionKind::harness, "observer"});
    first_deadlocks_ = source_.deadlocks();
    // A few readings, so that the first sample's times are good already.
    for (int i = 0; i < 5; ++i) {
        const auto before = Clock::now();
        const auto sample = source_.sample();
        clock_.add(before, sample.server_clock_us, Clock::now());
    }
    first_offset_ms_ = wall_offset_ms();
}

Observer::~Observer() {
    stop();
}

void Observer::start() {
    thread_ = std::thread{[this] { run(); }};
}

void Observer::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) {
        thread_.join();
    }
}

// Ticks lie on a fixed grid. A tick whose time has passed when the one before it is done is lost
// and counted: it is never made up for, because a burst of samples would load the server just when
// it is slow.
void Observer::run() {
    auto due = Clock::now();
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        wake_.wait_until(lock, due, [&] { return stopping_ || !requests_.empty(); });
        if (stopping_) {
            break;
        }
        lock.unlock();
        answer_requests();
        if (Clock::now() >= due) {
            tick(due);
            due += options_.interval;
            for (const auto now = Clock::now(); due <= now; due += options_.interval) {
                lost_.push_back(due);
            }
        }
        lock.lock();
    }
    lock.unlock();
    answer_requests();
    observer_.cpu_s = thread_cpu_s();
}

void Observer::tick(Clock::time_point due) {
    if (!connected_) {
        try_reconnect();
    }
    if (!connected_) {
        lost_.push_back(due);
        return;
    }
    try {
        if (window_begins_.exchange(false)) {
            replication_ = {};
            next_replicas_ = Clock::now();
        }
        take_sample();
        watch_step();
        if (Clock::now() >= next_replicas_) {
            next_replicas_ = Clock::now() + options_.replica_interval;
            read_replicas();
        }
    } catch (const database::Outage& outage) {
        lose_connection(outage);
        lost_.push_back(due);
    }
}

void Observer::take_sample() {
    const auto before = Clock::now();
    const auto sample = timed([&] { return source_.sample(); });
    const auto after = Clock::now();
    clock_.add(before, sample.server_clock_us, after);
    const auto taken = std::clamp(clock_.to_ours(sample.server_clock_us), before, after);
    builder_.add(sample, taken, clock_.offset_us());
    note_step_waits(sample, taken);
    blocked_now_ = builder_.blocked_now();

    ++counted_.samples;
    if (last_sample_) {
        counted_.longest_gap_ms = std::max(counted_.longest_gap_ms, ms_of(taken - *last_sample_));
    }
    last_sample_ = taken;

    // Hours in which nobody waits would fill the disk: only the end of waiting is shown.
    const bool waiters = builder_.blocked_now() > 0;
    if (options_.sink && (waiters || waiters_shown_)) {
        emit(line_of(seconds(taken), sample, directory_));
    }
    waiters_shown_ = waiters;
}

// A wait may be over before watch_step() asks.
void Observer::note_step_waits(const database::LockSample& sample, Clock::time_point taken) {
    const std::lock_guard lock{mutex_};
    if (!step_) {
        return;
    }
    for (const auto& waiter : sample.waiters) {
        const bool ours = std::find(step_sessions_.begin(), step_sessions_.end(), waiter.session) !=
                          step_sessions_.end();
        if (ours && waiter.kind == "relation") {
            const database::WatchedLock wait{waiter.session, waiter.relation, waiter.mode, false,
                                             waiter.since_us};
            step_->note_wait(taken, wait, clock_.offset_us());
        }
    }
}

void Observer::watch_step() {
    std::vector<std::int64_t> sessions;
    std::optional<std::int64_t> since_us;
    {
        const std::lock_guard lock{mutex_};
        if (!step_) {
            return;
        }
        sessions = step_sessions_;
        since_us = sessions_since_us_;
    }
    if (since_us) {
        for (const auto& session : timed([&] { return source_.sessions_since(*since_us); })) {
            bool watched =
                std::find(sessions.begin(), sessions.end(), session.session) != sessions.end();
            if (!watched && !directory_.known(session)) {
                add_step_session(session.session);
                sessions.push_back(session.session);
                watched = true;
            }
            if (watched && session.transaction_start_us != 0) {
                note_statement(session);
            }
        }
    }
    if (sessions.empty()) {
        return;
    }
    const auto asked = Clock::now();
    const auto locks = timed([&] { return source_.locks_of(sessions); });
    const std::lock_guard lock{mutex_};
    if (step_) {
        step_->observe(asked, Clock::now(), sessions, locks, clock_.offset_us());
    }
}

// A tool does not tell what it sends: what the server shows of it has to do.
void Observer::note_statement(const database::LockSession& session) {
    const std::lock_guard lock{mutex_};
    if (step_) {
        step_->statement_seen(session.session, Clock::now(), session.query,
                              session.transaction_start_us, clock_.offset_us());
    }
}

void Observer::read_replicas() {
    const auto lags = timed([&] { return source_.replica_lag(); });
    double worst_s = 0;
    replicas_missing_ += lags.size() < replicas_most_ ? 1 : 0;
    replicas_most_ = std::max(replicas_most_, lags.size());
    for (const auto& lag : lags) {
        worst_s = std::max(worst_s, lag.seconds);
        replication_.measured = true;
        replication_.max_lag_s = std::max(replication_.max_lag_s, lag.seconds);
        replication_.max_lag_bytes = std::max(replication_.max_lag_bytes, lag.bytes);
    }
    replica_lag_us_ = lags.empty() ? -1 : std::llround(worst_s * 1e6);
    if (!lags.empty()) {
        emit(line_of(seconds(Clock::now()), lags));
    }
}

void Observer::answer_requests() {
    std::vector<std::shared_ptr<Request>> requests;
    {
        const std::lock_guard lock{mutex_};
        requests.swap(requests_);
    }
    for (const auto& request : requests) {
        std::optional<std::vector<database::WatchedLock>> locks;
        if (connected_) {
            try {
                const std::int64_t sessions[] = {request->session};
                locks = timed([&] { return source_.locks_of(sessions); });
            } catch (const database::Outage& outage) {
                lose_connection(outage);
            }
        }
        const std::lock_guard lock{mutex_};
        if (locks && request->commits && step_) {
            step_->before_commit(Clock::now(), request->session, *locks, clock_.offset_us());
        }
        request->locks = std::move(locks);
        request->done = true;
        answered_.notify_all();
    }
}

void Observer::lose_connection(const database::Outage& outage) {
    connected_ = false;
    ++observer_.connection_losses;
    connection_losses_.push_back(Clock::now());
    blocked_now_ = 0;
    replica_lag_us_ = -1;
    backoff_ = first_backoff;
    next_attempt_ = Clock::now();
    emit(line_of_observer(seconds(Clock::now()), "connection lost", outage.error().text()));
}

void Observer::try_reconnect() {
    if (Clock::now() < next_attempt_) {
        return;
    }
    try {
        source_.reconnect();
        directory_.enter(source_.session_id(), {SessionKind::harness, "observer"});
        connected_ = true;
        emit(line_of_observer(seconds(Clock::now()), "connected again", ""));
    } catch (const database::Outage&) {
        next_attempt_ = Clock::now() + backoff_;
        backoff_ = std::min<Clock::duration>(backoff_ * 2, longest_backoff);
    }
}

void Observer::emit(std::string line) {
    if (options_.sink) {
        options_.sink(std::move(line));
    }
}

double Observer::seconds(Clock::time_point at) const {
    return std::chrono::duration<double>(at - options_.run_start).count();
}

double Observer::wall_offset_ms() const {
    using std::chrono::microseconds;
    const auto wall = std::chrono::duration_cast<microseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    return static_cast<double>(clock_.to_server_us(Clock::now()) - wall.count()) / 1e3;
}

void Observer::begin_step(const std::string& name, std::optional<std::int64_t> session) {
    {
        const std::lock_guard lock{mutex_};
        step_.emplace(Clock::now(), options_.run_start);
        step_name_ = name;
        step_sessions_.clear();
        sessions_since_us_.reset();
    }
    if (session) {
        add_step_session(*session);
    }
}

void Observer::add_step_session(std::int64_t session) {
    const std::lock_guard lock{mutex_};
    directory_.enter(session, {SessionKind::step, step_name_});
    step_sessions_.push_back(session);
}

void Observer::recognise_sessions(std::int64_t server_clock_us) {
    const std::lock_guard lock{mutex_};
    sessions_since_us_ = server_clock_us;
}

void Observer::statement_sent(std::int64_t session, StepStatement statement) {
    const std::lock_guard lock{mutex_};
    if (step_) {
        step_->statement_sent(session, std::move(statement));
    }
}

bool Observer::before_commit(std::int64_t session) {
    const auto answer = ask(session, true, std::chrono::seconds{1});
    const std::lock_guard lock{mutex_};
    const bool read = answer->done && answer->locks.has_value();
    unread_commits_ += read ? 0 : 1;
    return read;
}

std::optional<std::vector<database::WatchedLock>> Observer::locks_now(std::int64_t session,
                                                                      Clock::duration limit) {
    const auto answer = ask(session, false, limit);
    const std::lock_guard lock{mutex_};
    return answer->done ? std::move(answer->locks) : std::nullopt;
}

std::shared_ptr<Observer::Request> Observer::ask(std::int64_t session, bool commits,
                                                 Clock::duration limit) {
    auto request = std::make_shared<Request>();
    request->session = session;
    request->commits = commits;
    std::unique_lock lock{mutex_};
    if (stopping_ || !thread_.joinable()) {
        return request;
    }
    requests_.push_back(request);
    wake_.notify_all();
    answered_.wait_for(lock, limit, [&] { return request->done; });
    return request;
}

std::vector<reports::StepLock> Observer::end_step() {
    const std::lock_guard lock{mutex_};
    if (!step_) {
        return {};
    }
    auto locks = step_->end(Clock::now());
    auto origins = step_->take_origins();
    std::move(origins.begin(), origins.end(), std::back_inserter(origins_));
    step_.reset();
    step_sessions_.clear();
    sessions_since_us_.reset();
    return locks;
}

std::optional<std::chrono::microseconds> Observer::replica_lag() const noexcept {
    const auto lag = replica_lag_us_.load();
    return lag < 0 ? std::nullopt : std::optional{std::chrono::microseconds{lag}};
}

// In the window. The server's counter is of everybody, the rehearsal or not, but trails: sessions
// report once a second, or as they end, and before PostgreSQL 15 a process of its own collects
// that. So it is compared from the run's start on, not from the window's, and waited for until it
// holds at least what the rehearsal met itself.
std::uint64_t Observer::count_deadlocks(OwnDeadlocks own) {
    // What was read at the start is compared with what is there at the end: a lost connection is
    // opened once more for it.
    if (!connected_) {
        next_attempt_ = Clock::now();
        try_reconnect();
    }
    std::uint64_t counted = 0;
    const auto deadline = Clock::now() + statistics_patience;
    while (connected_) {
        try {
            const auto deadlocks = source_.deadlocks();
            counted = deadlocks - std::min(deadlocks, first_deadlocks_);
        } catch (const database::Outage& outage) {
            lose_connection(outage);
        }
        if (counted >= own.before + own.in_window || Clock::now() > deadline) {
            break;
        }
        std::this_thread::sleep_for(statistics_pause);
    }
    return std::max(own.in_window, counted - std::min(counted, own.before));
}

Observation Observer::finish(const JoinContext& context, std::size_t seconds, OwnDeadlocks own) {
    Observation result;
    auto sightings = builder_.finish();
    auto joined_with = context;
    joined_with.origins = origins_;
    result.joined = join(sightings, joined_with);
    for (const auto& stalled : result.joined.stalled) {
        const auto operation = stalled.statement.operation;
        emit(line_of(this->seconds(stalled.statement.sent), stalled,
                     operation < context.operations.size() ? context.operations[operation] : ""));
    }
    result.blocked_per_second = blocked_per_second(sightings, context.run_start, seconds);
    auto& locks = result.joined.locks;
    locks.samples = counted_.samples;
    locks.lost_samples = lost_.size();
    locks.longest_gap_ms = counted_.longest_gap_ms;
    const Looks looks{std::move(sightings.samples), lost_, connection_losses_};
    for (const auto& phase : context.phases) {
        locks.coverage[static_cast<std::size_t>(phase.phase)] = coverage_of(looks, phase);
    }
    locks.deadlocks = std::max(count_deadlocks(own), result.joined.deadlocks_seen);
    result.observer = observer_;
    if (observer_.queries > 0) {
        result.observer.mean_query_ms = ms_of(query_time_) / static_cast<double>(observer_.queries);
    }
    result.replication = replication_;
    result.clock_offset_start_ms = first_offset_ms_;
    result.clock_offset_end_ms = wall_offset_ms();
    result.clock_steps = clock_.steps();
    result.unread_commits = unread_commits_;
    result.replicas_missing = replicas_missing_;
    return result;
}

}  // namespace harness::locks
