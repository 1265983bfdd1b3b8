#include "tests/integration/load_support.hpp"

#include <stdexcept>
#include <thread>

#include <gtest/gtest.h>

namespace tests {

using harness::load::Clock;
using harness::load::Engine;
using harness::load::LoadOptions;
using harness::load::Measured;
using workloads::App;

workloads::Operation compiled(const workloads::OperationSource& source) {
    auto result = workloads::compile(source);
    if (const auto* errors = std::get_if<std::vector<workloads::OperationError>>(&result)) {
        throw std::invalid_argument{source.name + ": " + errors->at(0).message};
    }
    return std::get<workloads::Operation>(std::move(result));
}

workloads::OperationSource statement(std::string sql,
                                     std::vector<std::pair<std::string, std::string>> params,
                                     std::string name) {
    workloads::OperationSource source;
    source.name = std::move(name);
    source.params = std::move(params);
    source.statements.push_back({std::move(sql), {}});
    return source;
}

std::uint64_t Figures::failures() const {
    std::uint64_t all = 0;
    for (const auto& [code, times] : errors) {
        all += times;
    }
    return all;
}

std::uint64_t Figures::failed_with(const std::string& code) const {
    const auto found = errors.find(code);
    return found == errors.end() ? 0 : found->second;
}

Load::Load(const LoadSetup& setup, const std::string& conninfo) : open_loop_{setup.rate} {
    auto plan = std::make_shared<harness::postgres::LoadPlan>();
    plan->conninfo = conninfo;
    for (const auto& source : setup.operations) {
        plan->operations.push_back(compiled(source));
    }
    plan->protocol = setup.protocol;
    plan->session_sql = {setup.session_old, setup.session_new};
    plan->statement_timeout = setup.statement_timeout;
    plan->answer_grace = setup.answer_grace;
    plan->tags = setup.tags;
    plan_ = plan;
    LoadOptions options;
    options.operations = plan_->operations;
    options.connections = setup.connections;
    options.workers = setup.workers;
    options.rate = setup.rate;
    options.arrival = setup.arrival;
    options.think_time = setup.think_time;
    options.seed = setup.seed;
    options.backlog_bound = setup.backlog_bound;
    options.drain = setup.drain;
    engine_ = std::make_unique<Engine>(
        options, phases_,
        [shared = plan_](harness::database::Poller& poller,
                         harness::database::SessionListener& listener) {
            return harness::postgres::make_session(shared, poller, listener);
        },
        [this](std::int64_t session) {
            const std::scoped_lock lock{sessions_mutex_};
            sessions_.insert(session);
        });
}

void Load::start() {
    engine_->connect(std::chrono::seconds{30});
    started_ = Clock::now();
    engine_->begin(started_);
}

void Load::finish_at(std::chrono::milliseconds after) {
    engine_->stop(started_ + after);
    measured_ = engine_->take();
    check_books();
}

void Load::finish() {
    finish_at(std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - started_));
}

void Load::run(std::chrono::milliseconds length) {
    start();
    finish_at(length);
}

std::uint64_t Load::sum(std::uint64_t Measured::*member) const {
    std::uint64_t all = 0;
    for (const auto& worker : measured_) {
        all += worker.*member;
    }
    return all;
}

reports::Schedule Load::schedule() const {
    reports::Schedule all;
    for (const auto& worker : measured_) {
        for (const auto& phase : worker.schedule) {
            all.merge(phase);
        }
    }
    return all;
}

void Load::add(Figures& figures, std::size_t operation, App app) const {
    for (const auto& worker : measured_) {
        for (const auto& phase : worker.operations[operation][static_cast<std::size_t>(app)]) {
            figures.successes += phase.count;
            figures.retries += phase.retries;
            for (const auto& [code, times] : phase.errors) {
                figures.errors[code] += times;
            }
            figures.response.merge(phase.response);
            figures.failed_response.merge(phase.failed_response);
        }
    }
}

Figures Load::figures(std::size_t operation, App app) const {
    Figures figures;
    add(figures, operation, app);
    return figures;
}

Figures Load::figures(std::size_t operation) const {
    Figures figures;
    add(figures, operation, App::old_version);
    add(figures, operation, App::new_version);
    return figures;
}

Figures Load::figures() const {
    Figures figures;
    for (std::size_t operation = 0; operation < plan_->operations.size(); ++operation) {
        add(figures, operation, App::old_version);
        add(figures, operation, App::new_version);
    }
    return figures;
}

reports::Stall Load::longest_stall(std::size_t operation) const {
    harness::load::StallTracker stalls;
    for (const auto& worker : measured_) {
        stalls.merge(worker.stalls[operation]);
    }
    return stalls.longest(std::chrono::seconds{0}, std::chrono::hours{1});
}

// Whatever happened: what was due is a success, a failure or unsent, and every view agrees.
void Load::check_books() const {
    const auto all = figures();
    const auto finished = sum(&Measured::finished);
    EXPECT_EQ(due(), finished + unsent());
    EXPECT_EQ(finished, all.successes + all.failures());
    EXPECT_EQ(all.response.count(), all.successes);
    EXPECT_EQ(all.failed_response.count(), all.failures());
    std::uint64_t due_in_seconds = 0, done = 0, failed = 0, in_log = 0;
    std::vector<const reports::SecondLog*> logs;
    for (const auto& worker : measured_) {
        for (const auto& second : worker.timeline) {
            due_in_seconds += second.due;
            done += second.done;
            failed += second.failed;
        }
        logs.push_back(&worker.seconds);
    }
    reports::SecondLog::for_each(
        logs, [&](std::uint32_t, std::uint32_t series, const reports::Histogram& histogram) {
            if (series == harness::load::Recorder::all_operations) {
                in_log += histogram.count();
            }
        });
    EXPECT_EQ(due_in_seconds, due());
    EXPECT_EQ(done, all.successes);
    EXPECT_EQ(failed, all.failures());
    EXPECT_EQ(in_log, finished);
    if (open_loop_) {
        EXPECT_EQ(schedule().lag.count(), finished) << "how late each one was is known";
    }
}

bool eventually(const std::function<bool()>& is_so, std::chrono::seconds limit) {
    const auto deadline = Clock::now() + limit;
    while (!is_so()) {
        if (Clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return true;
}

}  // namespace tests
