#include "harness/execution.hpp"

#include "harness/load/error_bursts.hpp"
#include "harness/load/recovery.hpp"
#include "harness/load/summary.hpp"
#include "harness/locks/clock_offset.hpp"
#include "harness/version.hpp"
#include "reports/event_log.hpp"
#include "reports/figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace harness {
namespace {

using reports::PhaseName;
using std::chrono::milliseconds;

constexpr std::chrono::seconds connect_patience{60};
// A server that restarts after a crash is back within seconds.
constexpr std::chrono::seconds restart_patience{10};

// What was due may take as long as a statement may, and the client's patience with the server.
std::chrono::nanoseconds drain_of(const scenarios::Workload& workload) {
    constexpr milliseconds unlimited_drain{60'000}, grace{6'000};
    return workload.statement_timeout.count() == 0 ? unlimited_drain
                                                   : workload.statement_timeout + grace;
}

std::string iso_time(double epoch_s) {
    const auto whole = static_cast<std::time_t>(epoch_s);
    std::tm utc{};
    gmtime_r(&whole, &utc);
    char text[40];
    const auto length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(text + length, sizeof text - length, ".%03dZ",
                  static_cast<int>((epoch_s - std::floor(epoch_s)) * 1000));
    return text;
}

double epoch_now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

}  // namespace

Execution::Execution(const scenarios::Scenario& scenario, Stage& stage,
                     verification::DataProof& proof, const RunStart& start, RunDirectory& out,
                     Console& console, migration::Interruption& interruption)
    : scenario_{scenario},
      stage_{stage},
      proof_{proof},
      out_{out},
      console_{console},
      interruption_{interruption},
      run_start_{start.at},
      control_{stage.target().connect("control")},
      phase_clock_{run_start_} {
    record_.target = stage.describe();
    // Of the moment that all times count from, not of now: connecting has taken a while.
    record_.run.started_at_epoch_s = epoch_now() - seconds(Clock::now());
    record_.run.started_at = iso_time(record_.run.started_at_epoch_s);
    record_.run.id = record_.run.started_at + "/" + scenario.name;
    record_.run.seed = start.seed;
    record_.run.scenario = scenario.name;
    record_.run.scenario_file = scenario.file.string();
    record_.run.description = scenario.description;
    record_.run.version = version;
    record_.open_loop = scenario.workload.rate.has_value();
    record_.first_version = scenario.workload.first == workloads::App::new_version
                                ? reports::SentBy::new_version
                                : reports::SentBy::old_version;
    record_.asked_rate = scenario.workload.rate.value_or(0);
    record_.connections = static_cast<std::uint32_t>(scenario.workload.connections);

    replay_ = start.replay;
    if (start.replay != nullptr) {
        record_.replay = start.replay->described();
        record_.open_loop = record_.replay->speed > 0;
        record_.asked_rate = record_.open_loop ? start.replay->rate() : 0;
        record_.harness_faults = start.replay->gaps();
    }
    if (start.synthesis != nullptr) {
        record_.synthesis = *start.synthesis;
    }
    load_ = make_load(start);
    for (const auto& operation : scenario.workload.operations) {
        for (const auto& statement : operation.statements) {
            directory_.name_statement(statement.numbered, operation.name);
        }
    }
}

std::unique_ptr<load::Engine> Execution::make_load(const RunStart& start) {
    const auto& workload = scenario_.workload;
    // Recorded calls come with their texts.
    const auto operations =
        start.replay != nullptr ? std::vector<workloads::Operation>{} : stage_.operations();
    auto sessions =
        stage_.target().sessions({.operations = operations,
                                  .protocol = workload.protocol,
                                  .session_sql = {workload.session_old, workload.session_new},
                                  .statement_timeout = workload.statement_timeout,
                                  .tags = proof_.tags()});
    // By its id, because a session may call itself anything.
    auto on_session = [this](std::int64_t session) {
        directory_.enter(session, {locks::SessionKind::workload, {}});
    };
    if (start.replay != nullptr) {
        auto options =
            start.replay->options(*workload.replay, static_cast<std::size_t>(workload.threads));
        options.drain = drain_of(workload);
        return std::make_unique<load::Engine>(std::move(options), phase_clock_, std::move(sessions),
                                              std::move(on_session));
    }
    load::LoadOptions options;
    options.operations = stage_.operations();  // with their samples
    options.connections = static_cast<std::size_t>(workload.connections);
    options.workers = static_cast<std::size_t>(std::min(workload.threads, workload.connections));
    options.rate = workload.rate;
    options.arrival = workload.arrival;
    options.think_time = workload.think_time;
    options.seed = start.seed;
    options.first = workload.first;
    options.first_operation = start.first_operation;
    options.drain = drain_of(workload);
    return std::make_unique<load::Engine>(std::move(options), phase_clock_, std::move(sessions),
                                          std::move(on_session));
}

