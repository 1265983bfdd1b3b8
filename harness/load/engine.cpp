#include "harness/load/engine.hpp"

#include <algorithm>
#include <stdexcept>

#include <sys/resource.h>

namespace harness::load {
namespace {

// How long a deploy may take beyond its own length.
constexpr std::chrono::seconds deploy_patience{60};

// A worker without a connection would let its share of the schedule pile up.
LoadOptions checked(LoadOptions options) {
    if (options.connections == 0) {
        throw std::invalid_argument{"a load needs at least one connection"};
    }
    options.workers = std::clamp<std::size_t>(options.workers, 1, options.connections);
    return options;
}

// A deploy opens the new version's connections beside the old ones: 600 connections are more than
// the usual limit of 1,024 descriptors. Where the limit cannot be raised, connecting says so.
void allow_descriptors(std::size_t connections) {
    const rlim_t wanted = 2 * connections + 256;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < wanted) {
        limit.rlim_cur = std::min(wanted, limit.rlim_max);
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

}  // namespace

Engine::Engine(LoadOptions options, const PhaseClock& phases, SessionFactory sessions,
               std::function<void(std::int64_t)> on_session)
    : options_{checked(std::move(options))},
      sessions_{std::move(sessions)},
      on_session_{std::move(on_session)},
      connections_{options_.connections},
      version_{options_.first} {
    live_.resize(options_.workers);
    LoadEvents& events = *this;
    for (std::size_t number = 0; number < options_.workers; ++number) {
        workers_.push_back(std::make_unique<Worker>(number, options_, phases, sessions_, events));
    }
}

Engine::Engine(ReplayOptions options, const PhaseClock& phases, SessionFactory sessions,
               std::function<void(std::int64_t)> on_session)
    : replay_{std::move(options)},
      sessions_{std::move(sessions)},
      on_session_{std::move(on_session)} {
    live_.resize(replay_.players);
    LoadEvents& events = *this;
    for (std::size_t number = 0; number < replay_.players; ++number) {
        auto player = std::make_unique<Player>(number, replay_, phases, sessions_, events);
        connections_ += player->first_connections();
        workers_.push_back(std::move(player));
    }
}

Engine::~Engine() {
    abandon();
    join();
}

void Engine::join() {
    for (auto& thread : threads_) {
        if (thread.joinable()) {
            thread.join();
        }
    }
}

void Engine::connect(std::chrono::seconds patience, const std::function<bool()>& give_up) {
    allow_descriptors(connections_);
    for (auto& worker : workers_) {
        threads_.emplace_back([this, &worker] {
            try {
                worker->run();
            } catch (...) {
                const std::scoped_lock lock{mutex_};
                worker_fault_ = std::current_exception();
                changed_.notify_all();
            }
        });
    }
    const auto opened = [this] {
        std::size_t sum = 0;
        for (const auto& worker : workers_) {
            sum += worker->connected();
        }
        return sum;
    };
    std::unique_lock lock{mutex_};
    const auto until = Clock::now() + patience;
    while (opened() < connections_ && !first_failure_ && !worker_fault_) {
        if (give_up && give_up()) {
            return;
        }
        // A worker counts a connection just after it has told of it: look again soon in any case.
        changed_.wait_for(lock, std::chrono::milliseconds{5});
        if (Clock::now() > until) {
            database::Error error;
            error.kind = database::ErrorKind::connection_refused;
            error.message = "the server did not answer in time";
            first_failure_ = error;
        }
    }
    if (worker_fault_) {
        std::rethrow_exception(worker_fault_);
    }
    if (first_failure_) {
        auto error = *first_failure_;
        error.message = "connection " + std::to_string(opened() + 1) + " of " +
                        std::to_string(connections_) + ": " + error.message;
        lock.unlock();
        abandon();
        join();
        throw database::Outage{error};
    }
}

void Engine::begin(Clock::time_point first_due) {
    for (auto& worker : workers_) {
        worker->begin(first_due);
    }
}

std::optional<std::string> Engine::deploy(workloads::App to, std::chrono::milliseconds over,
                                          const std::function<bool()>& give_up) {
    const Deployment deployment{.from = version_, .to = to, .start = Clock::now(), .over = over};
    std::uint64_t failures_before = 0;
    {
        const std::scoped_lock lock{mutex_};
        failures_before = failures_;
    }
    if (to != version_) {
        version_ = to;
        for (auto& worker : workers_) {
            worker->deploy(deployment);
        }
    }
    for (;;) {
        std::size_t converted = 0;
        for (const auto& worker : workers_) {
            converted += worker->converted_to(to);
        }
        if (converted == connections_ || give_up()) {
            return std::nullopt;
        }
        if (Clock::now() > deployment.start + over + deploy_patience) {
            return why_not_deployed(converted, to, failures_before);
        }
        std::unique_lock lock{mutex_};
        if (worker_fault_) {
            std::rethrow_exception(worker_fault_);
        }
        changed_.wait_for(lock, std::chrono::milliseconds{20});
    }
}

std::string Engine::why_not_deployed(std::size_t converted, workloads::App to,
                                     std::uint64_t failures_before) const {
    const std::scoped_lock lock{mutex_};
    return std::to_string(connections_ - converted) + " of " + std::to_string(connections_) +
           " connections could not be moved to the " + std::string{name_of(to)} +
           " version within " + std::to_string(deploy_patience.count()) + " s" +
           (failures_ == failures_before ? std::string{} : "; the last refusal: " + last_failure_);
}

void Engine::end_schedule(Clock::time_point last_due) {
    for (auto& worker : workers_) {
        worker->stop(last_due);
    }
}

void Engine::stop(Clock::time_point last_due) {
    end_schedule(last_due);
    join();
}

std::optional<std::string> Engine::fault() const {
    const std::scoped_lock lock{mutex_};
    try {
        if (worker_fault_) {
            std::rethrow_exception(worker_fault_);
        }
    } catch (const std::exception& error) {
        return error.what();
    }
    return std::nullopt;
}

void Engine::abandon() {
    for (auto& worker : workers_) {
        worker->abandon();
    }
}

// The newest second that every worker has closed; a worker that fell behind (it starves, or its
// thread is gone) is not waited for.
Live Engine::live() const {
    const std::scoped_lock lock{mutex_};
    std::uint32_t newest = 0;
    for (const auto& worker : live_) {
        newest = std::max(newest, worker[1].second);
    }
    Live merged;
    merged.second = newest;
    for (const auto& worker : live_) {
        if (worker[1].second + 1 == newest) {
            merged.second = newest - 1;
        }
    }
    reports::Histogram response;
    for (const auto& worker : live_) {
        merged.backlog += worker[1].backlog;
        for (const auto& second : worker) {
            if (second.second == merged.second) {
                merged.done += second.done;
                merged.failed += second.failed;
                merged.due += second.due;
                response.merge(second.response);
            }
        }
    }
    if (response.count() != 0) {
        merged.p99_ms = static_cast<double>(response.quantile_us(0.99)) / 1000.0;
    }
    return merged;
}

std::pair<std::uint64_t, std::string> Engine::connect_failures() const {
    const std::scoped_lock lock{mutex_};
    return {failures_, last_failure_};
}

std::vector<Measured> Engine::take() {
    std::vector<Measured> all;
    all.reserve(workers_.size());
    for (auto& worker : workers_) {
        all.push_back(worker->take());
    }
    return all;
}

void Engine::connected(std::int64_t session) {
    if (on_session_) {
        on_session_(session);
    }
    const std::scoped_lock lock{mutex_};
    changed_.notify_all();
}

void Engine::connect_failed(const database::Error& error) {
    const std::scoped_lock lock{mutex_};
    if (!first_failure_) {
        first_failure_ = error;
    }
    ++failures_;
    last_failure_ = error.message;
    changed_.notify_all();
}

void Engine::second_over(std::size_t worker, const LiveSecond& second) {
    const std::scoped_lock lock{mutex_};
    auto& of_worker = live_[worker];
    if (second.second != of_worker[1].second) {
        std::swap(of_worker[0], of_worker[1]);
    }
    of_worker[1] = second;
}

}  // namespace harness::load
