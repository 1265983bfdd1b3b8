#include "harness/load/recorder.hpp"

#include <algorithm>
#include <string>

namespace harness::load {

using std::chrono::nanoseconds;

namespace {

std::uint32_t second_at(nanoseconds since_start) {
    return static_cast<std::uint32_t>(
        std::max<std::int64_t>(0, since_start.count() / 1'000'000'000));
}

}  // namespace

Recorder::Recorder(std::size_t operation_count, const PhaseClock& phases) : phases_{phases} {
    measured_.operations.resize(operation_count);
    measured_.stalls.resize(operation_count);
    measured_.slow_threshold = locks::slow_statement_threshold;
    second_of_.resize(operation_count * 4);
}

reports::Second& Recorder::timeline_at(std::uint32_t second) {
    if (second >= measured_.timeline.size()) {
        measured_.timeline.resize(second + 1);
    }
    return measured_.timeline[second];
}

void Recorder::due(nanoseconds since_start) {
    due_phase_ = static_cast<std::size_t>(phases_.at(since_start));
    ++measured_.schedule[due_phase_].due;
    ++timeline_at(second_at(since_start)).due;
}

void Recorder::finished(const Completion& completion) {
    const auto due = phases_.since_start(completion.due);
    const auto done = phases_.since_start(completion.done);
    const auto response = done - due;
    ++measured_.finished;

    // The load may end in a later second than the last roll() saw; never file into a closed one.
    const auto second = std::max(second_, second_at(done));
    if (second > second_) {
        close_second();
        second_ = second;
    }

    auto& phase =
        measured_.operations[completion.operation][static_cast<std::size_t>(completion.app)]
                            [static_cast<std::size_t>(phases_.of(due, done))];
    phase.retries += completion.retries;
    if (completion.code.empty()) {
        ++phase.count;
        phase.response.record(response);
        phase.service.record(completion.done - completion.sent);
        measured_.stalls[completion.operation].success(due, done);
        ++timeline_at(second).done;
    } else {
        ++phase.errors[std::string{completion.code}];
        measured_.error_kinds.emplace(completion.code, completion.kind);
        if (!completion.detail.empty()) {
            measured_.error_details.try_emplace(std::string{completion.code}, completion.detail);
        }
        phase.failed_response.record(response);
        measured_.stalls[completion.operation].failure(due, done);
        ++timeline_at(second).failed;
    }
    const auto series = reports::Series{.operation = completion.operation,
                                        .app = static_cast<std::uint32_t>(completion.app),
                                        .failed = !completion.code.empty()}
                            .number();
    auto& of_series = second_of_[series];
    if (of_series.count() == 0) {
        touched_.push_back(series);
    }
    of_series.record(response);
    if (completion.session != 0 && completion.slowest_done - completion.slowest_sent >=
                                       measured_.slow_threshold) [[unlikely]] {
        note_slow(completion);
    }
}

void Recorder::compared(const Completion& completion, std::string_view then) {
    const auto due = phases_.since_start(completion.due);
    const auto done = phases_.since_start(completion.done);
    auto& outcomes = measured_.replayed[static_cast<std::size_t>(phases_.of(due, done))];
    const bool as_then = completion.code == then;
    outcomes.as_recorded += as_then ? 1 : 0;
    outcomes.failed_as_recorded += as_then && !then.empty() ? 1 : 0;
    outcomes.gone += !as_then && completion.code.empty() ? 1 : 0;
    outcomes.fresh += !as_then && !completion.code.empty() ? 1 : 0;
    auto filed = completion;
    if (as_then) {
        filed.code = {};
    }
    finished(filed);
}

void Recorder::note_slow(const Completion& completion) {
    auto& slow = measured_.slow_statements;
    if (slow.size() >= slow_statement_bound) {
        const auto middle = slow.begin() + static_cast<std::ptrdiff_t>(slow.size() / 2);
        const auto took = [](const locks::SlowStatement& s) { return s.done - s.sent; };
        std::nth_element(slow.begin(), middle, slow.end(),
                         [&](const auto& a, const auto& b) { return took(a) > took(b); });
        measured_.slow_threshold = std::max<nanoseconds>(measured_.slow_threshold, took(*middle));
        slow.erase(middle, slow.end());
    }
    slow.push_back({.session = completion.session,
                    .operation = completion.operation,
                    .app = completion.app,
                    .sent = completion.slowest_sent,
                    .done = completion.slowest_done,
                    .operation_sent = completion.sent,
                    .operation_done = completion.done});
}

void Recorder::close_second() {
    for (const auto series : touched_) {
        measured_.seconds.append(second_, series, second_of_[series]);
        second_all_.merge(second_of_[series]);
        second_of_[series].clear();
    }
    touched_.clear();
    const auto& counts = timeline_at(second_);
    live_.second = second_;
    live_.done = counts.done;
    live_.failed = counts.failed;
    live_.due = counts.due;
    live_.response = second_all_;
    live_ready_ = true;
    if (second_all_.count() != 0) {
        measured_.seconds.append(second_, all_operations, second_all_);
        second_all_.clear();
    }
}

bool Recorder::roll(Clock::time_point now, LiveSecond& live) {
    const auto current = second_at(phases_.since_start(now));
    if (current > second_) {
        close_second();
        second_ = current;
        static_cast<void>(
            timeline_at(current));  // a second in which nothing happens is a second too
    }
    if (!live_ready_) {
        return false;
    }
    live_ready_ = false;
    std::swap(live, live_);
    return true;
}

Measured Recorder::take(double cpu_s) {
    close_second();
    measured_.cpu_s = cpu_s;
    Measured taken = std::move(measured_);
    measured_ = {};
    measured_.operations.resize(taken.operations.size());
    measured_.stalls.resize(taken.operations.size());
    measured_.slow_threshold = locks::slow_statement_threshold;
    return taken;
}

}  // namespace harness::load
