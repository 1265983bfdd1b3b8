#include "harness/load/recovery.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace harness::load {
namespace {

using reports::PhaseName;

struct Baseline {
    double rate = 0;
    double p99_us = 0;
    double rate_floor = 0;  // what counts as back to normal
};

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

// The whole seconds that lie inside [from, to).
std::pair<std::size_t, std::size_t> whole_seconds(double from, double to, std::size_t size) {
    const auto first = static_cast<std::size_t>(std::max(0.0, std::ceil(from)));
    const auto last = static_cast<std::size_t>(std::max(0.0, std::floor(to)));
    return {std::min(first, size), std::min(std::max(first, last), size)};
}

bool baseline_of(const reports::Record& record, Baseline& baseline) {
    const auto* before = record.phase(PhaseName::before);
    if (before == nullptr) {
        return false;
    }
    const auto [first, last] = whole_seconds(before->start_s, before->end_s, record.seconds.size());
    if (first == last) {
        return false;
    }
    std::vector<double> rates, p99s;
    for (std::size_t i = first; i < last; ++i) {
        rates.push_back(record.seconds[i].done);
        p99s.push_back(static_cast<double>(record.seconds[i].p99_us));
    }
    baseline.rate = median(rates);
    baseline.p99_us = median(p99s);
    // A Poisson second falls below its mean by three standard deviations once in seven hundred.
    baseline.rate_floor =
        std::min(0.9 * baseline.rate, baseline.rate - 3 * std::sqrt(std::max(baseline.rate, 0.0)));
    return true;
}

}  // namespace

void measure_recovery(reports::Record& record) {
    Baseline baseline;
    const auto* during = record.phase(PhaseName::during);
    if (during == nullptr || !baseline_of(record, baseline)) {
        return;
    }
    auto& recovery = record.recovery;
    recovery.baseline_rate = baseline.rate;
    const auto* after = record.phase(PhaseName::after);
    const double end_s = after != nullptr ? after->end_s : during->end_s;
    const auto [first, last] = whole_seconds(during->start_s, end_s, record.seconds.size());
    bool any = false;
    recovery.zero_seconds = 0;
    for (std::size_t i = first; i < last; ++i) {
        const auto& second = record.seconds[i];
        recovery.zero_seconds += second.done == 0 ? 1 : 0;
        if (!any || second.done < recovery.lowest_rate) {
            recovery.lowest_rate = second.done;
            any = true;
        }
    }
    const auto calm = [&](const reports::Second& second) {
        return second.done >= baseline.rate_floor &&
               static_cast<double>(second.p99_us) <=
                   std::max(baseline.p99_us * 1.5, baseline.p99_us + 5'000);
    };
    double steps_end = during->start_s;
    for (const auto& step : record.steps) {
        if (step.outcome != "skipped") {
            steps_end = std::max(steps_end, step.end_s);
        }
    }
    recovery.recovered_after_s.reset();
    // The second in which the last step ended is looked at too: it may be calm throughout.
    for (auto start = static_cast<std::size_t>(std::max(0.0, std::floor(steps_end))); start < last;
         ++start) {
        const auto stop = std::min(last, start + calm_seconds);
        if (std::all_of(record.seconds.begin() + static_cast<std::ptrdiff_t>(start),
                        record.seconds.begin() + static_cast<std::ptrdiff_t>(stop), calm)) {
            recovery.recovered_after_s = std::max(0.0, static_cast<double>(start) - steps_end);
            return;
        }
    }
}

}  // namespace harness::load
