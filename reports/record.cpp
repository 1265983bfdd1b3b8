#include "reports/record.hpp"

#include <algorithm>

namespace reports {

const char* name_of(PhaseName phase) noexcept {
    switch (phase) {
        case PhaseName::warmup:
            return "warmup";
        case PhaseName::before:
            return "before";
        case PhaseName::during:
            return "during";
        case PhaseName::after:
            return "after";
    }
    return "?";
}

const char* name_of(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::pass:
            return "pass";
        case Verdict::fail:
            return "fail";
        case Verdict::inconclusive:
            return "inconclusive";
    }
    return "?";
}

const char* name_of(SentBy sent_by) noexcept {
    switch (sent_by) {
        case SentBy::both:
            return "both";
        case SentBy::old_version:
            return "old";
        case SentBy::new_version:
            return "new";
    }
    return "?";
}

std::uint64_t OperationPhase::failures() const noexcept {
    std::uint64_t sum = 0;
    for (const auto& [code, times] : errors) {
        sum += times;
    }
    return sum;
}

void OperationPhase::merge(const OperationPhase& other) {
    count += other.count;
    retries += other.retries;
    for (const auto& [code, times] : other.errors) {
        errors[code] += times;
    }
    response.merge(other.response);
    service.merge(other.service);
    failed_response.merge(other.failed_response);
}

OperationPhase OperationRecord::phase(PhaseName which) const {
    OperationPhase both = by_app[0][static_cast<std::size_t>(which)];
    both.merge(by_app[1][static_cast<std::size_t>(which)]);
    return both;
}

OperationPhase OperationRecord::during_and_after() const {
    OperationPhase span = phase(PhaseName::during);
    span.merge(phase(PhaseName::after));
    return span;
}

std::uint64_t OperationRecord::due(PhaseName which) const noexcept {
    const auto index = static_cast<std::size_t>(which);
    return by_app[0][index].due() + by_app[1][index].due();
}

std::size_t Step::tries() const {
    std::map<std::size_t, std::size_t> by_statement;
    std::size_t most = 0;
    for (const auto& attempt : attempts) {
        most = std::max(most, ++by_statement[attempt.statement]);
    }
    return most;
}

void Schedule::merge(const Schedule& other) {
    lag.merge(other.lag);
    due += other.due;
    unsent += other.unsent;
}

Schedule Generator::whole_run() const {
    Schedule whole;
    for (const auto& phase : schedule) {
        whole.merge(phase);
    }
    return whole;
}

void give_baselines(const Record& there, Record& back) {
    for (std::size_t i = 0; i < back.operations.size(); ++i) {
        auto& operation = back.operations[i];
        if (operation.sent_by != SentBy::both && operation.sent_by != back.first_version) {
            operation.baseline = there.operations[i].phase(PhaseName::before);
        }
    }
    const auto* before = there.phase(PhaseName::before);
    if (before == nullptr) {
        return;
    }
    back.baseline_phase = *before;
    there.latencies.for_each([&](auto second, auto number, const auto& histogram) {
        if (second < before->end_s && back.operations[Series::of(number).operation].baseline) {
            back.baseline_latencies.append(second, number, histogram);
        }
    });
}

const Phase* Record::phase(PhaseName name) const noexcept {
    for (const auto& each : phases) {
        if (each.name == name) {
            return &each;
        }
    }
    return nullptr;
}

double Record::phase_seconds(PhaseName name) const noexcept {
    const Phase* found = phase(name);
    return found != nullptr && found->end_s > found->start_s ? found->end_s - found->start_s : 0;
}

}  // namespace reports