Execution::~Execution() {
    console_.on_stop({});
    console_.on_cancel({});
    console_.show_status({});
}

double Execution::seconds(Clock::time_point at) const {
    // As fine as result.json tells it, so that a stored run gives the same figures.
    const auto us = std::chrono::round<std::chrono::microseconds>(at - run_start_);
    return std::chrono::duration<double>(us).count();
}

void Execution::event(Clock::time_point at, std::string_view type,
                      std::initializer_list<reports::EventField> fields) {
    out_.event(reports::event_line(seconds(at), type, fields));
}

void Execution::observe() {
    replicas_ = std::make_unique<ReplicaWatch>(stage_.take_replicas());
    if (scenario_.observe.lock_interval) {
        observe_locks(*scenario_.observe.lock_interval);
    }
    const auto tables = all_tables_of(scenario_);
    server_ = std::make_unique<ServerWatch>(
        ServerWatch::Source{
            .open = [this, tables] { return stage_.target().server_counters(tables); },
            .replica_lag = [this] { return replica_lag(); }},
        tables, run_start_);
}

void Execution::observe_locks(milliseconds interval) {
    lock_source_ = stage_.target().lock_source();
    locks::ObserverOptions options;
    options.interval = interval;
    options.run_start = run_start_;
    options.sink = [this](const std::string& line) { out_.event(line + "\n"); };
    observer_ = std::make_unique<locks::Observer>(*lock_source_, directory_, std::move(options));
    observer_->start();
}

void Execution::load_on() {
    if (interruption_.stop_requested()) {
        return;
    }
    console_.on_cancel([this] { load_->abandon(); });
    console_.note("opening " + reports::counted(record_.connections, "connection", "connections"));
    load_->connect(connect_patience, [this] { return interruption_.stop_requested(); });
    if (interruption_.stop_requested()) {
        return;
    }
    const auto begin = Clock::now();
    begin_phase(PhaseName::warmup, begin);
    load_->begin(begin);
    // The running step may end; nobody needs the load for that.
    console_.on_stop([this] { load_->end_schedule(Clock::now()); });
    console_.show_status([this] { return status(); });
}

void Execution::begin_phase(PhaseName phase, Clock::time_point at) {
    end_phase(at);
    phase_clock_.begin(phase, at);
    record_.phases.push_back({phase, seconds(at), seconds(at)});
    phase_open_ = true;
    event(at, "phase", {{"phase", reports::name_of(phase)}});
    const std::scoped_lock lock{status_mutex_};
    phase_status_ = reports::name_of(phase);
    phase_until_.reset();
}

void Execution::end_phase(Clock::time_point at) {
    if (phase_open_) {
        record_.phases.back().end_s = seconds(at);
        phase_open_ = false;
    }
}

void Execution::hold(PhaseName phase, milliseconds length) {
    if (interruption_.stop_requested()) {
        return;
    }
    if (phase != PhaseName::warmup) {  // the warm-up begins with the load
        begin_phase(phase, Clock::now());
    }
    if (phase == PhaseName::before) {
        read_log_position(log_before_start_);
    }
    {
        const std::scoped_lock lock{status_mutex_};
        phase_until_ = run_start_ +
                       std::chrono::duration_cast<Clock::duration>(
                           std::chrono::duration<double>(record_.phases.back().start_s)) +
                       length;
    }
    interruption_.sleep(length, migration::Interruption::Level::finish_step);
    if (phase == PhaseName::before) {
        read_log_position(log_before_end_);
    }
}

void Execution::read_log_position(std::optional<std::int64_t>& bytes) {
    try {
        bytes = control_->log_position_bytes();
    } catch (const database::Outage& outage) {
        record_.warnings.push_back(
            std::string{"the server's log position could not be read, so the "
                        "steps' log bytes are not known: "} +
            outage.what());
    }
}

void Execution::require_server() {
    const auto deadline = Clock::now() + restart_patience;
    while (true) {
        try {
            static_cast<void>(control_->server_clock_us());
            return;
        } catch (const database::Outage&) {  // the connection is lost; the server may be there
        }
        try {
            control_->reconnect();
            return;
        } catch (const database::Outage&) {
            if (Clock::now() > deadline ||
                !interruption_.sleep(milliseconds{200},
                                     migration::Interruption::Level::finish_step)) {
                throw;
            }
        }
    }
}

void Execution::migrate() {
    if (interruption_.stop_requested()) {
        return;
    }
    require_server();
    begin_phase(PhaseName::during, Clock::now());
    if (observer_) {
        observer_->begin_window();
    }
    replicas_->begin_window();
    const auto connect = [this](const std::string& application) {
        return stage_.target().connect(application.substr(application.find('/') + 1));
    };
    migration::Adversaries::Options options;
    options.run_start = run_start_;
    if (observer_) {
        options.locks = [this](std::int64_t session) {
            using Locks = migration::Adversaries::Locks;
            const auto locks = observer_->locks_now(session);
            if (!locks || locks->empty()) {
                return Locks::none;
            }
            return std::any_of(locks->begin(), locks->end(),
                               [](const auto& lock) { return lock.granted; })
                       ? Locks::holds_one
                       : Locks::waits_for_one;
        };
    }
    options.log = [this](std::string_view line) { out_.log(line); };
    adversaries_ =
        std::make_unique<migration::Adversaries>(scenario_.adversaries, connect, options);
    adversaries_->start();
    for (const auto& [session, name] : adversaries_->sessions()) {
        directory_.enter(session, {locks::SessionKind::adversary, name});
    }
    migration::MigrationRunner runner{engine(),
                                      hooks(),
                                      interruption_,
                                      {.run_start = run_start_,
                                       .seed = record_.run.seed,
                                       .working_directory = scenario_.file.parent_path(),
                                       .scenario_file = scenario_.file}};
    record_.steps = runner.run(scenario_.up);
    adversaries_->migration_over();
    for (std::size_t i = 0; i < record_.steps.size() && i < step_locks_.size(); ++i) {
        record_.steps[i].locks = std::move(step_locks_[i]);
    }
    record_.migration_error = migration::migration_error(record_.steps);
    {
        const std::scoped_lock lock{status_mutex_};
        step_status_.clear();
    }
    if (!record_.migration_error.empty()) {
        require_server();
    }
}

void Execution::load_off() {
    const auto end = Clock::now();
    {
        const std::scoped_lock lock{status_mutex_};
        phase_status_ = "draining";
        phase_until_.reset();
    }
    end_phase(end);
    load_->stop(end);
    load_over_ = Clock::now();
    measured_ = load_->take();
    if (!interruption_.stop_requested()) {
        require_server();  // what its loss did to the operations is not the migration's doing
    }
}

void Execution::failed(const std::string& why) {
    record_.harness_error = why;
    console_.note("the rehearsal stops: " + why);
}

std::uint64_t Execution::next_operation() const {
    std::uint64_t next = 0;
    for (const auto& worker : measured_) {
        next = std::max(next, worker.next_operation);
    }
    return next;
}

reports::Record Execution::finish() {
    if (adversaries_) {
        adversaries_->stop();
        record_.adversaries = adversaries_->outcomes();
    }
    if (measured_.empty()) {  // it failed on its way
        load_->abandon();
        const auto end = Clock::now();
        end_phase(end);
        load_->stop(end);
        load_over_ = Clock::now();
        measured_ = load_->take();
    }
    console_.show_status({});
    console_.on_stop({});
    console_.on_cancel({});
    if (const auto fault = load_->fault()) {
        record_.harness_error = "the load generator failed: " + *fault;
    }
    record_.interrupted = interruption_.stop_requested();
    load::summarize(measured_, scenario_.workload.operations, record_);
    finish_replay();
    for (const auto& burst : load::error_bursts(record_.seconds)) {
        out_.event(reports::event_line(burst.from_s, "errors",
                                       {{"until_s", burst.until_s},
                                        {"failed", burst.failed},
                                        {"most_in_a_second", burst.most_in_a_second}}));
    }
    if (server_) {
        record_.server = server_->finish(record_.warnings);
    }
    finish_observing();
    if (replicas_) {
        replicas_->finish(record_.replication, record_.harness_faults);
        stage_.give_back(replicas_->release());
    }
    load::measure_recovery(record_);
    estimate_log_bytes();
    add_doubts();
    record_.run.duration_s = seconds(Clock::now());
    record_.run.finished_at = iso_time(epoch_now());
    return std::move(record_);
}

}  // namespace harness
